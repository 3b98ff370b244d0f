import { assert, describe, it } from "@effect/vitest"
import * as CircuitBreaker from "@netcup-failover/netcup/CircuitBreaker"
import {
  CalledOff,
  NetcupError,
  type NetcupErrorReason,
  Refused,
  UnknownOutcome,
  Unreachable
} from "@netcup-failover/netcup/NetcupError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/testing/TestClock"

const failing = (reason: NetcupErrorReason) => Effect.fail(new NetcupError({ reason }))
const silence = failing(new Unreachable({ message: "connect ECONNREFUSED" }))

/** A breaker before a netcup that does what it is told, and counts the calls that reach it. */
const start = Effect.gen(function* () {
  const { protect, through } = yield* CircuitBreaker.make()
  const calls = yield* Ref.make(0)
  const counted = <A>(behaviour: Effect.Effect<A, NetcupError>) =>
    Effect.andThen(
      Ref.update(calls, (count) => count + 1),
      behaviour
    )
  const call = <A>(behaviour: Effect.Effect<A, NetcupError>) => protect(counted(behaviour))
  const change = <A>(behaviour: Effect.Effect<A, NetcupError>) => through(counted(behaviour))
  const times = (count: number, behaviour: Effect.Effect<unknown, NetcupError>) =>
    Effect.forEach(Array.from({ length: count }), () => Effect.exit(call(behaviour)), { discard: true })
  return { call, change, calls: Ref.get(calls), times }
})

