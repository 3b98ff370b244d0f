/**
 * From decisions to what is to be done: which addresses have to go where, which of them can wait, and whose come first.
 */
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import { verdictFor } from "@netcup-failover/core/detect/DetectionChoice"
import type { FailoverAddress } from "@netcup-failover/core/FailoverAddress"
import type { Decision } from "@netcup-failover/core/Plan"
import type { Order } from "../act/Mover.ts"
import * as NodeMapping from "../observe/NodeMapping.ts"
import type { Case, Ordered } from "./Case.ts"

/** What is dead first, then what is nowhere yet, then what can wait. */
const urgencyOf = ({ order, group }: Ordered): number => {
  if (order === undefined || order.missing.every(({ prefix }) => order.upkeep.has(prefix))) return 2
  return group.current === undefined ? 1 : 0
}

/** The most urgent, then by the user's priority; of equal ones the older, as with conflicts. */
export const byUrgency = (a: Ordered, b: Ordered): number =>
  urgencyOf(a) - urgencyOf(b) ||
  (b.resource.spec.priority ?? 0) - (a.resource.spec.priority ?? 0) ||
  a.group.createdAt - b.group.createdAt ||
  (a.group.name < b.group.name ? -1 : 1)

/** After so many moves within so long, ms, a group waits where its node is well: its workload comes and goes, and takes it along. */
const restless = { moves: 2, within: 3_600_000 }

/** Whether a group has moved about lately, apart from the way that it is on. */
const isRestless = ({ resource: { status } }: Case, to: NodeName, now: number): boolean => {
  const before = (status?.moves ?? []).slice(0, status?.targetNode === to ? -1 : undefined)
  return before.filter(({ at }) => now - Date.parse(at) < restless.within).length >= restless.moves
}

/**
 * What the mover is to do, if the decision is a move that can be made.
 *
 * @param now ms since the epoch
 */
export const of = (one: Case, decision: Decision, nodes: ReadonlyArray<Candidate>, now: number): Order | undefined => {
  const { account, group } = one
  if (decision._tag !== "Move" || account?._tag !== "Usable" || account.state.key === undefined) return undefined
  const { key, account: known } = account.state
  const serverOf = (node: Candidate) => NodeMapping.serverIn(known, node)
  const to = nodes.find(({ name }) => name === decision.to)
  const server = to && serverOf(to)
  if (server === undefined) return undefined
  const missing = group.addresses.filter(({ prefix }) => !account.account.holds(prefix, server))
  /** Whether a node is well, as far as that is known: what it has can wait. */
  const isAlive = (node: Candidate | undefined) => {
    const on = node && serverOf(node)
    return (
      node !== undefined &&
      verdictFor(group, node).state !== "Failed" &&
      !(on !== undefined && known?.notRunning?.has(on) === true)
    )
  }
  /**
   * Where nothing serves behind the addresses, they are as good as lost: that cannot wait. Unless it comes and goes: then the account's
   * moves would be gone when a node dies.
   */
  const isServed = (node: Candidate | undefined) =>
    node === undefined ||
    group.serving?.has(decision.to) !== true ||
    group.serving.has(node.name) ||
    isRestless(one, decision.to, now)
  const current = nodes.find(({ name }) => name === group.current)
  const canWait = ({ prefix }: FailoverAddress) => {
    const on = known?.routes.get(prefix)
    const holder = (on === undefined ? undefined : nodes.find((node) => serverOf(node) === on)) ?? current
    return isAlive(holder) && isServed(holder)
  }
  return {
    group: group.name,
    to: decision.to,
    server,
    account: account.account,
    key,
    missing,
    upkeep: new Set(missing.filter(canWait).map(({ prefix }) => prefix))
  }
}
