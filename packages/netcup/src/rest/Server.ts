/**
 * Servers as REST tells of them. Fields that are not named here are dropped; null and absent are the same.
 */
import { type Prefix, parse } from "@netcup-failover/core/FailoverAddress"
import { ServerName } from "@netcup-failover/core/ServerName"
import * as Array from "effect/Array"
import * as Schema from "effect/Schema"
import { informative } from "./Informative.ts"
import { Site } from "./Site.ts"

/** Everything that a list tells of a server. */
export const ServerSummary = Schema.Struct({
  id: Schema.Int,
  name: ServerName,
  hostname: informative(Schema.String),
  nickname: informative(Schema.String),
  disabled: informative(Schema.Boolean),
  template: informative(Schema.Struct({ id: Schema.optionalKey(Schema.Int), name: Schema.optionalKey(Schema.String) }))
})
export type ServerSummary = typeof ServerSummary.Type

/** An interface as the hypervisor sees it; addresses are texts, those of failover prefixes with their length. */
const LiveInterface = Schema.Struct({
  mac: Schema.optionalKey(Schema.String),
  driver: Schema.optionalKey(Schema.String),
  ipv4Addresses: informative(Schema.Array(Schema.String)),
  ipv6LinkLocalAddresses: Schema.optionalKey(Schema.Array(Schema.String)),
  ipv6NetworkPrefixes: Schema.optionalKey(Schema.Array(Schema.String)),
  mtu: Schema.optionalKey(Schema.Int),
  speedInMBits: Schema.optionalKey(Schema.Finite),
  trafficThrottled: Schema.optionalKey(Schema.Boolean),
  vlanInterface: Schema.optionalKey(Schema.Boolean),
  vlanId: Schema.optionalKey(Schema.Int)
})

/**
 * What the hypervisor says. `state` is one of `NOSTATE RUNNING BLOCKED PAUSED SHUTDOWN SHUTOFF CRASHED PMSUSPENDED DISK_SNAPSHOT`,
 * or one that came later.
 */
const LiveInfo = Schema.Struct({
  state: Schema.optionalKey(Schema.String),
  uptimeInSeconds: informative(Schema.Finite),
  interfaces: informative(Schema.Array(LiveInterface))
})

/** All that netcup tells of one server. `serverLiveInfo` is absent when the hypervisor was not asked or did not answer. */
export const Server = Schema.Struct({
  ...ServerSummary.fields,
  site: Schema.optionalKey(Site),
  ipv4Addresses: informative(
    Schema.Array(
      Schema.Struct({
        id: Schema.optionalKey(Schema.Int),
        ip: Schema.String,
        netmask: Schema.optionalKey(Schema.String),
        gateway: Schema.optionalKey(Schema.String),
        broadcast: Schema.optionalKey(Schema.String)
      })
    )
  ),
  ipv6Addresses: informative(
    Schema.Array(
      Schema.Struct({
        id: Schema.optionalKey(Schema.Int),
        networkPrefix: Schema.String,
        networkPrefixLength: Schema.optionalKey(Schema.Int),
        gateway: Schema.optionalKey(Schema.String)
      })
    )
  ),
  serverLiveInfo: Schema.optionalKey(LiveInfo),
  rescueSystemActive: Schema.optionalKey(Schema.Boolean),
  architecture: informative(Schema.String)
})
export type Server = typeof Server.Type

const off: ReadonlySet<string> = new Set(["SHUTOFF", "SHUTDOWN", "CRASHED"])

/** Does it run? `undefined` when netcup does not say, or says something that is neither yes nor no (`PAUSED`, `NOSTATE`, ...). */
export const running = ({ serverLiveInfo }: Server): boolean | undefined => {
  const state = serverLiveInfo?.state
  return state === "RUNNING" ? true : state !== undefined && off.has(state) ? false : undefined
}

/** The server's own addresses: those that are routed to it are not among them. */
export const ownAddresses = ({ ipv4Addresses = [], ipv6Addresses = [] }: Server): ReadonlyArray<Prefix> => {
  const [addresses] = Array.separate([
    ...ipv4Addresses.map(({ ip }) => parse(`${ip}/32`)),
    ...ipv6Addresses.map(({ networkPrefix, networkPrefixLength = 64 }) =>
      parse(`${networkPrefix}/${networkPrefixLength}`)
    )
  ])
  return addresses.map(({ prefix }) => prefix)
}
