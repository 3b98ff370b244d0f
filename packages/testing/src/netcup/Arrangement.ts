/**
 * What can be arranged in the panel, as pure changes of the state.
 */
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import { hash32 } from "@netcup-failover/core/Fnv1a"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as NetcupState from "./NetcupState.ts"

export interface InterfaceSpec {
  readonly mac: string
  readonly ipv4?: ReadonlyArray<string>
  readonly ipv6?: ReadonlyArray<string>
  /** `virtio` when absent. */
  readonly driver?: string
}

export interface ServerSpec {
  readonly name: string
  readonly interfaces: ReadonlyArray<InterfaceSpec>
  /** `online` when absent. */
  readonly status?: NetcupState.Power
  /** Exactly, instead of `status`: of an `online` server it is `RUNNING`, of an `offline` one `SHUTOFF`. */
  readonly state?: NetcupState.ServerState
  readonly rescue?: boolean
  readonly disabled?: boolean
  readonly nickname?: string
  readonly hostname?: string
  /** REST's; absent: derived from the name. */
  readonly id?: number
  /** Nuremberg (1) when absent. */
  readonly site?: NetcupState.Site
}

export interface AddressSpec {
  /** `198.51.100.4/32`, `2001:db8:f::/64`. */
  readonly cidr: string
  readonly routedTo?: string
  /** REST's; absent: derived from the prefix. */
  readonly id?: number
  /** Nuremberg (1) when absent. */
  readonly site?: NetcupState.Site
  /** Whether the user may route it; true when absent. */
  readonly editable?: boolean
}

export interface AccountSpec {
  readonly loginName: string
  readonly password: string
  /** REST's; absent: derived from the login, and never the login itself. */
  readonly userId?: number
  readonly apiIpLoginRestrictions?: string | null
  readonly servers?: ReadonlyArray<ServerSpec>
  readonly addresses?: ReadonlyArray<AddressSpec>
}

/** A change of the whole state, or a sentence on why it makes no sense. */
export type Arrangement = (state: NetcupState.NetcupState) => Result.Result<NetcupState.NetcupState, string>

const nuremberg: NetcupState.Site = { id: 1, city: "Nuremberg" }

/** The id that was asked for, or one that is the same in every run. Fails when the former is taken. */
const idOf = (wanted: number | undefined, text: string, taken: ReadonlyArray<number>) => {
  if (wanted !== undefined) {
    return taken.includes(wanted) ? Result.fail(`there is an id ${wanted} already`) : Result.succeed(wanted)
  }
  let id = 100_000 + (hash32(text) % 900_000)
  while (taken.includes(id)) id += 1
  return Result.succeed(id)
}

const serverState = ({ state, status }: ServerSpec) => state ?? (status === "offline" ? "SHUTOFF" : "RUNNING")

const toServer = (spec: ServerSpec, id: number): NetcupState.Server => ({
  id,
  name: spec.name,
  site: spec.site ?? nuremberg,
  status: NetcupState.powerOf(serverState(spec)),
  state: serverState(spec),
  rescue: spec.rescue ?? false,
  disabled: spec.disabled ?? false,
  nickname: spec.nickname,
  hostname: spec.hostname ?? `${spec.name}.servers.example`,
  interfaces: spec.interfaces.map(({ driver = "virtio", ipv4 = [], ipv6 = [], mac }) => ({ driver, ipv4, ipv6, mac }))
})

const accountOf = (state: NetcupState.NetcupState, loginName: string) =>
  Result.fromNullishOr(NetcupState.findAccount(state, loginName), () => `there is no account "${loginName}"`)

const accountOfServer = (state: NetcupState.NetcupState, name: string) =>
  Result.fromNullishOr(
    state.find((account) => NetcupState.findServer(account, name) !== undefined),
    () => `there is no server "${name}"`
  )

const accountOfPrefix = (state: NetcupState.NetcupState, prefix: FailoverAddress.Prefix) =>
  Result.fromNullishOr(
    state.find((account) => account.addresses.some(({ address }) => address.prefix === prefix)),
    () => `there is no failover address "${prefix}"`
  )

export const addServer =
  (loginName: string, spec: ServerSpec): Arrangement =>
  (state) =>
    Result.gen(function* () {
      yield* accountOf(state, loginName)
      if (Result.isSuccess(accountOfServer(state, spec.name))) {
        return yield* Result.fail(`there is a server "${spec.name}" already`)
      }
      const taken = state.flatMap(({ servers }) => servers.map(({ id }) => id))
      const id = yield* idOf(spec.id, spec.name, taken)
      return NetcupState.replaceAccount(state, loginName, (account) => ({
        ...account,
        servers: [...account.servers, toServer(spec, id)]
      }))
    })

