/**
 * What speaks against one node at a moment, by the thresholds, and how heavily. The guard and the past are not heard here.
 */
import { fromDeclared, Sign } from "../Verdict.ts"
import { type Down, type Evidence, type Known, type Row, rowOf } from "./Evidence.ts"
import * as LeaseWatch from "./LeaseWatch.ts"
import type { Thresholds } from "./Thresholds.ts"

/**
 * For so long netcup's last word counts, in ms: longer than whoever asks it again and again about a dead node should pause, lest
 * the node be convicted and acquitted by turns. What ends it before is a sign that the node is back.
 */
export const wordCounts = 75_000

export interface Testimony {
  /** All that speaks against it, in a fixed order. */
  readonly signs: ReadonlyArray<Sign>
  /** What the Node object declares convicts it. `Unready`: only for its kubelet does not say that it is ready. */
  readonly declared: "Unready" | "Convicts" | undefined
  /** Somebody knows that it is down: the Node object, or netcup. */
  readonly explained: boolean
  /** `Ready=Unknown`, and not for the API server was away. */
  readonly silent: boolean
  /** `Ready=Unknown`, but as the API server has only just come back, so that it is held. */
  readonly unsettled: boolean
  /** A stale Lease and silence. */
  readonly dead: boolean
  /** Since when its heartbeat or its answers are missing, monotonic ms; absent: neither is. */
  readonly lostAt: number | undefined
  /** There is a signal that would be missed. */
  readonly visible: boolean
  /** Its Lease is stale if nothing was missed: it is to be read. */
  readonly overdue: boolean
  /** When time alone changes any of this, monotonic ms. */
  readonly nextAt: number
}

const never = Number.POSITIVE_INFINITY

interface LeaseSays {
  readonly stale: boolean
  readonly overdue: boolean
  readonly nextAt: number
}
const noLease: LeaseSays = { stale: false, overdue: false, nextAt: never }

const leaseOf = ({ leases }: Evidence, { renewed }: Known, staleAfter: number, now: number): LeaseSays => {
  if (leases === undefined || renewed === undefined) return noLease
  const due = LeaseWatch.due(leases, renewed.watched, staleAfter)
  if (leases.proved >= due) return { stale: true, overdue: false, nextAt: never }
  if (leases.state === "Lost") return noLease
  // While it is doubted, a look is due as if nothing had been missed; whether that makes the Lease stale is another matter.
  const lookAt = leases.state === "Live" ? LeaseWatch.reaches(leases, due) : renewed.moment.at + staleAfter
  return { stale: false, overdue: now >= lookAt, nextAt: now >= lookAt ? never : lookAt }
}

/** When `Ready=Unknown` counts, monotonic ms; in the past: it does. */
const silentAt = ({ leases }: Evidence, unknown: NonNullable<Known["unknown"]>, staleAfter: number): number => {
  const { moment, watched } = unknown
  if (leases === undefined || watched === undefined) return moment.at
  const settled = LeaseWatch.settled(leases, watched, staleAfter)
  if (leases.state === "Live") return LeaseWatch.reaches(leases, settled)
  return moment.at <= leases.heardAt && settled <= leases.watched ? moment.at : never
}

const downOf = (down: Down | undefined, lostAt: number | undefined, now: number): Down | undefined =>
  down === undefined || lostAt === undefined || down.askedAt < lostAt || now - down.askedAt >= wordCounts
    ? undefined
    : down

const isUnready = ({ _tag }: Sign) => _tag === "NotReady" || _tag === "NeverReady"

const signsOf = (
  declared: ReadonlyArray<Sign>,
  renewed: Known["renewed"],
  row: Row | undefined,
  down: Down | undefined
): ReadonlyArray<Sign> => [
  ...declared,
  ...(renewed === undefined ? [] : [Sign.LeaseStale({ since: renewed.moment.wall })]),
  ...(row === undefined ? [] : [Sign.Unanswering({ since: row.since })]),
  ...(down === undefined ? [] : [Sign.ServerDown({ word: down.word, since: down.since.wall })])
]

export const of = (evidence: Evidence, known: Known, thresholds: Thresholds, now: number): Testimony => {
  const { leaseStaleAfter, suspectAfterProbes, silentAfter } = thresholds
  const said = fromDeclared(known.declared).reasons
  const declared = said.filter(({ _tag }) => _tag !== "Silent")
  const lease = leaseOf(evidence, known, leaseStaleAfter, now)
  const anyRow = rowOf(evidence, known)
  const row = anyRow !== undefined && anyRow.count >= suspectAfterProbes ? anyRow : undefined
  const countsAt = known.unknown && silentAt(evidence, known.unknown, leaseStaleAfter)

  const losses = [
    ...(lease.stale && known.renewed !== undefined ? [known.renewed.moment.at + leaseStaleAfter] : []),
    ...(row === undefined ? [] : [row.startedAt]),
    ...(known.unknown === undefined ? [] : [known.unknown.moment.at])
  ]
  const lostAt = losses.length === 0 ? undefined : Math.min(...losses)
  const down = downOf(known.down, lostAt, now)
  return {
    signs: signsOf(said, lease.stale ? known.renewed : undefined, row, down),
    declared: declared.length === 0 ? undefined : declared.every(isUnready) ? "Unready" : "Convicts",
    explained: declared.length > 0 || down !== undefined,
    silent: countsAt !== undefined && now >= countsAt,
    unsettled: countsAt !== undefined && now < countsAt,
    dead: lease.stale && row !== undefined && row.length >= silentAfter,
    lostAt,
    visible: known.renewed !== undefined || known.answeredAt !== undefined,
    overdue: lease.overdue,
    nextAt: Math.min(
      lease.nextAt,
      countsAt === undefined || now >= countsAt ? never : countsAt,
      down === undefined ? never : down.askedAt + wordCounts
    )
  }
}
