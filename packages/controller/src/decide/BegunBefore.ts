/**
 * What leaders before us may have told netcup to do with a group, by the account's ledger.
 */
import type { Account } from "@netcup-failover/core/Account"
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import type * as Ledger from "@netcup-failover/core/Ledger"
import { addressesOf, type GroupResource } from "../observe/GroupResource.ts"
import * as NodeMapping from "../observe/NodeMapping.ts"

export interface BegunBefore {
  /** Where the last of its moves went, as far as a node is there. */
  readonly last?: NodeName | undefined
  /** Where the last one went that is not known to be done: what is done is not gone on with. */
  readonly underWay?: NodeName | undefined
}

const nothing: BegunBefore = {}

/** @param begun the moves that leaders before us have begun, by their addresses; absent: nobody knows yet */
export const of = (
  resource: GroupResource,
  begun: ReadonlyMap<Prefix, Ledger.Entry> | undefined,
  account: Account | undefined,
  nodes: ReadonlyArray<Candidate>
): BegunBefore => {
  if (begun === undefined || begun.size === 0) return nothing
  const entries = addressesOf(resource)
    .flatMap(({ prefix }) => begun.get(prefix) ?? [])
    .sort((a, b) => b.id - a.id)
  const nodeOf = (entry: Ledger.Entry | undefined) => {
    const names = nodes.filter((node) => entry?.server === NodeMapping.serverIn(account, node)).map(({ name }) => name)
    return entry && (names.find((name) => name === resource.status?.targetNode) ?? names[0])
  }
  return { last: nodeOf(entries[0]), underWay: nodeOf(entries.find(({ state }) => state._tag !== "Done")) }
}
