/**
 * Moves of groups from decision to confirmation, for the metrics: why each began, how long its phases took, how it ended.
 *
 * A move is one group's way to one node, whatever it takes of attempts and passes; another node is another move. Times are monotonic
 * ms. Changes of leadership end the account of it: what a new leader goes on with has the reason `Begun`.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import type { Decision, MoveReason } from "@netcup-failover/core/Plan"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Metrics from "../Metrics.ts"

/** How a decision's cause was learned: when, and how long after its first sign, in ms. */
export interface Detection {
  readonly at: number
  readonly took: number
}

interface Move {
  readonly to: NodeName
  readonly reason: MoveReason["_tag"]
  readonly detection: number
  readonly detectedAt: number
  readonly decidedAt: number
  /** When the first change was sent. */
  calledAt: number | undefined
  /** When netcup said of an address that it is routed, last. */
  confirmedAt: number | undefined
  failed: boolean
}

const seconds = (from: number, to: number): number => Math.max(0, to - from) / 1000

const measure = Effect.fnUntraced(function* ({ detection, detectedAt, decidedAt, calledAt, confirmedAt }: Move) {
  // Somebody else moved it where we wanted it.
  if (calledAt === undefined || confirmedAt === undefined) return
  yield* Metric.update(Metrics.phases("detected"), seconds(0, detection))
  yield* Metric.update(Metrics.phases("decided"), seconds(detectedAt, decidedAt))
  yield* Metric.update(Metrics.phases("called"), seconds(decidedAt, calledAt))
  yield* Metric.update(Metrics.phases("confirmed"), seconds(calledAt, confirmedAt))
  yield* Metric.update(Metrics.failovers, seconds(detectedAt, confirmedAt))
})

export const make = () => {
  const moves = new Map<string, Move>()

  const end = Effect.fnUntraced(function* (group: string, isRouted: boolean) {
    const move = moves.get(group)
    if (move === undefined) return
    moves.delete(group)
    const outcome = isRouted ? "routed" : move.failed ? "failed" : "abandoned"
    yield* Metric.update(Metrics.moves(move.reason, outcome), 1)
    if (isRouted && move.reason === "LeftNode") yield* measure(move)
  })

  /** The move that is under way to there, if it is the group's newest. */
  const current = (group: string, to: NodeName): Move | undefined => {
    const move = moves.get(group)
    return move?.to === to ? move : undefined
  }

  return {
    /**
     * What each pass decides of a group. A hold interrupts a move, and does not end it.
     *
     * @param detection `undefined`: just now, without any sign before
     */
    decided: Effect.fnUntraced(function* (group: string, decision: Decision, detection: Detection | undefined) {
      switch (decision._tag) {
        case "Move": {
          const { because, to } = decision
          if (current(group, to) !== undefined) return
          yield* end(group, false)
          const decidedAt = yield* Monotonic.now
          moves.set(group, {
            to,
            reason: because._tag,
            detection: detection?.took ?? 0,
            detectedAt: Math.min(detection?.at ?? decidedAt, decidedAt),
            decidedAt,
            calledAt: undefined,
            confirmedAt: undefined,
            failed: false
          })
          return
        }
        case "Stay":
          return yield* end(group, current(group, decision.node) !== undefined)
        case "Unplaceable":
          return yield* end(group, false)
        case "Hold":
          return
      }
    }),
    /** A change is about to be sent. */
    called: (group: string, to: NodeName) =>
      Effect.map(Monotonic.now, (now) => {
        const move = current(group, to)
        if (move !== undefined) move.calledAt ??= now
      }),
    /** netcup says that an address is routed. */
    confirmed: (group: string, to: NodeName) =>
      Effect.map(Monotonic.now, (now) => {
        const move = current(group, to)
        if (move !== undefined) move.confirmedAt = now
      }),
    failed: (group: string, to: NodeName): void => {
      const move = current(group, to)
      if (move !== undefined) move.failed = true
    },
    /** Ends the moves of groups that are no longer there. */
    retain: (groups: ReadonlySet<string>) =>
      Effect.forEach(
        [...moves.keys()].filter((name) => !groups.has(name)),
        (name) => end(name, false),
        { discard: true }
      )
  }
}
