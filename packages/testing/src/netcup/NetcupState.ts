/**
 * What a netcup account holds, as plain values. Both APIs are views of this.
 */
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

export interface NetworkInterface {
  readonly mac: string
  readonly ipv4: ReadonlyArray<string>
  /** With their length, as netcup prints them: `2001:db8:1::/64`. */
  readonly ipv6: ReadonlyArray<string>
  readonly driver: string
}

/** What SOAP says of a server. */
export type Power = "online" | "offline"

/** What REST says of a server. */
export type ServerState =
  | "NOSTATE"
  | "RUNNING"
  | "BLOCKED"
  | "PAUSED"
  | "SHUTDOWN"
  | "SHUTOFF"
  | "CRASHED"
  | "PMSUSPENDED"
  | "DISK_SNAPSHOT"

/** Where a data centre is. */
export interface Site {
  readonly id: number
  readonly city: string
}

/** `id`, `site`, `state`, `disabled` and `hostname` are told by REST only. `status` is what SOAP makes of `state`. */
export interface Server {
  readonly id: number
  readonly name: string
  readonly site: Site
  readonly status: Power
  readonly state: ServerState
  readonly rescue: boolean
  /** netcup has switched it off for the customer. */
  readonly disabled: boolean
  readonly nickname: string | undefined
  readonly hostname: string | undefined
  readonly interfaces: ReadonlyArray<NetworkInterface>
}

/** A failover address of an account. `lastRoutedAt` (ms since the epoch) is the last change that counts for netcup's limit. */
export interface OwnedAddress {
  readonly id: number
  readonly address: FailoverAddress.FailoverAddress
  readonly site: Site
  readonly editable: boolean
  readonly routedTo: string | undefined
  readonly lastRoutedAt: number | undefined
}

/** What a login gave. `ended`: revoked, or rotated to another one. Times are ms since the epoch. */
export interface RefreshToken {
  readonly token: Redacted.Redacted
  /** Whether the login asked for `offline_access`: others live for minutes. */
  readonly offline: boolean
  readonly lastUsedAt: number
  readonly ended: boolean
}

export interface AccessToken {
  readonly token: Redacted.Redacted
  readonly expiresAt: number
}

export interface Account {
  /** What REST calls `username`. */
  readonly loginName: string
  readonly password: Redacted.Redacted
  /** What REST has in its paths. */
  readonly userId: number
  readonly apiIpLoginRestrictions: string | null
  readonly servers: ReadonlyArray<Server>
  readonly addresses: ReadonlyArray<OwnedAddress>
  readonly refreshTokens: ReadonlyArray<RefreshToken>
  readonly accessTokens: ReadonlyArray<AccessToken>
}

export type NetcupState = ReadonlyArray<Account>

export const findAccount = (state: NetcupState, loginName: string): Account | undefined =>
  state.find((account) => account.loginName === loginName)

/** What SOAP says of a server in that state. */
export const powerOf = (state: ServerState): Power =>
  state === "SHUTDOWN" || state === "SHUTOFF" || state === "CRASHED" ? "offline" : "online"

export const findServer = (account: Account, name: string): Server | undefined =>
  account.servers.find((server) => server.name === name)

/** The account's address that `ip` lies in: any host bits mean the same prefix. */
export const findAddress = (account: Account, ip: string): OwnedAddress | undefined =>
  account.addresses.find(({ address }) =>
    Result.match(FailoverAddress.parse(`${ip}/${address.prefixLength}`), {
      onFailure: () => false,
      onSuccess: ({ prefix }) => prefix === address.prefix
    })
  )

/** The addresses that are routed to a server, as netcup lists them: IPv4 bare, IPv6 with its length. */
export const routedTo = (account: Account, server: string): ReadonlyArray<string> =>
  account.addresses
    .filter((owned) => owned.routedTo === server)
    .map(({ address }) => (address.family === "IPv4" ? address.host : address.prefix))

/** Replaces the account of that login; other accounts stay. */
export const replaceAccount = (
  state: NetcupState,
  loginName: string,
  change: (account: Account) => Account
): NetcupState => state.map((account) => (account.loginName === loginName ? change(account) : account))

/** Changes one server wherever it is. */
export const replaceServer = (state: NetcupState, name: string, change: (server: Server) => Server): NetcupState =>
  state.map((account) => ({
    ...account,
    servers: account.servers.map((server) => (server.name === name ? change(server) : server))
  }))

/** Changes one address of an account. */
export const replaceAddress = (
  state: NetcupState,
  loginName: string,
  prefix: FailoverAddress.Prefix,
  change: (owned: OwnedAddress) => OwnedAddress
): NetcupState =>
  replaceAccount(state, loginName, (account) => ({
    ...account,
    addresses: account.addresses.map((owned) => (owned.address.prefix === prefix ? change(owned) : owned))
  }))
