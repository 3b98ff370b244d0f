/**
 * Spares netcup, and whoever waits, reads that nobody will answer: after some calls in a row that were not answered, they fail at
 * once, and now and then one is let through to find out whether netcup is back. Changes are never held back: a list that hangs says
 * nothing of whether a route can be changed.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import { NetcupError, Unreachable } from "./NetcupError.ts"

export interface CircuitBreakerOptions {
  /** After so many calls in a row that ended as `Unreachable`; 5 when absent. */
  readonly failures?: number | undefined
  /** Before the first trial call; it doubles from trial to trial, with jitter. 1 second when absent. */
  readonly firstPause?: Duration.Input | undefined
  /** No pause is longer than this, before jitter; 10 seconds when absent. */
  readonly longestPause?: Duration.Input | undefined
}

export interface CircuitBreaker {
  /**
   * Makes a call, or fails with `Unreachable` without making it. Whole calls are what counts, with all their tries. Any answer,
   * a refusal too, ends a series of failures; an outcome that is unknown is no answer, and no failure either, nor is a call that was
   * called off.
   */
  readonly protect: <A, R>(call: Effect.Effect<A, NetcupError, R>) => Effect.Effect<A, NetcupError, R>
  /** Makes a call whatever the others came to, and learns from what comes of it as {@link protect} does. It is never the trial. */
  readonly through: <A, R>(call: Effect.Effect<A, NetcupError, R>) => Effect.Effect<A, NetcupError, R>
}

/** Times are ms of the monotonic clock. `since`: when the first call of the series failed. */
type State =
  | { readonly _tag: "Closed"; readonly failures: number; readonly since: number | undefined }
  | { readonly _tag: "Open"; readonly since: number; readonly until: number; readonly pause: number }
  /** The trial call of that number is under way. */
  | { readonly _tag: "HalfOpen"; readonly since: number; readonly pause: number; readonly trial: number }

const closed: State = { _tag: "Closed", failures: 0, since: undefined }

interface Limits {
  readonly failures: number
  readonly firstPause: number
  readonly longestPause: number
}

/** May call number `call` be made, and what comes of that. */
const admit = (state: State, call: number, now: number): readonly [admitted: boolean, State] => {
  if (state._tag === "Closed") return [true, state]
  if (state._tag === "HalfOpen" || now < state.until) return [false, state]
  return [true, { _tag: "HalfOpen", since: state.since, pause: state.pause, trial: call }]
}

/** Between half of and one and a half times the pause, so that many clients don't come back together. */
const jittered = (pause: number, random: number) => pause * (0.5 + random)

/** No answer came to call number `call`. */
const failed = (state: State, call: number, now: number, random: number, limits: Limits): State => {
  if (state._tag === "Closed") {
    const failures = state.failures + 1
    const since = state.since ?? now
    if (failures < limits.failures) return { ...state, failures, since }
    const pause = Math.min(limits.firstPause, limits.longestPause)
    return { _tag: "Open", since, until: now + jittered(pause, random), pause }
  }
  // Calls that began before it opened tell nothing new.
  if (state._tag === "Open" || state.trial !== call) return state
  const pause = Math.min(state.pause * 2, limits.longestPause)
  return { _tag: "Open", since: state.since, until: now + jittered(pause, random), pause }
}

/** Call number `call` ended without telling anything: the next may try in its place. */
const undecided = (state: State, call: number, now: number): State =>
  state._tag === "HalfOpen" && state.trial === call
    ? { _tag: "Open", since: state.since, until: now, pause: state.pause }
    : state

type Outcome = "answered" | "failed" | "undecided"

const outcomeOf = (exit: Exit.Exit<unknown, NetcupError>): Outcome =>
  Exit.match(exit, {
    onSuccess: () => "answered",
    onFailure: ({ reasons }) => {
      const [tag] = reasons.flatMap((reason) => (reason._tag === "Fail" ? [reason.error.reason._tag] : []))
      if (tag === undefined || tag === "UnknownOutcome" || tag === "CalledOff") return "undecided"
      return tag === "Unreachable" ? "failed" : "answered"
    }
  })

const monotonic = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/** A breaker for one client. It holds no resource. */
export const make = Effect.fnUntraced(function* (options: CircuitBreakerOptions = {}) {
  const limits: Limits = {
    failures: options.failures ?? 5,
    firstPause: Duration.toMillis(Duration.fromInputUnsafe(options.firstPause ?? "1 second")),
    longestPause: Duration.toMillis(Duration.fromInputUnsafe(options.longestPause ?? "10 seconds"))
  }
  const state = yield* Ref.make<State>(closed)
  const calls = yield* Ref.make(0)

  const end = Effect.fnUntraced(function* (call: number, outcome: Outcome) {
    const now = yield* monotonic
    const random = yield* Random.next
    const [was, is] = yield* Ref.modify(state, (before) => {
      const after =
        outcome === "answered"
          ? closed
          : outcome === "failed"
            ? failed(before, call, now, random, limits)
            : undecided(before, call, now)
      return [[before, after] as const, after]
    })
    if (was._tag !== "Closed" && is._tag === "Closed") yield* Effect.logInfo("netcup answers again")
    if (was._tag === "Closed" && is._tag === "Open")
      yield* Effect.logWarning("netcup does not answer: reads are held back")
  })

  const refusal = Effect.fnUntraced(function* (now: number) {
    const held = yield* Ref.get(state)
    const wall = yield* Clock.currentTimeMillis
    const at = (time: number) => new Date(wall + time - now).toISOString()
    const since = held._tag === "Closed" || held.since === undefined ? "" : ` since ${at(held.since)}`
    const next = held._tag === "Open" ? `it is tried again at ${at(held.until)}` : "it is being tried just now"
    const message = `netcup has not been reached${since}; ${next}`
    const retryAt = held._tag === "Open" ? { retryAt: Math.ceil(wall + held.until - now) } : {}
    return yield* new NetcupError({ reason: new Unreachable({ message, ...retryAt }) })
  })

  const made =
    (admitted: (number: number) => Effect.Effect<void, NetcupError>) =>
    <A, R>(call: Effect.Effect<A, NetcupError, R>): Effect.Effect<A, NetcupError, R> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          const number = yield* Ref.updateAndGet(calls, (count) => count + 1)
          yield* admitted(number)
          return yield* restore(call).pipe(Effect.onExit((exit) => end(number, outcomeOf(exit))))
        })
      )

  const protect = made(
    Effect.fnUntraced(function* (number) {
      const now = yield* monotonic
      if (!(yield* Ref.modify(state, (before) => admit(before, number, now)))) yield* refusal(now)
    })
  )

  const through = made(() => Effect.void)

  return { protect, through } satisfies CircuitBreaker
})
