/**
 * Signs that a node may not stay as it is. They are weak: they never make a node ineligible, they let others come first.
 */
import type { Candidate } from "./Candidate.ts"

/** @param now ms since the epoch; where it is not known, every node counts as settled */
export const isSettled = ({ settledAt }: Candidate, now: number | undefined): boolean =>
  settledAt === undefined || now === undefined || settledAt <= now

export const isUnpressed = ({ pressures }: Candidate): boolean => pressures === undefined || pressures.length === 0

export const isUncordoned = ({ cordoned }: Candidate): boolean => cordoned !== true

/** Whether nothing speaks against giving the node what does well elsewhere. */
export const isSteady = (node: Candidate, now: number | undefined): boolean =>
  isSettled(node, now) && isUnpressed(node) && isUncordoned(node)

/** When the next node becomes settled, by time alone, ms since the epoch; `undefined`: all are. */
export const changesAt = (nodes: ReadonlyArray<Candidate>, now: number): number | undefined => {
  const times = nodes.flatMap(({ settledAt }) => (settledAt !== undefined && settledAt > now ? [settledAt] : []))
  return times.length === 0 ? undefined : Math.min(...times)
}