describe("CircuitBreaker", () => {
  it.effect("lets everything through until five calls in a row were not answered", () =>
    Effect.gen(function* () {
      const { call, calls, times } = yield* start
      yield* times(4, silence)
      assert.strictEqual(yield* call(Effect.succeed("there")), "there")
      yield* times(4, silence)
      assert.strictEqual(yield* call(Effect.succeed("there")), "there")
      assert.strictEqual(yield* calls, 10)
    })
  )

  it.effect("then makes no call, and says since when and until when", () =>
    Effect.gen(function* () {
      const { call, calls, times } = yield* start
      yield* TestClock.adjust("1 minute")
      yield* times(1, silence)
      yield* TestClock.adjust("1 minute")
      yield* times(4, silence)
      const error = yield* Effect.flip(call(Effect.succeed("there")))
      assert.strictEqual(error.reason._tag, "Unreachable")
      assert.match(
        error.message,
        /^netcup has not been reached since 1970-01-01T00:01:00\.000Z; it is tried again at 1970-01-01T00:02:0[01]\.\d{3}Z$/
      )
      assert.strictEqual(yield* calls, 5)
    })
  )

  for (const [what, answer] of [
    ["a success", Effect.void],
    ["a refusal", failing(new Refused({ message: "no" }))]
  ] as const) {
    it.effect(`${what} is an answer: it begins anew`, () =>
      Effect.gen(function* () {
        const { calls, times } = yield* start
        yield* times(4, silence)
        yield* times(1, answer)
        yield* times(4, silence)
        yield* times(1, Effect.void)
        assert.strictEqual(yield* calls, 10)
      })
    )
  }

  for (const [what, reason] of [
    ["an unknown outcome", new UnknownOutcome({ message: "lost" })],
    ["a call that was called off", new CalledOff({ message: "too late" })]
  ] as const) {
    it.effect(`${what} is neither an answer nor a failure`, () =>
      Effect.gen(function* () {
        const { calls, times } = yield* start
        yield* times(4, silence)
        yield* times(10, failing(reason))
        yield* times(1, silence)
        yield* times(1, Effect.void)
        assert.strictEqual(yield* calls, 15)
      })
    )
  }

  it.effect("lets exactly one call try after a pause, and all when that is answered", () =>
    Effect.gen(function* () {
      const { call, calls, times } = yield* start
      yield* times(5, silence)
      yield* TestClock.adjust("499 millis")
      yield* times(1, Effect.void)
      assert.strictEqual(yield* calls, 5)
      yield* TestClock.adjust("1001 millis")
      const answer = yield* Deferred.make<void>()
      const trial = yield* Effect.forkChild(call(Deferred.await(answer)), { startImmediately: true })
      const error = yield* Effect.flip(call(Effect.void))
      assert.match(error.message, /being tried just now$/)
      assert.strictEqual(yield* calls, 6)
      yield* Deferred.succeed(answer, undefined)
      yield* Fiber.join(trial)
      yield* times(3, Effect.void)
      assert.strictEqual(yield* calls, 9)
    })
  )

  it.effect("doubles its pause with each trial that is not answered, up to ten seconds", () =>
    Effect.gen(function* () {
      const { calls, times } = yield* start
      yield* times(5, silence)
      let made = 5
      for (const pause of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
        yield* TestClock.adjust(pause * 0.5 - 1)
        yield* times(3, silence)
        assert.strictEqual(yield* calls, made, `earlier than half of ${pause} ms`)
        yield* TestClock.adjust(pause + 1)
        yield* times(3, silence)
        assert.strictEqual(yield* calls, ++made, `later than one and a half of ${pause} ms`)
      }
      yield* TestClock.adjust("15 seconds")
      yield* times(1, Effect.void)
      yield* times(5, silence)
      // Back to the first pause.
      yield* TestClock.adjust("1500 millis")
      yield* times(1, Effect.void)
      assert.strictEqual(yield* calls, made + 7)
    })
  )

  it.effect("says when netcup is tried again, and lets a call through then", () =>
    Effect.gen(function* () {
      const { call, times } = yield* start
      yield* times(5, silence)
      const { reason } = yield* Effect.flip(call(Effect.void))
      const retryAt = reason._tag === "Unreachable" ? (reason.retryAt ?? Number.NaN) : Number.NaN
      yield* TestClock.setTime(retryAt - 1)
      assert.strictEqual((yield* Effect.flip(call(Effect.void))).reason._tag, "Unreachable")
      yield* TestClock.setTime(retryAt)
      yield* call(Effect.void)
    })
  )

  it.effect("a trial that is interrupted leaves its place to the next", () =>
    Effect.gen(function* () {
      const { call, times } = yield* start
      yield* times(5, silence)
      yield* TestClock.adjust("1500 millis")
      const trial = yield* Effect.forkChild(call(Effect.never), { startImmediately: true })
      yield* Fiber.interrupt(trial)
      assert.strictEqual(yield* call(Effect.succeed("there")), "there")
    })
  )

  it.effect("a call that began before and is answered late opens the way again", () =>
    Effect.gen(function* () {
      const { call, times } = yield* start
      const answer = yield* Deferred.make<void>()
      const early = yield* Effect.forkChild(call(Deferred.await(answer)), { startImmediately: true })
      yield* times(5, silence)
      yield* Deferred.succeed(answer, undefined)
      yield* Fiber.join(early)
      assert.strictEqual(yield* call(Effect.succeed("there")), "there")
    })
  )

  it.effect("calls that began before and fail late make no pause longer", () =>
    Effect.gen(function* () {
      const { call, times } = yield* start
      const end = yield* Deferred.make<void>()
      const early = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3], () => Effect.exit(call(Effect.andThen(Deferred.await(end), silence))), {
          concurrency: "unbounded"
        }),
        { startImmediately: true }
      )
      yield* times(5, silence)
      yield* TestClock.adjust("1500 millis")
      yield* Deferred.succeed(end, undefined)
      yield* Fiber.join(early)
      assert.strictEqual(yield* call(Effect.succeed("there")), "there")
    })
  )

  it.effect("a call that began before and fails during a trial does not open the way for another", () =>
    Effect.gen(function* () {
      const { call, calls, times } = yield* start
      const end = yield* Deferred.make<void>()
      const early = yield* Effect.forkChild(Effect.exit(call(Effect.andThen(Deferred.await(end), silence))), {
        startImmediately: true
      })
      yield* times(5, silence)
      yield* TestClock.adjust("1500 millis")
      yield* Effect.forkChild(call(Effect.never), { startImmediately: true })
      yield* Deferred.succeed(end, undefined)
      yield* Fiber.join(early)
      yield* TestClock.adjust("1 minute")
      yield* times(1, Effect.void)
      assert.strictEqual(yield* calls, 7)
    })
  )

  describe("a change", () => {
    it.effect("is made while other calls are held back, and while one of them is a trial", () =>
      Effect.gen(function* () {
        const { call, calls, change, times } = yield* start
        yield* times(5, silence)
        yield* Effect.exit(change(silence))
        yield* times(1, Effect.void)
        assert.strictEqual(yield* calls, 6)
        yield* TestClock.adjust("1500 millis")
        yield* Effect.forkChild(call(Effect.never), { startImmediately: true })
        yield* Effect.exit(change(silence))
        assert.strictEqual(yield* calls, 8)
      })
    )

    it.effect("that is answered opens the way for all", () =>
      Effect.gen(function* () {
        const { call, change, times } = yield* start
        yield* times(5, silence)
        yield* change(Effect.void)
        assert.strictEqual(yield* call(Effect.succeed("there")), "there")
      })
    )

    it.effect("that is not answered counts as any call", () =>
      Effect.gen(function* () {
        const { call, change, times } = yield* start
        yield* times(4, silence)
        yield* Effect.exit(change(silence))
        assert.strictEqual((yield* Effect.flip(call(Effect.void))).reason._tag, "Unreachable")
      })
    )

    for (const [what, outcome] of [
      ["that is not answered", silence],
      ["that is called off", failing(new CalledOff({ message: "too late" }))]
    ] as const) {
      it.effect(`${what} takes nothing from a trial, nor from the pause before it`, () =>
        Effect.gen(function* () {
          const { call, calls, change, times } = yield* start
          yield* times(5, silence)
          yield* Effect.exit(change(outcome))
          yield* times(1, Effect.void)
          assert.strictEqual(yield* calls, 6)
          yield* TestClock.adjust("1500 millis")
          const end = yield* Deferred.make<void>()
          const trial = yield* Effect.forkChild(call(Deferred.await(end)), { startImmediately: true })
          yield* Effect.exit(change(outcome))
          yield* times(1, Effect.void)
          assert.strictEqual(yield* calls, 8)
          yield* Deferred.succeed(end, undefined)
          yield* Fiber.join(trial)
          assert.strictEqual(yield* call(Effect.succeed("there")), "there")
        })
      )
    }
  })
})
