/**
 * The objects in answers of the webservice `WSEndUser`, by netcup's names. Any field may be absent.
 */

import * as Schema from "effect/Schema"
import { list, object } from "./XsdShape.ts"
import * as Xsd from "./XsdType.ts"

/** A disk of a server. */
export const ServerDisk = object("serverDisk", {
  capacity: Xsd.Long,
  driver: Xsd.Token,
  name: Xsd.Token,
  optimizationRecommended: Xsd.Boolean,
  optimizationRecommendedMessage: Schema.String,
  used: Xsd.Long
})

/** An interface of a server. One that has addresses is the server's own; a cloud VLAN's has a MAC and none. */
export const ServerInterface = object("serverInterface", {
  driver: Xsd.Token,
  id: Xsd.Token,
  ipv4IP: list(Xsd.Token),
  ipv6IP: list(Xsd.Token),
  mac: Xsd.Token,
  trafficThrottled: Xsd.Boolean,
  trafficThrottledMessage: Schema.String
})

const traffic = { in: Xsd.Long, month: Xsd.Int, out: Xsd.Long, total: Xsd.Long, year: Xsd.Int }

/** What a server received and sent in a month. */
export const TrafficMonthObject = object("trafficMonthObject", traffic)

/** What a server received and sent on a day. */
export const TrafficDayObject = object("trafficDayObject", { ...traffic, day: Xsd.Int })

/** A server: its hardware, addresses and state. `memory` is in MiB, `status` is `online` or `offline`. */
export const VServerInformationObject = object("vServerInformationObject", {
  cpuCores: Xsd.Int,
  currentMonth: TrafficMonthObject,
  ips: list(Xsd.Token),
  memory: Xsd.Long,
  rebootRecommended: Xsd.Boolean,
  rebootRecommendedMessage: Schema.String,
  rescueEnabled: Xsd.Boolean,
  rescueEnabledMessage: Schema.String,
  serverDisks: list(ServerDisk),
  serverInterfaces: list(ServerInterface),
  status: Xsd.Token,
  uptime: Schema.String,
  vServerName: Xsd.Token,
  vServerNickname: Schema.String
})

/** A line of a server's log. */
export const LogEntry = object("logEntry", {
  additionalInfo: Schema.String,
  date: Xsd.DateTime,
  message: Schema.String,
  type: Xsd.Token
})

/** Whether something worked, and what there is to say. */
export const WebServiceSimpleResult = object("webServiceSimpleResult", {
  message: Schema.String,
  success: Xsd.Boolean
})

/** How the panel is set up for the account. */
export const PanelSettings = object("panelSettings", {
  language: Xsd.Token,
  passwordlessMode: Xsd.Boolean,
  secureAccessMode: Xsd.Boolean,
  showNickname: Xsd.Boolean,
  webserviceEnabled: Xsd.Boolean
})

/** Whose account it is. */
export const UserDataObject = object("userDataObject", {
  city: Schema.String,
  company: Schema.String,
  email: Xsd.Token,
  firstname: Schema.String,
  lastname: Schema.String,
  loginname: Xsd.Token,
  postcode: Xsd.Token,
  street: Schema.String
})
