import { assert, describe, it } from "@effect/vitest"
import * as Failovers from "@netcup-failover/controller/report/Failovers"
import { NodeName } from "@netcup-failover/core/Candidate"
import { MoveReason } from "@netcup-failover/core/Plan"
import * as Sighting from "@netcup-failover/core/Sighting"
import { Sign } from "@netcup-failover/core/Verdict"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as TestClock from "effect/testing/TestClock"

const [one, two, three] = ["node-1", "node-2", "node-3"].map((name) => NodeName.make(name))
const second = 1_000_000_000n

/** Follows moves of the group `web` with a tracer and a logger that remember. */
const following = Effect.fnUntraced(function* () {
  if (one === undefined || two === undefined || three === undefined) return yield* Effect.die("three nodes")
  const spans: Array<Tracer.NativeSpan> = []
  const lines: Array<string> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const logger = Logger.make(({ message }) => lines.push(`${Array.isArray(message) ? message[0] : message}`))
  const scope = yield* Scope.make()
  const failovers = yield* Failovers.make.pipe(Scope.provide(scope), Effect.provideService(Tracer.Tracer, tracer))
  const logged = Effect.provide(Logger.layer([logger]))
  const move = (to = two, at?: bigint, from = one, signs: ReadonlyArray<Sighting.Sighting> = []) =>
    Effect.gen(function* () {
      const lookedAt = yield* Clock.currentTimeNanos
      const because = MoveReason.LeftNode({ from, reasons: [] })
      const signal = at === undefined ? undefined : { at, signs }
      yield* failovers.decided({ group: "web", from, to, because, signal, lookedAt })
    }).pipe(logged)
  const stay = (node = two) =>
    Effect.flatMap(Clock.currentTimeNanos, (now) => failovers.confirmed("web", node, now)).pipe(logged)
  return { failovers, spans, lines, move, stay, one, two, three, end: Scope.close(scope, Exit.void) }
})

const roots = (spans: ReadonlyArray<Tracer.NativeSpan>) => spans.filter(({ parent }) => Option.isNone(parent))
const outcomeOf = (span: Tracer.Span | undefined) =>
  span?.status._tag === "Ended" ? span.status.exit._tag : span?.status._tag

