/**
 * Failover addresses as REST tells of them: two kinds on the wire, one here.
 */
import { type FailoverAddress, parse } from "@netcup-failover/core/FailoverAddress"
import { ServerName } from "@netcup-failover/core/ServerName"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Site } from "./Site.ts"

/** Where it is, and whether this user may change that. */
const common = {
  id: Schema.Int,
  editable: Schema.optionalKey(Schema.Boolean),
  site: Schema.optionalKey(Site),
  server: Schema.optionalKey(Schema.Struct({ id: Schema.Int, name: ServerName }))
}

/** An IPv4 failover address, from netcup's JSON. */
export const FailoverIpv4 = Schema.Struct({
  ...common,
  ip: Schema.String,
  cidrSuffix: Schema.optionalKey(Schema.Int)
})

/** An IPv6 failover prefix, from netcup's JSON. */
export const FailoverIpv6 = Schema.Struct({
  ...common,
  networkPrefix: Schema.String,
  networkPrefixLength: Schema.optionalKey(Schema.Int)
})

/** A failover address of the account. `server` is absent when it is routed nowhere; ids are unique within a family only. */
export interface FailoverIp {
  readonly id: number
  readonly address: FailoverAddress
  readonly site: typeof Site.Type | undefined
  readonly server: { readonly id: number; readonly name: ServerName } | undefined
  /** False: netcup says that this user can't route it. */
  readonly editable: boolean
}

/** From either kind. The failure is a sentence: netcup may come to have addresses that this project can't route. */
export const of = (told: typeof FailoverIpv4.Type | typeof FailoverIpv6.Type): Result.Result<FailoverIp, string> =>
  Result.map(
    parse(
      "ip" in told ? `${told.ip}/${told.cidrSuffix ?? 32}` : `${told.networkPrefix}/${told.networkPrefixLength ?? 64}`
    ),
    (address) => ({
      id: told.id,
      address,
      site: told.site,
      server: told.server,
      editable: told.editable ?? true
    })
  )
