/**
 * What is known of each node, folded from what was heard. Whether it is enough is judged elsewhere, by whatever thresholds.
 */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type { NodeName } from "../Candidate.ts"
import type { Declared } from "../Verdict.ts"
import * as LeaseWatch from "./LeaseWatch.ts"
import type { Moment, Signal } from "./Signal.ts"
import { standard } from "./Thresholds.ts"

/** Something that the clock of {@link LeaseWatch} was read at; of a word of the Node object absent while no Lease was heard of yet. */
interface Heard<Watched> {
  readonly moment: Moment
  readonly watched: Watched
}

/** Connects in a row that nobody answered. */
export interface Row {
  readonly count: number
  /** When the first one began, monotonic ms. */
  readonly startedAt: number
  /** The same, in ms since the epoch. */
  readonly since: number
  /** When the latest one ended, monotonic ms. */
  readonly endedAt: number
  /** From `startedAt` to `endedAt`, in ms, but of each pause between two connects no more than a standstill: nobody asked then. */
  readonly length: number
}

/** netcup says that the server is down. */
export interface Down {
  readonly word: string
  /** When it first said so. */
  readonly since: Moment
  /** When it last said so, monotonic ms. */
  readonly askedAt: number
}

export interface Known {
  readonly declared: Declared
  /** `Ready=Unknown` since then. */
  readonly unknown?: Heard<number | undefined>
  /** The last renewal; absent until one was seen. */
  readonly renewed?: Heard<number>
  /** The last answer, monotonic ms; absent until there was one. */
  readonly answeredAt?: number
  /** Absent while the last connect was answered. */
  readonly row?: Row
  readonly down?: Down
}

export interface Evidence {
  readonly nodes: HashMap.HashMap<NodeName, Known>
  /** Absent until the watch was heard. */
  readonly leases: LeaseWatch.LeaseWatch | undefined
  /** The last signal, monotonic ms. */
  readonly heardAt: number
  /** When our own process last went on after it had stood still, monotonic ms. */
  readonly awakeAt: number
}

export const none: Evidence = {
  nodes: HashMap.empty(),
  leases: undefined,
  heardAt: Number.POSITIVE_INFINITY,
  awakeAt: Number.NEGATIVE_INFINITY
}

/** The row that still counts: what was asked before our process stood still is forgotten. */
export const rowOf = ({ awakeAt }: Evidence, { row }: Known): Row | undefined =>
  row === undefined || row.startedAt < awakeAt ? undefined : row

/** Of a node that is not there nothing is kept: its last connects end after it went. */
const update = (evidence: Evidence, node: NodeName, change: (known: Known) => Known): Evidence => {
  const known = HashMap.get(evidence.nodes, node)
  return Option.isNone(known)
    ? evidence
    : { ...evidence, nodes: HashMap.set(evidence.nodes, node, change(known.value)) }
}

const declare = (evidence: Evidence, moment: Moment, node: NodeName, declared: Declared): Evidence => {
  const { unknown, ...known }: Known = Option.getOrElse(HashMap.get(evidence.nodes, node), () => ({ declared }))
  const watched = evidence.leases && LeaseWatch.clock(evidence.leases, moment.at)
  const now =
    declared.ready === "Unknown"
      ? { ...known, declared, unknown: unknown ?? { moment, watched } }
      : { ...known, declared }
  return { ...evidence, nodes: HashMap.set(evidence.nodes, node, now) }
}

const renew = (evidence: Evidence, moment: Moment, node: NodeName): Evidence => {
  const leases = LeaseWatch.alive(evidence.leases, moment.at)
  // Whoever renews is not down, whatever was said before.
  return update({ ...evidence, leases }, node, ({ down: _, ...known }) => ({
    ...known,
    renewed: { moment, watched: leases.watched }
  }))
}

/** As if they had never been heard of; else what waits for them to be heard again would wait for ever. */
const forbid = (evidence: Evidence): Evidence =>
  evidence.leases === undefined
    ? evidence
    : {
        ...evidence,
        leases: undefined,
        nodes: HashMap.map(evidence.nodes, ({ renewed: _, unknown, ...known }) =>
          unknown === undefined ? known : { ...known, unknown: { moment: unknown.moment, watched: undefined } }
        )
      }

const unanswered = (evidence: Evidence, moment: Moment, node: NodeName, startedAt: number, standstill: number) =>
  update(evidence, node, (known) => {
    // A connect that was under way while we stood still was not really asked; nor is an answer undone by what was asked before it.
    if (known.answeredAt === undefined || startedAt < Math.max(known.answeredAt, evidence.awakeAt)) return known
    const row = rowOf(evidence, known)
    if (row === undefined) {
      const length = moment.at - startedAt
      return {
        ...known,
        row: { count: 1, startedAt, since: Math.round(moment.wall - length), endedAt: moment.at, length }
      }
    }
    const unasked = Math.max(0, startedAt - row.endedAt)
    const length = row.length + (moment.at - row.endedAt) - Math.max(0, unasked - standstill)
    return { ...known, row: { ...row, count: row.count + 1, endedAt: moment.at, length } }
  })

const hear = (evidence: Evidence, moment: Moment, signal: Signal, standstill: number): Evidence => {
  switch (signal._tag) {
    case "Declared":
      return declare(evidence, moment, signal.node, signal.declared)
    case "Gone":
      return { ...evidence, nodes: HashMap.remove(evidence.nodes, signal.node) }
    case "Renewed":
      return renew(evidence, moment, signal.node)
    case "LeasesHeard":
      return { ...evidence, leases: LeaseWatch.proved(evidence.leases, moment.at) }
    case "LeasesLost":
      return { ...evidence, leases: LeaseWatch.lost(evidence.leases) }
    case "LeasesForbidden":
      return forbid(evidence)
    case "Answered":
      return update(evidence, signal.node, ({ row: _, down: __, ...known }) => ({ ...known, answeredAt: moment.at }))
    case "Unanswered":
      return unanswered(evidence, moment, signal.node, Math.min(signal.startedAt, moment.at), standstill)
    case "Retargeted":
      return update(evidence, signal.node, ({ row: _, answeredAt: __, ...known }) => known)
    case "Provider": {
      const { node, state, word } = signal
      if (state === "Unknown") return evidence
      return update(evidence, node, ({ down, ...known }) =>
        state === "Running" ? known : { ...known, down: { word, since: down?.since ?? moment, askedAt: moment.at } }
      )
    }
    case "Tick":
      return evidence
  }
}

/**
 * Costs the same however many nodes there are. Moments must not run backwards; one that does is taken for the last one.
 *
 * @param standstill nothing heard for longer than that, in ms, not even a tick: our process stood still. Of the process, not of a
 *   group: whatever thresholds judge by, they share this evidence.
 */
export const fold = (
  evidence: Evidence,
  { at, wall }: Moment,
  signal: Signal,
  standstill: number = standard.standstill
): Evidence => {
  const isFirst = evidence.heardAt === Number.POSITIVE_INFINITY
  const moment = { at: isFirst ? at : Math.max(at, evidence.heardAt), wall }
  const isLate = moment.at - evidence.heardAt > standstill
  const awake = isLate ? { ...evidence, leases: LeaseWatch.doubted(evidence.leases), awakeAt: moment.at } : evidence
  return hear({ ...awake, heardAt: moment.at }, moment, signal, standstill)
}
