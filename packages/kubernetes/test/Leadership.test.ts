import { assert, describe, it } from "@effect/vitest"
import { Leadership, type LeadershipSettings } from "@netcup-failover/kubernetes/Leadership"
import { LeaseStore } from "@netcup-failover/kubernetes/LeaseStore"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { quiet } from "./FakeApiServer.ts"
import * as MemoryLeases from "./MemoryLeases.ts"

/** In steps: one big `adjust` would jump past fibers that have not gone to sleep yet. */
const pass = (seconds: number) => Effect.repeat(TestClock.adjust("250 millis"), { times: seconds * 4 - 1 })

const candidate = (
  leases: ReturnType<typeof MemoryLeases.make>,
  identity: string,
  settings: Partial<LeadershipSettings> = {}
) =>
  Effect.gen(function* () {
    const { store, become } = leases.reach()
    const context = yield* Layer.build(
      Leadership.layer({ identity, ...settings }).pipe(Layer.provide(Layer.succeed(LeaseStore, store)))
    )
    return { ...Context.get(context, Leadership), become }
  })

/** Work that never ends by itself and takes `ending` seconds to be interrupted; `now()` says how many do it. */
const labour = (ending = 0) => {
  let now = 0
  let most = 0
  const work = Effect.acquireUseRelease(
    Effect.sync(() => {
      now += 1
      most = Math.max(most, now)
    }),
    () => Effect.never,
    () =>
      Effect.andThen(
        Effect.sleep(ending * 1000),
        Effect.sync(() => {
          now -= 1
        })
      )
  )
  return { work, now: () => now, most: () => most }
}

const foreign = (renewTime: string, leaseDurationSeconds = 15) => ({
  holderIdentity: "go",
  leaseDurationSeconds,
  acquireTime: "2020-01-01T00:00:00.000000Z",
  renewTime,
  leaseTransitions: 4
})

const lostBecause = (fiber: Fiber.Fiber<unknown, unknown>) =>
  Effect.map(Fiber.await(fiber), (exit) =>
    Exit.isFailure(exit)
      ? exit.cause.reasons.map((reason) =>
          reason._tag === "Fail"
            ? Schema.decodeUnknownSync(Schema.Struct({ reason: Schema.String }))(reason.error).reason
            : reason._tag
        )
      : ["no failure"]
  )

const election = (name: string, test: Effect.Effect<void, unknown, Scope.Scope>) =>
  it.effect(name, () => test.pipe(quiet))

