/** Lists of tasks, tasks of others, and tasks that go wrong. */
import { assert, describe, it } from "@effect/vitest"
import { TaskFault } from "@netcup-failover/testing/netcup/RestTasks"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { ask, holderOf, jsonOf, refresh, simulator, taskOf, tokensOf } from "./RestHand.ts"

const Listed = Schema.Array(
  Schema.Struct({
    uuid: Schema.String,
    name: Schema.String,
    state: Schema.String,
    startedAt: Schema.String,
    taskProgress: Schema.Struct({ expectedFinishedAt: Schema.String, progressInPercent: Schema.Finite })
  })
)
const listOf = (answer: { readonly body: string }) => Schema.decodeUnknownSync(Listed)(jsonOf(answer))

const addresses = "/v1/tasks"

describe("the list of tasks", () => {
  it.effect("has the newest first, and neither steps nor results", () =>
    Effect.gen(function* () {
      const { api, route } = yield* simulator()
      for (const id of [333_001, 333_003]) {
        yield* route(id, 111_002)
        yield* TestClock.adjust("1 second")
      }
      yield* route(333_002, undefined, "v6")
      const last = taskOf(yield* route(333_002, 111_001, "v6"))
      const answer = yield* api(addresses)
      const list = listOf(answer)
      assert.deepStrictEqual(
        list.map(({ name, state }) => [name, state]),
        [
          ["RouteFailoverIpTask", "PENDING"],
          ["ClearFailoverIpTask", "PENDING"],
          ["RouteFailoverIpTask", "FINISHED"],
          ["RouteFailoverIpTask", "FINISHED"]
        ]
      )
      assert.strictEqual(list[0]?.uuid, last.uuid)
      for (const absent of ["steps", "responseError", "result"]) assert.notInclude(answer.body, absent)
      assert.include((yield* api(`/v1/tasks/${last.uuid}`)).body, "steps")
    })
  )

  it.effect("is cut and filtered by what is asked", () =>
    Effect.gen(function* () {
      const { api, route } = yield* simulator({ pageSize: { most: 2 } })
      yield* route(333_001, 111_002)
      yield* route(333_003, 111_001)
      const { uuid } = taskOf(yield* route(333_002, undefined, "v6"))
      yield* TestClock.adjust("200 millis")
      const running = taskOf(yield* route(333_001, 111_002))
      const count = (query: string) => Effect.map(api(`${addresses}${query}`), (answer) => listOf(answer).length)
      assert.strictEqual(yield* count("?limit=1"), 1)
      assert.strictEqual(yield* count(""), 2)
      assert.strictEqual(yield* count("?limit=9&offset=3"), 1)
      assert.strictEqual(yield* count("?state=PENDING"), 1)
      assert.strictEqual(yield* count("?state=RUNNING&offset=1"), 2)
      assert.strictEqual(yield* count("?state=FINISHED"), 0)
      assert.strictEqual(yield* count("?serverId=111002"), 2)
      assert.strictEqual(yield* count("?serverId=111009"), 0)
      assert.strictEqual(yield* count("?q=clearfailover"), 1)
      assert.strictEqual(yield* count("?q=zebra"), 1)
      assert.strictEqual(yield* count(`?q=${uuid.toUpperCase()}`), 1)
      assert.strictEqual(listOf(yield* api(`${addresses}?state=PENDING`))[0]?.uuid, running.uuid)
    })
  )

  it.effect("holds tasks of the own account only", () =>
    Effect.gen(function* () {
      const { issuer, route, url, world } = yield* simulator()
      const { uuid } = taskOf(yield* route(333_001, 111_002))
      const { access_token: token } = tokensOf(yield* refresh(issuer, Redacted.value(yield* world.login("200000"))))
      assert.deepStrictEqual(jsonOf(yield* ask(`${url}/api/v1/tasks`, { token })), [])
      assert.strictEqual((yield* ask(`${url}/api/v1/tasks/${uuid}`, { token })).status, 404)
      const cancel = yield* ask(`${url}/api/v1/tasks/${uuid}:cancel`, { token, method: "PUT" })
      assert.strictEqual(cancel.status, 404)
    })
  )

  it.effect("has times of 6 decimals, of a task just born 9, and expectations from before the start", () =>
    Effect.gen(function* () {
      const { api, route } = yield* simulator()
      yield* TestClock.adjust("2 minutes")
      const born = yield* route(333_001, 111_002)
      assert.match(born.body, /"startedAt":"1970-01-01T00:02:00\.000\d{6}Z"/u)
      yield* TestClock.adjust("100 millis")
      const [running] = listOf(yield* api(addresses))
      assert.match(running?.startedAt ?? "", /^1970-01-01T00:02:00\.000\d{3}Z$/u)
      assert.isTrue((running?.taskProgress.expectedFinishedAt ?? "") < (running?.startedAt ?? ""))
      yield* TestClock.adjust("300 millis")
      const [over] = listOf(yield* api(addresses))
      assert.match(over?.taskProgress.expectedFinishedAt ?? "", /^1970-01-01T00:02:00\.400\d{3}Z$/u)
      assert.strictEqual(over?.taskProgress.progressInPercent, 100)
    })
  )
})

