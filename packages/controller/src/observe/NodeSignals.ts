/**
 * When each node last changed in what a decision may depend on: what a failover begins with. Says so once where a node fails or comes
 * back. Each replica keeps it: a leader that takes over heard of its first failover before its term began.
 */
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import { type DetectionKey, verdictFor } from "@netcup-failover/core/detect/DetectionChoice"
import * as Verdict from "@netcup-failover/core/Verdict"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** A change that we heard of. */
export interface Signal {
  /** In ns since the epoch, for traces. */
  readonly at: bigint
  /** Monotonic ms, for durations. */
  readonly heardAt: number
  /** The node failed or went: this was the first word of it. */
  readonly isLoss: boolean
}

export type SignalOf = (node: NodeName) => Signal | undefined

interface Seen {
  readonly candidate: Candidate
  /** What of it counts, as text. */
  readonly mark: string
}

/** For so long one that went is remembered, in ms: names of nodes need not come again. */
const memory = 3_600_000

const markOf = ({ server, labels, leaving, verdict: { state, reasons } }: Candidate) =>
  JSON.stringify([server, Object.entries(labels).sort(), leaving, state, reasons.map(({ _tag }) => _tag)])

const wordsOf = ({ verdict }: Candidate) => verdict.reasons.map(Verdict.renderSign).join(" and ")

const isFailed = ({ verdict }: Candidate) => verdict.state === "Failed"

/** One that has just joined is not ready yet: that is no failure. */
const tell = (before: Candidate | undefined, candidate: Candidate) => {
  if (before === undefined || isFailed(before) === isFailed(candidate)) return Effect.void
  return isFailed(candidate)
    ? Effect.logWarning("node has failed", { node: candidate.name, reason: wordsOf(candidate) })
    : Effect.logInfo("node is healthy again", { node: candidate.name })
}

export interface NodeSignals {
  /** Compares the nodes there are with those seen before. */
  readonly note: (nodes: ReadonlyArray<Candidate>) => Effect.Effect<void>
  /** Nothing for a node that has been well and the same since it was first seen. */
  readonly signalOf: SignalOf
}

/** @param detection by whose verdicts; absent: by the controller's, whose changes are told */
export const make = (detection?: DetectionKey): NodeSignals => {
  const seen = new Map<NodeName, Seen>()
  const signals = new Map<NodeName, Signal>()

  const heard = (node: NodeName, signal: Signal) => {
    // More bad news of a node that is lost does not change when it was lost.
    if (!(signal.isLoss && signals.get(node)?.isLoss === true)) signals.set(node, signal)
  }

  const note = Effect.fnUntraced(function* (nodes: ReadonlyArray<Candidate>) {
    const now = { at: yield* Clock.currentTimeNanos, heardAt: yield* Monotonic.now }
    for (const node of nodes) {
      const candidate = detection === undefined ? node : { ...node, verdict: verdictFor({ detection }, node) }
      const mark = markOf(candidate)
      const before = seen.get(candidate.name)
      if (before?.mark === mark) continue
      const isLoss = isFailed(candidate)
      // One that was gone and is back well is not lost any more: its next failure begins with its own signal.
      if (before !== undefined || isLoss || signals.has(candidate.name)) heard(candidate.name, { ...now, isLoss })
      seen.set(candidate.name, { candidate, mark })
      if (detection === undefined) yield* tell(before?.candidate, candidate)
    }
    const names = new Set(nodes.map(({ name }) => name))
    for (const name of seen.keys()) {
      if (names.has(name)) continue
      seen.delete(name)
      heard(name, { ...now, isLoss: true })
      if (detection === undefined) yield* Effect.logWarning("node is gone", { node: name })
    }
    for (const [name, { heardAt }] of signals) {
      if (!names.has(name) && now.heardAt - heardAt >= memory) signals.delete(name)
    }
  })

  return { note, signalOf: (node) => signals.get(node) }
}
