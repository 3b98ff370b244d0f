import { assert, describe, it } from "@effect/vitest"
import { Detector } from "@netcup-failover/controller/observe/Detector"
import { Wake } from "@netcup-failover/controller/Wake"
import { type Candidate, NodeName } from "@netcup-failover/core/Candidate"
import { type DetectionChoice, keyOf } from "@netcup-failover/core/detect/DetectionChoice"
import { Signal } from "@netcup-failover/core/detect/Signal"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { settingsOf } from "../TestSettings.ts"

const node = (n: number) => NodeName.make(`node-${n}`)
const well = { ready: "True", deleting: false } as const

const candidate = (n: number): Candidate => ({
  name: node(n),
  server: undefined,
  labels: {},
  verdict: fromDeclared(well)
})

/** A detector that runs on node-0, with how often it woke the loop. */
const start = Effect.fnUntraced(function* (environment: Readonly<Record<string, string>> = {}) {
  let woken = 0
  const wake = Layer.succeed(Wake, {
    now: Effect.sync(() => {
      woken += 1
    }),
    next: Effect.never
  })
  const settings = settingsOf({ NODE_NAME: "node-0", ...environment })
  const context = yield* Layer.build(Detector.layer.pipe(Layer.provide([wake, settings])))
  const detector = yield* Effect.provide(Detector, context)

  const follow = (...choices: ReadonlyArray<DetectionChoice>) =>
    detector.follow(
      new Map(
        choices.flatMap((choice) => {
          const key = keyOf(choice)
          return key === undefined ? [] : [[key, choice] as const]
        })
      )
    )

  /** The verdict on a node, by a group's choice or by the controller's. */
  const verdict = Effect.fnUntraced(function* (n: number, choice?: DetectionChoice) {
    const judged = (yield* detector.judge)(candidate(n))
    const key = keyOf(choice)
    return key === undefined ? judged.verdict : judged.verdicts?.get(key)
  })
  const state = (n: number, choice?: DetectionChoice) => Effect.map(verdict(n, choice), (found) => found?.state)

  const beat = Effect.fnUntraced(function* (nodes: ReadonlyArray<number>) {
    for (const n of nodes) {
      yield* detector.hear(Signal.Renewed({ node: node(n) }))
      yield* detector.hear(Signal.Answered({ node: node(n) }))
    }
  })

  const unanswered = Effect.fnUntraced(function* (n: number) {
    yield* detector.hear(Signal.Unanswered({ node: node(n), startedAt: (yield* Monotonic.now) - 1_000 }))
  })

  const all = Array.from({ length: 5 }, (_, n) => n)
  for (const n of all) yield* detector.hear(Signal.Declared({ node: node(n), declared: well }))
  yield* detector.hear(Signal.LeasesHeard())
  yield* beat(all)
  yield* TestClock.adjust("1 second")
  // What reads overdue Leases finds nothing new.
  yield* detector.overdue.pipe(
    Stream.filter((nodes) => nodes.size > 0),
    Stream.runForEach(() => detector.hear(Signal.LeasesHeard())),
    Effect.forkScoped
  )

  /** One node is dead from now on: how many seconds until its verdict is this, if within 40. */
  const secondsUntil = Effect.fnUntraced(function* (
    dead: number,
    wanted: string,
    choice?: DetectionChoice,
    pace: { readonly millis: number; readonly isSilent?: boolean } = { millis: 1_000 }
  ) {
    const others = all.filter((n) => n !== dead)
    yield* beat(all)
    for (let passed = 0; passed < 40_000; passed += pace.millis) {
      if ((yield* state(dead, choice)) === wanted) return passed / 1_000
      yield* TestClock.adjust(pace.millis)
      if ((passed + pace.millis) % 1_000 !== 0) continue
      yield* beat(others)
      if (pace.isSilent !== false) yield* unanswered(dead)
    }
    return undefined
  })

  return {
    ...detector,
    all,
    follow,
    verdict,
    state,
    beat,
    unanswered,
    secondsUntil,
    /** How often since it was asked last. */
    woken: () => {
      const before = woken
      woken = 0
      return before
    }
  }
})

