/**
 * The 31 operations of `WSEndUser`: names and order of their parameters. The server's element has two spellings.
 */

export interface SoapOperation {
  readonly name: string
  /** In the order that the schema's sequence wants. */
  readonly parameters: ReadonlyArray<string>
  /** Parameters that may be left out. */
  readonly optional: ReadonlyArray<string>
}

/** Parameters that never go into a journal or a message. */
export const secretParameters: ReadonlyArray<string> = ["password", "oldPassword", "newPassword"]

const withLogin = (name: string, parameters: ReadonlyArray<string> = [], optional: ReadonlyArray<string> = []) => ({
  name,
  parameters: ["loginName", "password", ...parameters],
  optional
})

const onServer = (...names: ReadonlyArray<string>) => names.map((name) => withLogin(name, ["vserverName"]))

const operations: ReadonlyArray<SoapOperation> = [
  withLogin("getVServers"),
  ...onServer("getVServerIPs", "getVServerState", "getVServerUptime", "getVServerUpdateNotification"),
  ...onServer("getVServerStatToken", "startVServer", "stopVServer", "vServerStart", "vServerSuspend", "vServerResume"),
  ...onServer("vServerRestore", "vServerReset", "vServerPoweroff", "vServerACPIReboot", "vServerACPIShutdown"),
  withLogin("getVServerInformation", ["vservername", "language"], ["language"]),
  withLogin("getVServerNickname", ["vservername"]),
  withLogin("setVServerNickname", ["vservername", "vservernickname"]),
  withLogin("getVServerLogEntryCount", ["vservername"]),
  withLogin("getVServerLogEntries", ["vservername", "start", "results", "language"], ["language"]),
  withLogin("getVServerTrafficOfDay", ["vserverName", "year", "month", "day"]),
  withLogin("getVServerTrafficOfMonth", ["vserverName", "year", "month"]),
  withLogin("changeIPRouting", ["routedIP", "routedMask", "destinationVserverName", "destinationInterfaceMAC"]),
  withLogin("addCloudVLANInterface", ["vservername", "cloudvlanid", "driver"]),
  withLogin("getPanelSettings"),
  withLogin("setPanelSettings", ["showNickname"]),
  withLogin("getLoginToken"),
  withLogin("getUserData"),
  { name: "changeUserPassword", parameters: ["loginName", "oldPassword", "newPassword"], optional: [] },
  { name: "sendPasswordResetRequest", parameters: ["loginName", "eMail"], optional: [] }
]

const byName: ReadonlyMap<string, SoapOperation> = new Map(operations.map((operation) => [operation.name, operation]))

export const find = (name: string): SoapOperation | undefined => byName.get(name)

/**
 * What speaks against parameters given in that order, as a sentence; `undefined` when nothing does.
 */
export const objection = (operation: SoapOperation, given: ReadonlyArray<string>): string | undefined => {
  const missing = operation.parameters.find((name) => !operation.optional.includes(name) && !given.includes(name))
  const stranger = given.find((name, at) => !operation.parameters.includes(name) || given.indexOf(name) !== at)
  if (stranger !== undefined) {
    return `unexpected element (uri:"", local:"${stranger}"). Expected elements are ${operation.parameters.map((name) => `<{}${name}>`).join(",")}`
  }
  if (missing !== undefined) return `the element <{}${missing}> of ${operation.name} is missing`
  const wanted = operation.parameters.filter((name) => given.includes(name))
  const misplaced = wanted.find((name, at) => given[at] !== name)
  return misplaced === undefined ? undefined : `the element <{}${misplaced}> of ${operation.name} is not in its place`
}
