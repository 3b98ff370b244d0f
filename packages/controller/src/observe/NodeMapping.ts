/**
 * Which servers of an account our nodes are, by what the cluster tells of nodes and netcup of servers.
 */
import type { Account } from "@netcup-failover/core/Account"
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import type * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import * as ServerMapping from "@netcup-failover/core/ServerMapping"
import type { ServerName } from "@netcup-failover/core/ServerName"
import { addressesOf, type GroupResource } from "./GroupResource.ts"
import type { AccountState } from "./NetcupAccount.ts"
import type * as RouteMemory from "./RouteMemory.ts"

/** What of the cluster tells which servers nodes are. */
export interface Seekers {
  readonly nodes: ReadonlyArray<Candidate>
  /** The addresses of all groups: where they are tells nothing. */
  readonly failover: ReadonlySet<FailoverAddress.Prefix>
}

export const nobody: Seekers = { nodes: [], failover: new Set() }

/** The server that a node is; before an account is read nodes are what they say. */
export const serverIn = (account: Account | undefined, node: Candidate): ServerName | undefined =>
  account === undefined ? node.server : ServerMapping.serverOf(node, account)

/** @param derive whether nodes without annotation are looked for; else only what annotations say is checked */
export const seekersOf = (
  nodes: ReadonlyArray<Candidate>,
  groups: ReadonlyArray<GroupResource>,
  derive: boolean
): Seekers => ({
  nodes: derive ? nodes : nodes.filter(({ server }) => server !== undefined),
  failover: new Set(groups.flatMap((group) => addressesOf(group).map(({ prefix }) => prefix)))
})

/** The servers that nodes are, by their annotations or else. */
export const serversOf = (
  seekers: Seekers,
  annotated: ReadonlySet<ServerName>,
  memory: RouteMemory.RouteMemory | undefined
): ReadonlySet<ServerName> => {
  if (memory === undefined || seekers.nodes.length === 0) return annotated
  const mapping = ServerMapping.map(seekers.nodes, { identities: memory.identities(), failover: seekers.failover })
  const derived = [...mapping.values()].flatMap((one) => ("server" in one ? [one.server] : []))
  return derived.length === 0 ? annotated : new Set([...annotated, ...derived])
}

/**
 * The servers that nodes are, as all accounts have it: by their annotations, or else by what an account's servers tell. Not of a node that
 * one of them is in doubt about, or of which two say different things.
 */
export const agreed = (
  nodes: ReadonlyArray<Candidate>,
  accounts: ReadonlyArray<Account>
): ReadonlyMap<NodeName, ServerName> => {
  const found = new Map<NodeName, ServerName>()
  for (const node of nodes) {
    const claims = new Set(accounts.flatMap((account) => ServerMapping.serverOf(node, account) ?? []))
    const [server = node.server] = claims
    const isDoubtful = accounts.some(({ mapping }) => ServerMapping.doubtOf(node, mapping) !== undefined)
    if (server !== undefined && claims.size <= 1 && !isDoubtful) found.set(node.name, server)
  }
  return found
}

const nothing: NonNullable<AccountState["identities"]> = new Map()

/** Says of accounts which of their servers nodes are. Many groups share an account: it is worked out once for each. */
export const mapper = ({ nodes, failover }: Seekers) => {
  const done = new Map<AccountState["key"], ReadonlyMap<NodeName, ServerMapping.ServerMapping>>()
  return (state: AccountState): AccountState => {
    // What nodes claim by themselves can be in dispute before any server was looked at.
    const { account, identities = nothing, key } = state
    if (account === undefined || nodes.length === 0) return state
    const mapping = done.get(key) ?? ServerMapping.map(nodes, { identities, failover })
    done.set(key, mapping)
    return mapping.size === 0 ? state : { ...state, account: { ...account, mapping } }
  }
}
