/**
 * What the contract of `FailoverRouting` is played on: one account of netcup, the service before it, and everything that may
 * happen behind the service's back. Each API that is held to the contract brings a stage of its own.
 */
import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import type { FailoverRouting } from "@netcup-failover/netcup/FailoverRouting"
import type * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A change that reached netcup, whatever came of it. */
export interface Change {
  readonly prefix: string
  /** `undefined`: its route is taken away. */
  readonly to: string | undefined
  readonly applied: boolean
}

/** A loss: netcup hears `of`, carries it out or not, and no usable answer comes back. */
interface Lost {
  readonly of: "reads" | "changes"
  readonly applied: boolean
  /** For so many requests of each kind; absent: for all. */
  readonly times?: number
}

/** `Refusal` and `Loss` are whatever an API's simulator needs to be told. */
export interface Stage<Refusal, Loss> {
  /** For the first of `accounts`. Pauses for no time, be it between tries of a read or looks at a change. */
  readonly routing: FailoverRouting["Service"]
  /** What that account is known by. */
  readonly identity: string
  /** netcup's own words for a server that runs and for one that is off. */
  readonly words: { readonly running: string; readonly off: string }
  /** The service's credentials are wrong from now on. */
  readonly spoilCredentials: Effect.Effect<void>
  /** netcup's limit forbids to move that address, from now on and for as long as such a limit lasts. */
  readonly spendLimit: (prefix: Prefix) => Effect.Effect<void>
  /** The next change is refused for a reason that has no case of its own. */
  readonly refuse: (way: Refusal) => Effect.Effect<void>
  /** The effect that it gives ends it. */
  readonly lose: (way: Loss, lost: Lost) => Effect.Effect<Effect.Effect<void>>
  /** No request is answered, ever, and connections stay open; changes are carried out. */
  readonly hang: Effect.Effect<void>
  /** Nobody listens from now on. */
  readonly stop: Effect.Effect<void>
  readonly start: Effect.Effect<void>
  /** Every change that reached netcup, in the order of arrival. */
  readonly changes: Effect.Effect<ReadonlyArray<Change>>
  /** Waits until netcup is done with a change, whether its sender was told or not. */
  readonly settled: Effect.Effect<void>
  /** How many requests reached netcup, logins and looks at how far a change is aside. */
  readonly requests: Effect.Effect<number>
  /** Requests that netcup could make nothing of: a correct layer sends none, whatever happens. */
  readonly misunderstood: Effect.Effect<ReadonlyArray<string>>
}

export interface Subject<Refusal, Loss> {
  readonly name: string
  /** A server needs an interface with addresses to be routed to. */
  readonly routesToInterfaces: boolean
  /** Routes have the servers' own addresses among them. */
  readonly tellsOwnAddresses: boolean
  /** What spoiled credentials are told as. */
  readonly spoiled: "InvalidCredentials" | "LoginExpired"
  /** Every way in which this API says no without telling a known reason, by a name for it. */
  readonly refusals: Readonly<Record<string, Refusal>>
  /** Every way in which this API's answers get lost, by a name for it; silence is {@link Stage.hang}. */
  readonly losses: Readonly<Record<string, Loss>>
  /** A stage for one test, over a world that holds `accounts`. */
  readonly stage: (world: NetcupWorld.NetcupWorld) => Effect.Effect<Stage<Refusal, Loss>, never, Scope.Scope>
}
