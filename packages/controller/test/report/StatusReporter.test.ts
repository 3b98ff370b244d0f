import { assert, describe, it } from "@effect/vitest"
import { Fence } from "@netcup-failover/controller/act/Fence"
import { GroupEvents } from "@netcup-failover/controller/report/GroupEvents"
import { StatusReporter } from "@netcup-failover/controller/report/StatusReporter"
import { Wake } from "@netcup-failover/controller/Wake"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { resource } from "../Given.ts"
import { settingsOf } from "../TestSettings.ts"
import * as FakeCluster from "./FakeCluster.ts"

const to = (node: string): Status => ({ targetNode: node, observedGeneration: 1 })
const forbidden = Effect.fail(new KubeErrors.Forbidden({ message: "the role does not allow it" }))
const unreachable = Effect.fail(new KubeErrors.Unreachable({ message: "no answer within 5s" }))

type Answers = Parameters<typeof FakeCluster.make>[1]

/** A reporter before a cluster that has the group `primary` at version 1; `told` is what became an Event. */
const given = (status: Status | undefined = undefined, answers: Answers = [], unknown: Array<string> = []) => {
  const cluster = FakeCluster.make(resource({ status }), answers, unknown)
  const told: Array<string> = []
  const events = Layer.succeed(GroupEvents, {
    changed: (before, after) =>
      Effect.sync(() => {
        told.push(`${before.metadata.resourceVersion}: ${before.status?.targetNode} -> ${after.targetNode}`)
      })
  })
  const layer = StatusReporter.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(cluster.layer, events, Wake.layer, settingsOf()))
  )
  return { cluster, told, provide: Effect.provide(layer) }
}

/** Lets every fiber go on until it has to wait. */
const settled = TestClock.adjust(0)

const woken = Effect.gen(function* () {
  const wake = yield* Wake
  const waiting = yield* Effect.forkChild(wake.next, { startImmediately: true })
  yield* settled
  const came = waiting.pollUnsafe() !== undefined
  yield* Fiber.interrupt(waiting)
  return came
})

