/**
 * The interfaces of a server with all that is routed to them.
 */
import * as Schema from "effect/Schema"

/** `type` is `IP` for the server's own, `ROUTED_IP` for one that was routed to it. */
const common = {
  id: Schema.Int,
  interfaceMac: Schema.optionalKey(Schema.String),
  type: Schema.optionalKey(Schema.String),
  cidr: Schema.optionalKey(Schema.String),
  gateway: Schema.optionalKey(Schema.String),
  destinationIp: Schema.optionalKey(Schema.String),
  editable: Schema.optionalKey(Schema.Boolean)
}

/** A network interface of a server, with its addresses; routed ones included. */
export const ServerInterface = Schema.Struct({
  mac: Schema.String,
  driver: Schema.optionalKey(Schema.String),
  speedInMBits: Schema.optionalKey(Schema.Finite),
  ipv4Addresses: Schema.optionalKey(
    Schema.Array(Schema.Struct({ ...common, ip: Schema.String, rdns: Schema.optionalKey(Schema.String) }))
  ),
  ipv6Addresses: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        ...common,
        networkPrefix: Schema.String,
        linkLocal: Schema.optionalKey(Schema.Boolean),
        /** Names by address. */
        rdns: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
      })
    )
  )
})
export type ServerInterface = typeof ServerInterface.Type
