/**
 * Follows each move of a group from the signal that caused it to its confirmed route: one trace, and a log line for each step.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import type * as Plan from "@netcup-failover/core/Plan"
import * as Sighting from "@netcup-failover/core/Sighting"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import type { Signal } from "../observe/NodeSignals.ts"
import * as FailoverSpan from "../telemetry/FailoverSpan.ts"
import * as Wording from "./Wording.ts"

/** The move has not come to its end; the message says why it is not followed any longer. */
class NotConfirmed extends Schema.TaggedError<NotConfirmed>()("NotConfirmed", { message: Schema.String }) {}

/** A move that was decided on. Times in ns since the epoch. */
interface Decided {
  readonly group: string
  readonly from: NodeName | undefined
  readonly to: NodeName
  readonly because: Plan.MoveReason
  /** The last change of the node that it leaves, if it did change. */
  readonly signal: Pick<Signal, "at" | "signs"> | undefined
  /** When the pass began that decided on it. */
  readonly lookedAt: bigint
}

interface Followed {
  to: NodeName
  /** When the signal came that caused it, or the look that found it began. */
  readonly startedAt: bigint
  /** `undefined` once it has taken too long. */
  span: Tracer.Span | undefined
}

/** A trace that takes longer is ended: nobody waits for it. In ns. */
const longest = 600_000_000_000n

/** A time in ms since the epoch, and no later than that: the wall clock may have been set back meanwhile. */
const nanosUpTo = (latest: bigint, millis: number): bigint => {
  const nanos = BigInt(Math.round(millis)) * 1_000_000n
  return nanos < latest ? nanos : latest
}

const seconds = (nanos: bigint) => Number(nanos / 1_000_000n) / 1_000

export interface Failovers {
  /** Begins to follow a move, unless it is followed already. */
  readonly decided: (decided: Decided) => Effect.Effect<void>
  /** Makes what is done for a group's move a part of its trace. */
  readonly within: (group: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** All addresses of the group are where they belong. */
  readonly confirmed: (group: string, node: NodeName, lookedAt: bigint) => Effect.Effect<void>
  /** Gives up following groups that are no longer there. */
  readonly retain: (groups: ReadonlySet<string>) => Effect.Effect<void>
}

export const make = Effect.gen(function* () {
  const tracer = yield* Tracer.Tracer
  const followed = new Map<string, Followed>()
  /** When a group was last seen where it belongs: a signal from before that did not cause what comes after. */
  const settledAt = new Map<string, bigint>()

  const spanOf = (
    name: string,
    parent: Tracer.Span | undefined,
    startTime: bigint,
    attributes: Readonly<Record<string, unknown>> = {}
  ) => {
    const span = tracer.span({
      name,
      parent: Option.fromUndefinedOr(parent),
      annotations: Context.empty(),
      links: [],
      startTime,
      kind: "internal",
      root: parent === undefined,
      sampled: parent?.sampled ?? true
    })
    for (const [key, value] of Object.entries(attributes)) if (value !== undefined) span.attribute(key, value)
    return span
  }

  const giveUp = (one: Followed, message: string, now: bigint) => {
    one.span?.end(now, Exit.fail(new NotConfirmed({ message })))
    one.span = undefined
  }

  yield* Effect.addFinalizer(() =>
    Effect.map(Clock.currentTimeNanos, (now) => {
      for (const one of followed.values()) giveUp(one, "this replica no longer leads", now)
    })
  )

  const within =
    (group: string) =>
    <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.suspend(() => {
        const span = followed.get(group)?.span
        return span === undefined ? effect : Effect.provideService(effect, Tracer.ParentSpan, span)
      })

  const decided = Effect.fnUntraced(function* ({ group, from, to, because, signal, lookedAt }: Decided) {
    const now = yield* Clock.currentTimeNanos
    const before = followed.get(group)
    if (before !== undefined && now - before.startedAt > longest) {
      giveUp(before, `not confirmed within ${Duration.format(Duration.nanos(longest))}`, now)
    }
    if (before?.to === to) return
    const cause = signal !== undefined && signal.at > (settledAt.get(group) ?? 0n) ? signal : undefined
    const startedAt = before?.startedAt ?? cause?.at ?? lookedAt
    const signs = (cause?.signs ?? []).map((one) => ({ ...one, since: nanosUpTo(startedAt, one.since) }))
    const seenAt = Sighting.first(cause?.signs ?? [])
    const firstSign = seenAt === undefined ? startedAt : nanosUpTo(startedAt, seenAt)
    const reason = Wording.moveReason(because)
    const span =
      before === undefined
        ? spanOf(FailoverSpan.root, undefined, firstSign, {
            "failover.group": group,
            "failover.from": from,
            "failover.reason": because._tag,
            "failover.because": reason
          })
        : before.span
    if (before === undefined) {
      for (const { sign, since, words } of signs) {
        const attributes = { "failover.from": from, "failover.sign": sign, "failover.because": words }
        spanOf(FailoverSpan.sign, span, since, attributes).end(startedAt, Exit.void)
      }
    }
    span?.attribute("failover.to", to)
    followed.set(group, { to, startedAt, span })
    if (span !== undefined) spanOf(FailoverSpan.decide, span, lookedAt, { "failover.to": to }).end(now, Exit.void)
    yield* Effect.logInfo("moving group", { group, from, node: to, reason }).pipe(within(group))
  })

  const confirmed = Effect.fnUntraced(function* (group: string, node: NodeName, lookedAt: bigint) {
    const one = followed.get(group)
    settledAt.set(group, lookedAt)
    if (one === undefined) return
    const now = yield* Clock.currentTimeNanos
    if (one.span !== undefined) {
      spanOf(FailoverSpan.confirm, one.span, lookedAt).end(now, Exit.void)
      one.span.end(now, Exit.void)
    }
    yield* Effect.logInfo("group is where it belongs", { group, node, seconds: seconds(now - one.startedAt) }).pipe(
      within(group)
    )
    followed.delete(group)
  })

  const retain = Effect.fnUntraced(function* (groups: ReadonlySet<string>) {
    const now = yield* Clock.currentTimeNanos
    for (const [group, one] of followed) {
      if (groups.has(group)) continue
      giveUp(one, "the group is gone", now)
      followed.delete(group)
    }
    for (const group of settledAt.keys()) if (!groups.has(group)) settledAt.delete(group)
  })

  const failovers: Failovers = { decided, within, confirmed, retain }
  return failovers
})