describe("a status", () => {
  it.effect("is written once, and then not again while it is the same", () => {
    const { cluster, told, provide } = given()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const seen = cluster.resource()
      yield* reporter.report(seen, to("a"))
      yield* reporter.report(seen, to("a"))
      yield* reporter.report(cluster.resource(), to("a"))
      assert.strictEqual(cluster.patches.length, 1)
      assert.deepStrictEqual(cluster.status(), to("a"))
      assert.deepStrictEqual(told, ["1: undefined -> a"])
    }).pipe(provide)
  })

  it.effect("is not written by one that leads no longer, however new the version is that it was composed from", () => {
    const { cluster, provide } = given()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const refused = yield* Effect.flip(reporter.report(cluster.resource(), to("a")))
      assert.strictEqual(refused.message, "no longer leading")
      yield* reporter.reportSoon(cluster.resource(), to("b"))
      yield* settled
      assert.deepStrictEqual(cluster.patches, [])
    }).pipe(provide, Effect.provideService(Fence, Effect.succeed(false)))
  })

  it.effect("that the group has already is not written", () => {
    const { cluster, told, provide } = given(to("a"))
    return Effect.gen(function* () {
      yield* (yield* StatusReporter).report(cluster.resource(), to("a"))
      assert.deepStrictEqual(cluster.patches, [])
      assert.deepStrictEqual(told, [])
    }).pipe(provide)
  })

  it.effect("replaces the whole one before: what it does not have any more goes", () => {
    const { cluster, provide } = given({ currentNode: "a", targetNode: "b", conditions: [], moves: [] })
    return Effect.gen(function* () {
      yield* (yield* StatusReporter).report(cluster.resource(), { currentNode: "b", observedGeneration: 2 })
      assert.deepStrictEqual(cluster.status(), { currentNode: "b", observedGeneration: 2 })
    }).pipe(provide)
  })

  it.effect("is written upon our own last one before the watch tells of it", () => {
    const { cluster, told, provide } = given()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const first = cluster.resource()
      yield* reporter.report(first, to("a"))
      const second = cluster.resource()
      assert.deepStrictEqual(yield* reporter.newest(first), second)
      yield* reporter.report(yield* reporter.newest(first), to("b"))
      const third = cluster.resource()
      // The watch may be at any of them by now.
      for (const seen of [first, second, third]) assert.deepStrictEqual(yield* reporter.newest(seen), third)
      yield* reporter.report(third, to("c"))
      assert.deepStrictEqual(yield* reporter.newest(third), cluster.resource())
      yield* reporter.report(cluster.resource(), to("d"))
      yield* reporter.report(cluster.resource(), to("e"))
      assert.deepStrictEqual(
        cluster.patches.map(({ metadata }) => metadata.resourceVersion),
        ["1", "2", "3", "4", "5"]
      )
      assert.deepStrictEqual(cluster.status(), to("e"))
      assert.deepStrictEqual(told, ["1: undefined -> a", "2: a -> b", "3: b -> c", "4: c -> d", "5: d -> e"])
    }).pipe(provide)
  })

  it.effect("that was composed before our own last write is refused, and composed anew at once", () => {
    const { cluster, told, provide } = given()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const first = cluster.resource()
      yield* reporter.report(first, to("a"))
      yield* reporter.report(yield* reporter.newest(first), to("b"))
      const second = { ...first, metadata: { ...first.metadata, resourceVersion: "2" } }
      for (const stale of [first, second]) {
        assert.isFalse(yield* woken)
        const error = yield* Effect.flip(reporter.report(stale, to("c")))
        assert.strictEqual(error._tag, "NotReported")
        assert.isTrue(yield* woken)
        assert.isUndefined(yield* reporter.retryAt(stale))
      }
      assert.deepStrictEqual(cluster.status(), to("b"))
      assert.strictEqual(cluster.patches.length, 2)
      assert.deepStrictEqual(told, ["1: undefined -> a", "2: a -> b"])
      yield* reporter.report(yield* reporter.newest(first), to("c"))
      assert.deepStrictEqual(cluster.status(), to("c"))
    }).pipe(provide)
  })

  it.effect("is written upon what others wrote since, once the watch tells of it", () => {
    const { cluster, provide } = given()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* reporter.report(cluster.resource(), to("a"))
      cluster.put({ status: { currentNode: "by hand" } })
      const seen = cluster.resource()
      assert.deepStrictEqual(yield* reporter.newest(seen), seen)
      yield* reporter.report(seen, to("a"))
      assert.deepStrictEqual(cluster.status(), to("a"))
      assert.deepStrictEqual(yield* reporter.newest(seen), cluster.resource())
    }).pipe(provide)
  })

  it.effect("is never made from another group's", () => {
    const { cluster, provide } = given()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* reporter.report(cluster.resource(), to("a"))
      const other = resource({ name: "secondary" })
      assert.deepStrictEqual(yield* reporter.newest(other), other)
    }).pipe(provide)
  })
})

