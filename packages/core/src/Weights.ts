/**
 * What the user prefers: the sum of the weights whose selectors match a node.
 */
import type { Candidate } from "./Candidate.ts"
import type { Group } from "./Group.ts"
import * as LabelSelector from "./LabelSelector.ts"

/** The weight of a node for a group, at least 0; more is better. */
export const of = ({ preferences = [] }: Group, { labels }: Candidate): number =>
  preferences
    .filter(({ nodeSelector }) => LabelSelector.unmet(nodeSelector, labels).length === 0)
    .reduce((sum, { weight }) => sum + weight, 0)
