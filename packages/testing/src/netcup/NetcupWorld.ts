/**
 * netcup's accounts as a test or the sandbox arranges them: what an operator does in the panel, at once and without limits.
 * Misuse (an unknown name, a name given twice, no CIDR) is a mistake of the test and dies.
 */
import type * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Arrangement from "./Arrangement.ts"
import type * as NetcupState from "./NetcupState.ts"

/** The test asked the world for something that it does not hold. */
class WorldMisused extends Schema.TaggedError<WorldMisused>()("WorldMisused", { message: Schema.String }) {}

export interface NetcupWorld {
  readonly state: Effect.Effect<NetcupState.NetcupState>
  /** Where each routed address points; an unrouted one is absent. */
  readonly routes: Effect.Effect<ReadonlyMap<FailoverAddress.Prefix, string>>
  readonly addAccount: (account: Arrangement.AccountSpec) => Effect.Effect<void>
  readonly addServer: (loginName: string, server: Arrangement.ServerSpec) => Effect.Effect<void>
  /** Cancels a server: addresses that were routed to it point nowhere. */
  readonly removeServer: (name: string) => Effect.Effect<void>
  readonly addAddress: (loginName: string, address: Arrangement.AddressSpec) => Effect.Effect<void>
  readonly removeAddress: (cidr: string) => Effect.Effect<void>
  readonly setPassword: (loginName: string, password: string) => Effect.Effect<void>
  readonly setPower: (server: string, power: NetcupState.Power) => Effect.Effect<void>
  readonly setRescue: (server: string, rescue: boolean) => Effect.Effect<void>
  /** Routes by "panel": the limit is neither asked nor started. `undefined` unroutes. */
  readonly reroute: (cidr: string, server: string | undefined) => Effect.Effect<void>
  /** One atomic look and change, `now` in ms since the epoch: how the simulated APIs act. */
  readonly modify: <A>(
    change: (state: NetcupState.NetcupState, now: number) => readonly [A, NetcupState.NetcupState]
  ) => Effect.Effect<A>
}

const routesOf = (state: NetcupState.NetcupState): ReadonlyMap<FailoverAddress.Prefix, string> =>
  new Map(
    state.flatMap((account) =>
      account.addresses.flatMap((owned) =>
        owned.routedTo === undefined ? [] : [[owned.address.prefix, owned.routedTo] as const]
      )
    )
  )

/** A world of its own. */
export const make = Effect.fn("NetcupWorld.make")(function* (accounts: ReadonlyArray<Arrangement.AccountSpec> = []) {
  const ref = yield* Ref.make<NetcupState.NetcupState>([])
  const arrange = (change: Arrangement.Arrangement) =>
    Effect.flatten(
      Ref.modify(ref, (state) =>
        Result.match(change(state), {
          onFailure: (message) => [Effect.die(new WorldMisused({ message })), state],
          onSuccess: (changed) => [Effect.void, changed]
        })
      )
    )
  const world: NetcupWorld = {
    state: Ref.get(ref),
    routes: Effect.map(Ref.get(ref), routesOf),
    addAccount: (spec) => arrange(Arrangement.addAccount(spec)),
    addServer: (loginName, spec) => arrange(Arrangement.addServer(loginName, spec)),
    removeServer: (name) => arrange(Arrangement.removeServer(name)),
    addAddress: (loginName, spec) => arrange(Arrangement.addAddress(loginName, spec)),
    removeAddress: (cidr) => arrange(Arrangement.removeAddress(cidr)),
    setPassword: (loginName, password) => arrange(Arrangement.setPassword(loginName, password)),
    setPower: (name, status) => arrange(Arrangement.setServer(name, { status })),
    setRescue: (name, rescue) => arrange(Arrangement.setServer(name, { rescue })),
    reroute: (cidr, to) => arrange(Arrangement.reroute(cidr, to)),
    modify: (change) => Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.modify(ref, (state) => change(state, now)))
  }
  yield* Effect.forEach(accounts, world.addAccount, { discard: true })
  return world
})