describe("a status that is not taken", () => {
  it.effect("is told as such, and not tried again before its time", () => {
    const { cluster, told, provide } = given(undefined, [forbidden])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      assert.isUndefined(yield* reporter.retryAt(cluster.resource()))
      const error = yield* Effect.flip(reporter.report(cluster.resource(), to("a")))
      assert.strictEqual(error._tag, "NotReported")
      assert.include(error.message, "the role does not allow it")
      assert.deepStrictEqual(told, [])
      assert.isTrue(yield* woken)

      const retryAt = (yield* reporter.retryAt(cluster.resource())) ?? 0
      assert.isAtLeast(retryAt, 800)
      assert.isAtMost(retryAt, 1_200)
      assert.strictEqual((yield* Effect.flip(reporter.report(cluster.resource(), to("a"))))._tag, "NotReported")
      assert.strictEqual(cluster.patches.length, 1)

      yield* TestClock.setTime(Math.ceil(retryAt))
      yield* reporter.report(cluster.resource(), to("a"))
      assert.deepStrictEqual(cluster.status(), to("a"))
      assert.isUndefined(yield* reporter.retryAt(cluster.resource()))
    }).pipe(provide)
  })

  it.effect("is tried again ever more rarely, and quickly after a success", () => {
    const refusals = Array.from({ length: 6 }, () => unreachable)
    const { cluster, provide } = given(undefined, [...refusals, Effect.void, unreachable])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      let now = 0
      const pause = Effect.gen(function* () {
        yield* Effect.flip(reporter.report(cluster.resource(), to(`at ${now}`)))
        const retryAt = (yield* reporter.retryAt(cluster.resource())) ?? Number.NaN
        const before = now
        now = Math.ceil(retryAt)
        yield* TestClock.setTime(now)
        return retryAt - before
      })
      for (const full of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
        const waited = yield* pause
        assert.isAtLeast(waited, 0.8 * full)
        assert.isAtMost(waited, 1.2 * full)
      }
      yield* reporter.report(cluster.resource(), to("b"))
      assert.isAtMost(yield* pause, 1_200)
    }).pipe(provide)
  })

  it.effect("since the group changed meanwhile is made anew at once from what it is then", () => {
    const { cluster, provide } = given()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const stale = cluster.resource()
      cluster.put({ spec: { ...stale.spec, ips: ["198.51.100.9/32"] } })
      const error = yield* Effect.flip(reporter.report(stale, to("a")))
      assert.include(error.message, "changed")
      assert.isTrue(yield* woken)
      assert.isUndefined(yield* reporter.retryAt(cluster.resource()))
      yield* reporter.report(cluster.resource(), to("a"))
      assert.deepStrictEqual(cluster.status(), to("a"))
    }).pipe(provide)
  })

  it.effect(
    "since the group changed meanwhile is tried on that version ever more rarely, lest the watch is dead",
    () => {
      const { cluster, provide } = given()
      return Effect.gen(function* () {
        const reporter = yield* StatusReporter
        const stale = cluster.resource()
        cluster.put({ spec: { ...stale.spec, ips: ["198.51.100.9/32"] } })
        let now = 0
        for (const [i, full] of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000].entries()) {
          yield* Effect.flip(reporter.report(stale, to("a")))
          const retryAt = (yield* reporter.retryAt(stale)) ?? Number.NaN
          assert.isAtLeast(retryAt - now, 0.8 * full)
          assert.isAtMost(retryAt - now, 1.2 * full)
          yield* TestClock.setTime(Math.ceil(retryAt) - 1)
          yield* Effect.flip(reporter.report(stale, to("a")))
          assert.strictEqual(cluster.patches.length, i + 1)
          now = Math.ceil(retryAt)
          yield* TestClock.setTime(now)
        }
      }).pipe(provide)
    }
  )

  it.effect("for another reason than its version waits on every version", () => {
    const { cluster, provide } = given(undefined, [unreachable])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* Effect.flip(reporter.report(cluster.resource(), to("a")))
      cluster.put({ metadata: { ...cluster.resource().metadata, generation: 2 } })
      const seen = yield* reporter.newest(cluster.resource())
      assert.isAtLeast((yield* reporter.retryAt(seen)) ?? 0, 800)
      yield* Effect.flip(reporter.report(seen, to("a")))
      assert.strictEqual(cluster.patches.length, 1)
    }).pipe(provide)
  })

  it.effect("and came true all the same wakes the loop, once: moves waited for it", () => {
    const { cluster, provide } = given(undefined, [unreachable])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* Effect.flip(reporter.report(cluster.resource(), to("a")))
      assert.isTrue(yield* woken)
      cluster.put({ status: to("a") })
      for (const isNews of [true, false]) {
        yield* reporter.report(cluster.resource(), to("a"))
        assert.isUndefined(yield* reporter.retryAt(cluster.resource()))
        assert.strictEqual(yield* woken, isNews)
      }
      assert.strictEqual(cluster.patches.length, 1)
    }).pipe(provide)
  })

  it.effect("since the group is gone makes nobody wait", () => {
    const { cluster, provide } = given(undefined, [Effect.fail(new KubeErrors.NotFound({ message: "no such group" }))])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const error = yield* Effect.flip(reporter.report(cluster.resource(), to("a")))
      assert.include(error.message, "gone")
      assert.isUndefined(yield* reporter.retryAt(cluster.resource()))
    }).pipe(provide)
  })

  it.effect("holds up no other group", () => {
    const { cluster, provide } = given(undefined, [forbidden])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* Effect.flip(reporter.report(cluster.resource(), to("a")))
      assert.isUndefined(yield* reporter.retryAt(resource({ name: "secondary" })))
      yield* reporter.report(resource({ name: "secondary" }), to("a"))
      assert.strictEqual(cluster.patches.length, 2)
    }).pipe(provide)
  })

  it.effect("is forgotten with its group", () => {
    const { cluster, provide } = given(undefined, [forbidden])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* Effect.flip(reporter.report(cluster.resource(), to("a")))
      yield* reporter.retain(new Set(["primary"]))
      assert.isDefined(yield* reporter.retryAt(cluster.resource()))
      yield* reporter.retain(new Set(["secondary"]))
      assert.isUndefined(yield* reporter.retryAt(cluster.resource()))
    }).pipe(provide)
  })
})

