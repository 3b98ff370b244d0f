import { assert, describe, it } from "@effect/vitest"
import * as Prober from "@netcup-failover/controller/observe/Prober"
import type { ProbeTarget } from "@netcup-failover/controller/observe/ProbeTarget"
import { type Outcome, Outcome as Outcomes } from "@netcup-failover/controller/observe/TcpConnect"
import { Settings } from "@netcup-failover/controller/Settings"
import { NodeName } from "@netcup-failover/core/Candidate"
import { Signal } from "@netcup-failover/core/detect/Signal"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as TestClock from "effect/testing/TestClock"
import { settingsOf } from "../TestSettings.ts"
import { deaf, held, listener, swallowingPort } from "./Listeners.ts"

type Targets = ReadonlyMap<NodeName, ProbeTarget>

const target = (n: number): ProbeTarget => ({ host: `127.0.1.${n}`, port: 10_250 })
const nodeOf = (n: number) => NodeName.make(`node-${n}`)
const nodes = (count: number): Targets =>
  new Map(Array.from({ length: count }, (_, n) => [nodeOf(n + 1), target(n + 1)]))

interface Play {
  readonly environment?: Readonly<Record<string, string>>
  /** What comes of a connect, and when. */
  readonly connect?: (target: ProbeTarget, timeout: number) => Effect.Effect<Outcome>
}

/** A prober over a play of connects, by the test's clock. */
const start = Effect.fnUntraced(function* (
  first: Targets,
  { environment, connect = () => Effect.succeed(Outcomes.Answered()) }: Play = {}
) {
  const settings = yield* Effect.provide(Settings, settingsOf(environment))
  const targets = yield* SubscriptionRef.make(first)
  const signals: Array<Signal> = []
  /** When each host was asked, in ms, and how many connects are under way. */
  const asked = new Map<string, Array<number>>()
  const underWay = new Map<string, number>()
  let most = 0
  const warnings: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    if (logLevel === "Warn" || logLevel === "Error") warnings.push(JSON.stringify(message))
  })
  const fiber = yield* Prober.run({
    targets: SubscriptionRef.changes(targets),
    settings,
    hear: (signal) => Effect.sync(() => void signals.push(signal)),
    connect: (target, timeout) =>
      Effect.gen(function* () {
        const now = yield* Monotonic.now
        asked.set(target.host, [...(asked.get(target.host) ?? []), now])
        const others = underWay.get(target.host) ?? 0
        assert.strictEqual(others, 0, `${target.host} is asked twice at once`)
        underWay.set(target.host, others + 1)
        most = Math.max(
          most,
          [...underWay.values()].reduce((sum, one) => sum + one, 0)
        )
        return yield* connect(target, timeout)
      }).pipe(Effect.ensuring(Effect.sync(() => underWay.set(target.host, (underWay.get(target.host) ?? 1) - 1))))
  }).pipe(Effect.provide(Logger.layer([logger])), Effect.forkScoped)
  return { asked, fiber, most: () => most, signals, targets, underWay, warnings }
})

const seconds = (count: number) => Effect.repeat(TestClock.adjust("10 millis"), { times: count * 100 - 1 })

const timesOf = (asked: ReadonlyMap<string, ReadonlyArray<number>>, n: number) => asked.get(`127.0.1.${n}`) ?? []

const swallow = (_: ProbeTarget, timeout: number) =>
  Effect.gen(function* () {
    const startedAt = yield* Monotonic.now
    yield* Effect.sleep(timeout)
    return Outcomes.Unanswered({ startedAt })
  })

