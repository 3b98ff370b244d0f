/**
 * How long what has to last until it counts. Durations in ms.
 */
export interface Thresholds {
  /** A Lease that was not renewed for so long is stale. */
  readonly leaseStaleAfter: number
  /** So many connects in a row without an answer make a suspect. */
  readonly suspectAfterProbes: number
  /** Connects without an answer for so long are silence. */
  readonly silentAfter: number
  /** How long nothing may speak against a failed node until it counts as healthy again. */
  readonly recoveredAfter: number
  /** Nodes that were lost within so long of each other were lost together. */
  readonly burst: number
  /** A process that heard nothing, not even its own ticks, for so long stood still. */
  readonly standstill: number
}

export const standard: Thresholds = {
  leaseStaleAfter: 15_000,
  suspectAfterProbes: 2,
  silentAfter: 5_000,
  recoveredAfter: 10_000,
  burst: 30_000,
  standstill: 3_000
}