describe("statuses that come while one is being written", () => {
  it.effect("are written by their last, and that one is written", () => {
    const gate = Deferred.makeUnsafe<void>()
    const { cluster, provide } = given(undefined, [Deferred.await(gate)])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* reporter.reportSoon(cluster.resource(), to("a"))
      yield* settled
      // The one under way will meet this change, and leave the field to those that know of it.
      cluster.put({ metadata: { ...cluster.resource().metadata, generation: 2 } })
      for (const node of ["b", "c", "d"]) {
        yield* reporter.reportSoon(cluster.resource(), to(node))
        yield* settled
      }
      assert.strictEqual(cluster.patches.length, 1)
      yield* Deferred.succeed(gate, undefined)
      yield* settled
      assert.deepStrictEqual(
        cluster.patches.map(({ status }) => status.targetNode),
        ["a", "d"]
      )
      assert.deepStrictEqual(cluster.status(), to("d"))
      yield* reporter.reportSoon(cluster.resource(), to("e"))
      yield* settled
      assert.deepStrictEqual(cluster.status(), to("e"))
    }).pipe(provide)
  })

  it.effect("are not written where they do not know of it, but composed anew", () => {
    const gate = Deferred.makeUnsafe<void>()
    const { cluster, provide } = given(undefined, [Deferred.await(gate)])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const seen = cluster.resource()
      yield* reporter.reportSoon(seen, to("a"))
      yield* settled
      yield* reporter.reportSoon(seen, to("b"))
      assert.isFalse(yield* woken)
      yield* Deferred.succeed(gate, undefined)
      yield* settled
      assert.isTrue(yield* woken)
      assert.deepStrictEqual(cluster.status(), to("a"))
      yield* reporter.reportSoon(yield* reporter.newest(seen), to("b"))
      yield* settled
      assert.deepStrictEqual(cluster.status(), to("b"))
    }).pipe(provide)
  })

  it.effect("are dropped when somebody waits for a newer one, be it that there is nothing to write", () => {
    const gate = Deferred.makeUnsafe<void>()
    const { cluster, provide } = given(undefined, [Deferred.await(gate)])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* reporter.reportSoon(cluster.resource(), to("a"))
      yield* settled
      cluster.put({ status: to("c") })
      yield* reporter.reportSoon(cluster.resource(), to("b"))
      const waiting = yield* Effect.forkChild(reporter.report(cluster.resource(), to("c")), { startImmediately: true })
      yield* settled
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(waiting)
      yield* settled
      assert.deepStrictEqual(cluster.status(), to("c"))
      assert.strictEqual(cluster.patches.length, 1)
    }).pipe(provide)
  })

  it.effect("are written also where the one before was refused", () => {
    const gate = Deferred.makeUnsafe<void>()
    const { cluster, provide } = given(undefined, [Effect.andThen(Deferred.await(gate), forbidden)])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const seen = cluster.resource()
      yield* reporter.reportSoon(seen, to("a"))
      yield* settled
      yield* reporter.reportSoon(seen, to("b"))
      yield* Deferred.succeed(gate, undefined)
      yield* settled
      assert.isUndefined(cluster.status())
      yield* TestClock.adjust("2 seconds")
      yield* reporter.reportSoon(seen, to("b"))
      yield* settled
      assert.deepStrictEqual(cluster.status(), to("b"))
    }).pipe(provide)
  })

  it.effect("and that somebody waits for are written one after the other", () => {
    const gate = Deferred.makeUnsafe<void>()
    const { cluster, provide } = given(undefined, [Deferred.await(gate)])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const seen = cluster.resource()
      const writers: Array<Fiber.Fiber<string, unknown>> = []
      for (const node of ["a", "b", "a"]) {
        const outcome = reporter.report(seen, to(node)).pipe(
          Effect.as("written"),
          Effect.catch(({ _tag }) => Effect.succeed(_tag))
        )
        writers.push(yield* Effect.forkChild(outcome, { startImmediately: true }))
        yield* settled
      }
      assert.strictEqual(cluster.patches.length, 1)
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Effect.forEach(writers, Fiber.join), ["written", "NotReported", "written"])
      yield* reporter.report(yield* reporter.newest(seen), to("b"))
      assert.deepStrictEqual(
        cluster.patches.map(({ metadata, status }) => [metadata.resourceVersion, status.targetNode]),
        [
          ["1", "a"],
          ["2", "b"]
        ]
      )
    }).pipe(provide)
  })

  it.effect("are not held up by a write of another group that hangs", () => {
    const { cluster, provide } = given(undefined, [Effect.never])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* reporter.reportSoon(resource({ name: "secondary" }), to("a"))
      yield* settled
      yield* reporter.report(cluster.resource(), to("b"))
      assert.deepStrictEqual(cluster.status(), to("b"))
    }).pipe(provide)
  })
})

