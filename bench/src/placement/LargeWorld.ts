/**
 * Worlds of one size for the planner, as large as none of our users has: how its time grows is the result.
 */
import { type Account, AccountKey } from "@netcup-failover/core/Account"
import { type Candidate, NodeName } from "@netcup-failover/core/Candidate"
import { parse } from "@netcup-failover/core/FailoverAddress"
import type { Group } from "@netcup-failover/core/Group"
import { everything, type LabelSelector } from "@netcup-failover/core/LabelSelector"
import { type Plan, plan, type World } from "@netcup-failover/core/Plan"
import { ServerName } from "@netcup-failover/core/ServerName"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import * as Result from "effect/Result"

export interface Size {
  readonly groups: number
  readonly nodes: number
}

const key = AccountKey.make("rest:1")
const serverOf = (id: number) => ServerName.make(`s${id}`)
const nodeOf = (id: number) => NodeName.make(`n${String(id).padStart(3, "0")}`)

/** Which values of `rack` a group takes: one to four of fourteen, as its number says, so that pools overlap in many ways. */
const racks = 14
const someRacks = (id: number): LabelSelector => ({
  matchExpressions: [
    {
      key: "rack",
      operator: "In",
      values: [1, 3, 5, 11].slice(0, 1 + (id % 4)).map((step) => String((id * step + (id >>> 4)) % racks))
    }
  ]
})

/** How groups select nodes: all the same, or each its own few racks. */
export const kinds = ["uniform", "arbitrary"] as const
type Kind = (typeof kinds)[number]

/** No group is anywhere. */
export const unplaced = ({ groups, nodes }: Size, kind: Kind): World => ({
  nodes: Array.from(
    { length: nodes },
    (_, id): Candidate => ({
      name: nodeOf(id),
      server: serverOf(id),
      labels: { rack: String(id % racks), "kubernetes.io/arch": "amd64" },
      verdict: fromDeclared({ ready: "True", deleting: false })
    })
  ),
  groups: Array.from({ length: groups }, (_, id): Group => {
    const texts = [`198.18.${id >>> 8}.${id & 255}/32`, `2001:db8:${id.toString(16)}::/64`]
    return {
      name: `group-${id}`,
      createdAt: id,
      addresses: texts.map((text) => Result.getOrThrow(parse(text))),
      selector: kind === "uniform" ? everything : someRacks(id),
      account: key,
      current: undefined,
      target: undefined,
      held: undefined
    }
  }),
  accounts: new Map([
    [key, { servers: new Set(Array.from({ length: nodes }, (_, id) => serverOf(id))), routes: new Map() }]
  ])
})

const placeOf = (decisions: Plan, { name }: Group): NodeName | undefined => {
  const decision = decisions.get(name)
  return decision?._tag === "Move" ? decision.to : decision?._tag === "Stay" ? decision.node : undefined
}

/** The world after its plan was carried out, with its busiest node lost. */
export const failed = (world: World): World => {
  const decisions = plan(world)
  const groups = world.groups.map((group) => ({ ...group, current: placeOf(decisions, group) }))
  const servers = new Map(world.nodes.map(({ name, server }) => [name, server]))
  const routes = new Map(
    groups.flatMap(({ addresses, current }) => {
      const server = current === undefined ? undefined : servers.get(current)
      return server === undefined ? [] : addresses.map(({ prefix }) => [prefix, server] as const)
    })
  )
  const loadOf = (node: NodeName) => groups.filter(({ current }) => current === node).length
  const lost = world.nodes.reduce((most, node) => (loadOf(node.name) > loadOf(most.name) ? node : most))
  const verdict = fromDeclared({ ready: "Unknown", deleting: false })
  return {
    nodes: world.nodes.map((node) => (node === lost ? { ...node, verdict } : node)),
    groups,
    accounts: new Map(
      [...world.accounts].map(([name, account]): [AccountKey, Account] => [name, { ...account, routes }])
    )
  }
}

/** How many groups a plan moves, and what the fullest node carries then. */
export const outcome = (world: World): { readonly moves: number; readonly peak: number } => {
  const decisions = plan(world)
  const loads = new Map<NodeName, number>()
  for (const group of world.groups) {
    const at = placeOf(decisions, group)
    if (at !== undefined) loads.set(at, (loads.get(at) ?? 0) + 1)
  }
  return {
    moves: [...decisions.values()].filter(({ _tag }) => _tag === "Move").length,
    peak: Math.max(0, ...loads.values())
  }
}
