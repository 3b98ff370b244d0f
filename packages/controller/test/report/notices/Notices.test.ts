import { assert, describe, it } from "@effect/vitest"
import { Fence } from "@netcup-failover/controller/act/Fence"
import * as Metrics from "@netcup-failover/controller/Metrics"
import * as Memory from "@netcup-failover/controller/report/notices/Memory"
import { kinds, Notice } from "@netcup-failover/controller/report/notices/Notice"
import * as Notices from "@netcup-failover/controller/report/notices/Notices"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as FakeData from "../../FakeData.ts"
import { resource } from "../../Given.ts"
import { settingsOf } from "../../TestSettings.ts"

const path = "/api/v1/namespaces/netcup-system/configmaps/netcup-failover-notices"
const decodeNotice = Schema.decodeUnknownEffect(Schema.fromJsonString(Notice))
const decodeMemory = Schema.decodeUnknownSync(Schema.fromJsonString(Memory.Memory))

/** The test clock begins at 1970. */
const time = (seconds: number) => new Date(seconds * 1_000).toISOString()

/** A group that went to node-2 at that time, and is there. */
const moved = (name: string, seconds: number) => {
  const status: Status = {
    currentNode: "node-2",
    moves: [{ at: time(seconds), from: "node-1", to: "node-2", reason: "node-1 is gone" }],
    conditions: [
      { type: "Routed", status: "True", reason: "NodeSelected", message: "m", lastTransitionTime: time(seconds + 1) },
      {
        type: "Progressing",
        status: "False",
        reason: "NodeSelected",
        message: "m",
        lastTransitionTime: time(seconds + 1)
      }
    ]
  }
  return resource({ name, status })
}

/** Answers with a status; never, or by a bug. */
type Answer = (notice: Notice) => Effect.Effect<number>

/** A term of a leader over what is stored, with a receiver. */
const term = (
  data: FakeData.FakeData,
  answer: Answer,
  environment: Readonly<Record<string, string>> = { NOTICE_WEBHOOK_URL: "https://hooks.example/geheim" }
) => {
  const arrived: Array<{ readonly notice: Notice; readonly at: number }> = []
  const client = HttpClient.make((request) =>
    Effect.gen(function* () {
      if (request.body._tag !== "Uint8Array") return yield* Effect.die("no body")
      const notice = yield* Effect.orDie(decodeNotice(new TextDecoder().decode(request.body.body)))
      arrived.push({ notice, at: yield* Clock.currentTimeMillis })
      return HttpClientResponse.fromWeb(request, new Response(null, { status: yield* answer(notice) }))
    })
  )
  const layer = Layer.fresh(Notices.layer).pipe(
    Layer.provide(Layer.mergeAll(data.layer, settingsOf(environment), Layer.succeed(HttpClient.HttpClient, client)))
  )
  return {
    arrived,
    kinds: () => arrived.map(({ notice }) => `${notice.kind} ${nameOf(notice)}`),
    provide: Effect.provide(layer),
    layer
  }
}

const nameOf = (notice: Notice) => ("group" in notice ? notice.group : notice.secret)
const take: Answer = () => Effect.succeed(200)
const look = (...groups: ReadonlyArray<ReturnType<typeof moved>>) =>
  Notices.Notices.useSync((notices) => notices).pipe(Effect.flatMap((notices) => notices.look(groups)))
/** Time passes in steps, since fibers go to sleep in between. */
const pass = (seconds: number) => Effect.repeat(TestClock.adjust("250 millis"), { times: seconds * 4 - 1 })
const memoryOf = (data: FakeData.FakeData) => decodeMemory(data.data(path)?.told ?? "")

