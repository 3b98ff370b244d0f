/**
 * Rules that yield. Such a rule holds for a group only as long as it leaves a node: one that passes every rule that does not yield, and
 * the yielding ones before it. Else it is set aside, for this group.
 *
 * So they never make a group unplaceable, and where a node passes them no other is chosen. A rule that holds everywhere is the identity,
 * and so is one that holds nowhere; a rule that comes twice is as good as once. Their order counts: the one that is more needed comes first.
 */
import type { Candidate } from "./Candidate.ts"
import type { Eligibility } from "./Eligibility.ts"

/** The rules of a policy for a node by itself. */
export interface Rules {
  readonly eligibility: Eligibility
  /** In the order in which they come to hold. */
  readonly yielding?: ReadonlyArray<Eligibility>
}

/** What becomes of yielding rules for one group. */
export interface Sieve {
  /** The nodes that are left, in their order. */
  readonly nodes: ReadonlyArray<Candidate>
  /** The rules that hold for the group. */
  readonly inForce: ReadonlyArray<Eligibility>
  /** The rules that would have left no node. */
  readonly setAside: ReadonlyArray<Eligibility>
}

/** Of nodes that pass all other rules. Where there are none, nothing holds and nothing had to be set aside. */
export const sift = (
  nodes: ReadonlyArray<Candidate>,
  rules: ReadonlyArray<Eligibility>,
  passes: (rule: Eligibility, node: Candidate) => boolean
): Sieve => {
  const inForce: Array<Eligibility> = []
  const setAside: Array<Eligibility> = []
  let left = nodes
  if (nodes.length > 0) {
    for (const rule of rules) {
      const passing = left.filter((node) => passes(rule, node))
      if (passing.length === 0) setAside.push(rule)
      else {
        inForce.push(rule)
        left = passing
      }
    }
  }
  return { nodes: left, inForce, setAside }
}