describe("a status that the API server does not keep all of", () => {
  const narrow = () => given(undefined, [], ["targetNode", "addresses"])
  const moving: Status = { currentNode: "a", targetNode: "b", observedGeneration: 1 }

  it.effect("is written once, and remembered as it was written", () => {
    const { cluster, provide } = narrow()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* reporter.report(cluster.resource(), moving)
      for (let looks = 0; looks < 5; looks++) {
        // What the watch tells by now, and what it may tell once more from before.
        const newest = yield* reporter.newest(looks === 0 ? resource({ status: undefined }) : cluster.resource())
        assert.deepStrictEqual(newest.status, moving)
        assert.strictEqual(newest.metadata.resourceVersion, "2")
        yield* reporter.report(newest, moving)
      }
      assert.strictEqual(cluster.patches.length, 1)
      assert.deepStrictEqual(cluster.status(), { currentNode: "a", observedGeneration: 1 })
    }).pipe(provide)
  })

  it.effect("is written again when it is another one, also when nothing of the difference is kept", () => {
    const { cluster, provide } = narrow()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* reporter.report(cluster.resource(), moving)
      for (const targetNode of ["c", "d", "d"]) {
        yield* reporter.report(yield* reporter.newest(cluster.resource()), { ...moving, targetNode })
        assert.strictEqual((yield* reporter.newest(cluster.resource())).status?.targetNode, targetNode)
      }
      assert.strictEqual(cluster.patches.length, 3)
    }).pipe(provide)
  })

  it.effect("is what the API server has, as soon as somebody else has written", () => {
    const { cluster, provide } = narrow()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* reporter.report(cluster.resource(), moving)
      yield* reporter.newest(cluster.resource())
      cluster.put({ spec: resource({ spec: { priority: 1 } }).spec })
      const newest = yield* reporter.newest(cluster.resource())
      assert.deepStrictEqual(newest, cluster.resource())
      yield* reporter.report(newest, moving)
      assert.strictEqual(cluster.patches.length, 2)
    }).pipe(provide)
  })

  it.effect("is tried again after ten minutes, and kept by a CRD that has become newer", () => {
    const unknown = ["targetNode"]
    const { cluster, provide } = given(undefined, [], unknown)
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const look = Effect.gen(function* () {
        yield* reporter.report(yield* reporter.newest(cluster.resource()), moving)
        return cluster.patches.length
      })
      assert.strictEqual(yield* look, 1)
      yield* TestClock.adjust("9 minutes")
      assert.strictEqual(yield* look, 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* look, 2)
      assert.strictEqual(yield* look, 2)
      unknown.pop()
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(yield* look, 3)
      assert.deepStrictEqual(cluster.status(), moving)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* look, 3)
    }).pipe(provide)
  })
})

