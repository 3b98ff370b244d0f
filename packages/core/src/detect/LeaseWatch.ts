/**
 * How long the Leases have been watched: a clock that stands still while the watch says nothing that could be trusted.
 *
 * Two things are told apart. A *sign of life* (a renewal of any node, or `LeasesHeard`) shows that the watch worked until then, so that
 * it is no gap. A *proof* (`LeasesHeard` alone) shows that all that the server knew is heard, so that what is not renewed is not. After
 * a hiccup renewals come one by one, and the first of them tells nothing of those behind it.
 */

/** The watch was not live for `length` ms, when the clock stood at `at`. */
interface Gap {
  readonly at: number
  readonly length: number
}

export interface LeaseWatch {
  /** `Doubted`: our own process stood still, so that nobody knows whether it is live. */
  readonly state: "Live" | "Doubted" | "Lost"
  /** The last sign of life, monotonic ms. */
  readonly heardAt: number
  /** What the clock showed then, in ms. */
  readonly watched: number
  /** What it showed at the last proof. */
  readonly proved: number
  /** In their order; those that cannot matter any more are left out. */
  readonly gaps: ReadonlyArray<Gap>
}

/** More than enough: each one ends a time in which something was heard. */
const maxGaps = 32

/** What the clock shows. */
export const clock = (watch: LeaseWatch, at: number): number =>
  watch.state === "Live" ? watch.watched + Math.max(0, at - watch.heardAt) : watch.watched

/** When it will show that, if it does not stop. */
export const reaches = (watch: LeaseWatch, time: number): number => watch.heardAt + time - watch.watched

export const alive = (watch: LeaseWatch | undefined, at: number): LeaseWatch => {
  if (watch === undefined) return { state: "Live", heardAt: at, watched: 0, proved: Number.NEGATIVE_INFINITY, gaps: [] }
  const watched = clock(watch, at)
  if (watch.state === "Live" && watch.gaps.length === 0) return { ...watch, heardAt: at, watched }
  const gaps = watch.gaps.filter((gap) => gap.at + gap.length > watched)
  // It is not known when the watch broke, only when it last worked.
  if (watch.state !== "Live") gaps.push({ at: watched, length: at - watch.heardAt })
  return { ...watch, state: "Live", heardAt: at, watched, gaps: gaps.slice(-maxGaps) }
}

export const proved = (watch: LeaseWatch | undefined, at: number): LeaseWatch => {
  const live = alive(watch, at)
  return { ...live, proved: live.watched }
}

export const lost = (watch: LeaseWatch | undefined): LeaseWatch | undefined => watch && { ...watch, state: "Lost" }

export const doubted = (watch: LeaseWatch | undefined): LeaseWatch | undefined =>
  watch?.state === "Live" ? { ...watch, state: "Doubted" } : watch

/** What the clock has to show until what was missed in gaps would have been made up for. */
const madeUp = ({ at, length }: Gap, staleAfter: number) => at + Math.min(length, staleAfter)

/**
 * What the clock shows when a Lease becomes stale that was last renewed when it showed `renewed`. A gap delays that unless the Lease was
 * stale before it.
 */
export const due = ({ gaps }: LeaseWatch, renewed: number, staleAfter: number): number =>
  gaps.reduce((until, gap) => (gap.at < until ? Math.max(until, madeUp(gap, staleAfter)) : until), renewed + staleAfter)

/** What the clock shows when that is made up for which the server missed before the clock showed `time`. */
export const settled = ({ gaps }: LeaseWatch, time: number, staleAfter: number): number =>
  gaps.reduce((until, gap) => (gap.at <= time ? Math.max(until, madeUp(gap, staleAfter)) : until), time)