describe("tasks that go otherwise", () => {
  for (const state of ["ERROR", "CANCELED", "ROLLBACK"] as const) {
    it.effect(`one ends as ${state}, says why, and has changed nothing`, () =>
      Effect.gen(function* () {
        const { api, inject, journal, route, world } = yield* simulator()
        yield* inject({ cidr: "203.0.113.4/32", times: 1, task: TaskFault.End({ state, message: "no luck" }) })
        const { uuid } = taskOf(yield* route(333_001, 111_002))
        yield* TestClock.adjust("400 millis")
        assert.deepInclude(jsonOf(yield* api(`/v1/tasks/${uuid}`)), {
          state,
          message: "no luck",
          responseError: { code: null, message: "no luck" }
        })
        assert.strictEqual(yield* holderOf(world), "vA")
        assert.deepStrictEqual(yield* journal.changesOf("203.0.113.4/32"), [])
        yield* route(333_001, 111_002)
        yield* TestClock.adjust("400 millis")
        assert.strictEqual(yield* holderOf(world), "vB")
      })
    )
  }

  for (const at of ["PENDING", "RUNNING"] as const) {
    it.effect(`one stays ${at} until it is released, then it is done`, () =>
      Effect.gen(function* () {
        const { api, awaitCall, inject, issuer, route, tasks, world } = yield* simulator()
        yield* inject({ operation: "route", task: TaskFault.Hold({ at }) })
        const { uuid } = taskOf(yield* route(333_001, 111_002))
        const other = taskOf(yield* route(333_003, 111_002))
        yield* TestClock.adjust("1 hour")
        const [task] = yield* tasks.all
        assert.strictEqual(task?.state, at)
        assert.strictEqual(yield* holderOf(world), "vA")
        const settled = yield* Effect.forkChild(tasks.settled, { startImmediately: true })
        yield* tasks.release(uuid)
        yield* awaitCall({
          operation: "route",
          where: ({ taskId, appliedAt }) => taskId === uuid && appliedAt !== undefined
        })
        const { access_token: token } = tokensOf(yield* refresh(issuer, Redacted.value(yield* world.login("100000"))))
        assert.strictEqual(taskOf(yield* api(`/v1/tasks/${uuid}`, { token })).state, "FINISHED")
        assert.strictEqual(yield* holderOf(world), "vB")
        assert.isUndefined(settled.pollUnsafe())
        yield* tasks.release()
        yield* Fiber.join(settled)
        assert.deepInclude((yield* tasks.all)[1], { uuid: other.uuid, state: "FINISHED" })
      })
    )
  }

  it.effect("one that is held can be cancelled", () =>
    Effect.gen(function* () {
      const { api, inject, route, tasks, world } = yield* simulator()
      yield* inject({ operation: "route", task: TaskFault.Hold({ at: "RUNNING" }) })
      const { uuid } = taskOf(yield* route(333_001, 111_002))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* api(`/v1/tasks/${uuid}:cancel`, { method: "PUT" })).status, 202)
      yield* TestClock.adjust("1 second")
      yield* tasks.release()
      yield* tasks.settled
      assert.deepInclude((yield* tasks.all)[0], { state: "CANCELED" })
      assert.strictEqual(yield* holderOf(world), "vA")
    })
  )

  it.effect("one takes as long as it is told to", () =>
    Effect.gen(function* () {
      const { inject, route, tasks, world } = yield* simulator()
      yield* inject({ server: "vB", task: TaskFault.Take({ duration: "10 minutes" }) })
      yield* route(333_001, 111_002)
      yield* TestClock.adjust("9 minutes")
      assert.strictEqual(yield* holderOf(world), "vA")
      yield* TestClock.adjust("1 minute")
      yield* tasks.settled
      assert.strictEqual(yield* holderOf(world), "vB")
    })
  )

  it.effect("reads use up no rule about tasks", () =>
    Effect.gen(function* () {
      const { api, inject, route, tasks } = yield* simulator()
      yield* inject({ times: 1, task: TaskFault.End({ state: "ERROR", message: "no luck" }) })
      yield* api("/v1/servers")
      yield* api("/v1/tasks")
      yield* route(333_001, 111_002)
      yield* TestClock.adjust("400 millis")
      assert.deepInclude((yield* tasks.all)[0], { state: "ERROR" })
    })
  )

  it.effect("without a duration one is done at once", () =>
    Effect.gen(function* () {
      const { route, tasks, world } = yield* simulator({ taskDuration: 0 })
      yield* route(333_001, 111_002)
      yield* tasks.settled
      assert.strictEqual(yield* holderOf(world), "vB")
    })
  )
})

