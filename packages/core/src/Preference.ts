/**
 * Orders nodes that a group could take alike. Among the nodes with the lowest load, the most preferred are left to the pick.
 */
import * as Order from "effect/Order"
import type { Candidate } from "./Candidate.ts"
import type { Group } from "./Group.ts"

/** For a group, an order of nodes: the preferred one is the smaller. */
export type Preference = (group: Group) => Order.Order<Candidate>

/** Prefers nothing: the identity of {@link andThen}. */
export const indifferent: Preference = () => () => 0

/** `first` decides; where it is indifferent, `second` does. */
export const andThen =
  (first: Preference, second: Preference): Preference =>
  (group) =>
    Order.combine(first(group), second(group))
