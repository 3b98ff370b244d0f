/**
 * What the webservice tells: views of an account. Pure.
 */
import * as Result from "effect/Result"
import * as NetcupState from "./NetcupState.ts"
import type { AnswerNode } from "./SoapAnswer.ts"
import { parameter, type SoapCall } from "./SoapRequest.ts"
import { serverNotFound } from "./SoapRouting.ts"

const addressesOf = (account: NetcupState.Account, server: NetcupState.Server): ReadonlyArray<string> => [
  ...server.interfaces.flatMap(({ ipv4, ipv6 }) => [...ipv4, ...ipv6]),
  ...NetcupState.routedTo(account, server.name)
]

const texts = (name: string, values: ReadonlyArray<string>): ReadonlyArray<AnswerNode> =>
  values.map((value) => [name, value] as const)

/** None where there is nothing to say. */
const text = (name: string, value: string | undefined): ReadonlyArray<AnswerNode> =>
  value === undefined ? [] : [[name, value]]

const traffic = (year: string, month: string): ReadonlyArray<AnswerNode> => [
  ["in", "1024"],
  ["month", month],
  ["out", "2048"],
  ["total", "3072"],
  ["year", year]
]

const uptimeOf = ({ status }: NetcupState.Server) => (status === "online" ? "3 days" : undefined)

/** `sparse` leaves out what recorded answers leave out. */
const information = (
  account: NetcupState.Account,
  server: NetcupState.Server,
  sparse: boolean
): ReadonlyArray<AnswerNode> => {
  const disk: ReadonlyArray<AnswerNode> = [
    ["capacity", "320"],
    ["driver", "virtio"],
    ["name", "vda"],
    ["optimizationRecommended", "false"],
    ["used", "17"]
  ]
  const interfaces = server.interfaces.map(
    ({ driver, ipv4, ipv6, mac }, at): AnswerNode => [
      "serverInterfaces",
      [
        ["driver", driver],
        ...(sparse ? [] : texts("id", [String(at + 1)])),
        ...texts("ipv4IP", ipv4),
        ...texts("ipv6IP", ipv6),
        ["mac", mac],
        ["trafficThrottled", "false"]
      ]
    ]
  )
  return [
    ["cpuCores", "8"],
    ...(sparse ? [] : [["currentMonth", traffic("2026", "11")] as const]),
    ...texts("ips", addressesOf(account, server)),
    ["memory", "16384"],
    ["rebootRecommended", "false"],
    ["rescueEnabled", String(server.rescue)],
    ...(server.rescue ? texts("rescueEnabledMessage", ["the rescue system is active"]) : []),
    ...(sparse ? [] : [["serverDisks", disk] as const]),
    ...interfaces,
    ["status", server.status],
    ...(sparse ? [] : texts("uptime", ["3 days"])),
    ["vServerName", server.name],
    ...text("vServerNickname", server.nickname)
  ]
}

/** Two lines, the same for every server. */
const log: ReadonlyArray<ReadonlyArray<AnswerNode>> = [
  [
    ["date", "2026-11-22T10:00:00.5+01:00"],
    ["message", "server started"],
    ["type", "INFO"]
  ],
  [
    ["additionalInfo", "<none> & nothing"],
    ["date", "2026-11-21T10:00:00Z"],
    ["message", "server created"],
    ["type", "INFO"]
  ]
]

const logEntries = (call: SoapCall): ReadonlyArray<AnswerNode> => {
  const start = Number(parameter(call, "start"))
  return log.slice(start, start + Number(parameter(call, "results"))).map((entry): AnswerNode => ["return", entry])
}

type View = (
  server: NetcupState.Server,
  call: SoapCall,
  account: NetcupState.Account,
  sparse: boolean
) => ReadonlyArray<AnswerNode>

/** What is told of one server. */
const ofServer: Readonly<Record<string, View>> = {
  getVServerIPs: (server, _, account) => texts("return", addressesOf(account, server)),
  getVServerState: ({ status }) => texts("return", [status]),
  getVServerUptime: (server) => text("return", uptimeOf(server)),
  getVServerUpdateNotification: () => texts("return", ["true"]),
  getVServerInformation: (server, _, account, sparse) => [["return", information(account, server, sparse)]],
  getVServerNickname: ({ nickname }) => text("return", nickname),
  getVServerLogEntryCount: () => texts("return", [String(log.length)]),
  getVServerLogEntries: (_, call) => logEntries(call),
  getVServerTrafficOfMonth: (_, call) => [["return", traffic(parameter(call, "year"), parameter(call, "month"))]],
  getVServerTrafficOfDay: (_, call) => [
    ["return", [...traffic(parameter(call, "year"), parameter(call, "month")), ["day", parameter(call, "day")]]]
  ]
}

/** What is told of the account. */
const ofAccount: Readonly<Record<string, (account: NetcupState.Account) => ReadonlyArray<AnswerNode>>> = {
  getVServers: ({ servers }) =>
    texts(
      "return",
      servers.map(({ name }) => name)
    ),
  getPanelSettings: () => [
    [
      "return",
      [
        ["language", "en"],
        ["passwordlessMode", "false"],
        ["secureAccessMode", "false"],
        ["showNickname", "true"],
        ["webserviceEnabled", "true"]
      ]
    ]
  ],
  getUserData: ({ loginName }) => [
    [
      "return",
      [
        ["email", "user@example.com"],
        ["firstname", "Max"],
        ["lastname", "Mustermann"],
        ["loginname", loginName]
      ]
    ]
  ]
}

/** What a call is answered; a fault's text when it can't be. */
export const read = (
  account: NetcupState.Account,
  call: SoapCall,
  sparse: boolean
): Result.Result<ReadonlyArray<AnswerNode>, string> => {
  const ofAll = ofAccount[call.operation]
  if (ofAll !== undefined) return Result.succeed(ofAll(account))
  const view = ofServer[call.operation]
  if (view === undefined) return Result.fail(`${call.operation} is not simulated`)
  const name = call.parameters.get("vserverName") ?? parameter(call, "vservername")
  const server = NetcupState.findServer(account, name)
  return server === undefined ? Result.fail(serverNotFound(name)) : Result.succeed(view(server, call, account, sparse))
}
