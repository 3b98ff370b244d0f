/**
 * How long what was told counts, how long is waited for more, and what may be sent meanwhile: in the test's own time.
 */
import { assert, describe, it } from "@effect/vitest"
import { ServerName } from "@netcup-failover/core/ServerName"
import * as MemoryTokenStore from "@netcup-failover/netcup/login/MemoryTokenStore"
import type { NetcupError, NetcupErrorReason } from "@netcup-failover/netcup/NetcupError"
import * as FailoverRoutingRest from "@netcup-failover/netcup/rest/FailoverRoutingRest"
import type { RestOptions } from "@netcup-failover/netcup/rest/RestOptions"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { client, credentials, json, jwt, type Reply } from "../login/FakeLogin.ts"
import { address, failoverV4, server, task } from "./Samples.ts"

const v2 = ServerName.make("v2")
const failover = address("198.51.100.4/32")

const look = "GET /servers/111002"
const patch = "PATCH /users/555001/failoverips/v4/333001"
const list = "GET /users/555001/failoverips/v4"
const user = "GET /users/555001"
const token = "POST /token"

const status = (code: number, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status: code,
  body: "",
  headers
})
const limited = status(429, { "retry-after": "120" })
const rubbish: Reply = { status: 200, body: "<html>" }
const rescue = json(200, server(111002, { rescueSystemActive: true }))
const off = json(200, server(111002, { serverLiveInfo: { state: "SHUTOFF" } }))

/** An account of one server and one address, where all goes well unless `instead`, which may be changed, says otherwise. */
const account = Effect.fnUntraced(function* (options: RestOptions = {}) {
  const instead: Record<string, Reply | Effect.Effect<Reply>> = {}
  const usual: Record<string, Reply> = {
    [token]: json(200, { access_token: jwt({ id: "555001" }), expires_in: 300 }),
    "GET /servers": json(200, [server(111002)]),
    [look]: json(200, server(111002)),
    [list]: json(200, [failoverV4()]),
    "GET /users/555001/failoverips/v6": json(200, []),
    [patch]: json(202, task("FINISHED")),
    [user]: json(200, { id: 555001 }),
    "GET /tasks": json(200, [])
  }
  const keyOf = (method: string, url: string) =>
    `${method} ${url.replace(/^.*(?:\/api\/v1|\/openid-connect)/, "").replace(/\?.*/, "")}`
  const network = client(({ method, url }) => {
    const key = keyOf(method, url)
    return instead[key] ?? usual[key] ?? status(404)
  })
  const routing = yield* FailoverRoutingRest.make(credentials, { retryDelay: 0, ...options }).pipe(
    Effect.provide(Layer.merge(network.layer, MemoryTokenStore.layer))
  )
  /** What was asked so far, logins aside. */
  const calls = () => network.asked.map(({ method, url }) => keyOf(method, url)).filter((call) => call !== token)
  const logins = () => network.asked.length - calls().length
  return { routing, calls, instead, logins }
})

/** What comes of it, and after how many seconds. */
const timed = Effect.fnUntraced(function* <A>(asked: Effect.Effect<A, NetcupError>) {
  const begun = yield* Clock.currentTimeMillis
  const fiber = yield* asked.pipe(
    Effect.result,
    Effect.flatMap((result) =>
      Effect.map(Clock.currentTimeMillis, (now) => ({ result, seconds: (now - begun) / 1000 }))
    ),
    Effect.forkChild
  )
  for (let second = 0; second < 200 && fiber.pollUnsafe() === undefined; second++) yield* TestClock.adjust("1 second")
  return yield* Fiber.join(fiber)
})

