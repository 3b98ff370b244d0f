/**
 * What one netcup account is asked about failover addresses, whichever API answers.
 */
import type { AccountKey } from "@netcup-failover/core/Account"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerIdentity } from "@netcup-failover/core/ServerMapping"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { NetcupError } from "./NetcupError.ts"

/** What netcup says of a server, what tells it from others included. `running: undefined` when it does not say. */
export interface ServerView extends ServerIdentity {
  readonly running: boolean | undefined
  /** What `running` was told by, in netcup's own word (`offline`, `SHUTOFF`, …); absent when it said none. */
  readonly word: string | undefined
  readonly rescue: boolean
  /** Whether it has what addresses are routed to: no disabled one has, nor by SOAP one without an interface with an IPv4 address. */
  readonly routable: boolean
  /** Where it is; SOAP does not tell. */
  readonly site: number | undefined
}

/** Where addresses are, as far as netcup told. */
export interface Routes {
  /** Which server each address prefix is routed to; a prefix that none of the servers asked about holds is absent. */
  readonly held: ReadonlyMap<Prefix, ServerName>
  /** Of the servers asked about those that netcup told nothing of, and why. */
  readonly untold: ReadonlyMap<ServerName, NetcupError>
  /** REST: where the account's failover addresses may be routed to. */
  readonly sites?: ReadonlyMap<Prefix, number>
  /** REST: those of the account's failover addresses that this login cannot route. */
  readonly locked?: ReadonlySet<Prefix>
}

export interface UnrouteOptions {
  readonly from?: ServerName
  readonly permitted?: Effect.Effect<boolean>
}

/** Routing of one account's failover addresses. Every error is a {@link NetcupError}, whichever API answers. */
export class FailoverRouting extends Context.Service<
  FailoverRouting,
  {
    /** Which account this is: `soap:` and the login, or `rest:` and the user id, which REST has to be asked for once. */
    readonly identity: Effect.Effect<AccountKey, NetcupError>
    /** All servers of the account. */
    readonly servers: Effect.Effect<ReadonlyArray<ServerName>, NetcupError>
    /**
     * Every address that netcup routes to one of `among` now, the servers' own addresses included where SOAP answers. SOAP: one
     * call a server; REST: two calls in all. Fails when netcup told of none of them.
     */
    readonly routes: (among: ReadonlyArray<ServerName>) => Effect.Effect<Routes, NetcupError>
    /**
     * Waits, for a bounded time, until no routing of this account is under way at netcup: before that {@link routes} may tell
     * what is about to change. SOAP answers a change when it is done: no wait. Fails when netcup does not tell of its tasks, however
     * healthy all else may be: whoever can't wait for better times has to go on without.
     */
    readonly settled: Effect.Effect<void, NetcupError>
    /**
     * When addresses were moved in the last hour by anybody, as netcup's own record has it (ms since the epoch). SOAP has none: empty.
     * Takes no longer than one try of a read may.
     */
    readonly recentChanges: Effect.Effect<ReadonlyArray<number>, NetcupError>
    /**
     * What an operator should know about the account before it matters, as sentences; most often none. Asked for once, for no longer
     * than one try of a read may take.
     */
    readonly notices: Effect.Effect<ReadonlyArray<string>, NetcupError>
    /**
     * When netcup lets the login die unless it is used before (ms since the epoch); `undefined` while nobody knows, and for SOAP's
     * passwords. Asks netcup nothing.
     */
    readonly loginExpiresAt: Effect.Effect<number | undefined>
    /**
     * Learns what {@link route} to a server needs, unless it is known: for a minute then, and after {@link inspect}, a route sends its
     * change at once.
     */
    readonly prepare: (server: ServerName) => Effect.Effect<void, NetcupError>
    /** A server's state, asked anew. */
    readonly inspect: (server: ServerName) => Effect.Effect<ServerView, NetcupError>
    /**
     * Routes an address to a server. Succeeds when netcup says that it is done (REST: the task has FINISHED); repeats nothing that
     * may have been sent. A change is never held back, however long netcup has not been reached. `RateLimited` is about moves alone: a
     * limit on what has to be asked for first is `Unreachable`.
     *
     * `permitted` is asked when all else is ready, directly before the change is sent (and before it is sent again, by REST, when its
     * token was refused). `false`: nothing is sent, and it fails with `CalledOff`.
     */
    readonly route: (
      address: FailoverAddress,
      to: ServerName,
      permitted?: Effect.Effect<boolean>
    ) => Effect.Effect<void, NetcupError>
    /**
     * Takes the route of an address away, from whichever server holds it, or only `from` one. Nothing is sent when it is not there, as netcup
     * tells just before. `permitted` as of {@link route}.
     */
    readonly unroute: (address: FailoverAddress, options?: UnrouteOptions) => Effect.Effect<void, NetcupError>
  }
>()("@netcup-failover/netcup/FailoverRouting") {}