describe("tasks that others have started", () => {
  const cidr = "203.0.113.4/32"

  it.effect("are in the list with their ages, and those that are over have moved nothing", () =>
    Effect.gen(function* () {
      const { api, journal, login, tasks, world } = yield* simulator()
      yield* TestClock.adjust("1 hour")
      yield* tasks.startByPanel({ cidr, server: "vB", age: "50 minutes" })
      yield* tasks.startByPanel({ cidr, age: "3 minutes" })
      const fault = TaskFault.End({ state: "ERROR", message: "no luck" })
      yield* tasks.startByPanel({ cidr, server: "vB", age: "2 minutes", fault })
      const list = listOf(yield* api(addresses, { token: yield* login }))
      assert.deepStrictEqual(
        list.map(({ name, startedAt, state }) => [name, state, startedAt.slice(11, 23)]),
        [
          ["RouteFailoverIpTask", "ERROR", "00:58:00.000"],
          ["ClearFailoverIpTask", "FINISHED", "00:57:00.000"],
          ["RouteFailoverIpTask", "FINISHED", "00:10:00.000"]
        ]
      )
      assert.strictEqual(yield* holderOf(world), "vA")
      assert.deepStrictEqual(yield* journal.changesOf(cidr), [])
    })
  )

  it.effect("move the address at their end when they are not over", () =>
    Effect.gen(function* () {
      const { journal, tasks, world } = yield* simulator()
      yield* tasks.startByPanel({ cidr, server: "vB", age: "100 millis" })
      yield* TestClock.adjust("299 millis")
      assert.strictEqual(yield* holderOf(world), "vA")
      yield* TestClock.adjust("1 millis")
      yield* tasks.settled
      assert.strictEqual(yield* holderOf(world), "vB")
      assert.lengthOf(yield* journal.callsOf("route"), 0)
    })
  )

  it.effect("take places within the limits, unless they are told not to", () =>
    Effect.gen(function* () {
      const { route, tasks } = yield* simulator()
      for (const age of ["4 minutes", "1 minute", "6 minutes"] as const) yield* tasks.startByPanel({ cidr, age })
      yield* tasks.startByPanel({ cidr, age: "1 minute", counts: false })
      const answers = yield* Effect.replicateEffect(route(333_001, 111_002), 9)
      assert.deepStrictEqual(
        answers.map(({ status }) => status),
        [202, 202, 202, 202, 202, 202, 202, 202, 429]
      )
    })
  )

  it.effect("can be none of an address that nobody has", () =>
    Effect.gen(function* () {
      const { tasks } = yield* simulator()
      const exit = yield* Effect.exit(tasks.startByPanel({ cidr: "192.0.2.1/32" }))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", 'no failover address "192.0.2.1/32"')
    })
  )
})
