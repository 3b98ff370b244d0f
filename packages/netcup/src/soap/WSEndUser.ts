/**
 * The 31 operations of netcup's SOAP webservice `WSEndUser`, by netcup's names: `client.call(WSEndUser.getVServerState, {…})`.
 * Login and password, where an operation takes them, are the client's to add. Mind the two spellings of the server's
 * element, `vserverName` and `vservername`.
 */
import { ServerName } from "@netcup-failover/core/ServerName"
import * as Schema from "effect/Schema"
import { change, changeByLogin, read } from "./Operation.ts"
import * as Objects from "./WSEndUserObjects.ts"
import { many, one } from "./XsdShape.ts"
import * as Xsd from "./XsdType.ts"

/** `en` or `de`; absent: the account's. */
const language = Schema.optional(Schema.String)
/** A secret that the account has, or is to have. */
const password = Schema.RedactedFromValue(Schema.NonEmptyString)
const address = Schema.NonEmptyString

const ofServer = { vserverName: ServerName }
/** The name in its other spelling. */
const ofserver = { vservername: ServerName }

/** The names of the account's servers. */
export const getVServers = read("getVServers", {}, many(Xsd.Token))

/** The addresses of a server, failover addresses that are routed to it included; IPv6 as a prefix with its length. */
export const getVServerIPs = read("getVServerIPs", ofServer, many(Xsd.Token))

/** A server's hardware, addresses and state. */
export const getVServerInformation = read(
  "getVServerInformation",
  { ...ofserver, language },
  one(Objects.VServerInformationObject)
)

/** Whether a server is `online` or `offline`. */
export const getVServerState = read("getVServerState", ofServer, one(Xsd.Token))

/** How long a server has been up, in words. */
export const getVServerUptime = read("getVServerUptime", ofServer, one(Schema.String))

/** Whether notifications of updates are on for a server. */
export const getVServerUpdateNotification = read("getVServerUpdateNotification", ofServer, one(Xsd.Boolean))

/** The nickname of a server. */
export const getVServerNickname = read("getVServerNickname", ofserver, one(Schema.String))

/** Gives a server another nickname. */
export const setVServerNickname = change(
  "setVServerNickname",
  { ...ofserver, vservernickname: Schema.String },
  one(Schema.String)
)

/** A token that opens a server's statistics. */
export const getVServerStatToken = read("getVServerStatToken", ofServer, one(Xsd.SecretToken))

/** How many lines a server's log has. */
export const getVServerLogEntryCount = read("getVServerLogEntryCount", ofserver, one(Xsd.Long))

/** `results` lines of a server's log, from `start` on. */
export const getVServerLogEntries = read(
  "getVServerLogEntries",
  { ...ofserver, start: Xsd.Int, results: Xsd.Int, language },
  many(Objects.LogEntry)
)

/** What a server received and sent on a day. */
export const getVServerTrafficOfDay = read(
  "getVServerTrafficOfDay",
  { ...ofServer, year: Xsd.Int, month: Xsd.Int, day: Xsd.Int },
  one(Objects.TrafficDayObject)
)

/** What a server received and sent in a month. */
export const getVServerTrafficOfMonth = read(
  "getVServerTrafficOfMonth",
  { ...ofServer, year: Xsd.Int, month: Xsd.Int },
  one(Objects.TrafficMonthObject)
)

/** Starts a server, and says more than `vServerStart` does. */
export const startVServer = change("startVServer", ofServer, one(Objects.WebServiceSimpleResult))

/** Stops a server, and says more than `vServerPoweroff` does. */
export const stopVServer = change("stopVServer", ofServer, one(Objects.WebServiceSimpleResult))

/** Starts a server. */
export const vServerStart = change("vServerStart", ofServer, one(Xsd.Boolean))

/** Suspends a server. */
export const vServerSuspend = change("vServerSuspend", ofServer, one(Xsd.Boolean))

/** Resumes a suspended server. */
export const vServerResume = change("vServerResume", ofServer, one(Xsd.Boolean))

/** Restores a server. */
export const vServerRestore = change("vServerRestore", ofServer, one(Xsd.Boolean))

/** Resets a server, as its button would. */
export const vServerReset = change("vServerReset", ofServer, one(Xsd.Boolean))

/** Takes a server's power away. */
export const vServerPoweroff = change("vServerPoweroff", ofServer, one(Xsd.Boolean))

/** Asks a server's system to boot again. */
export const vServerACPIReboot = change("vServerACPIReboot", ofServer, one(Xsd.Boolean))

/** Asks a server's system to shut down. */
export const vServerACPIShutdown = change("vServerACPIShutdown", ofServer, one(Xsd.Boolean))

/**
 * Routes an address to an interface of a server. `true` and `undefined` are both success, as stacks differ in it; `false` is not.
 * With the MAC `00:00:00:00:00:00` it removes the route, and the server must be the one that holds it.
 */
export const changeIPRouting = change(
  "changeIPRouting",
  {
    routedIP: address,
    routedMask: Schema.FiniteFromString,
    destinationVserverName: ServerName,
    destinationInterfaceMAC: address
  },
  one(Xsd.Boolean)
)

/** Gives a server an interface in a cloud VLAN. */
export const addCloudVLANInterface = change(
  "addCloudVLANInterface",
  { ...ofserver, cloudvlanid: Xsd.Int, driver: Schema.String },
  one(Xsd.Boolean)
)

/** How the panel is set up for the account. */
export const getPanelSettings = read("getPanelSettings", {}, one(Objects.PanelSettings))

/** Whether the panel shows nicknames. */
export const setPanelSettings = change("setPanelSettings", { showNickname: Xsd.Boolean }, one(Xsd.Boolean))

/** A token that logs in to the panel without a password. */
export const getLoginToken = read("getLoginToken", {}, one(Xsd.SecretToken))

/** Whose account it is. */
export const getUserData = read("getUserData", {}, one(Objects.UserDataObject))

/** Gives the account another password: who still comes with the old one may be refused from then on. */
export const changeUserPassword = changeByLogin(
  "changeUserPassword",
  { oldPassword: password, newPassword: password },
  one(Xsd.Boolean)
)

/** Has netcup send a mail to set the password anew. */
export const sendPasswordResetRequest = changeByLogin(
  "sendPasswordResetRequest",
  { eMail: Schema.NonEmptyString },
  one(Xsd.Boolean)
)
