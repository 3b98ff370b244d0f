/**
 * Orders nodes that a group could take alike. Among the nodes with the lowest load, the most preferred are left to the pick.
 * Preferences compose as a monoid: {@link andThen}, with the identity {@link indifferent}.
 */
import * as Order from "effect/Order"
import type { Candidate } from "./Candidate.ts"
import type { Group } from "./Group.ts"
import * as Steadiness from "./Steadiness.ts"
import * as Weights from "./Weights.ts"

/** `order` of nodes for a group at a time (ms since the epoch; `undefined`: not known): the preferred one is the smaller. */
export interface Preference {
  readonly name: string
  readonly order: (group: Group, now: number | undefined) => Order.Order<Candidate>
}

/** Prefers nothing: the identity of {@link andThen}. */
export const indifferent: Preference = { name: "indifferent", order: () => () => 0 }

/** `first` decides; where it is indifferent, `second` does. */
export const andThen = (first: Preference, second: Preference): Preference => {
  if (first === indifferent) return second
  if (second === indifferent) return first
  return {
    name: `${first.name} then ${second.name}`,
    order: (group, now) => Order.combine(first.order(group, now), second.order(group, now))
  }
}

const rather = (name: string, good: (node: Candidate, now: number | undefined) => boolean): Preference => ({
  name,
  order: (_, now) => Order.mapInput(Order.Boolean, (node: Candidate) => !good(node, now))
})

/** Rather a node that has been well for a while than one that has just recovered, and may fail again. */
export const settled: Preference = rather("settled", Steadiness.isSettled)

/** Rather a node without pressure, whose network is there. */
export const unpressed: Preference = rather("unpressed", Steadiness.isUnpressed)

/** Rather a node that Pods may be scheduled to. */
export const uncordoned: Preference = rather("uncordoned", Steadiness.isUncordoned)

/** The node that the user gives more weight (`spec.preferences`). */
export const weighted: Preference = {
  name: "weighted",
  order: (group) => Order.flip(Order.mapInput(Order.Number, (node: Candidate) => Weights.of(group, node)))
}