describe("a candidate", () => {
  election(
    "creates the Lease when there is none, and renews it while its work runs",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      const a = yield* candidate(leases, "a")
      const { work, now } = labour()
      assert.isFalse(yield* a.isLeader)
      yield* Effect.forkScoped(a.whileLeader(work))
      yield* pass(1)
      assert.strictEqual(now(), 1)
      assert.isTrue(yield* a.isLeader)
      assert.deepStrictEqual(leases.record(), {
        holderIdentity: "a",
        leaseDurationSeconds: 15,
        acquireTime: "1970-01-01T00:00:00.000000Z",
        renewTime: "1970-01-01T00:00:00.000000Z",
        leaseTransitions: 0
      })
      yield* pass(60)
      assert.strictEqual(now(), 1)
      assert.strictEqual(leases.record()?.acquireTime, "1970-01-01T00:00:00.000000Z")
      assert.strictEqual(leases.record()?.renewTime, "1970-01-01T00:01:00.000000Z")
    })
  )

  for (const seconds of [60, 4]) {
    election(
      `leaves a foreign Lease alone for the ${seconds} s that its holder wrote into it, and then takes it`,
      Effect.gen(function* () {
        const leases = MemoryLeases.make()
        yield* leases.write(foreign("2020-01-01T00:00:00.000000Z", seconds))
        const a = yield* candidate(leases, "a")
        const { work, now } = labour()
        yield* Effect.forkScoped(a.whileLeader(work))
        yield* pass(seconds - 1)
        assert.strictEqual(now(), 0)
        yield* pass(2)
        assert.strictEqual(now(), 1)
        assert.strictEqual(leases.record()?.leaseTransitions, 5)
      })
    )
  }

  election(
    "never takes a Lease that keeps changing, whatever time its holder believes it is",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      const a = yield* candidate(leases, "a")
      const { work, most } = labour()
      yield* leases.write(foreign("1999-01-01T00:00:00.000000Z"))
      yield* Effect.forkScoped(a.whileLeader(work))
      for (let n = 10; n < 30; n++) {
        yield* pass(14)
        yield* leases.write(foreign(`1999-01-01T00:00:${n}.000000Z`))
      }
      assert.strictEqual(most(), 0)
    })
  )

  election(
    "takes a released Lease within its retry interval",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      const [a, b] = [yield* candidate(leases, "a"), yield* candidate(leases, "b")]
      const [first, second] = [labour(), labour()]
      const leader = yield* Effect.forkScoped(a.whileLeader(first.work))
      yield* pass(1)
      yield* Effect.forkScoped(b.whileLeader(second.work))
      yield* pass(30)
      assert.deepStrictEqual([first.now(), second.now()], [1, 0])
      yield* Fiber.interrupt(leader)
      assert.strictEqual(leases.record()?.holderIdentity, "")
      assert.strictEqual(leases.record()?.leaseDurationSeconds, 1)
      yield* pass(2)
      assert.deepStrictEqual([first.now(), second.now()], [0, 1])
    })
  )

  election(
    "says until when another is known to have led: to the last renewal of one that died, and to the last look at one that gave up",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      const a = yield* candidate(leases, "a")
      assert.isUndefined(yield* a.othersLedUntil)
      yield* leases.write(foreign("2020-01-01T00:00:00.000000Z"))
      const fiber = yield* Effect.forkScoped(a.whileLeader(Effect.never))
      yield* pass(10)
      yield* leases.write(foreign("2020-01-01T00:00:10.000000Z"))
      yield* pass(20)
      assert.isTrue(yield* a.isLeader)
      const died = (yield* a.othersLedUntil) ?? 0
      assert.isTrue(died >= 10_000 && died <= 12_250, `${died}`)
      // Its own term is nobody else's.
      yield* Fiber.interrupt(fiber)
      yield* Effect.forkScoped(a.whileLeader(Effect.never))
      yield* pass(10)
      assert.strictEqual(yield* a.othersLedUntil, died)

      const c = yield* candidate(leases, "c")
      const waiting = yield* Effect.forkScoped(c.whileLeader(Effect.never))
      yield* pass(9)
      yield* leases.write({ ...foreign(""), holderIdentity: "", leaseDurationSeconds: 1 })
      const released = yield* Clock.currentTimeMillis
      yield* pass(3)
      const gaveUp = (yield* c.othersLedUntil) ?? 0
      assert.isTrue(gaveUp >= released - 2_250 && gaveUp <= released, `${gaveUp} ${released}`)
      yield* Fiber.interrupt(waiting)
    })
  )

  election(
    "that saw a Lease deleted under its holder still gives the holder its time",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      yield* leases.write(foreign("2020-01-01T00:00:00.000000Z"))
      const a = yield* candidate(leases, "a")
      const { work, now } = labour()
      yield* Effect.forkScoped(a.whileLeader(work))
      yield* pass(5)
      yield* leases.write(undefined)
      yield* pass(9)
      assert.strictEqual(now(), 0)
      yield* pass(4)
      assert.strictEqual(now(), 1)
    })
  )

  election(
    "that is stopped while the answer to its write is lost leaves nothing held",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      const a = yield* candidate(leases, "a")
      yield* a.become("deaf")
      const fiber = yield* Effect.forkScoped(a.whileLeader(Effect.never))
      yield* pass(1)
      assert.strictEqual(leases.record()?.holderIdentity, "a")
      yield* a.become("good")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(leases.record()?.holderIdentity, "")
    })
  )
})