describe("a status whose write ends in a bug", () => {
  it.effect("keeps no later one from being written", () => {
    let bugs = 1
    const cluster = FakeCluster.make(resource({}))
    const events = Layer.succeed(GroupEvents, {
      changed: () => Effect.suspend(() => (bugs-- > 0 ? Effect.die("a bug") : Effect.void))
    })
    const layer = StatusReporter.layer.pipe(
      Layer.provideMerge(Layer.mergeAll(cluster.layer, events, Wake.layer, settingsOf(), Logger.layer([])))
    )
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* reporter.reportSoon(cluster.resource(), to("a"))
      yield* settled
      assert.isTrue(yield* woken)
      yield* TestClock.adjust("2 seconds")
      yield* reporter.reportSoon(yield* reporter.newest(cluster.resource()), to("b"))
      yield* settled
      assert.deepStrictEqual(cluster.status(), to("b"))
    }).pipe(Effect.provide(layer))
  })
})

describe("a status that is reported for later", () => {
  it.effect("is what the next is composed upon, and is written with what is new in it in one", () => {
    const { cluster, told, provide } = given()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const seen = cluster.resource()
      yield* reporter.reportLater(seen, to("a"))
      yield* settled
      const draft = yield* reporter.newest(seen)
      assert.deepStrictEqual(draft.status, to("a"))
      yield* reporter.reportSoon(draft, { ...to("a"), currentNode: "a" })
      yield* TestClock.adjust("1 second")
      assert.lengthOf(cluster.patches, 1)
      assert.deepStrictEqual(cluster.status(), { ...to("a"), currentNode: "a" })
      assert.deepStrictEqual(told, ["1: undefined -> a"])
      assert.deepStrictEqual(yield* reporter.newest(seen), cluster.resource())
    }).pipe(provide)
  })

  it.effect("is written a moment after the first of several, however often the same is reported", () => {
    const { cluster, provide } = given()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const seen = cluster.resource()
      yield* reporter.reportLater(seen, to("a"))
      yield* TestClock.adjust("900 millis")
      yield* reporter.reportSoon(yield* reporter.newest(seen), to("a"))
      yield* reporter.reportLater(yield* reporter.newest(seen), to("b"))
      assert.lengthOf(cluster.patches, 0)
      yield* TestClock.adjust("100 millis")
      assert.lengthOf(cluster.patches, 1)
      assert.deepStrictEqual(cluster.status(), to("b"))
    }).pipe(provide)
  })

  it.effect("outlasts a change of the spec by somebody else, and not one of the status", () => {
    const { cluster, provide } = given()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* reporter.reportLater(cluster.resource(), to("a"))
      cluster.put({})
      assert.deepStrictEqual((yield* reporter.newest(cluster.resource())).status, to("a"))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(cluster.status(), to("a"))
      yield* reporter.reportLater(yield* reporter.newest(cluster.resource()), to("b"))
      cluster.put({ status: to("by hand") })
      assert.deepStrictEqual((yield* reporter.newest(cluster.resource())).status, to("by hand"))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(cluster.status(), to("by hand"))
    }).pipe(provide)
  })

  it.effect("does not come back when its moment comes while what followed upon it is being written", () => {
    const { cluster, told, provide } = given(undefined, [Effect.sleep("100 millis")])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const seen = cluster.resource()
      const ended = { ...to("a"), currentNode: "a" }
      yield* reporter.reportLater(seen, to("a"))
      yield* TestClock.adjust("950 millis")
      yield* reporter.reportSoon(yield* reporter.newest(seen), ended)
      yield* TestClock.adjust("300 millis")
      assert.deepStrictEqual(cluster.status(), ended)
      assert.deepStrictEqual((yield* reporter.newest(seen)).status, ended)
      assert.lengthOf(cluster.patches, 1)
      assert.deepStrictEqual(told, ["1: undefined -> a"])
      assert.isFalse(yield* woken)
    }).pipe(provide)
  })

  it.effect("does not take the place of what followed upon it and waits for a write under way", () => {
    const { cluster, provide } = given(undefined, [Effect.sleep("300 millis")])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const seen = cluster.resource()
      const ended = { ...to("b"), currentNode: "b" }
      yield* reporter.reportLater(seen, to("a"))
      yield* TestClock.adjust("1 second")
      assert.lengthOf(cluster.patches, 1)
      // Another begins upon it, and ends before the first is written.
      yield* reporter.reportLater(yield* reporter.newest(seen), to("b"))
      yield* reporter.reportSoon(yield* reporter.newest(seen), ended)
      yield* TestClock.adjust("400 millis")
      // Composed before a write, it is composed anew upon that.
      yield* reporter.reportSoon(yield* reporter.newest(seen), ended)
      yield* TestClock.adjust("300 millis")
      assert.deepStrictEqual(cluster.status(), ended)
    }).pipe(provide)
  })

  it.effect("is composed anew when something that it does not know of was written meanwhile", () => {
    const { cluster, provide } = given(undefined, [Effect.sleep("100 millis")])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const seen = cluster.resource()
      const moves = (at: string): Status => ({ ...to("a"), moves: [{ at, to: "a", reason: "" }] })
      yield* reporter.reportSoon(seen, moves("1970-01-01T00:00:00.000Z"))
      yield* settled
      // The same move, as one who does not know of the first tells it.
      yield* reporter.reportLater(yield* reporter.newest(seen), moves("1970-01-01T00:00:00.050Z"))
      yield* TestClock.adjust("100 millis")
      assert.isTrue(yield* woken)
      assert.deepStrictEqual((yield* reporter.newest(seen)).status, moves("1970-01-01T00:00:00.000Z"))
      yield* TestClock.adjust("1 second")
      assert.lengthOf(cluster.patches, 1)
    }).pipe(provide)
  })

  it.effect("that is refused is written when it may be", () => {
    const { cluster, provide } = given(undefined, [forbidden])
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      const seen = cluster.resource()
      yield* reporter.reportLater(seen, to("a"))
      yield* TestClock.adjust("1 second")
      assert.lengthOf(cluster.patches, 1)
      const draft = yield* reporter.newest(seen)
      assert.deepStrictEqual(draft.status, to("a"))
      yield* TestClock.adjust("2 seconds")
      yield* reporter.reportSoon(draft, to("a"))
      yield* settled
      assert.deepStrictEqual(cluster.status(), to("a"))
    }).pipe(provide)
  })

  it.effect("is told of the group that has the name by then, not of one that was forgotten", () => {
    const { cluster, provide } = given()
    return Effect.gen(function* () {
      const reporter = yield* StatusReporter
      yield* reporter.reportLater(cluster.resource(), to("a"))
      yield* TestClock.adjust("50 millis")
      yield* reporter.retain(new Set())
      cluster.put({ metadata: { ...cluster.resource().metadata, uid: "another" } })
      yield* reporter.reportLater(yield* reporter.newest(cluster.resource()), to("b"))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        cluster.patches.map(({ status }) => status.targetNode),
        ["b"]
      )
      assert.deepStrictEqual(cluster.status(), to("b"))
    }).pipe(provide)
  })

  it.effect("is written when the term ends, unless we lead no more", () =>
    Effect.gen(function* () {
      for (const leads of [true, false]) {
        const { cluster, provide } = given()
        yield* Effect.gen(function* () {
          yield* (yield* StatusReporter).reportLater(cluster.resource(), to("a"))
        }).pipe(provide, Effect.provideService(Fence, Effect.succeed(leads)))
        assert.lengthOf(cluster.patches, leads ? 1 : 0)
      }
    })
  )
})
