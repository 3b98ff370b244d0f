/**
 * What one netcup account is asked about failover addresses, whichever API answers.
 */
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { RoutingError } from "./RoutingError.ts"

/** What netcup says of a server. `running: undefined` when it does not say. */
export interface ServerView {
  readonly name: ServerName
  readonly running: boolean | undefined
  readonly rescue: boolean
}

/** Which server each address prefix is routed to; a prefix that none of the servers asked about holds is absent. */
export type Routes = ReadonlyMap<Prefix, ServerName>

export class FailoverRouting extends Context.Service<
  FailoverRouting,
  {
    /** All servers of the account. One call. */
    readonly servers: Effect.Effect<ReadonlyArray<ServerName>, RoutingError>
    /** Every address that netcup routes to one of `among` now, the servers' own addresses included. SOAP: one call a server. */
    readonly routes: (among: ReadonlyArray<ServerName>) => Effect.Effect<Routes, RoutingError>
    /** Learns what {@link route} to a server needs, unless it is known: then, and after {@link inspect}, a route is one call. */
    readonly prepare: (server: ServerName) => Effect.Effect<void, RoutingError>
    /** A server's state, asked anew. */
    readonly inspect: (server: ServerName) => Effect.Effect<ServerView, RoutingError>
    /** Routes an address to a server. Succeeds when netcup says done; repeats nothing that may have been sent. */
    readonly route: (address: FailoverAddress, to: ServerName) => Effect.Effect<void, RoutingError>
  }
>()("@netcup-failover/netcup/FailoverRouting") {}