describe("FailoverRoutingRest: a server as it was seen", () => {
  it.effect("within a minute is routed to at once", () =>
    Effect.gen(function* () {
      const { calls, instead, routing } = yield* account()
      yield* routing.inspect(v2)
      const before = calls().length
      instead[look] = rescue
      yield* TestClock.adjust("59 seconds")
      yield* routing.route(failover, v2)
      assert.deepStrictEqual(calls().slice(before), [patch])
    })
  )

  it.effect("longer ago is looked at once more, and then routed to", () =>
    Effect.gen(function* () {
      const { calls, routing } = yield* account()
      yield* routing.inspect(v2)
      const before = calls().length
      yield* TestClock.adjust("61 seconds")
      yield* routing.route(failover, v2)
      yield* routing.route(failover, v2)
      assert.deepStrictEqual(calls().slice(before), [look, patch, patch])
    })
  )

  for (const [what, now] of [
    ["is in the rescue system by now", rescue],
    ["is off by now", off]
  ] as const) {
    it.effect(`that ${what} is not routed to`, () =>
      Effect.gen(function* () {
        const { calls, instead, routing } = yield* account()
        yield* routing.inspect(v2)
        instead[look] = now
        yield* TestClock.adjust("10 minutes")
        const before = calls().length
        assert.strictEqual((yield* Effect.flip(routing.route(failover, v2))).reason._tag, "ServerNotRunning")
        assert.deepStrictEqual(calls().slice(before), [look])
      })
    )
  }

  it.effect("that is gone by now is not found", () =>
    Effect.gen(function* () {
      const { calls, instead, routing } = yield* account()
      yield* routing.inspect(v2)
      instead[look] = status(404)
      instead["GET /servers"] = json(200, [])
      yield* TestClock.adjust("10 minutes")
      for (const _ of [1, 2]) {
        assert.strictEqual((yield* Effect.flip(routing.route(failover, v2))).reason._tag, "ServerNotFound")
      }
      // Nor does it count as it was before, once it was found missing.
      instead[look] = status(500)
      instead["GET /servers"] = status(500)
      assert.strictEqual((yield* Effect.flip(routing.route(failover, v2))).reason._tag, "Unreachable")
      assert.notInclude(calls(), patch)
    })
  )

  const failures: ReadonlyArray<
    readonly [what: string, reply: Reply | Effect.Effect<Reply>, tag: NetcupErrorReason["_tag"]]
  > = [
    ["fails", status(500), "Unreachable"],
    ["is answered by rubbish", rubbish, "MalformedAnswer"],
    ["is limited", limited, "Unreachable"],
    ["hangs", Effect.never, "Unreachable"]
  ]
  for (const [what, reply, tag] of failures) {
    it.effect(
      `is routed to all the same when a look ${what}, after the time of one try at most, and once a minute`,
      () =>
        Effect.gen(function* () {
          const { calls, instead, routing } = yield* account()
          yield* routing.inspect(v2)
          yield* TestClock.adjust("10 minutes")
          instead[look] = reply
          const { result, seconds } = yield* timed(routing.route(failover, v2))
          assert.deepStrictEqual([result._tag, calls().at(-1)], ["Success", patch])
          assert.isAtMost(seconds, 10)
          const before = calls().length
          yield* routing.route(failover, v2)
          assert.deepStrictEqual(calls().slice(before), [patch])
          yield* TestClock.adjust("61 seconds")
          instead[look] = rescue
          assert.strictEqual((yield* Effect.flip(routing.route(failover, v2))).reason._tag, "ServerNotRunning")
        })
    )

    it.effect(`as off is not called off when a look ${what}: nobody knows`, () =>
      Effect.gen(function* () {
        const { calls, instead, routing } = yield* account()
        instead[look] = off
        yield* routing.inspect(v2)
        yield* TestClock.adjust("10 minutes")
        instead[look] = reply
        const { result } = yield* timed(routing.route(failover, v2))
        assert.strictEqual(result._tag === "Failure" && result.failure.reason._tag, tag)
        assert.notInclude(calls(), patch)
      })
    )
  }
})

describe("FailoverRoutingRest: what is asked directly before a PATCH", () => {
  it.effect("is whether it is permitted, after a token was refreshed for it", () =>
    Effect.gen(function* () {
      const { calls, instead, logins, routing } = yield* account()
      yield* routing.inspect(v2)
      yield* TestClock.adjust("10 minutes")
      yield* routing.inspect(v2)
      const before = logins()
      yield* TestClock.adjust("5 minutes")
      yield* routing.prepare(v2)
      yield* TestClock.adjust("50 seconds")
      const seen: Array<number> = []
      // The token is refused, and the next one takes its time.
      instead[patch] = status(401)
      const permitted = Effect.sync(() => {
        seen.push(logins())
        return seen.length < 2
      })
      const { result } = yield* timed(routing.route(failover, v2, permitted))
      assert.strictEqual(result._tag === "Failure" && result.failure.reason._tag, "CalledOff")
      assert.strictEqual(calls().filter((call) => call === patch).length, 1)
      assert.deepStrictEqual(seen, [before + 1, before + 2])
    })
  )

  it.effect("is not asked while a token is awaited: what has changed by then counts", () =>
    Effect.gen(function* () {
      const { calls, instead, routing } = yield* account()
      yield* routing.inspect(v2)
      yield* TestClock.adjust("10 minutes")
      yield* Effect.ignore(routing.inspect(v2))
      let wanted = true
      instead[token] = Effect.as(
        Effect.sleep("8 seconds"),
        json(200, { access_token: jwt({ id: "555001" }), expires_in: 300 })
      )
      yield* TestClock.adjust("5 minutes")
      const route = yield* Effect.forkChild(
        Effect.flip(
          routing.route(
            failover,
            v2,
            Effect.sync(() => wanted)
          )
        )
      )
      yield* TestClock.adjust("5 seconds")
      wanted = false
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual((yield* Fiber.join(route)).reason._tag, "CalledOff")
      assert.notInclude(calls(), patch)
    })
  )

  it.effect("is asked once for each that is sent", () =>
    Effect.gen(function* () {
      const { calls, instead, routing } = yield* account()
      let asked = 0
      const permitted = Effect.sync(() => {
        asked += 1
        return true
      })
      yield* routing.route(failover, v2, permitted)
      assert.strictEqual(asked, 1)
      instead[patch] = Effect.sync(() => (asked < 3 ? status(401) : json(202, task("FINISHED"))))
      yield* routing.route(failover, v2, permitted)
      assert.deepStrictEqual([asked, calls().filter((call) => call === patch).length], [3, 3])
    })
  )
})

