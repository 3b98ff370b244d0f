/**
 * Why each group is where it is, and why on none of the other nodes: every other node has its reason, none is passed over silently.
 *
 * What is said of a node holds of it alone, with all other groups where the plan has them. That suffices: the spread's loads and
 * preferences are the best there are, so with this one group on that node instead they would be worse, or as good.
 */
import type { Candidate, NodeName } from "./Candidate.ts"
import type { Against, Explanation } from "./Explanation.ts"
import type { Group } from "./Group.ts"
import * as Outlook from "./Outlook.ts"
import { conflicts, type Decision, type Plan, type Policy, plan, standard, type World } from "./Plan.ts"
import * as Preference from "./Preference.ts"
import * as Remedy from "./Remedy.ts"
import { serverOf } from "./ServerMapping.ts"
import * as Spread from "./Spread.ts"
import * as Steadiness from "./Steadiness.ts"
import * as Weights from "./Weights.ts"

export interface Options {
  readonly policy?: Policy
  /** What was decided for this world, if that is known already. */
  readonly decisions?: Plan
  /** Since when groups are on their current nodes, ms since the epoch, by their names. */
  readonly since?: ReadonlyMap<string, number>
  /** Which groups to explain; absent: all, each of which may be planned for twice more. */
  readonly only?: ReadonlySet<string>
}

type Loads = ReadonlyMap<NodeName, number>

const destinationOf = (decision: Decision | undefined): NodeName | undefined =>
  decision?._tag === "Stay" ? decision.node : decision?._tag === "Move" ? decision.to : undefined

/** Where a decision has a group before what nothing forces is done: what the spread has weighed. */
const forcedOf = (decision: Decision): NodeName | undefined => {
  if (decision._tag !== "Move") return destinationOf(decision)
  if (decision.because._tag === "Preferred") return decision.because.over
  return decision.because._tag === "Uneven" ? decision.because.from : decision.to
}

const loadsOf = (world: World, decisions: Plan, placeOf: (decision: Decision) => NodeName | undefined): Loads => {
  const losers = conflicts(world.groups)
  const loads = new Map<NodeName, number>()
  for (const { name, current } of world.groups) {
    const decision = decisions.get(name)
    if (decision === undefined) continue
    const held = losers.has(name) ? undefined : current
    const at = decision._tag === "Hold" ? held : placeOf(decision)
    if (at !== undefined) loads.set(at, (loads.get(at) ?? 0) + 1)
  }
  return loads
}

/** One group and the node that is chosen for it, to be compared with another one that could have it. */
interface Case {
  readonly world: World
  readonly policy: Policy
  readonly decision: Decision
  readonly outlook: Outlook.Outlook
  readonly chosen: Candidate
  /** The loads that were weighed, this group with the chosen node. */
  readonly loads: Loads
  /** Where this policy alone would bring the group, if anywhere and if it has not got it. */
  readonly failback: NodeName | undefined
  readonly rebalance: NodeName | undefined
}

const byPreference = (one: Case, node: Candidate): Against | undefined => {
  const { world, policy, outlook, chosen } = one
  const preference = Preference.against(policy.preference, outlook.group, world.now, node, chosen)
  if (preference !== undefined) return { _tag: "LessPreferred", preference }
  return policy.preference.order(outlook.group, world.now)(node, chosen) === 0 ? { _tag: "AsGood" } : undefined
}

/** By loads, then by preferences, then by the hash. */
const byRoom = (one: Case, node: Candidate): Against | undefined => {
  const [load, chosen] = [one.loads.get(node.name) ?? 0, (one.loads.get(one.chosen.name) ?? 0) - 1]
  if (load > chosen) return { _tag: "Fuller", load, chosen }
  return load < chosen ? undefined : byPreference(one, node)
}

const unsteady = (node: Candidate, now: number | undefined): Against | undefined => {
  if (!Steadiness.isSettled(node, now)) return { _tag: "Unsteady", preference: Preference.settled.name }
  if (!Steadiness.isUnpressed(node)) return { _tag: "Unsteady", preference: Preference.unpressed.name }
  return Steadiness.isUncordoned(node) ? undefined : { _tag: "Unsteady", preference: Preference.uncordoned.name }
}

/** Against a node that the group did not fail back to. */
const failedBack = (one: Case, node: Candidate): Against => {
  const { group } = one.outlook
  const difference = Weights.of(group, node) - Weights.of(group, one.chosen)
  if (difference < 0) return { _tag: "LessPreferred", preference: Preference.weighted.name }
  return unsteady(node, one.world.now) ?? byRoom(one, node) ?? { _tag: "RoomCameLater" }
}

