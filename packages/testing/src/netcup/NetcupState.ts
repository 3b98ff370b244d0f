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

export type Power = "online" | "offline"

export interface Server {
  readonly name: string
  readonly status: Power
  readonly rescue: boolean
  readonly nickname: string | undefined
  readonly interfaces: ReadonlyArray<NetworkInterface>
}

/** A failover address of an account. `lastRoutedAt` (ms since the epoch) is the last change that counts for netcup's limit. */
export interface OwnedAddress {
  readonly address: FailoverAddress.FailoverAddress
  readonly routedTo: string | undefined
  readonly lastRoutedAt: number | undefined
}

export interface Account {
  readonly loginName: string
  readonly password: Redacted.Redacted
  readonly servers: ReadonlyArray<Server>
  readonly addresses: ReadonlyArray<OwnedAddress>
}

export type NetcupState = ReadonlyArray<Account>

export const findAccount = (state: NetcupState, loginName: string): Account | undefined =>
  state.find((account) => account.loginName === loginName)

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
