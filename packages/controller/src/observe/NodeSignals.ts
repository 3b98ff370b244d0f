/**
 * When each node last changed in what a decision may depend on: what a failover begins with. Says so once where a node fails or comes
 * back. Each replica keeps it: a leader that takes over heard of its first failover before its term began.
 */
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import { type DetectionKey, verdictFor } from "@netcup-failover/core/detect/DetectionChoice"
import * as Sighting from "@netcup-failover/core/Sighting"
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
  /** What spoke against it then, of one that is lost. */
  readonly signs: ReadonlyArray<Sighting.Sighting>
}

/**
 * When the loss of a node was learned (monotonic ms), and how long that took since the first sign of it, in ms. The latter by the wall
 * clock, by which signs are seen.
 */
export const detectionOf = ({ at, heardAt, signs }: Signal) => {
  const learned = Number(at / 1_000_000n)
  return { at: heardAt, took: Math.max(0, learned - (Sighting.first(signs) ?? learned)) }
}

/** A node failed that had not, or one came back that had. */
export interface Turn {
  readonly isFailed: boolean
  /** Monotonic ms. */
  readonly heardAt: number
  /** When it failed, in ms since the epoch. */
  readonly failedAt: number
  /** What convicted it. */
  readonly signs: ReadonlyArray<Sighting.Sighting>
}

export type SignalOf = (node: NodeName) => Signal | undefined

interface Seen {
  readonly candidate: Candidate
  /** What of it counts, as text. */
  readonly mark: string
  /** When each sign against it was first heard, in ms since the epoch. */
  readonly heard: ReadonlyMap<Verdict.Sign["_tag"], number>
  /** Since when it has failed, in ms since the epoch; not of one that joined and was never ready yet. */
  readonly failedAt: number | undefined
}

/** For so long one that went is remembered, in ms: names of nodes need not come again. */
const memory = 3_600_000

const markOf = ({ server, labels, leaving, verdict: { state, reasons } }: Candidate) =>
  JSON.stringify([server, Object.entries(labels).sort(), leaving, state, reasons.map(({ _tag }) => _tag)])

const wordsOf = ({ verdict }: Candidate) => verdict.reasons.map(Verdict.renderSign).join(" and ")

const heardIn = ({ verdict: { reasons } }: Candidate, before: Seen | undefined, now: number) =>
  new Map(reasons.map(({ _tag }) => [_tag, before?.heard.get(_tag) ?? now] as const))

const isUnready = ({ _tag }: Verdict.Sign) => _tag === "NotReady" || _tag === "NeverReady"

const isFailed = ({ verdict }: Candidate) => verdict.state === "Failed"

/** One that has just joined is not ready yet: that is no failure. */
const tell = (before: Candidate | undefined, candidate: Candidate) => {
  if (before === undefined || isFailed(before) === isFailed(candidate)) return Effect.void
  return isFailed(candidate)
    ? Effect.logWarning("node has failed", { node: candidate.name, reason: wordsOf(candidate) })
    : Effect.logInfo("node is healthy again", { node: candidate.name })
}

/** Says once when the guard begins to hold nodes, and once when it holds none any more. */
const guardTeller = () => {
  const held = new Set<NodeName>()
  return (nodes: ReadonlyArray<Candidate>) => {
    const now = nodes.filter(({ verdict }) => verdict.guarded === true).map(({ name }) => name)
    const begins = held.size === 0
    for (const name of now) held.add(name)
    if (held.size === 0 || (now.length > 0 && !begins)) return Effect.void
    const fields = { nodes: [...held].sort().join(", ") }
    if (now.length > 0)
      return Effect.logWarning(
        "the guard holds: nodes are not taken for failed, since it may be our own trouble or the API server's",
        fields
      )
    held.clear()
    return Effect.logInfo("the guard holds no longer", fields)
  }
}

export interface NodeSignals {
  /** Compares the nodes there are with those seen before. */
  readonly note: (nodes: ReadonlyArray<Candidate>) => Effect.Effect<void>
  /** Nothing for a node that has been well and the same since it was first seen. */
  readonly signalOf: SignalOf
  /** Its last turn that was witnessed: what it was when it was first seen is none. By the controller's verdicts alone. */
  readonly turnOf: (node: NodeName) => Turn | undefined
}

/** @param detection by whose verdicts; absent: by the controller's, whose changes are told */
export const make = (detection?: DetectionKey): NodeSignals => {
  const seen = new Map<NodeName, Seen>()
  const signals = new Map<NodeName, Signal>()
  const turns = new Map<NodeName, Turn>()
  const tellGuard = guardTeller()

  const heard = (node: NodeName, signal: Signal) => {
    // More bad news of a node that is lost does not change when it was lost.
    if (!(signal.isLoss && signals.get(node)?.isLoss === true)) signals.set(node, signal)
  }

  const note = Effect.fnUntraced(function* (nodes: ReadonlyArray<Candidate>) {
    const now = { at: yield* Clock.currentTimeNanos, heardAt: yield* Monotonic.now }
    const wall = Number(now.at / 1_000_000n)
    for (const node of nodes) {
      const candidate = detection === undefined ? node : { ...node, verdict: verdictFor({ detection }, node) }
      const mark = markOf(candidate)
      const before = seen.get(candidate.name)
      if (before?.mark === mark) continue
      const isLoss = isFailed(candidate)
      const heardOf = heardIn(candidate, before, wall)
      const signs = isLoss
        ? candidate.verdict.reasons.map((sign) => Sighting.of(sign, heardOf.get(sign._tag) ?? wall))
        : []
      // One that was gone and is back well is not lost any more: its next failure begins with its own signal.
      if (before !== undefined || isLoss || signals.has(candidate.name))
        heard(candidate.name, { ...now, isLoss, signs })
      const wasWell = before !== undefined && !isFailed(before.candidate)
      const hasFailed = isLoss && (wasWell || candidate.verdict.reasons.some((sign) => !isUnready(sign)))
      const failedAt = isLoss ? (before?.failedAt ?? (hasFailed ? wall : undefined)) : undefined
      seen.set(candidate.name, { candidate, mark, heard: heardOf, failedAt })
      if (isLoss && wasWell) turns.set(candidate.name, { isFailed: true, heardAt: now.heardAt, failedAt: wall, signs })
      if (!isLoss && before?.failedAt !== undefined)
        turns.set(candidate.name, { isFailed: false, heardAt: now.heardAt, failedAt: before.failedAt, signs })
      if (detection === undefined) yield* tell(before?.candidate, candidate)
    }
    const names = new Set(nodes.map(({ name }) => name))
    for (const name of seen.keys()) {
      if (names.has(name)) continue
      seen.delete(name)
      turns.delete(name)
      heard(name, { ...now, isLoss: true, signs: [Sighting.gone(wall)] })
      if (detection === undefined) yield* Effect.logWarning("node is gone", { node: name })
    }
    for (const [name, { heardAt }] of signals) {
      if (!names.has(name) && now.heardAt - heardAt >= memory) signals.delete(name)
    }
    if (detection === undefined) yield* tellGuard(nodes)
  })

  return { note, signalOf: (node) => signals.get(node), turnOf: (node) => turns.get(node) }
}
