import { assert, describe, it } from "@effect/vitest"
import * as MoveTimes from "@netcup-failover/controller/act/MoveTimes"
import * as Metrics from "@netcup-failover/controller/Metrics"
import { HoldReason } from "@netcup-failover/core/Group"
import { Decision, MoveReason } from "@netcup-failover/core/Plan"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as TestClock from "effect/testing/TestClock"
import { node } from "../Given.ts"

const lost = MoveReason.LeftNode({ from: node(1), reasons: [] })
const move = (to: number, because: MoveReason = lost) => Decision.Move({ to: node(to), because })
const stay = (at: number) => Decision.Stay({ node: node(at) })

/** A registry for each test. */
const alone = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provideService(test, Metric.MetricRegistry, new Map())

const count = (reason: MoveReason["_tag"], outcome: Metrics.MoveOutcome) =>
  Effect.map(Metric.value(Metrics.moves(reason, outcome)), (state) => state.count)
const spent = (phase: Metrics.Phase) =>
  Effect.map(Metric.value(Metrics.phases(phase)), ({ count, sum }) => (count === 0 ? undefined : sum))
const whole = Effect.map(Metric.value(Metrics.failovers), ({ count, sum }) => (count === 0 ? undefined : sum))

describe("the times of moves", () => {
  it.effect("are those of the phases of a failover, to the last address", () =>
    Effect.gen(function* () {
      const times = MoveTimes.make()
      const detection = { at: yield* Monotonic.now, took: 16_000 }
      yield* TestClock.adjust("1 second")
      yield* times.decided("a", move(2), detection)
      yield* TestClock.adjust("2 seconds")
      yield* times.called("a", node(2))
      yield* TestClock.adjust("4 seconds")
      yield* times.confirmed("a", node(2))
      yield* TestClock.adjust("8 seconds")
      // Another address of the group, in another pass; by then the way has only begun.
      yield* times.decided("a", move(2, MoveReason.Begun()), undefined)
      yield* times.called("a", node(2))
      yield* times.confirmed("a", node(2))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* count("LeftNode", "routed"), 0)
      yield* times.decided("a", stay(2), undefined)
      yield* times.decided("a", stay(2), undefined)
      assert.strictEqual(yield* count("LeftNode", "routed"), 1)
      assert.deepStrictEqual(
        [
          yield* spent("detected"),
          yield* spent("decided"),
          yield* spent("called"),
          yield* spent("confirmed"),
          yield* whole
        ],
        [16, 1, 2, 12, 15]
      )
    }).pipe(alone)
  )

  it.effect("are not measured of what is no failover", () =>
    Effect.gen(function* () {
      const times = MoveTimes.make()
      yield* times.decided("a", move(2, MoveReason.FirstPlacement()), undefined)
      yield* times.called("a", node(2))
      yield* times.confirmed("a", node(2))
      yield* times.decided("a", stay(2), undefined)
      assert.strictEqual(yield* count("FirstPlacement", "routed"), 1)
      assert.isUndefined(yield* whole)
    }).pipe(alone)
  )

  it.effect("are not measured of a failover that somebody else made", () =>
    Effect.gen(function* () {
      const times = MoveTimes.make()
      yield* times.decided("a", move(2), undefined)
      yield* times.decided("a", stay(2), undefined)
      assert.strictEqual(yield* count("LeftNode", "routed"), 1)
      assert.isUndefined(yield* whole)
    }).pipe(alone)
  )

  it.effect("end with a change of plans: as failed if netcup had failed, else as abandoned", () =>
    Effect.gen(function* () {
      const times = MoveTimes.make()
      yield* times.decided("a", move(2), undefined)
      times.failed("a", node(2))
      yield* times.decided("a", move(3), undefined)
      assert.strictEqual(yield* count("LeftNode", "failed"), 1)
      // What is still told of the old way says nothing of the new one.
      times.failed("a", node(2))
      yield* times.decided("a", Decision.Unplaceable({ reasons: new Map() }), undefined)
      assert.strictEqual(yield* count("LeftNode", "abandoned"), 1)
      yield* times.decided("b", move(2), undefined)
      yield* times.decided("b", stay(1), undefined)
      assert.strictEqual(yield* count("LeftNode", "abandoned"), 2)
      yield* times.decided("c", move(2), undefined)
      yield* times.retain(new Set(["a", "b"]))
      assert.strictEqual(yield* count("LeftNode", "abandoned"), 3)
      assert.strictEqual(yield* count("LeftNode", "routed"), 0)
    }).pipe(alone)
  )

  it.effect("go on over a hold, and a move that failed on its way is routed in the end", () =>
    Effect.gen(function* () {
      const times = MoveTimes.make()
      yield* times.decided("a", move(2), undefined)
      times.failed("a", node(2))
      const because = HoldReason.AccountUnknown({ message: "" })
      yield* times.decided("a", Decision.Hold({ until: undefined, because }), undefined)
      yield* times.decided("a", move(2), undefined)
      yield* times.decided("a", stay(2), undefined)
      assert.strictEqual(yield* count("LeftNode", "routed"), 1)
      assert.strictEqual(yield* count("LeftNode", "failed"), 0)
    }).pipe(alone)
  )
})
