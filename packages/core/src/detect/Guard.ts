/**
 * Do we see nodes fail, or are we the one that is cut off? When many were lost together, it is we, or the API server.
 */
import type { NodeName } from "../Candidate.ts"

/** A node, as far as it tells of ourselves. */
export interface Witness {
  readonly node: NodeName
  /** Since when it is lost, monotonic ms; absent: it is not. */
  readonly lostAt: number | undefined
  /** Somebody who need not see it knows why it is lost, or it could not be missed: it tells nothing of us. */
  readonly mute: boolean
}

/**
 * `Together`: whatever rests on what we see or hear is held. `Alone`: no other node would tell whether it is we who are cut off, so that
 * a stale Lease and silence are held.
 */
export type Guard = (lost: { readonly node: NodeName; readonly lostAt: number }) => "Together" | "Alone" | undefined

/** How many of the sorted numbers are less than that. */
const below = (sorted: Float64Array, limit: number): number => {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? limit) < limit) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * @param self our own node, which tells nothing: it is on our side of any cut. Where it is not known, or there is no such node (the name
 *   was set by hand, and wrong), one that is not lost is taken for it.
 * @param burst nodes lost within so long of each other were lost together, in ms
 */
export const of = (witnesses: ReadonlyArray<Witness>, self: NodeName | undefined, burst: number): Guard => {
  const others = witnesses.filter(({ node, mute }) => node !== self && !mute)
  const times = Float64Array.from(others.flatMap(({ lostAt }) => (lostAt === undefined ? [] : [lostAt]))).sort()
  const there = others.length - times.length
  const living = witnesses.some(({ node }) => node === self) ? there : Math.max(0, there - 1)
  return ({ node, lostAt }) => {
    // Those that were lost long before count for nothing.
    const before = below(times, lostAt - burst)
    const together = below(times, lostAt + burst) - before
    const counted = living + times.length - before
    if (counted <= 1) return node === self && together > 0 ? "Together" : "Alone"
    return together > counted / 2 ? "Together" : undefined
  }
}
