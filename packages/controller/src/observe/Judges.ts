/**
 * All that was heard of nodes, judged by the controller's own thresholds and by those that groups chose: one body of evidence, and for
 * each set of thresholds a memory of its own. Plain state, so that a heartbeat costs no more than its fold.
 */
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import * as Detection from "@netcup-failover/core/detect/Detection"
import * as DetectionChoice from "@netcup-failover/core/detect/DetectionChoice"
import * as Evidence from "@netcup-failover/core/detect/Evidence"
import type { Moment, Signal } from "@netcup-failover/core/detect/Signal"
import type { Thresholds } from "@netcup-failover/core/detect/Thresholds"
import type { Verdict } from "@netcup-failover/core/Verdict"

export interface Standard {
  readonly mode: DetectionChoice.DetectionMode
  readonly thresholds: Thresholds
}

/** What groups chose, by the key of the choice. */
export type Choices = ReadonlyMap<DetectionChoice.DetectionKey, DetectionChoice.DetectionChoice>

interface Memory {
  readonly thresholds: Thresholds
  judged: Detection.Judged
}

/** One way to judge. No memory: by what is declared alone. */
type Way = Memory | undefined

/** What changed. */
export interface Outcome {
  /** The state or the reasons of a verdict that somebody goes by. */
  readonly verdicts: boolean
  readonly suspects: boolean
  readonly overdue: boolean
}

const nothing: Outcome = { verdicts: false, suspects: false, overdue: false }

type Nodes = ReadonlySet<NodeName>

const union = (sets: ReadonlyArray<Nodes>): Nodes => {
  const [only, ...others] = sets.filter(({ size }) => size > 0)
  return others.length === 0 ? (only ?? new Set()) : new Set(sets.flatMap((set) => [...set]))
}

const isSameSet = (one: Nodes, other: Nodes): boolean =>
  one === other || (one.size === other.size && [...one].every((node) => other.has(node)))

/** Whether there is anything against a node, so that good news of it may change something. */
const isClear = ({ verdicts, suspects, overdue }: Detection.Judged, node: NodeName): boolean => {
  const verdict = verdicts.get(node)
  return verdict?.state === "Healthy" && verdict.reasons.length === 0 && !suspects.has(node) && !overdue.has(node)
}

/** Whether a signal only says that all is as it was. Time, which every tick looks at, is the only other thing that it could bring. */
const isHeartbeat = (judged: Detection.Judged, signal: Signal): boolean => {
  switch (signal._tag) {
    case "Renewed":
    case "Answered":
      return isClear(judged, signal.node)
    case "LeasesHeard":
      return judged.overdue.size === 0 && judged.suspects.size === 0
    default:
      return false
  }
}

