/**
 * Judges evidence: who has failed, who is suspect, and when to look again. What it remembers of the past is whom it has convicted.
 */
import * as Arr from "effect/Array"
import * as HashMap from "effect/HashMap"
import type { NodeName } from "../Candidate.ts"
import { Sign, type Verdict } from "../Verdict.ts"
import type { Evidence } from "./Evidence.ts"
import * as Guard from "./Guard.ts"
import type { Moment } from "./Signal.ts"
import * as Testimony from "./Testimony.ts"
import type { Thresholds } from "./Thresholds.ts"

/** What is the same as it was judged before is the same object, down to each verdict, so that `===` tells what changed. */
export interface Judged {
  /** Of all nodes that are declared. */
  readonly verdicts: ReadonlyMap<NodeName, Verdict>
  /** Whom netcup is to be asked about: their heartbeat or their answers are missing, and nothing declared explains it. */
  readonly suspects: ReadonlySet<NodeName>
  /**
   * Whose Leases are to be read: unrenewed for `leaseStaleAfter` by the clock, but nothing has proved since that no renewal was missed.
   * Read all of them, tell `Renewed` of each that is another than it was, then `LeasesHeard`; `LeasesLost` when a read fails. Whoever
   * does not is told of no stale Lease until the watch itself proves something.
   */
  readonly overdue: ReadonlySet<NodeName>
  /** When time alone may change any of this, monotonic ms. */
  readonly nextAt: number | undefined
  /** Whom it has convicted, and since when nothing convicts them any more. */
  readonly convicted: ReadonlyMap<NodeName, Moment | undefined>
  /** Who was lost together with most others lately, and since when that is not so any more, monotonic ms. */
  readonly together: ReadonlyMap<NodeName, number | undefined>
}

export interface Options {
  readonly thresholds: Thresholds
  /** The node that we run on; absent: not known. */
  readonly self: NodeName | undefined
}

const nothing: Judged = {
  verdicts: new Map(),
  suspects: new Set(),
  overdue: new Set(),
  nextAt: undefined,
  convicted: new Map(),
  together: new Map()
}

const sameSign = (one: Sign, other: Sign): boolean => {
  if (one._tag !== other._tag) return false
  const values: Record<string, unknown> = { ...other }
  return Object.entries(one).every(([key, value]) => values[key] === value)
}

const sameSigns = Arr.makeEquivalence(sameSign)

const sameVerdict = (one: Verdict, other: Verdict): boolean =>
  one.state === other.state &&
  one.guarded === other.guarded &&
  one.changesAt === other.changesAt &&
  sameSigns(one.reasons, other.reasons)

const keepMap = <A>(before: ReadonlyMap<NodeName, A>, now: ReadonlyMap<NodeName, A>): ReadonlyMap<NodeName, A> =>
  before.size === now.size && [...now].every(([node, value]) => before.get(node) === value && before.has(node))
    ? before
    : now

const keepSet = (before: ReadonlySet<NodeName>, now: ReadonlySet<NodeName>): ReadonlySet<NodeName> =>
  before.size === now.size && [...now].every((node) => before.has(node)) ? before : now

interface Ruling {
  readonly verdict: Verdict
  /** Absent: it is not convicted. */
  readonly convicted: { readonly clearSince: Moment | undefined } | undefined
}

const healthy: Ruling = { verdict: { state: "Healthy", reasons: [], changesAt: undefined }, convicted: undefined }

/** What the evidence calls for, the past aside. */
const weigh = (
  { declared, explained, silent, unsettled, dead }: Testimony.Testimony,
  hold: ReturnType<Guard.Guard>
): "Failed" | "Held" | "Open" => {
  if (declared !== undefined || explained) return "Failed"
  if (!(silent || unsettled || dead)) return "Open"
  const convicts = hold === "Together" ? false : silent || (dead && hold === undefined)
  return convicts ? "Failed" : "Held"
}

interface Past {
  readonly verdict: Verdict | undefined
  /** Absent: it is not convicted. */
  readonly convicted: { readonly clearSince: Moment | undefined } | undefined
}

/** A node that joins is unready until it is ready for the first time: it has not failed before, and need not recover. */
const isNew = (declared: Testimony.Testimony["declared"], { verdict, convicted }: Past): boolean =>
  declared === "Unready" && convicted === undefined && (verdict === undefined || verdict.state === "Failed")

