/**
 * What the webservice changes about failover addresses.
 */
import { ServerName } from "@netcup-failover/core/ServerName"
import * as Schema from "effect/Schema"
import * as Operation from "./Operation.ts"
import { atMostOne, XsdBoolean } from "./XsdType.ts"

/**
 * Routes an address to an interface of a server. `true` and no answer at all are both success, as stacks differ in it; `false` is not.
 * With the MAC `00:00:00:00:00:00` it removes the route, and the server must be the one that holds it.
 */
export const changeIPRouting = Operation.make({
  name: "changeIPRouting",
  kind: "change",
  credentials: "login and password",
  parameters: Schema.Struct({
    routedIP: Schema.NonEmptyString,
    routedMask: Schema.FiniteFromString,
    destinationVserverName: ServerName,
    destinationInterfaceMAC: Schema.NonEmptyString
  }),
  returns: atMostOne(XsdBoolean)
})
