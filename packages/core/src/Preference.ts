/**
 * Orders nodes that a group could take alike. How even the loads are comes first; of what is as even, the most preferred is taken.
 * Preferences compose as a monoid: {@link andThen}, with the identity {@link indifferent}.
 */
import * as Order from "effect/Order"
import type { Candidate, NodeName } from "./Candidate.ts"
import type { Group } from "./Group.ts"
import * as Steadiness from "./Steadiness.ts"
import * as Weights from "./Weights.ts"

/** `order` of nodes for a group at a time (ms since the epoch; `undefined`: not known): the preferred one is the smaller. */
export interface Preference {
  readonly name: string
  readonly order: (group: Group, now: number | undefined) => Order.Order<Candidate>
  /** What it is composed of, the first to decide first; absent: it is one by itself. */
  readonly parts?: ReadonlyArray<Preference>
}

const partsOf = (one: Preference): ReadonlyArray<Preference> => one.parts ?? [one]

/** Prefers nothing: the identity of {@link andThen}. */
export const indifferent: Preference = { name: "indifferent", order: () => () => 0 }

/** Prefers the node with the higher score. */
export const by = (
  name: string,
  score: (node: Candidate, group: Group, now: number | undefined) => number
): Preference => ({
  name,
  order: (group, now) => Order.mapInput(Order.flip(Order.Number), (node) => score(node, group, now))
})

/** `first` decides; where it is indifferent, `second` does. */
export const andThen = (first: Preference, second: Preference): Preference => {
  if (first === indifferent) return second
  if (second === indifferent) return first
  return {
    name: `${first.name}, then ${second.name}`,
    parts: [...partsOf(first), ...partsOf(second)],
    order: (group, now) => Order.combine(first.order(group, now), second.order(group, now))
  }
}

/** The name of the part by which `node` is less preferred than `other`; `undefined`: it is not. */
export const against = (
  preference: Preference,
  group: Group,
  now: number | undefined,
  node: Candidate,
  other: Candidate
): string | undefined => {
  const decisive = partsOf(preference).find((part) => part.order(group, now)(node, other) !== 0)
  return decisive !== undefined && decisive.order(group, now)(node, other) > 0 ? decisive.name : undefined
}

/** Rather a node that has been well for a while than one that has just recovered, and may fail again. */
export const settled: Preference = by("settled", (node, _, now) => (Steadiness.isSettled(node, now) ? 1 : 0))

/** Rather a node without pressure, whose network is there. */
export const unpressed: Preference = by("unpressed", (node) => (Steadiness.isUnpressed(node) ? 1 : 0))

/** Rather a node that Pods may be scheduled to. */
export const uncordoned: Preference = by("uncordoned", (node) => (Steadiness.isUncordoned(node) ? 1 : 0))

/** The node that the user gives more weight (`spec.preferences`). */
export const weighted: Preference = by("weighted", (node, group) => Weights.of(group, node))

/** The nodes in tiers, the most preferred first; those of one tier are as good as each other, and in the order given. */
export const tiers = (
  order: Order.Order<Candidate>,
  nodes: ReadonlyArray<Candidate>
): ReadonlyArray<ReadonlyArray<NodeName>> => {
  const found: Array<Array<NodeName>> = []
  let before: Candidate | undefined
  for (const node of nodes.toSorted(order)) {
    const tier = before !== undefined && order(before, node) === 0 ? found.at(-1) : undefined
    if (tier === undefined) found.push([node.name])
    else tier.push(node.name)
    before = node
  }
  return found
}