/**
 * Flow: evidence that convicts, held or not, keeps a failed node failed; the guard and the API server's absence only hold back what would
 * be new. Once nothing convicts it, a failed node is watched for `recoveredAfter`.
 */
const rule = (
  { signs, declared }: Testimony.Testimony,
  weight: "Failed" | "Held" | "Open",
  past: Past,
  recoveredAfter: number,
  now: Moment
): Ruling => {
  if (weight === "Failed" || (weight === "Held" && past.convicted !== undefined)) {
    const convicted = isNew(declared, past) ? undefined : { clearSince: undefined }
    return { verdict: { state: "Failed", reasons: signs, changesAt: undefined }, convicted }
  }
  if (past.convicted !== undefined) {
    const clearSince = past.convicted.clearSince ?? now
    if (now.at - clearSince.at < recoveredAfter) {
      const reasons = [...signs, Sign.Recovering({ since: clearSince.wall })]
      const verdict: Verdict = { state: "Failed", reasons, changesAt: clearSince.wall + recoveredAfter }
      return { verdict, convicted: { clearSince } }
    }
  }
  if (signs.length === 0) return healthy
  const suspect: Verdict = { state: "Suspect", reasons: signs, changesAt: undefined }
  return { verdict: weight === "Held" ? { ...suspect, guarded: true } : suspect, convicted: undefined }
}

/** @param before what it gave last for these thresholds; absent: it has judged nothing yet */
export const judge = (
  before: Judged | undefined,
  evidence: Evidence,
  { thresholds, self }: Options,
  now: Moment
): Judged => {
  const past = before ?? nothing
  const testimonies = new Map<NodeName, Testimony.Testimony>()
  HashMap.forEach(evidence.nodes, (known, node) => {
    testimonies.set(node, Testimony.of(evidence, known, thresholds, now.at))
  })
  const witnesses = [...testimonies].map(([node, { lostAt, explained, visible }]) => ({
    node,
    lostAt,
    mute: lostAt === undefined ? !visible : explained
  }))
  const guard = Guard.of(witnesses, self, thresholds.burst)

  const verdicts = new Map<NodeName, Verdict>()
  const together = new Map<NodeName, number | undefined>()
  const convicted = new Map<NodeName, Moment | undefined>()
  const suspects = new Set<NodeName>()
  const overdue = new Set<NodeName>()
  let nextAt = Number.POSITIVE_INFINITY
  for (const [node, testimony] of testimonies) {
    const { lostAt } = testimony
    let hold = lostAt === undefined ? undefined : guard({ node, lostAt })
    if (hold === "Together") together.set(node, undefined)
    else if (past.together.has(node)) {
      // What was cut off comes back node by node: the first that is back says nothing against those that follow.
      const since = past.together.get(node) ?? now.at
      if (now.at - since < thresholds.burst) {
        hold = "Together"
        together.set(node, since)
        nextAt = Math.min(nextAt, since + thresholds.burst)
      }
    }
    const last = past.verdicts.get(node)
    const was = {
      verdict: last,
      convicted: past.convicted.has(node) ? { clearSince: past.convicted.get(node) } : undefined
    }
    const ruling = rule(testimony, weigh(testimony, hold), was, thresholds.recoveredAfter, now)
    verdicts.set(node, last !== undefined && sameVerdict(last, ruling.verdict) ? last : ruling.verdict)
    if (ruling.convicted !== undefined) {
      const { clearSince } = ruling.convicted
      convicted.set(node, clearSince)
      if (clearSince !== undefined) nextAt = Math.min(nextAt, clearSince.at + thresholds.recoveredAfter)
    }
    if (lostAt !== undefined && testimony.declared === undefined) suspects.add(node)
    if (testimony.overdue) overdue.add(node)
    nextAt = Math.min(nextAt, testimony.nextAt)
  }
  return {
    verdicts: keepMap(past.verdicts, verdicts),
    suspects: keepSet(past.suspects, suspects),
    overdue: keepSet(past.overdue, overdue),
    nextAt: nextAt === Number.POSITIVE_INFINITY ? undefined : nextAt,
    convicted: keepMap(past.convicted, convicted),
    together: keepMap(past.together, together)
  }
}
