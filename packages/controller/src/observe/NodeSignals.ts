/**
 * When each node last changed in what a decision may depend on: what a failover begins with. Says so once where a node fails or
 * comes back.
 */
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import * as Verdict from "@netcup-failover/core/Verdict"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

interface Seen {
  readonly candidate: Candidate | undefined
  /** What of it counts, as text. */
  readonly mark: string
  /** In ns since the epoch. */
  readonly at: bigint
}

/** Nodes that are gone are remembered for as long as their failover may take, in ns. */
const memory = 600_000_000_000n

const markOf = ({ server, labels, verdict: { state, reasons } }: Candidate) =>
  JSON.stringify([server, Object.entries(labels).sort(), state, reasons.map(({ _tag }) => _tag)])

const wordsOf = ({ verdict }: Candidate) => verdict.reasons.map(Verdict.renderSign).join(", ")

export interface NodeSignals {
  /** Compares the nodes there are with those seen before. */
  readonly note: (nodes: ReadonlyArray<Candidate>) => Effect.Effect<void>
  /** When a node last changed, in ns since the epoch; `undefined` for one that did not since it was first seen. */
  readonly changedAt: (node: NodeName) => bigint | undefined
}

export const make: Effect.Effect<NodeSignals> = Effect.sync(() => {
  const seen = new Map<NodeName, Seen>()
  const changed = new Map<NodeName, bigint>()

  const tell = (before: Candidate | undefined, candidate: Candidate) => {
    const hasFailed = candidate.verdict.state === "Failed"
    // One that has just joined is not ready yet: that is no failure.
    if (hasFailed === (before === undefined || before.verdict.state === "Failed")) return Effect.void
    return hasFailed
      ? Effect.logWarning("node has failed", { node: candidate.name, reason: wordsOf(candidate) })
      : before === undefined
        ? Effect.void
        : Effect.logInfo("node is healthy again", { node: candidate.name })
  }

  const note = Effect.fnUntraced(function* (nodes: ReadonlyArray<Candidate>) {
    const now = yield* Clock.currentTimeNanos
    for (const candidate of nodes) {
      const mark = markOf(candidate)
      const before = seen.get(candidate.name)
      if (before?.mark === mark) continue
      if (before !== undefined) changed.set(candidate.name, now)
      seen.set(candidate.name, { candidate, mark, at: now })
      yield* tell(before?.candidate, candidate)
    }
    const names = new Set(nodes.map(({ name }) => name))
    for (const [name, { candidate, at }] of seen) {
      if (names.has(name)) continue
      if (candidate !== undefined) {
        seen.set(name, { candidate: undefined, mark: "", at: now })
        changed.set(name, now)
        yield* Effect.logWarning("node is gone", { node: name })
      } else if (now - at > memory) {
        seen.delete(name)
        changed.delete(name)
      }
    }
  })

  return { note, changedAt: (node) => changed.get(node) }
})
