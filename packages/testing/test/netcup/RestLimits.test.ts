/** netcup's limits on routing: so many requests in any stretch of time, per account, by the time of arrival. */
import { assert, describe, it } from "@effect/vitest"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import { InjectedFault } from "@netcup-failover/testing/netcup/RestInjection"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { accounts, ask, expectError, refresh, simulator, tokensOf } from "./RestHand.ts"

/** A simulator whose tokens outlive the test. */
const patient = (options: Parameters<typeof simulator>[0] = {}) =>
  Effect.gen(function* () {
    const sim = yield* simulator({ accessTokenLifetime: "1 day", ...options })
    const status = Effect.map(sim.route(333_001, 111_002), (answer) => answer.status)
    return { ...sim, status, times: (count: number) => Effect.replicateEffect(status, count) }
  })

const accepted = (count: number) => Array.from({ length: count }, () => 202)

describe("the documented limits", () => {
  it.effect("the 11th request in 5 minutes is refused, and what it asked for is not done", () =>
    Effect.gen(function* () {
      const { journal, route, tasks, times } = yield* patient()
      assert.deepStrictEqual(yield* times(10), accepted(10))
      const refused = yield* route(333_001, 111_002)
      assert.match(expectError(refused, 429), /10 requests per 5 minutes and 20 requests per 60 minutes/u)
      assert.isUndefined(refused.headers["retry-after"])
      assert.lengthOf(yield* tasks.all, 10)
      assert.strictEqual((yield* journal.calls).at(-1)?.outcome._tag, "Refused")
    })
  )

  it.effect("addresses of both families, routes and unroutes count together", () =>
    Effect.gen(function* () {
      const { route, times } = yield* patient()
      yield* times(7)
      yield* route(333_002, 111_002, "v6")
      yield* route(333_003, 111_002)
      yield* route(333_002, undefined, "v6")
      expectError(yield* route(333_003, undefined), 429)
      expectError(yield* route(333_002, 111_001, "v6"), 429)
    })
  )

  it.effect("the window slides: a place is free when its request is 5 minutes old, not a moment before", () =>
    Effect.gen(function* () {
      const { status, times } = yield* patient()
      yield* times(4)
      yield* TestClock.adjust("4 minutes")
      yield* times(6)
      yield* TestClock.adjust("59999 millis")
      assert.strictEqual(yield* status, 429)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* times(5), [...accepted(4), 429])
      yield* TestClock.adjust("4 minutes")
      assert.deepStrictEqual(yield* times(7), [...accepted(6), 429])
    })
  )

  it.effect("the 21st request in 60 minutes is refused, though there were none for 5 minutes", () =>
    Effect.gen(function* () {
      const { status, times } = yield* patient()
      yield* times(10)
      yield* TestClock.adjust("20 minutes")
      assert.deepStrictEqual(yield* times(10), accepted(10))
      yield* TestClock.adjust("39 minutes")
      assert.strictEqual(yield* status, 429)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* times(11), [...accepted(10), 429])
    })
  )

  it.effect("accounts have limits of their own", () =>
    Effect.gen(function* () {
      const { issuer, status, times, url, world } = yield* patient()
      yield* times(10)
      assert.strictEqual(yield* status, 429)
      const { access_token: token } = tokensOf(yield* refresh(issuer, Redacted.value(yield* world.login("200000"))))
      const question = { method: "PATCH", token, body: { serverId: 111_009 } }
      const answer = yield* ask(`${url}/api/v1/users/555002/failoverips/v4/333009`, question)
      assert.strictEqual(answer.status, 202)
    })
  )

  it.effect("requests that are refused take no place", () =>
    Effect.gen(function* () {
      const { route, times } = yield* patient()
      for (const server of [111_003, 42, 111_009]) yield* Effect.replicateEffect(route(333_001, server), 5)
      assert.deepStrictEqual(yield* times(12), [...accepted(10), 429, 429])
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(yield* times(10), accepted(10))
    })
  )

  it.effect("a request counts from its arrival, however late it is carried out", () =>
    Effect.gen(function* () {
      const { awaitCall, inject, route, status, times } = yield* patient()
      yield* inject({ operation: "route", times: 1, delayBefore: "2 minutes" })
      const slow = yield* Effect.forkChild(route(333_001, 111_002))
      yield* awaitCall({ operation: "route" })
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* Fiber.join(slow)).status, 202)
      yield* times(9)
      assert.strictEqual(yield* status, 429)
      yield* TestClock.adjust("3 minutes")
      assert.strictEqual(yield* status, 202)
    })
  )

  it.effect(
    "a request whose answer is lost has taken its place when it was carried out, and none when it was not",
    () =>
      Effect.gen(function* () {
        const { inject, status, times } = yield* patient()
        yield* inject({ operation: "route", times: 3, fault: InjectedFault.EmptyError({ applied: true }) })
        yield* times(3)
        yield* inject({ operation: "route", times: 3, fault: InjectedFault.EmptyError({ applied: false }) })
        yield* times(3)
        assert.deepStrictEqual(yield* times(7), accepted(7))
        assert.strictEqual(yield* status, 429)
      })
  )
})

describe("settings", () => {
  it.effect("Retry-After says when there is a place again, in whole seconds", () =>
    Effect.gen(function* () {
      const { route, times } = yield* patient({ retryAfter: true })
      yield* times(10)
      yield* TestClock.adjust("1500 millis")
      assert.strictEqual((yield* route(333_001, 111_002)).headers["retry-after"], "299")
      yield* TestClock.adjust("5 minutes")
      yield* times(10)
      assert.strictEqual((yield* route(333_001, 111_002)).headers["retry-after"], "3299")
    })
  )

  it.effect("refused requests count too if that is wanted", () =>
    Effect.gen(function* () {
      const { route, status, times } = yield* patient({
        countRefused: true,
        limits: [{ requests: 3, window: "1 minute" }]
      })
      yield* route(333_001, 42)
      assert.deepStrictEqual(yield* times(3), [202, 202, 429])
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* status, 429)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* times(3), [202, 202, 429])
    })
  )

  it.effect("other limits, or none", () =>
    Effect.gen(function* () {
      const one = yield* patient({ limits: [{ requests: 1, window: "10 seconds" }] })
      assert.deepStrictEqual(yield* one.times(2), [202, 429])
      const world = yield* NetcupWorld.make(accounts)
      for (const limits of [undefined, []]) {
        const free = yield* patient({ limits, world })
        assert.deepStrictEqual(yield* free.times(25), accepted(25))
      }
    })
  )
})