describe("the prober", () => {
  it.effect("asks each node once an interval, at its own moment of it", () =>
    Effect.gen(function* () {
      const { asked, signals } = yield* start(nodes(50))
      yield* seconds(20)
      for (let n = 1; n <= 50; n++) {
        const times = timesOf(asked, n)
        assert.strictEqual(times.length, 20)
        for (const [index, at] of times.entries()) assert.closeTo(at - (times[0] ?? 0), index * 1_000, 15)
      }
      assert.strictEqual(signals.length, 1_000)
    })
  )

  it.effect("never asks many nodes in one moment", () =>
    Effect.gen(function* () {
      const { asked } = yield* start(nodes(50))
      yield* seconds(5)
      const tenths = new Map<number, number>()
      for (const at of [...asked.values()].flat()) {
        tenths.set(Math.floor(at / 100), (tenths.get(Math.floor(at / 100)) ?? 0) + 1)
      }
      assert.isAtLeast(tenths.size, 50)
      assert.isAtMost(Math.max(...tenths.values()), 7)
    })
  )

  it.effect("asks each at its own moment again after this process stood still", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.clockWith(Effect.succeed)
      let stoodStill = 0n
      const nanos = () => clock.monotonicTimeNanosUnsafe() + stoodStill
      const { asked } = yield* start(nodes(50)).pipe(
        // Sleeps end late, as those of a process do that was stopped.
        Effect.provideService(Clock.Clock, {
          currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
          currentTimeMillis: clock.currentTimeMillis,
          currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
          currentTimeNanos: clock.currentTimeNanos,
          monotonicTimeNanosUnsafe: nanos,
          monotonicTimeNanos: Effect.sync(nanos),
          sleep: (duration) => clock.sleep(duration)
        })
      )
      yield* seconds(2)
      const moments = new Map([...asked].map(([host, times]) => [host, (times[0] ?? 0) % 1_000]))
      for (const times of asked.values()) times.length = 0
      stoodStill = 30_300_000_000n
      yield* seconds(4)
      for (const [host, times] of asked) {
        assert.isAtLeast(times.length, 3)
        for (const at of times) assert.closeTo(at % 1_000, moments.get(host) ?? 0, 15)
      }
    })
  )

  it.effect("tells of the unanswered when they began, one after the other without a pause", () =>
    Effect.gen(function* () {
      const { asked, signals } = yield* start(nodes(1), { connect: swallow })
      yield* seconds(20)
      const times = timesOf(asked, 1)
      assert.isAtLeast(times.length, 19)
      assert.deepStrictEqual(
        signals,
        times.slice(0, signals.length).map((startedAt) => Signal.Unanswered({ node: nodeOf(1), startedAt }))
      )
      for (const [index, at] of times.entries()) assert.closeTo(at - (times[0] ?? 0), index * 1_000, 300)
    })
  )

  it.effect("is as punctual with the others while half of the nodes swallow", () =>
    Effect.gen(function* () {
      const dead = (host: string) => Number(host.split(".")[3]) > 25
      const { asked, most } = yield* start(nodes(50), {
        connect: (target, timeout) =>
          dead(target.host) ? swallow(target, timeout) : Effect.succeed(Outcomes.Answered())
      })
      yield* seconds(10)
      for (let n = 1; n <= 25; n++) {
        const times = timesOf(asked, n)
        assert.strictEqual(times.length, 10)
        for (const [index, at] of times.entries()) assert.closeTo(at - (times[0] ?? 0), index * 1_000, 15)
      }
      assert.isAtMost(most(), 26)
    })
  )

  it.effect("has never more connects under way than it may", () =>
    Effect.gen(function* () {
      const { asked, most } = yield* start(nodes(50), { connect: swallow, environment: { PROBE_CONCURRENCY: "10" } })
      yield* seconds(20)
      assert.strictEqual(most(), 10)
      // Whoever waits longest is next.
      for (let n = 1; n <= 50; n++) assert.isAtLeast(timesOf(asked, n).length, 3)
    })
  )

  it.effect("follows nodes as they come, change their address and go", () =>
    Effect.gen(function* () {
      const { asked, signals, targets } = yield* start(nodes(2))
      const retargeted = () => signals.filter(({ _tag }) => _tag === "Retargeted")
      yield* seconds(3)
      yield* SubscriptionRef.set(
        targets,
        new Map([
          [nodeOf(1), target(1)],
          [nodeOf(2), target(3)],
          [nodeOf(4), target(4)]
        ])
      )
      yield* seconds(3)
      assert.deepStrictEqual(
        [1, 2, 3, 4].map((n) => timesOf(asked, n).length),
        [6, 3, 3, 3]
      )
      // What it answered where it was says nothing of where it is.
      assert.deepStrictEqual(retargeted(), [Signal.Retargeted({ node: nodeOf(2) })])
      // Its moment of the interval is the node's, not the address's.
      assert.closeTo((timesOf(asked, 3)[0] ?? 0) - (timesOf(asked, 2)[0] ?? 0), 3_000, 15)
      yield* SubscriptionRef.set(targets, new Map())
      yield* seconds(3)
      assert.deepStrictEqual(
        retargeted().slice(1),
        [1, 2, 4].map((n) => Signal.Retargeted({ node: nodeOf(n) }))
      )
      assert.deepStrictEqual(
        [1, 2, 3, 4].map((n) => timesOf(asked, n).length),
        [6, 3, 3, 3]
      )
    })
  )

  it.effect("breaks off the connect to a node that goes", () =>
    Effect.gen(function* () {
      const { targets, underWay, signals } = yield* start(nodes(1), { connect: () => Effect.never })
      yield* seconds(2)
      assert.strictEqual(underWay.get("127.0.1.1"), 1)
      yield* SubscriptionRef.set(targets, new Map())
      yield* seconds(1)
      assert.strictEqual(underWay.get("127.0.1.1"), 0)
      assert.deepStrictEqual(signals, [Signal.Retargeted({ node: nodeOf(1) })])
    })
  )

  it.effect("says nothing of nodes by what our own machine refuses, and warns once", () =>
    Effect.gen(function* () {
      const { signals, warnings } = yield* start(nodes(5), {
        connect: ({ host }) => Effect.succeed(Outcomes.Unasked({ code: host === "127.0.1.1" ? "LATE" : "EMFILE" }))
      })
      yield* seconds(5)
      assert.deepStrictEqual(signals, [])
      assert.strictEqual(warnings.length, 1)
      assert.include(warnings[0], "EMFILE")
    })
  )

  it.effect("goes on after a defect", () =>
    Effect.gen(function* () {
      let left = 3
      const { signals } = yield* start(nodes(1), {
        connect: () => (left-- > 0 ? Effect.die("a bug") : Effect.succeed(Outcomes.Answered()))
      })
      yield* seconds(10)
      assert.isAtLeast(signals.length, 3)
    })
  )

  it.effect("asks nobody when it is switched off", () =>
    Effect.gen(function* () {
      const { asked } = yield* start(nodes(5), { environment: { PROBES: "Off" } })
      yield* seconds(5)
      assert.strictEqual(asked.size, 0)
    })
  )

  it.effect("keeps to its settings", () =>
    Effect.gen(function* () {
      const timeouts = new Set<number>()
      const { asked } = yield* start(nodes(1), {
        environment: { PROBE_INTERVAL: "250ms", PROBE_TIMEOUT: "700ms" },
        connect: (_, timeout) =>
          Effect.as(
            Effect.sync(() => timeouts.add(timeout)),
            Outcomes.Answered()
          )
      })
      yield* seconds(5)
      assert.strictEqual(timesOf(asked, 1).length, 20)
      assert.deepStrictEqual([...timeouts], [700])
    })
  )

  it.live("hears of real nodes what they are, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const accepting = yield* listener("127.0.1.11")
      const closing = yield* listener("127.0.1.12", (socket) => void socket.end())
      const swallowing = yield* swallowingPort("127.0.1.13")
      const refusing = yield* deaf("127.0.1.14")
      const before = held()
      const signals: Array<Signal> = []
      const settings = yield* Effect.provide(Settings, settingsOf({ PROBE_INTERVAL: "50ms", PROBE_TIMEOUT: "50ms" }))
      const fiber = yield* Prober.run({
        settings,
        hear: (signal) => Effect.sync(() => void signals.push(signal)),
        targets: Stream.make(
          new Map([
            [nodeOf(1), { host: "127.0.1.11", port: accepting.port }],
            [nodeOf(2), { host: "127.0.1.12", port: closing.port }],
            [nodeOf(3), { host: "127.0.1.13", port: swallowing }],
            [nodeOf(4), { host: "127.0.1.14", port: refusing }]
          ])
        )
      }).pipe(Effect.forkChild)
      yield* Effect.sleep("1 second")
      yield* Fiber.interrupt(fiber)
      yield* Effect.sleep("50 millis")
      assert.deepStrictEqual(held(), before)
      assert.strictEqual(yield* accepting.open, 0)
      assert.strictEqual(yield* closing.open, 0)
      // A busy machine may have kept us from some.
      const heard = (n: number) =>
        new Set(signals.flatMap((one) => ("node" in one && one.node === nodeOf(n) ? [one._tag] : [])))
      assert.deepStrictEqual(
        [1, 2, 3, 4].map((n) => [...heard(n)]),
        [["Answered"], ["Answered"], ["Unanswered"], ["Answered"]]
      )
      assert.isAbove(accepting.accepted(), 3)
    }).pipe(Effect.scoped)
  )
})