describe("the detector", () => {
  it.effect("wakes nobody for heartbeats, however many", () =>
    Effect.gen(function* () {
      const detector = yield* start()
      for (let n = 5; n < 50; n++) yield* detector.hear(Signal.Declared({ node: node(n), declared: well }))
      detector.woken()
      for (let second = 0; second < 60; second++) {
        yield* detector.beat(Array.from({ length: 50 }, (_, n) => n))
        yield* detector.hear(Signal.LeasesHeard())
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(detector.woken(), 0)
      assert.strictEqual(yield* detector.state(49), "Healthy")
    })
  )

  it.effect("wakes the loop once for each change of a verdict, and says so to who listens", () =>
    Effect.gen(function* () {
      const detector = yield* start()
      let changes = 0
      yield* detector.changes.pipe(
        Stream.runForEach(() =>
          Effect.sync(() => {
            changes += 1
          })
        ),
        Effect.forkScoped
      )
      yield* TestClock.adjust("1 second")
      detector.woken()
      changes = 0
      const declare = (declared: Parameters<typeof fromDeclared>[0]) =>
        Effect.andThen(detector.hear(Signal.Declared({ node: node(1), declared })), TestClock.adjust("1 second"))
      yield* declare({ ...well, ready: "False" })
      assert.deepStrictEqual([detector.woken(), changes], [1, 1])
      assert.strictEqual(yield* detector.state(1), "Failed")
      yield* declare({ ...well, ready: "False" })
      assert.deepStrictEqual([detector.woken(), changes], [0, 1])
      yield* declare({ ...well, ready: "False", deleting: true })
      assert.deepStrictEqual([detector.woken(), changes], [1, 2])
      yield* detector.hear(Signal.Gone({ node: node(1) }))
      assert.strictEqual(detector.woken(), 1)
    })
  )

  it.effect("convicts a node that is silent and whose Lease is stale, in the second when it is", () =>
    Effect.gen(function* () {
      const detector = yield* start()
      assert.strictEqual(yield* detector.secondsUntil(1, "Failed"), 15)
      const { reasons } = (yield* detector.verdict(1)) ?? { reasons: [] }
      assert.sameMembers(
        reasons.map(({ _tag }) => _tag),
        ["LeaseStale", "Unanswering"]
      )
    })
  )

  it.effect("does not wait for its next tick when a verdict is due", () =>
    Effect.gen(function* () {
      const detector = yield* start({ DETECTION_LEASE_STALE_AFTER: "15300ms" })
      assert.strictEqual(yield* detector.secondsUntil(1, "Failed", undefined, { millis: 100 }), 15.3)
    })
  )

  it.effect("suspects a node by its Lease alone, and tells who asks netcup of it until it is well", () =>
    Effect.gen(function* () {
      const detector = yield* start()
      const told: Array<string> = []
      yield* detector.suspects.pipe(
        Stream.runForEach((nodes) => Effect.sync(() => told.push([...nodes].join()))),
        Effect.forkScoped
      )
      assert.strictEqual(yield* detector.secondsUntil(1, "Suspect", undefined, { millis: 1_000, isSilent: false }), 15)
      assert.isUndefined(yield* detector.secondsUntil(2, "Failed", undefined, { millis: 1_000, isSilent: false }))
      yield* detector.beat(detector.all)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(told, ["", "node-1", "", "node-2", ""])
    })
  )

  it.effect("hears its own ticks, so that quiet is not taken for having stood still", () =>
    Effect.gen(function* () {
      const detector = yield* start()
      for (let second = 0; second < 10; second++) yield* TestClock.adjust("1 second")
      for (let second = 0; second < 2; second++) {
        yield* detector.unanswered(1)
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(yield* detector.state(1), "Suspect")
    })
  )

  it.effect("judges for each group by the thresholds that it chose", () =>
    Effect.gen(function* () {
      for (const [choice, seconds] of [
        [{ leaseStaleAfterSeconds: 20 }, 20],
        [{ mode: "Fast", leaseStaleAfterSeconds: 8 }, 8],
        [{ silentAfterSeconds: 25 }, 25],
        [{ mode: "NodeConditions" }, undefined],
        [{ mode: "Fast" }, 15]
      ] as const) {
        yield* Effect.gen(function* () {
          const detector = yield* start()
          yield* detector.follow(choice, { leaseStaleAfterSeconds: 30 })
          assert.strictEqual(yield* detector.secondsUntil(1, "Failed", choice), seconds, JSON.stringify(choice))
        }).pipe(Effect.scoped)
      }
    })
  )

  it.effect("goes by conditions at once where these are all that is asked for, and asks nobody about suspects", () =>
    Effect.gen(function* () {
      const detector = yield* start({ DETECTION_MODE: "NodeConditions" })
      let suspects = 0
      yield* detector.suspects.pipe(
        Stream.runForEach((nodes) =>
          Effect.sync(() => {
            suspects += nodes.size
          })
        ),
        Effect.forkScoped
      )
      detector.woken()
      assert.isUndefined(yield* detector.secondsUntil(1, "Failed"))
      assert.deepStrictEqual([yield* detector.state(1), suspects, detector.woken()], ["Healthy", 0, 0])
      yield* detector.follow({ mode: "Fast" })
      assert.strictEqual(yield* detector.state(1, { mode: "Fast" }), "Failed")
      const silent = { ...candidate(2), verdict: fromDeclared({ ready: "Unknown", deleting: false }) }
      assert.strictEqual((yield* detector.judge)(silent).verdict.state, "Failed")
    })
  )

  it.effect("acquits nobody because a group changes its thresholds", () =>
    Effect.gen(function* () {
      const detector = yield* start()
      yield* detector.secondsUntil(1, "Failed")
      yield* detector.beat(detector.all)
      yield* TestClock.adjust("1 second")
      const patient = { recoveredAfterSeconds: 20 }
      yield* detector.follow(patient)
      const states: Array<string | undefined> = []
      for (let second = 0; second < 25; second++) {
        states.push(`${yield* detector.state(1)} ${yield* detector.state(1, patient)}`)
        yield* TestClock.adjust("1 second")
        yield* detector.beat(detector.all)
      }
      assert.strictEqual(states[0], "Failed Failed")
      assert.strictEqual(states.indexOf("Healthy Failed"), 9)
      assert.strictEqual(states.indexOf("Healthy Healthy"), 19)
      yield* detector.follow()
      assert.isUndefined(yield* detector.verdict(1, patient))
    })
  )
})