export const addAddress =
  (loginName: string, spec: AddressSpec): Arrangement =>
  (state) =>
    Result.gen(function* () {
      const address = yield* FailoverAddress.parse(spec.cidr)
      const account = yield* accountOf(state, loginName)
      // Another account may have the same one: each has its own world, as in the seed system's sample of two accounts.
      if (account.addresses.some((owned) => owned.address.prefix === address.prefix)) {
        return yield* Result.fail(`there is an address "${address.prefix}" already`)
      }
      if (spec.routedTo !== undefined && NetcupState.findServer(account, spec.routedTo) === undefined) {
        return yield* Result.fail(`account "${loginName}" has no server "${spec.routedTo}"`)
      }
      const taken = state.flatMap(({ addresses }) => addresses.map(({ id }) => id))
      const owned: NetcupState.OwnedAddress = {
        id: yield* idOf(spec.id, address.prefix, taken),
        address,
        site: spec.site ?? nuremberg,
        editable: spec.editable ?? true,
        routedTo: spec.routedTo,
        lastRoutedAt: undefined
      }
      return NetcupState.replaceAccount(state, loginName, (found) => ({
        ...found,
        addresses: [...found.addresses, owned]
      }))
    })

export const addAccount =
  (spec: AccountSpec): Arrangement =>
  (state) =>
    Result.gen(function* () {
      if (NetcupState.findAccount(state, spec.loginName) !== undefined) {
        return yield* Result.fail(`there is an account "${spec.loginName}" already`)
      }
      const { loginName } = spec
      const taken = [...state.map(({ userId }) => userId), ...[...state, spec].map((one) => Number(one.loginName))]
      const empty: NetcupState.Account = {
        loginName,
        password: Redacted.make(spec.password),
        userId: yield* idOf(spec.userId, loginName, taken),
        apiIpLoginRestrictions: spec.apiIpLoginRestrictions ?? null,
        servers: [],
        addresses: [],
        refreshTokens: [],
        accessTokens: []
      }
      let next: NetcupState.NetcupState = [...state, empty]
      for (const item of spec.servers ?? []) next = yield* addServer(loginName, item)(next)
      for (const item of spec.addresses ?? []) next = yield* addAddress(loginName, item)(next)
      return next
    })

export const removeServer =
  (name: string): Arrangement =>
  (state) =>
    Result.map(accountOfServer(state, name), ({ loginName }) =>
      NetcupState.replaceAccount(state, loginName, (account) => ({
        ...account,
        servers: account.servers.filter((one) => one.name !== name),
        addresses: account.addresses.map((owned) =>
          owned.routedTo === name ? { ...owned, routedTo: undefined } : owned
        )
      }))
    )

export const removeAddress =
  (cidr: string): Arrangement =>
  (state) =>
    Result.gen(function* () {
      const { prefix } = yield* FailoverAddress.parse(cidr)
      const { loginName } = yield* accountOfPrefix(state, prefix)
      return NetcupState.replaceAccount(state, loginName, (account) => ({
        ...account,
        addresses: account.addresses.filter(({ address }) => address.prefix !== prefix)
      }))
    })

export const reroute =
  (cidr: string, to: string | undefined): Arrangement =>
  (state) =>
    Result.gen(function* () {
      const { prefix } = yield* FailoverAddress.parse(cidr)
      const account = yield* accountOfPrefix(state, prefix)
      if (to !== undefined && NetcupState.findServer(account, to) === undefined) {
        return yield* Result.fail(`account "${account.loginName}" has no server "${to}"`)
      }
      return NetcupState.replaceAddress(state, account.loginName, prefix, (owned) => ({ ...owned, routedTo: to }))
    })

export const setServer =
  (name: string, change: Partial<NetcupState.Server>): Arrangement =>
  (state) =>
    Result.map(accountOfServer(state, name), () =>
      NetcupState.replaceServer(state, name, (found) => ({ ...found, ...change }))
    )

export const setState = (name: string, state: NetcupState.ServerState): Arrangement =>
  setServer(name, { state, status: NetcupState.powerOf(state) })

export const setAccount =
  (loginName: string, change: (account: NetcupState.Account) => NetcupState.Account): Arrangement =>
  (state) =>
    Result.map(accountOf(state, loginName), () => NetcupState.replaceAccount(state, loginName, change))
