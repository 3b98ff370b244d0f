/**
 * Whether a move was called for, judged from the documentation and apart from the planner.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import type { Group } from "@netcup-failover/core/Group"
import { unmet } from "@netcup-failover/core/LabelSelector"
import { type Decision, type Plan, plan } from "@netcup-failover/core/Plan"
import { destination, type Free, freeGroups } from "./PlanReading.ts"
import type { SmallWorld } from "./Worlds.ts"

/** The sum of a group's weights that match a node. */
export const weightOf = (world: SmallWorld, { preferences = [] }: Group, name: NodeName): number => {
  const labels = world.nodes.find((node) => node.name === name)?.labels ?? {}
  return preferences
    .filter(({ nodeSelector }) => unmet(nodeSelector, labels).length === 0)
    .reduce((sum, { weight }) => sum + weight, 0)
}

/** Whether no weak sign is against a node. */
export const isSteady = (world: SmallWorld, name: NodeName): boolean => {
  const node = world.nodes.find((one) => one.name === name)
  const settled = node?.settledAt === undefined || world.now === undefined || node.settledAt <= world.now
  return node !== undefined && settled && (node.pressures ?? []).length === 0 && node.cordoned !== true
}

const isUnforced = (decision: Decision | undefined): boolean =>
  decision?._tag === "Move" && (decision.because._tag === "Preferred" || decision.because._tag === "Uneven")

/** Where a group is when only what is forced is done. */
const before = (decision: Decision | undefined): NodeName | undefined => {
  if (decision?._tag !== "Move") return destination(decision)
  if (decision.because._tag === "Preferred") return decision.because.over
  return decision.because._tag === "Uneven" ? decision.because.from : decision.to
}

/** Whether an older group has an address of this one, whatever else holds it. A spec that is not valid has no claim to lose. */
const isAnothers = (world: SmallWorld, group: Group): boolean => {
  if (group.held?.because._tag === "InvalidSpec") return false
  const groups = world.groups.map((one) => (one === group ? { ...one, held: undefined } : one))
  const decision = plan(world.with({ groups })).get(group.name)
  return decision?._tag === "Hold" && decision.because._tag === "Conflict"
}

/** How many groups each node has, before or after what nothing forces. */
export const loads = (world: SmallWorld, decisions: Plan, when: "before" | "after"): ReadonlyMap<NodeName, number> => {
  const places = world.groups.map((group) => {
    const decision = decisions.get(group.name)
    if (decision?._tag === "Hold") return isAnothers(world, group) ? undefined : group.current
    return when === "before" ? before(decision) : destination(decision)
  })
  return new Map(world.nodes.map(({ name }) => [name, places.filter((place) => place === name).length]))
}

/** The square sum: of two ways to spread the same groups the more even one has the lower. */
export const unevenness = (load: ReadonlyMap<NodeName, number>): number =>
  [...load.values()].reduce((sum, n) => sum + n * n, 0)

/** The groups that are wholly on a node that may keep them, not on their way and not pinned to where they may be. */
export const atEase = (world: SmallWorld, decisions: Plan): ReadonlyArray<Free & { readonly at: NodeName }> =>
  freeGroups(world, decisions).flatMap((free) => {
    const { group, eligible, holders } = free
    const at = eligible.find(({ name }) => holders.every((holder) => holder === name))?.name
    const isOpen = (name: NodeName | undefined) => eligible.some((one) => one.name === name)
    const isCalledAway = group.target?.committed === true && group.target.node !== at
    if (at === undefined || isCalledAway || isOpen(group.pin)) return []
    return [{ ...free, at }]
  })

/** What is wrong with a move that nothing forces; `undefined`: it was called for. */
export const objection = (world: SmallWorld, decisions: Plan, group: Group): string | undefined => {
  const decision = decisions.get(group.name)
  if (decision?._tag !== "Move" || !isUnforced(decision)) return undefined
  const { to, because } = decision
  const one = atEase(world, decisions).find((free) => free.group.name === group.name)
  if (one === undefined) return "was not at ease"
  const { at, eligible } = one
  if (at !== before(decision)) return `was on ${at}`
  if (!eligible.some(({ name }) => name === to)) return `${to} is not eligible`
  if (!isSteady(world, to)) return `${to} is not steady`
  const load = loads(world, decisions, "before")
  const difference = (load.get(at) ?? 0) - (load.get(to) ?? 0)
  if (because._tag === "Preferred") {
    if (group.failback !== "WhenPreferred") return "did not ask for failback"
    return weightOf(world, group, to) > weightOf(world, group, at) ? undefined : `${to} is not preferred to ${at}`
  }
  if (group.rebalance !== "WhenUneven") return "did not ask for rebalance"
  if (difference < 2) return `the loads of ${at} and ${to} are even`
  const others = [...decisions].filter(([name, other]) => name !== group.name && other._tag === "Move")
  if (others.length > 0) return `moves at once with ${others.map(([name]) => name).join(", ")}`
  // The group itself has arrived.
  const wasAt = (name: string) => (name === group.name ? at : destination(decisions.get(name)))
  const committed = world.groups.find(({ name, target }) => target?.committed === true && wasAt(name) !== target.node)
  return committed === undefined ? undefined : `moves while ${committed.name} is on its way`
}
