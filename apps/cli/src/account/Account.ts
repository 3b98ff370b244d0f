/**
 * What the commands ask of a netcup account, whichever API answers.
 */
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { NetcupError } from "@netcup-failover/netcup/NetcupError"
import type * as Effect from "effect/Effect"

/** Whatever is `undefined` netcup did not tell. */
export interface ServerRow {
  readonly name: string
  readonly nickname: string | undefined
  readonly site: string | undefined
  readonly state: "running" | "off" | "rescue" | undefined
}

export interface AddressRow {
  readonly address: Prefix
  /** `undefined`: it is routed nowhere. */
  readonly server: ServerName | undefined
  readonly site: string | undefined
  readonly editable: boolean | undefined
}

/** What a server's own network is, as netcup assigned it: nothing of it is routed. */
export interface ServerNetwork {
  /** Of the interface that faces the internet. */
  readonly mac: string
  readonly ipv4: string | undefined
  /** With their length: `2001:db8:1:2::/64`. */
  readonly ipv6: ReadonlyArray<string>
}

/** A change that nothing is known to speak against. */
export interface Change {
  readonly address: Prefix
  /** Where it is routed now, as far as netcup told. */
  readonly from: ServerName | undefined
  readonly to: ServerName | undefined
  /** False: it is there already, and nothing has to be sent. */
  readonly needed: boolean
  /** What is sent, in the API's words and without secrets. */
  readonly request: string
  /** Sends it, once, and waits until it is done. `began` runs with the id of netcup's task, where there is one. */
  readonly send: (began: (taskId: string) => Effect.Effect<void>) => Effect.Effect<void, NetcupError>
}

export interface Account {
  readonly servers: Effect.Effect<ReadonlyArray<ServerRow>, NetcupError>
  readonly addresses: Effect.Effect<ReadonlyArray<AddressRow>, NetcupError>
  readonly network: (server: ServerName) => Effect.Effect<ServerNetwork, NetcupError>
  /** Looks up all that a route needs, anew; fails with what speaks against it. */
  readonly route: (address: FailoverAddress, to: ServerName) => Effect.Effect<Change, NetcupError>
  readonly unroute: (address: FailoverAddress) => Effect.Effect<Change, NetcupError>
}

/** How many servers are asked at a time. */
export const concurrency = 4
