import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { AccountState } from "../observe/NetcupAccount.ts"

/** What was learnt of an account when it was first read in this term. */
export interface Reading {
  readonly routes: ReadonlyMap<Prefix, ServerName>
  /** When anybody moved an address, as netcup's own record has it; `undefined`: it has none. */
  readonly changes: ReadonlyArray<number> | undefined
  /** When netcup was asked. */
  readonly asOf: number
}

/** Of an account that was read; `undefined`: it was not yet. */
export const of = ({ account, first }: AccountState): Reading | undefined =>
  account && { routes: account.routes, changes: first?.changes, asOf: first?.asOf ?? 0 }