describe("FailoverRoutingRest: reads that fail for long", () => {
  it.effect("hold reads back, and no PATCH", () =>
    Effect.gen(function* () {
      const { calls, instead, routing } = yield* account({ tries: 1 })
      yield* routing.inspect(v2)
      instead["GET /servers"] = Effect.never
      for (let i = 0; i < 5; i++) yield* timed(routing.servers)
      const before = calls().length
      const { reason } = yield* Effect.flip(routing.servers)
      assert.isTrue(reason._tag === "Unreachable" && reason.retryAt !== undefined)
      assert.strictEqual(calls().length, before)
      const { result, seconds } = yield* timed(routing.route(failover, v2))
      assert.deepStrictEqual([result._tag, seconds, calls().at(-1)], ["Success", 0, patch])
    })
  )
})

describe("FailoverRoutingRest: limits", () => {
  for (const limit of [token, "GET /servers", look, list]) {
    it.effect(`on ${limit} is no limit on moves`, () =>
      Effect.gen(function* () {
        const { calls, instead, routing } = yield* account()
        instead[limit] = limited
        const now = yield* Clock.currentTimeMillis
        for (const move of limit === list || limit === token
          ? [routing.route(failover, v2), routing.unroute(failover)]
          : [routing.route(failover, v2)]) {
          const { reason } = yield* Effect.flip(move)
          assert.strictEqual(reason._tag, "Unreachable")
          if (limit !== token && reason._tag === "Unreachable") assert.strictEqual(reason.retryAt, now + 120_000)
        }
        assert.notInclude(calls(), patch)
      })
    )
  }

  it.effect("on the token, when the first was refused, is no limit on moves", () =>
    Effect.gen(function* () {
      const { instead, routing } = yield* account()
      yield* routing.inspect(v2)
      instead[token] = limited
      instead[patch] = status(401)
      assert.strictEqual((yield* Effect.flip(routing.route(failover, v2))).reason._tag, "Unreachable")
    })
  )

  it.effect("on the PATCH is", () =>
    Effect.gen(function* () {
      const { instead, routing } = yield* account()
      instead[patch] = limited
      for (const move of [routing.route(failover, v2), routing.unroute(failover)]) {
        const { reason } = yield* Effect.flip(move)
        assert.deepStrictEqual(
          [reason._tag, reason._tag === "RateLimited" && reason.retryAt],
          ["RateLimited", (yield* Clock.currentTimeMillis) + 120_000]
        )
      }
    })
  )
})

describe("FailoverRoutingRest: what is waited for", () => {
  for (const [what, call, ask] of [
    ["recent changes", "GET /tasks", "recentChanges"],
    ["notices", user, "notices"]
  ] as const) {
    for (const [how, path] of [
      ["netcup", call],
      ["the login", token]
    ] as const) {
      it.effect(`${what} are waited for as long as for one try of a read, when ${how} hangs`, () =>
        Effect.gen(function* () {
          const { instead, routing } = yield* account({ readTimeout: "7 seconds" })
          instead[path] = Effect.never
          const { result, seconds } = yield* timed<unknown>(routing[ask])
          assert.strictEqual(result._tag === "Failure" && result.failure.reason._tag, "Unreachable")
          assert.strictEqual(seconds, 7)
          // A refresh is awaited in the end.
          yield* Effect.repeat(TestClock.adjust("1 second"), { times: 60 })
        })
      )
    }
  }

  it.effect("notices are asked for once", () =>
    Effect.gen(function* () {
      const { calls, instead, routing } = yield* account()
      instead[user] = status(500)
      assert.strictEqual((yield* Effect.flip(routing.notices)).reason._tag, "Unreachable")
      assert.deepStrictEqual(calls(), [user])
    })
  )

  it.effect("settled fails after a read's tries when the list of tasks fails", () =>
    Effect.gen(function* () {
      const { calls, instead, routing } = yield* account()
      instead["GET /tasks"] = status(500)
      const { result } = yield* timed(routing.settled)
      assert.strictEqual(result._tag === "Failure" && result.failure.reason._tag, "Unreachable")
      assert.strictEqual(calls().length, 3)
    })
  )

  it.effect("settled is over in time when the list of tasks hangs now and then, and while something is under way", () =>
    Effect.gen(function* () {
      const { instead, routing } = yield* account({ taskTimeout: "20 seconds", tries: 10 })
      instead["GET /tasks"] = Effect.never
      assert.strictEqual((yield* timed(routing.settled)).seconds, 20)
      instead["GET /tasks"] = json(200, [task("RUNNING")])
      assert.strictEqual((yield* timed(routing.settled)).seconds, 20)
    })
  )
})