describe("a failover that is followed", () => {
  it.effect("is one trace and one line for each step, however often it is looked at", () =>
    Effect.gen(function* () {
      const { spans, lines, move, stay } = yield* following()
      for (let i = 0; i < 5; i++) yield* Effect.andThen(move(), TestClock.adjust("1 second"))
      assert.strictEqual(outcomeOf(roots(spans)[0]), "Started")
      yield* stay()
      yield* stay()
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        ["failover", "failover.decide", "failover.confirm"]
      )
      assert.strictEqual(outcomeOf(roots(spans)[0]), "Success")
      assert.deepStrictEqual(lines, ["moving group", "group is where it belongs"])
    })
  )

  it.effect("begins with the signal that came since the group was last seen in its place", () =>
    Effect.gen(function* () {
      const { spans, move, stay, one, two } = yield* following()
      const startOf = (i: number) => roots(spans)[i]?.status.startTime
      yield* stay(one)
      yield* TestClock.adjust("10 seconds")
      yield* move(two, 7n * second)
      assert.strictEqual(startOf(0), 7n * second)
      yield* stay(two)
      yield* TestClock.adjust("10 seconds")
      // An old signal caused nothing of this.
      yield* move(one, 7n * second, two)
      assert.strictEqual(startOf(1), 20n * second)
    })
  )

  it.effect("begins with the first sign of the loss, and has each sign as a span that ends with the conviction", () =>
    Effect.gen(function* () {
      const { spans, lines, move, stay, one, two, three } = yield* following()
      yield* stay(one)
      yield* TestClock.adjust("30 seconds")
      const signs = [
        Sighting.of(Sign.LeaseStale({ since: 5_000 }), 20_000),
        Sighting.of(Sign.Unanswering({ since: 12_000 }), 20_000),
        // The wall clock was set back after it was seen.
        Sighting.of(Sign.OutOfService({ taint: "t" }), 99_000)
      ]
      yield* move(two, 20n * second, one, signs)
      yield* move(three, 20n * second, one, signs)
      yield* stay(three)
      const [root, ...below] = spans
      assert.strictEqual(root?.status.startTime, 5n * second)
      const seen = below.filter(({ name }) => name === "failover.sign")
      assert.deepStrictEqual(
        seen.map(({ parent, attributes, status }) => [
          Option.getOrUndefined(parent) === root,
          attributes.get("failover.sign"),
          attributes.get("failover.from"),
          attributes.get("failover.because"),
          status.startTime,
          status._tag === "Ended" ? status.endTime : undefined
        ]),
        [
          [true, "LeaseStale", one, "has not renewed its Lease since 00:00:05Z", 5n * second, 20n * second],
          [true, "Unanswering", one, "has not answered since 00:00:12Z", 12n * second, 20n * second],
          [true, "OutOfService", one, "is out of service (taint t) (seen at 00:01:39Z)", 20n * second, 20n * second]
        ]
      )
      assert.deepStrictEqual(lines, ["moving group", "moving group", "group is where it belongs"])
    })
  )

  it.effect("has no sign of a loss that came before the group was last seen in its place", () =>
    Effect.gen(function* () {
      const { spans, move, stay, one, two } = yield* following()
      yield* TestClock.adjust("30 seconds")
      yield* stay(one)
      yield* move(two, 20n * second, one, [Sighting.gone(20_000)])
      assert.strictEqual(roots(spans)[0]?.status.startTime, 30n * second)
      assert.isFalse(spans.some(({ name }) => name === "failover.sign"))
    })
  )

  it.effect("stays one trace when another node is chosen on the way", () =>
    Effect.gen(function* () {
      const { spans, lines, move, stay, two, three } = yield* following()
      yield* move(two)
      yield* move(three)
      yield* stay(three)
      assert.lengthOf(roots(spans), 1)
      assert.strictEqual(roots(spans)[0]?.attributes.get("failover.to"), three)
      assert.deepStrictEqual(lines, ["moving group", "moving group", "group is where it belongs"])
    })
  )

  it.effect("has what is done for it in its trace, and nothing of other groups", () =>
    Effect.gen(function* () {
      const { failovers, spans, move } = yield* following()
      yield* move()
      const parentOf = (group: string) =>
        Effect.map(Effect.serviceOption(Tracer.ParentSpan), Option.getOrUndefined).pipe(failovers.within(group))
      assert.strictEqual(yield* parentOf("web"), roots(spans)[0])
      assert.strictEqual(yield* parentOf("other"), undefined)
    })
  )

  it.effect("ends as failed when its group is deleted", () =>
    Effect.gen(function* () {
      const { failovers, spans, move } = yield* following()
      yield* move()
      yield* failovers.retain(new Set(["web"]))
      assert.strictEqual(outcomeOf(roots(spans)[0]), "Started")
      yield* failovers.retain(new Set())
      assert.strictEqual(outcomeOf(roots(spans)[0]), "Failure")
    })
  )

  it.effect("ends as failed when this replica stops leading", () =>
    Effect.gen(function* () {
      const { spans, move, end } = yield* following()
      yield* move()
      yield* end
      assert.strictEqual(outcomeOf(roots(spans)[0]), "Failure")
    })
  )

  it.effect("ends as failed after ten minutes, and its end is told in the log all the same", () =>
    Effect.gen(function* () {
      const { spans, lines, move, stay } = yield* following()
      yield* move()
      yield* TestClock.adjust("601 seconds")
      yield* move()
      assert.strictEqual(outcomeOf(roots(spans)[0]), "Failure")
      yield* move()
      yield* stay()
      assert.lengthOf(roots(spans), 1)
      assert.deepStrictEqual(lines, ["moving group", "group is where it belongs"])
    })
  )
})
