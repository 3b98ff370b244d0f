/**
 * netcup's accounts as a test or the sandbox arranges them: what an operator does in the panel, at once and without limits.
 * Misuse (an unknown name, a name given twice, no CIDR) is a mistake of the test and dies.
 */
import type * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Arrangement from "./Arrangement.ts"
import * as LoginToken from "./LoginToken.ts"
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
  /** Of REST's finer states exactly this one; SOAP tells `online` or `offline` accordingly. */
  readonly setState: (server: string, state: NetcupState.ServerState) => Effect.Effect<void>
  readonly setRescue: (server: string, rescue: boolean) => Effect.Effect<void>
  /** Routes by "panel": the limit is neither asked nor started. `undefined` unroutes. */
  readonly reroute: (cidr: string, server: string | undefined) => Effect.Effect<void>
  readonly setLoginRestrictions: (loginName: string, restrictions: string | null) => Effect.Effect<void>
  /** The refresh token of a login with `offline_access` (without it if `offline` is false), as if the user had just logged in. */
  readonly login: (loginName: string, offline?: boolean) => Effect.Effect<Redacted.Redacted>
  /** All refresh tokens of an account die. Access tokens live on until they expire, as they do at netcup. */
  readonly revokeTokens: (loginName: string) => Effect.Effect<void>
  /** All access tokens of an account are no longer accepted, before their time. */
  readonly expireAccessTokens: (loginName: string) => Effect.Effect<void>
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
  const setAccount = (loginName: string, change: Partial<NetcupState.Account>) =>
    arrange(Arrangement.setAccount(loginName, (account) => ({ ...account, ...change })))
  const world: NetcupWorld = {
    state: Ref.get(ref),
    routes: Effect.map(Ref.get(ref), routesOf),
    addAccount: (spec) => arrange(Arrangement.addAccount(spec)),
    addServer: (loginName, spec) => arrange(Arrangement.addServer(loginName, spec)),
    removeServer: (name) => arrange(Arrangement.removeServer(name)),
    addAddress: (loginName, spec) => arrange(Arrangement.addAddress(loginName, spec)),
    removeAddress: (cidr) => arrange(Arrangement.removeAddress(cidr)),
    setPassword: (loginName, password) => setAccount(loginName, { password: Redacted.make(password) }),
    setPower: (name, status) => arrange(Arrangement.setState(name, status === "online" ? "RUNNING" : "SHUTOFF")),
    setState: (name, state) => arrange(Arrangement.setState(name, state)),
    setRescue: (name, rescue) => arrange(Arrangement.setServer(name, { rescue })),
    setLoginRestrictions: (loginName, apiIpLoginRestrictions) => setAccount(loginName, { apiIpLoginRestrictions }),
    login: Effect.fnUntraced(function* (loginName, offline = true) {
      const [account, lastUsedAt] = [
        (yield* Ref.get(ref)).find((one) => one.loginName === loginName),
        yield* Clock.currentTimeMillis
      ]
      const token = yield* LoginToken.refresh(account?.userId ?? 0, lastUsedAt)
      yield* arrange(
        Arrangement.setAccount(loginName, (account) => ({
          ...account,
          refreshTokens: [...account.refreshTokens, { token, offline, lastUsedAt, ended: false }]
        }))
      )
      return token
    }),
    revokeTokens: (loginName) =>
      arrange(
        Arrangement.setAccount(loginName, (account) => ({
          ...account,
          refreshTokens: account.refreshTokens.map((one) => ({ ...one, ended: true }))
        }))
      ),
    expireAccessTokens: (loginName) => setAccount(loginName, { accessTokens: [] }),
    reroute: (cidr, to) => arrange(Arrangement.reroute(cidr, to)),
    modify: (change) => Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.modify(ref, (state) => change(state, now)))
  }
  yield* Effect.forEach(accounts, world.addAccount, { discard: true })
  return world
})