describe("a leader", () => {
  for (const way of ["cut", "hangs"] as const) {
    election(
      `whose renewals fail (${way}) is interrupted at its deadline, before anybody else may lead`,
      Effect.gen(function* () {
        const leases = MemoryLeases.make()
        const [a, b] = [yield* candidate(leases, "a"), yield* candidate(leases, "b")]
        const [first, second] = [labour(), labour()]
        const leader = yield* Effect.forkScoped(a.whileLeader(first.work))
        yield* pass(1)
        yield* Effect.forkScoped(b.whileLeader(second.work))
        yield* a.become(way)
        yield* pass(8)
        assert.strictEqual(first.now(), 1)
        yield* pass(2)
        assert.deepStrictEqual([first.now(), second.now()], [0, 0])
        assert.isFalse(yield* a.isLeader)
        yield* pass(6)
        assert.deepStrictEqual(yield* lostBecause(leader), ["Expired"])
        assert.deepStrictEqual([first.now(), second.now()], [0, 1])
      })
    )
  }

  election(
    "outlives renewals that fail for less than its deadline, also when they were done and only their answers lost",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      const a = yield* candidate(leases, "a")
      const { work, now } = labour()
      yield* Effect.forkScoped(a.whileLeader(work))
      yield* pass(1)
      for (const way of ["cut", "deaf", "deaf", "cut"] as const) {
        yield* a.become(way)
        yield* pass(5)
        yield* a.become("good")
        yield* pass(3)
        assert.strictEqual(now(), 1)
      }
      assert.strictEqual(leases.record()?.leaseTransitions, 0)
    })
  )

  election(
    "outlives two tries in a row that were noticed as lost after 3 s each",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      const a = yield* candidate(leases, "a")
      const { work, now } = labour()
      yield* Effect.forkScoped(a.whileLeader(work))
      for (let round = 0; round < 5; round++) {
        yield* pass(1)
        yield* a.become("stalls")
        yield* pass(6)
        yield* a.become("good")
        yield* pass(8)
        assert.strictEqual(now(), 1)
      }
      assert.strictEqual(leases.record()?.leaseTransitions, 0)
    })
  )

  election(
    "of an API server that takes 4.5 s for each answer goes on leading",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      const a = yield* candidate(leases, "a")
      const { work, now } = labour()
      yield* a.become("slow")
      yield* Effect.forkScoped(a.whileLeader(work))
      yield* pass(10)
      for (let n = 0; n < 12; n++) {
        yield* pass(10)
        assert.strictEqual(now(), 1)
      }
      assert.strictEqual(leases.record()?.acquireTime, "1970-01-01T00:00:04.500000Z")
      // At the end nobody moves the clock.
      yield* a.become("good")
    })
  )

  election(
    "that stepped down since the clocks parted stands again, and leads again with clocks that agree",
    Effect.gen(function* () {
      let offset = 0
      const clock = yield* Clock.clockWith(Effect.succeed)
      const skewed: Clock.Clock = {
        ...clock,
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + offset,
        currentTimeMillis: Effect.sync(() => clock.currentTimeMillisUnsafe() + offset)
      }
      const leases = MemoryLeases.make()
      const a = yield* candidate(leases, "a")
      const { work, now, most } = labour()
      let lost = 0
      const term = Effect.catchTag(a.whileLeader(work), "LeaseLost", () =>
        Effect.sync(() => {
          lost += 1
        })
      )
      yield* Effect.forkScoped(Effect.provideService(Effect.forever(term), Clock.Clock, skewed))
      yield* pass(5)
      for (const jump of [3_600_000, -7_000]) {
        offset += jump
        const before = lost
        yield* pass(10)
        assert.strictEqual(lost, before + 1)
        assert.deepStrictEqual([now(), most()], [1, 1])
      }
      yield* pass(60)
      assert.strictEqual(lost, 2)
    })
  )

  election(
    "whose Lease somebody took stops at once, and does not touch it",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      const a = yield* candidate(leases, "a")
      const { work, now } = labour()
      const leader = yield* Effect.forkScoped(a.whileLeader(work))
      yield* pass(1)
      const theirs = foreign("2020-01-01T00:00:00.000000Z")
      yield* leases.write(theirs)
      yield* pass(2)
      assert.strictEqual(now(), 0)
      assert.deepStrictEqual(yield* lostBecause(leader), ["TakenOver"])
      assert.deepStrictEqual(leases.record(), theirs)
    })
  )

  election(
    "whose Lease was deleted stops, since anybody may have made another",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      const a = yield* candidate(leases, "a")
      const leader = yield* Effect.forkScoped(a.whileLeader(Effect.never))
      yield* pass(1)
      yield* leases.write(undefined)
      yield* pass(2)
      assert.deepStrictEqual(yield* lostBecause(leader), ["TakenOver"])
    })
  )

  election(
    "gives the Lease back only when its work has ended, and renews it until then",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      const [a, b] = [yield* candidate(leases, "a"), yield* candidate(leases, "b")]
      const [first, second] = [labour(40), labour()]
      const leader = yield* Effect.forkScoped(a.whileLeader(first.work))
      yield* pass(1)
      yield* Effect.forkScoped(b.whileLeader(second.work))
      const stopping = yield* Effect.forkScoped(Fiber.interrupt(leader))
      yield* pass(39)
      assert.deepStrictEqual([first.now(), second.now()], [1, 0])
      assert.strictEqual(leases.record()?.holderIdentity, "a")
      yield* pass(4)
      yield* Fiber.join(stopping)
      assert.deepStrictEqual([first.now(), second.now()], [0, 1])
    })
  )

  election(
    "gives the Lease back when its work fails, and fails as the work did",
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      const a = yield* candidate(leases, "a")
      assert.strictEqual(yield* Effect.flip(a.whileLeader(Effect.fail("no luck"))), "no luck")
      assert.strictEqual(leases.record()?.holderIdentity, "")
      assert.strictEqual(yield* a.whileLeader(Effect.succeed(7)), 7)
    })
  )

  election(
    "does one work at a time",
    Effect.gen(function* () {
      const a = yield* candidate(MemoryLeases.make(), "a")
      const { work, now } = labour()
      yield* Effect.forkScoped(a.whileLeader(work))
      yield* Effect.forkScoped(a.whileLeader(work))
      yield* pass(30)
      assert.strictEqual(now(), 1)
    })
  )

  for (const [jump, stays] of [
    [1_500, true],
    [-1_500, true],
    [3_000, false],
    [-3_000, false]
  ] as const) {
    election(
      `${stays ? "stays" : "steps down"} when the wall clock parts from the monotonic one by ${jump} ms`,
      Effect.gen(function* () {
        let offset = 0
        const clock = yield* Clock.clockWith(Effect.succeed)
        const skewed: Clock.Clock = {
          ...clock,
          currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + offset,
          currentTimeMillis: Effect.sync(() => clock.currentTimeMillisUnsafe() + offset)
        }
        const leases = MemoryLeases.make()
        const a = yield* candidate(leases, "a")
        const { work, now } = labour()
        const leader = yield* Effect.forkScoped(Effect.provideService(a.whileLeader(work), Clock.Clock, skewed))
        yield* pass(5)
        assert.strictEqual(now(), 1)
        offset = jump
        assert.strictEqual(yield* Effect.provideService(a.isLeader, Clock.Clock, skewed), stays)
        yield* pass(2)
        assert.strictEqual(now(), stays ? 1 : 0)
        if (!stays) {
          assert.deepStrictEqual(yield* lostBecause(leader), ["ClocksParted"])
          assert.strictEqual(leases.record()?.holderIdentity, "")
        }
      })
    )
  }

  election(
    "can be watched",
    Effect.gen(function* () {
      const a = yield* candidate(MemoryLeases.make(), "a")
      const seen = yield* Effect.forkScoped(a.changes.pipe(Stream.take(3), Stream.runCollect), {
        startImmediately: true
      })
      const leader = yield* Effect.forkScoped(a.whileLeader(Effect.never))
      yield* pass(10)
      yield* Fiber.interrupt(leader)
      assert.deepStrictEqual(yield* Fiber.join(seen), [false, true, false])
    })
  )
})

