/**
 * Orders nodes that a group could take alike. How even the loads are comes first; of what is as even, the most preferred is taken.
 */
import * as Order from "effect/Order"
import type { Candidate, NodeName } from "./Candidate.ts"
import type { Group } from "./Group.ts"

/** For a group, an order of nodes: the preferred one is the smaller. */
export interface Preference {
  readonly name: string
  readonly order: (group: Group) => Order.Order<Candidate>
}

/** Prefers nothing: the identity of {@link andThen}. */
export const indifferent: Preference = { name: "indifferent", order: () => () => 0 }

/** Prefers the node with the higher score. */
export const by = (name: string, score: (node: Candidate, group: Group) => number): Preference => ({
  name,
  order: (group) => Order.mapInput(Order.flip(Order.Number), (node) => score(node, group))
})

/** `first` decides; where it is indifferent, `second` does. */
export const andThen = (first: Preference, second: Preference): Preference => {
  if (first === indifferent) return second
  if (second === indifferent) return first
  return {
    name: `${first.name}, then ${second.name}`,
    order: (group) => Order.combine(first.order(group), second.order(group))
  }
}

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