/** @param settlePeriod how long a node that had failed has to be healthy until it counts as settled, in ms */
export const make = (standard: Standard, self: NodeName | undefined, start: Moment, settlePeriod: number) => {
  let evidence = Evidence.none
  const judgeBy = (thresholds: Thresholds, before: Detection.Judged | undefined, now: Moment) =>
    Detection.judge(before, evidence, { thresholds, self }, now)
  const own: Memory = { thresholds: standard.thresholds, judged: judgeBy(standard.thresholds, undefined, start) }
  const ownWay: Way = standard.mode === "Fast" ? own : undefined
  let ways: ReadonlyMap<DetectionChoice.DetectionKey, Way> = new Map()
  /** Distinct, the controller's first. */
  let memories: ReadonlyArray<Memory> = [own]
  /** Those that somebody goes by. */
  let read: ReadonlyArray<Memory>
  let suspects: Nodes = new Set()
  let overdue: Nodes = new Set()

  /** When those recovered that had failed, ms since the epoch: a node may fail and recover while it never stops being Ready. */
  const recovered = new Map<NodeName, number>()
  const noteRecoveries = (before: Detection.Judged, after: Detection.Judged, { wall }: Moment) => {
    for (const node of recovered.keys()) if (!after.verdicts.has(node)) recovered.delete(node)
    if (before.convicted === after.convicted) return
    for (const node of before.convicted.keys())
      if (!after.convicted.has(node) && after.verdicts.has(node)) recovered.set(node, wall)
  }

  const refresh = (): Pick<Outcome, "suspects" | "overdue"> => {
    const [suspectsBefore, overdueBefore] = [suspects, overdue]
    suspects = union(read.map(({ judged }) => judged.suspects))
    overdue = union(read.map(({ judged }) => judged.overdue))
    return { suspects: !isSameSet(suspectsBefore, suspects), overdue: !isSameSet(overdueBefore, overdue) }
  }

  const readers = () => [...new Set([ownWay, ...ways.values()])].filter((way) => way !== undefined)
  read = readers()

  return {
    /** Judges once, when all of them are heard. `undefined`: they were heartbeats, and nothing was judged. */
    hear: (now: Moment, ...signals: ReadonlyArray<Signal>): Outcome | undefined => {
      for (const signal of signals) evidence = Evidence.fold(evidence, now, signal)
      let verdicts = false
      let isQuiet = true
      for (const memory of memories) {
        const before = memory.judged
        if (signals.every((signal) => isHeartbeat(before, signal))) continue
        isQuiet = false
        memory.judged = judgeBy(memory.thresholds, before, now)
        if (memory === ownWay) noteRecoveries(before, memory.judged, now)
        if (read.includes(memory) && before.verdicts !== memory.judged.verdicts) verdicts = true
      }
      return isQuiet ? undefined : { verdicts, ...refresh() }
    },

    /** Judges as these groups want it from now on, and as nobody else does. What was known of nodes stays known. */
    follow: (choices: Choices, now: Moment): Outcome => {
      if (choices.size === ways.size && [...choices.keys()].every((key) => ways.has(key))) return nothing
      const kept = new Map(memories.map((memory) => [JSON.stringify(memory.thresholds), memory]))
      const next = new Map<DetectionChoice.DetectionKey, Way>()
      for (const [key, choice] of choices) {
        const { mode, thresholds } = DetectionChoice.resolve(choice, standard)
        const id = JSON.stringify(thresholds)
        if (mode === "Fast" && !kept.has(id))
          // Other thresholds are no acquittal: whom we have convicted has to recover by these too.
          kept.set(id, { thresholds, judged: judgeBy(thresholds, own.judged, now) })
        next.set(key, mode === "Fast" ? kept.get(id) : undefined)
      }
      ways = next
      read = readers()
      memories = [...new Set([own, ...read])]
      return { verdicts: true, ...refresh() }
    },

    /** As the controller is set. */
    judged: (): Detection.Judged => own.judged,
    suspects: () => suspects,
    overdue: () => overdue,

    /** When time alone may change something; monotonic ms. */
    nextAt: (): number =>
      memories.reduce(
        (first, { judged }) => Math.min(first, judged.nextAt ?? Number.POSITIVE_INFINITY),
        Number.POSITIVE_INFINITY
      ),

    /** A node with all verdicts that anybody goes by. @param declared its verdict by what it declares */
    apply: (declared: Candidate): Candidate => {
      const by = (way: Way): Verdict => way?.judged.verdicts.get(declared.name) ?? declared.verdict
      const verdicts = new Map([...ways].map(([key, way]) => [key, by(way)] as const))
      const recoveredAt = recovered.get(declared.name)
      const settledAt =
        recoveredAt === undefined ? declared.settledAt : Math.max(declared.settledAt ?? 0, recoveredAt + settlePeriod)
      const settled = settledAt === undefined ? {} : { settledAt }
      return { ...declared, ...settled, verdict: by(ownWay), ...(verdicts.size === 0 ? {} : { verdicts }) }
    }
  }
}