it.effect("durations that contradict each other are refused", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(candidate(MemoryLeases.make(), "a", { renewDeadline: "15 seconds" }))
    assert.strictEqual(error._tag, "InvalidDurations")
  }).pipe(Effect.scoped)
)

const Step = Schema.Struct({
  who: Schema.Literals([0, 1, 2]),
  what: Schema.Literals(["good", "cut", "hangs", "deaf", "stalls", "slow", "stop", "start"]),
  wait: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 }))
})

it.effect.prop(
  "never do two lead, whoever is cut off, stopped and started, and when all is well again one does",
  [Schema.Array(Step)],
  ([steps]) =>
    Effect.gen(function* () {
      const leases = MemoryLeases.make()
      // Ends within what is left between the deadline and the end of the Lease.
      const { work, now, most } = labour(4)
      const stand = (leader: Leadership["Service"]) =>
        Effect.forever(Effect.catchTag(leader.whileLeader(work), "LeaseLost", () => Effect.void))
      const candidates = yield* Effect.forEach(["a", "b", "c"], (identity) => candidate(leases, identity))
      const standing = new Map<number, Fiber.Fiber<never>>()
      for (const [n, each] of candidates.entries()) standing.set(n, yield* Effect.forkScoped(stand(each)))
      for (const { who, what, wait } of steps) {
        const each = candidates[who]
        if (each === undefined) continue
        const fiber = standing.get(who)
        if (what === "stop" && fiber !== undefined) {
          yield* Effect.forkScoped(Fiber.interrupt(fiber))
          standing.delete(who)
        } else if (what === "start" && fiber === undefined) {
          standing.set(who, yield* Effect.forkScoped(stand(each)))
        } else if (what !== "stop" && what !== "start") {
          yield* each.become(what)
        }
        yield* pass(wait)
        assert.isAtMost(most(), 1)
      }
      for (const [n, each] of candidates.entries()) {
        yield* each.become("good")
        if (!standing.has(n)) standing.set(n, yield* Effect.forkScoped(stand(each)))
      }
      yield* pass(40)
      assert.strictEqual(now(), 1)
      assert.strictEqual(most(), 1)
      // The work needs time to end, and at the end of the test nobody would move the clock.
      yield* Effect.forkScoped(Fiber.interruptAll(standing.values()))
      yield* pass(10)
      assert.strictEqual(now(), 0)
    }).pipe(Effect.scoped, quiet),
  { arbitrary: { runs: 150 }, timeout: 60_000 }
)
