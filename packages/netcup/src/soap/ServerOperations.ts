/**
 * What the webservice tells of servers. Mind the two spellings of the server's element, `vserverName` and `vservername`.
 */
import { ServerName } from "@netcup-failover/core/ServerName"
import * as Schema from "effect/Schema"
import * as Operation from "./Operation.ts"
import { atMostOne, Token, XsdBoolean } from "./XsdType.ts"

/** The names of the account's servers. */
export const getVServers = Operation.make({
  name: "getVServers",
  kind: "read",
  credentials: "login and password",
  parameters: Schema.Struct({}),
  returns: Schema.Array(Token)
})

/** The addresses of a server, the failover addresses that are routed to it included; IPv6 as a prefix with its length. */
export const getVServerIPs = Operation.make({
  name: "getVServerIPs",
  kind: "read",
  credentials: "login and password",
  parameters: Schema.Struct({ vserverName: ServerName }),
  returns: Schema.Array(Token)
})

/** One that has addresses is the server's own; a cloud VLAN's has a MAC and none. */
const ServerInterface = Schema.Struct({
  mac: Schema.optionalKey(Token),
  ipv4IP: Schema.optionalKey(Schema.ArrayEnsure(Token)),
  ipv6IP: Schema.optionalKey(Schema.ArrayEnsure(Token))
})

/** Any field may be absent. `status` is `online` or `offline`. */
const VServerInformation = Schema.Struct({
  ips: Schema.optionalKey(Schema.ArrayEnsure(Token)),
  rescueEnabled: Schema.optionalKey(XsdBoolean),
  serverInterfaces: Schema.optionalKey(Schema.ArrayEnsure(ServerInterface)),
  status: Schema.optionalKey(Token),
  vServerName: Schema.optionalKey(Token),
  vServerNickname: Schema.optionalKey(Schema.String)
})

/** A server's state and interfaces. Texts are in `language` (`en`, `de`), else in the account's. */
export const getVServerInformation = Operation.make({
  name: "getVServerInformation",
  kind: "read",
  credentials: "login and password",
  parameters: Schema.Struct({ vservername: ServerName, language: Schema.optionalKey(Schema.String) }),
  returns: atMostOne(VServerInformation)
})