/** Against a node where the group could be, in the order in which a plan decides. */
const passedOver = (one: Case, node: Candidate): Against => {
  const { decision, outlook, chosen, policy } = one
  const { group } = outlook
  const strategy: Against = { _tag: "Strategy", spread: policy.spread.name }
  if (decision._tag === "Move" && decision.because._tag === "Preferred") return failedBack(one, node)
  if (decision._tag === "Move" && decision.because._tag === "Uneven") {
    // That it was fuller is why the group has left it.
    const sign = node.name === decision.because.from ? undefined : unsteady(node, one.world.now)
    return sign ?? byRoom(one, node) ?? { _tag: "RoomCameLater" }
  }
  if (group.target?.committed === true && group.target.node === chosen.name) return { _tag: "Begun" }
  if (group.pin === chosen.name) return { _tag: "Pinned" }
  if (decision._tag === "Stay") {
    const server = serverOf(node, outlook.account)
    if (server !== undefined && server === serverOf(chosen, outlook.account)) return { _tag: "SameServer", server }
    return { _tag: "Stays", failback: one.failback === node.name, rebalance: one.rebalance === node.name }
  }
  if (Outlook.anchor(outlook) === undefined) {
    if (policy.spread === Spread.even) return byRoom(one, node) ?? strategy
    return byPreference(one, node) ?? strategy
  }
  const has = (at: Candidate) => group.addresses.length - Outlook.missingAt(outlook, at).length
  const [count, most] = [has(node), has(chosen)]
  if (count < most) return { _tag: "FewerAddresses", count, chosen: most }
  if (chosen.name === group.current) return { _tag: "NotLast" }
  return most === 0 ? { _tag: "NotTarget" } : { _tag: "AsGood" }
}

const becauseOf = (decision: Decision, { pin }: Group): Explanation["because"] => {
  switch (decision._tag) {
    case "Stay":
      return { _tag: "Stay", pinned: pin === decision.node }
    case "Move":
      return { _tag: "Move", reason: decision.because }
    case "Hold":
      return {
        _tag: "Hold",
        reason: decision.because,
        ...(decision.until === undefined ? {} : { until: decision.until })
      }
    case "Unplaceable":
      return { _tag: "Unplaceable" }
  }
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1)

/** Where a group would be if it had this policy. */
const ifItHad = (world: World, policy: Policy, group: Group, change: Partial<Group>): NodeName | undefined => {
  const groups = world.groups.map((one) => (one === group ? { ...one, ...change } : one))
  return destinationOf(plan({ ...world, groups }, policy).get(group.name))
}

/** The explanations of a world's decisions, by the groups' names. */
export const explain = (world: World, options: Options = {}): ReadonlyArray<Explanation> => {
  const { policy = standard, since, only } = options
  const decisions = options.decisions ?? plan(world, policy)
  const nodes = [...world.nodes].sort(byName)
  const ground = Outlook.groundOf(nodes)
  const forced = loadsOf(world, decisions, forcedOf)
  const final = loadsOf(world, decisions, destinationOf)
  const isUneven = [...forced.values()].some((load) => load > 1)

  const explanationOf = (group: Group, decision: Decision): Explanation => {
    const account = group.account === undefined ? undefined : world.accounts.get(group.account)
    const outlook = account && Outlook.make(group, account, policy, ground)
    const at = decision._tag === "Hold" ? group.current : destinationOf(decision)
    const chosen = at === undefined ? undefined : ground.named.get(at)
    // Planning anew takes its time: not where it cannot tell anything.
    const stays = decision._tag === "Stay"
    const mayFailBack = stays && group.failback !== "WhenPreferred" && (group.preferences?.length ?? 0) > 0
    const mayEven = stays && group.rebalance !== "WhenUneven" && isUneven
    const compared =
      outlook === undefined || chosen === undefined || decision._tag === "Hold"
        ? undefined
        : {
            world,
            policy,
            decision,
            outlook,
            chosen,
            loads: decision._tag === "Move" && forcedOf(decision) !== decision.to ? final : forced,
            failback: mayFailBack ? ifItHad(world, policy, group, { failback: "WhenPreferred" }) : undefined,
            rebalance: mayEven ? ifItHad(world, policy, group, { rebalance: "WhenUneven" }) : undefined
          }
    const against = (node: Candidate): Against => {
      const reasons = outlook?.judge(node) ?? []
      if (reasons.length > 0) return { _tag: "Ineligible", reasons }
      return compared === undefined ? { _tag: "Held" } : passedOver(compared, node)
    }
    const begun =
      group.target?.committed === true && outlook && Outlook.against(outlook, group.target.node)?.length === 0
        ? group.target.node
        : undefined
    const isThere = decision._tag !== "Move" && chosen !== undefined && chosen.name === group.current
    const from = isThere ? since?.get(group.name) : undefined
    return {
      group: group.name,
      ...(chosen === undefined ? {} : { node: chosen.name }),
      ...(from === undefined ? {} : { since: from }),
      because: becauseOf(decision, group),
      ...("unpinned" in decision && decision.unpinned !== undefined ? { unpinned: decision.unpinned } : {}),
      ...("setAside" in decision && decision.setAside !== undefined ? { setAside: decision.setAside } : {}),
      others: nodes
        .filter((node) => node !== chosen)
        .map((node) => {
          const reason = against(node)
          return { node: node.name, against: reason, wouldChange: Remedy.of(group, node, reason, begun) }
        })
    }
  }

  return [...world.groups].sort(byName).flatMap((group) => {
    const decision = decisions.get(group.name)
    return decision === undefined || only?.has(group.name) === false ? [] : [explanationOf(group, decision)]
  })
}