describe("notices", () => {
  it.effect("are nothing where no receiver is set: nothing runs, nothing is asked", () => {
    const data = FakeData.make()
    const { arrived, provide } = term(data, take, {})
    return Effect.gen(function* () {
      yield* look(moved("a", 1))
      yield* pass(60)
      assert.deepStrictEqual(arrived, [])
      assert.deepStrictEqual(data.asked, [])
    }).pipe(provide)
  })

  it.effect("begin with what comes after the first look, which is written down at once", () => {
    const data = FakeData.make()
    const { kinds, provide } = term(data, take)
    return Effect.gen(function* () {
      yield* TestClock.adjust("100 seconds")
      yield* look(moved("old", 50))
      yield* pass(1)
      assert.deepStrictEqual(memoryOf(data), Memory.empty(time(100)))
      yield* look(moved("old", 50), moved("new", 101))
      yield* pass(10)
      assert.deepStrictEqual(kinds(), ["Failover new", "FailoverDone new"])
      assert.lengthOf(memoryOf(data).groups["uid-of-new"]?.ids ?? [], 2)
      // And then it is quiet: no look of the loop costs anything.
      const asked = data.asked.length
      for (let i = 0; i < 20; i++) yield* look(moved("old", 50), moved("new", 101))
      yield* pass(60)
      assert.lengthOf(data.asked, asked)
      assert.lengthOf(kinds(), 2)
    }).pipe(provide)
  })

  it.effect("that were told are not told again by the next leader, and what was not is", () => {
    const data = FakeData.make()
    const first = term(data, ({ kind }) => Effect.succeed(kind === "Failover" ? 200 : 500))
    const second = term(data, take)
    return Effect.gen(function* () {
      const life = yield* Scope.make()
      const context = yield* Layer.buildWithScope(first.layer, life)
      yield* Effect.provideContext(look(), context)
      yield* pass(1)
      yield* Effect.provideContext(look(moved("a", 1)), context)
      yield* pass(5)
      yield* Scope.close(life, Exit.void).pipe(Effect.forkChild)
      yield* pass(2)
      assert.strictEqual(first.kinds().filter((kind) => kind === "Failover a").length, 1)
      yield* Effect.gen(function* () {
        yield* look(moved("a", 1))
        yield* pass(5)
      }).pipe(second.provide)
      assert.deepStrictEqual(second.kinds(), ["FailoverDone a"])
    })
  })

  it.effect("are tried again with pauses that grow to a minute, for as long as it takes", () => {
    const data = FakeData.make()
    const { arrived, provide } = term(data, () => Effect.succeed(500))
    return Effect.gen(function* () {
      yield* look(moved("a", 1))
      yield* pass(600)
      const pauses = arrived.slice(1).map(({ at }, i) => at - (arrived[i]?.at ?? 0))
      assert.isAtLeast(arrived.length, 12)
      assert.isAtMost(arrived.length, 22)
      for (const pause of pauses) {
        assert.isAtLeast(pause, 750)
        assert.isAtMost(pause, 72_500)
      }
      assert.isAbove(pauses.at(-1) ?? 0, 45_000)
    }).pipe(provide)
  })

  it.effect("that the receiver stumbles over do not keep others from it", () => {
    const data = FakeData.make()
    const { kinds, provide } = term(data, (notice) => Effect.succeed(nameOf(notice) === "bad" ? 500 : 200))
    return Effect.gen(function* () {
      yield* look(moved("bad", 1), moved("good", 2))
      yield* pass(600)
      assert.include(kinds(), "FailoverDone good")
      assert.strictEqual(kinds().filter((kind) => kind === "Failover good").length, 1)
    }).pipe(provide)
  })

  it.effect("that are refused for good are sent once in a term, and the others go on", () => {
    const data = FakeData.make()
    const { kinds, provide } = term(data, ({ kind }) => Effect.succeed(kind === "Failover" ? 400 : 200))
    return Effect.gen(function* () {
      yield* look(moved("a", 1))
      yield* pass(300)
      assert.deepStrictEqual(kinds(), ["Failover a", "FailoverDone a"])
    }).pipe(provide)
  })

  it.effect("are counted with each attempt, by kind and what became of it, and are zero before the first", () => {
    const data = FakeData.make()
    const { arrived, provide } = term(data, ({ kind }) =>
      Effect.succeed(kind === "Failover" ? 400 : arrived.length < 4 ? 503 : 200)
    )
    const count = (kind: string, outcome: "delivered" | "refused" | "failed") =>
      Effect.map(Metric.value(Metrics.notices(kind, outcome)), (state) => state.count)
    return Effect.gen(function* () {
      yield* look()
      const series = (yield* Metric.snapshot).filter(({ id }) => id === "netcup_failover_notices_total")
      assert.lengthOf(series, kinds.length * 3)
      yield* pass(1)
      yield* look(moved("a", 1))
      yield* pass(60)
      assert.strictEqual(yield* count("Failover", "refused"), 1)
      assert.strictEqual(yield* count("Failover", "delivered"), 0)
      assert.strictEqual(yield* count("FailoverDone", "failed"), 2)
      assert.strictEqual(yield* count("FailoverDone", "delivered"), 1)
      assert.strictEqual(yield* count("Recovered", "delivered"), 0)
    }).pipe(provide, Effect.provideService(Metric.MetricRegistry, new Map()))
  })

  it.effect("hold up nobody: a look returns at once while the receiver hangs", () => {
    const data = FakeData.make()
    const { arrived, layer } = term(data, () => Effect.never)
    return Effect.gen(function* () {
      const life = yield* Scope.make()
      const context = yield* Layer.buildWithScope(layer, life)
      yield* Effect.provideContext(look(moved("a", 1)), context)
      yield* pass(2)
      assert.lengthOf(arrived, 1)
      const looking = yield* Effect.forkChild(Effect.provideContext(look(moved("a", 1)), context), {
        startImmediately: true
      })
      assert.isDefined(looking.pollUnsafe())
      yield* pass(30)
      assert.isAtLeast(arrived.length, 2)
      yield* Effect.forkChild(Scope.close(life, Exit.void))
      yield* pass(2)
    })
  })

  it.effect("that cannot be written down are not sent again in the same term, and are written when that works", () => {
    const data = FakeData.make()
    const { kinds, provide } = term(data, take)
    return Effect.gen(function* () {
      yield* look()
      yield* pass(1)
      const away = { before: Effect.fail(new KubeErrors.Unreachable({ message: "no answer within 5s" })) }
      data.turns.writes.push(away, away, away)
      yield* look(moved("a", 1))
      yield* pass(60)
      assert.deepStrictEqual(kinds(), ["Failover a", "FailoverDone a"])
      assert.lengthOf(memoryOf(data).groups["uid-of-a"]?.ids ?? [], 2)
    }).pipe(provide)
  })

  it.effect("that somebody else wrote down meanwhile stay written", () => {
    const data = FakeData.make()
    const { provide } = term(data, take)
    return Effect.gen(function* () {
      yield* look()
      yield* pass(1)
      const theirs: Memory.Memory = {
        ...memoryOf(data),
        secrets: {},
        groups: { other: { ids: [`Failover@${time(1)}`] } }
      }
      data.put(path, { told: JSON.stringify(theirs), kept: "by hand" })
      yield* look(moved("a", 1))
      yield* pass(10)
      assert.sameMembers(Object.keys(memoryOf(data).groups), ["other", "uid-of-a"])
      assert.strictEqual(data.data(path)?.kept, "by hand")
    }).pipe(provide)
  })

  for (const told of ["", "{", '{"since":1}', '{"since":"x","groups":[],"secrets":{}}'])
    it.effect(`begin anew where what was told is unreadable (${told}), and tell nothing old`, () => {
      const data = FakeData.make()
      data.put(path, { told })
      const { kinds, provide } = term(data, take)
      return Effect.gen(function* () {
        yield* TestClock.adjust("100 seconds")
        yield* look(moved("old", 50))
        yield* pass(10)
        assert.deepStrictEqual(kinds(), [])
        assert.strictEqual(memoryOf(data).since, time(100))
      }).pipe(provide)
    })

  it.effect("wait for the API server, and come then", () => {
    const data = FakeData.make()
    const away = { before: Effect.fail(new KubeErrors.Unreachable({ message: "no answer within 5s" })) }
    data.turns.reads.push(away, away)
    data.put(path, { told: JSON.stringify(Memory.empty(time(0))) })
    const { kinds, provide } = term(data, take)
    return Effect.gen(function* () {
      yield* look(moved("a", 1))
      yield* pass(30)
      assert.deepStrictEqual(kinds(), ["Failover a", "FailoverDone a"])
    }).pipe(provide)
  })

  it.effect("are not sent by one who has been replaced", () => {
    const data = FakeData.make()
    const { arrived, layer } = term(data, take)
    return Effect.gen(function* () {
      yield* look(moved("a", 1))
      yield* pass(60)
      assert.deepStrictEqual(arrived, [])
    }).pipe(Effect.provide(layer.pipe(Layer.provide(Layer.succeed(Fence, Effect.succeed(false))))))
  })

  it.effect("that hang when the term ends keep nobody from leading: they have had their second", () => {
    const data = FakeData.make()
    const { arrived, layer } = term(data, () => Effect.never)
    return Effect.gen(function* () {
      const life = yield* Scope.make()
      const context = yield* Layer.buildWithScope(layer, life)
      yield* Effect.provideContext(look(), context)
      yield* pass(1)
      yield* Effect.provideContext(look(moved("a", 1)), context)
      yield* pass(5)
      assert.lengthOf(arrived, 1)
      const closing = yield* Scope.close(life, Exit.void).pipe(Effect.forkChild)
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      assert.isDefined(closing.pollUnsafe())
    })
  })

  it.effect("go on after a bug", () => {
    const data = FakeData.make()
    let asked = 0
    const { kinds, provide } = term(data, () => {
      asked += 1
      return asked === 1 ? Effect.die("a bug") : Effect.succeed(200)
    })
    return Effect.gen(function* () {
      yield* look(moved("a", 1))
      yield* pass(30)
      assert.deepStrictEqual(kinds(), ["Failover a", "Failover a", "FailoverDone a"])
    }).pipe(provide)
  })

  it.effect(
    "that are under way when the term ends are still written down, and what hangs is dropped after a second",
    () =>
      Effect.gen(function* () {
        const ended = Effect.fnUntraced(function* (answer: Answer, after: number) {
          const data = FakeData.make()
          data.put(path, { told: JSON.stringify(Memory.empty(time(0))) })
          const { layer } = term(data, answer)
          const life = yield* Scope.make()
          const context = yield* Layer.buildWithScope(layer, life)
          yield* Effect.provideContext(look(moved("a", 0)), context)
          yield* TestClock.adjust("10 millis")
          const closing = yield* Effect.forkChild(Scope.close(life, Exit.void), { startImmediately: true })
          yield* TestClock.adjust(`${after} millis`)
          return {
            isClosed: closing.pollUnsafe() !== undefined,
            told: memoryOf(data).groups["uid-of-a"]?.ids ?? [],
            closing
          }
        })
        const gate = yield* Deferred.make<void>()
        yield* Effect.forkChild(Effect.andThen(Effect.sleep("500 millis"), Deferred.succeed(gate, undefined)))
        const answered = yield* ended(() => Effect.as(Deferred.await(gate), 200), 900)
        assert.isTrue(answered.isClosed)
        const hung = yield* ended(() => Effect.never, 900)
        assert.isFalse(hung.isClosed)
        yield* TestClock.adjust("200 millis")
        assert.isDefined(hung.closing.pollUnsafe())
        yield* Fiber.join(hung.closing)
        assert.deepStrictEqual(hung.told, [])
        assert.lengthOf(answered.told, 1)
      })
  )
})
