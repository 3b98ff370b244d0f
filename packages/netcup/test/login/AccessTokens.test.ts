import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { json, jwt, refused, reset } from "./FakeLogin.ts"
import { minutes, stage, textOf } from "./Stage.ts"

const down = Effect.succeed(refused)

describe("AccessTokens: refreshing", () => {
  it.effect("a token is used again until a minute before it expires, and then replaced", () =>
    Effect.gen(function* () {
      const { open, sent } = stage({ rotation: "none" })
      const { current } = yield* open()
      const first = yield* current
      assert.deepStrictEqual([first.userId, first.expiresAt], [555001, 300_000])
      yield* TestClock.adjust("239 seconds")
      assert.strictEqual(textOf(yield* current), textOf(first))
      assert.strictEqual(sent().length, 1)
      yield* TestClock.adjust("1 second")
      const second = yield* current
      assert.notStrictEqual(textOf(second), textOf(first))
      assert.strictEqual(second.expiresAt, 540_000)
      assert.strictEqual(sent().length, 2)
    })
  )

  it.effect("a token is replaced no sooner than after half of its life", () =>
    Effect.gen(function* () {
      const { open, sent } = stage({ rotation: "none", expiresIn: 40 })
      const { current } = yield* open()
      yield* current
      yield* TestClock.adjust("19 seconds")
      yield* current
      assert.strictEqual(sent().length, 1)
      yield* TestClock.adjust("1 second")
      yield* current
      assert.strictEqual(sent().length, 2)
    })
  )

  it.effect("a token's life counts from when it was asked for", () =>
    Effect.gen(function* () {
      const { open } = stage({ rotation: "none" }, () => Effect.as(Effect.sleep("7 seconds"), undefined))
      const { current } = yield* open()
      const fiber = yield* Effect.forkChild(current)
      yield* TestClock.adjust("7 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).expiresAt, 300_000)
    })
  )

  it.effect("a hundred who wait are served by one refresh, ahead of the expiry too", () =>
    Effect.gen(function* () {
      const { open, sent } = stage({ rotation: "replaced" }, () => Effect.as(Effect.sleep("1 second"), undefined))
      const { current } = yield* open()
      for (const round of [1, 2]) {
        const fibers = yield* Effect.forEach(Array.from({ length: 100 }), () => Effect.forkChild(current))
        yield* TestClock.adjust("1 second")
        const tokens = yield* Fiber.joinAll(fibers)
        assert.deepStrictEqual([new Set(tokens.map(textOf)).size, sent().length], [1, round])
        yield* TestClock.adjust("250 seconds")
      }
    })
  )

  it.effect("one who is interrupted does not take the refresh from the others", () =>
    Effect.gen(function* () {
      const { open, sent } = stage({ rotation: "replaced" }, () => Effect.as(Effect.sleep("1 second"), undefined))
      const { current } = yield* open()
      const starter = yield* Effect.forkChild(current)
      yield* TestClock.adjust("100 millis")
      const other = yield* Effect.forkChild(current)
      yield* TestClock.adjust("100 millis")
      yield* Fiber.interrupt(starter)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(other)
      assert.deepStrictEqual(sent(), ["r0"])
    })
  )
})

describe("AccessTokens: rejecting", () => {
  it.effect("a rejected token is replaced, once, however many reject it", () =>
    Effect.gen(function* () {
      const { open, sent } = stage({ rotation: "none" })
      const { current, reject } = yield* open()
      const first = yield* current
      yield* reject(first)
      const second = yield* current
      assert.notStrictEqual(textOf(second), textOf(first))
      yield* reject(first)
      assert.strictEqual(textOf(yield* current), textOf(second))
      assert.strictEqual(sent().length, 2)
    })
  )

  it.effect("a rejected token is not handed out again while netcup is down", () =>
    Effect.gen(function* () {
      let up = true
      const { open } = stage({ rotation: "none" }, () => (up ? Effect.undefined : down))
      const { current, reject } = yield* open({ retryDelay: 0 })
      const first = yield* current
      up = false
      yield* reject(first)
      assert.strictEqual((yield* Effect.flip(current)).reason._tag, "Unreachable")
    })
  )
})

describe("AccessTokens: while netcup's login is down", () => {
  it.effect("the present token is good until it expires, and netcup is not hammered for another", () =>
    Effect.gen(function* () {
      let up = true
      const { open, sent } = stage({ rotation: "none" }, () => (up ? Effect.undefined : down))
      const { current } = yield* open({ tries: 1 })
      const first = yield* current
      up = false
      yield* TestClock.adjust("245 seconds")
      for (let nth = 0; nth < 50; nth++) {
        assert.strictEqual(textOf(yield* current), textOf(first))
        yield* TestClock.adjust("1 second")
      }
      assert.isAtMost(sent().length, 12)
      yield* TestClock.adjust("10 seconds")
      const error = yield* Effect.flip(current)
      assert.strictEqual(error.reason._tag, "Unreachable")
      assert.include(error.message, "ECONNREFUSED")
      up = true
      assert.strictEqual((yield* current).expiresAt, 605_000)
    })
  )

  it.effect("a login that hangs delays nobody for long who has a valid token, and only once", () =>
    Effect.gen(function* () {
      let up = true
      const end = yield* Deferred.make<undefined>()
      const { open } = stage({ rotation: "none" }, () => (up ? Effect.undefined : Deferred.await(end)))
      const { current } = yield* open()
      const first = yield* current
      up = false
      yield* TestClock.adjust("245 seconds")
      const fiber = yield* Effect.forkChild(current)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(textOf(yield* Fiber.join(fiber)), textOf(first))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(textOf(yield* current), textOf(first))
      yield* Deferred.succeed(end, undefined)
    })
  )

  it.effect("a refresh whose answer was lost is sent again, by the newest token of the store", () =>
    Effect.gen(function* () {
      const scene = stage({ rotation: "none" }, (_, nth) => Effect.succeed(nth === 0 ? reset : undefined))
      scene.service.live.set("r9", 0)
      const { current } = yield* scene.open()
      const fiber = yield* Effect.forkChild(current)
      yield* TestClock.adjust(0)
      scene.store.kept.set("r0", "r9")
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(scene.sent(), ["r0", "r9"])
    })
  )

  for (const [name, reply] of [
    ["a refused connection", refused],
    ["a reset", reset],
    ["HTTP 503", { status: 503, body: "<html>try later" }],
    ["a page", { status: 200, body: "<html>hello" }],
    ["half an answer", { status: 200, body: '{"access_token":"ey' }]
  ] as const) {
    it.effect(`${name} is ridden out by another try, and told after the last`, () =>
      Effect.gen(function* () {
        let failures = 2
        const { open, sent } = stage({ rotation: "none" }, () =>
          Effect.sync(() => (failures-- > 0 ? reply : undefined))
        )
        const { current } = yield* open({ tries: 3, retryDelay: 0 })
        yield* current
        assert.strictEqual(sent().length, 3)
        const worse = stage({ rotation: "none" }, () => Effect.succeed(reply))
        const error = yield* Effect.flip((yield* worse.open({ tries: 3, retryDelay: 0 })).current)
        assert.include(["Unreachable", "MalformedAnswer"], error.reason._tag)
        assert.strictEqual(worse.sent().length, 3)
      })
    )
  }

  for (const [name, reply, tag] of [
    ["HTTP 429", { status: 429, body: "" }, "RateLimited"],
    ["a client that netcup does not know", json(401, { error: "invalid_client" }), "Refused"],
    ["a page with HTTP 403", { status: 403, body: "<html>" }, "MalformedAnswer"]
  ] as const) {
    it.effect(`${name} fails with ${tag}`, () =>
      Effect.gen(function* () {
        const { open } = stage({ rotation: "none" }, () => Effect.succeed(reply))
        const { current } = yield* open({ retryDelay: 0 })
        assert.strictEqual((yield* Effect.flip(current)).reason._tag, tag)
      })
    )
  }
})

describe("AccessTokens: whose they are", () => {
  it.effect("a token without a user id has netcup asked for it, once for the login", () =>
    Effect.gen(function* () {
      const { asked, open, service } = stage({ rotation: "replaced" }, ({ path }) =>
        Effect.succeed(path === "userinfo" ? json(200, { sub: "f:1:2", id: "555002" }) : undefined)
      )
      service.claims = { sub: "x" }
      const { current } = yield* open()
      const first = yield* current
      assert.strictEqual(first.userId, 555002)
      assert.strictEqual(asked[1]?.authorization, `Bearer ${textOf(first)}`)
      yield* minutes(10)
      assert.strictEqual((yield* current).userId, 555002)
      assert.deepStrictEqual(
        asked.map(({ path }) => path),
        ["token", "userinfo", "token"]
      )
    })
  )

  it.effect("a token whose user could not be asked for is not refreshed again for it", () =>
    Effect.gen(function* () {
      let up = false
      const { asked, open, service, store } = stage({ rotation: "replaced" }, ({ path }) =>
        Effect.succeed(path !== "userinfo" ? undefined : up ? json(200, { id: 7 }) : refused)
      )
      service.claims = {}
      const { current } = yield* open({ tries: 1 })
      assert.strictEqual((yield* Effect.flip(current)).reason._tag, "Unreachable")
      assert.strictEqual(store.kept.get("r0"), "r1")
      up = true
      assert.strictEqual((yield* current).userId, 7)
      assert.deepStrictEqual(
        asked.map(({ path }) => path),
        ["token", "userinfo", "userinfo"]
      )
    })
  )

  it.effect("a fresh token that netcup does not accept at all is InvalidCredentials", () =>
    Effect.gen(function* () {
      const { open, service } = stage({ rotation: "none" }, ({ path }) =>
        Effect.succeed(path === "userinfo" ? { status: 401, body: "" } : undefined)
      )
      service.claims = { id: "somebody" }
      const { current } = yield* open()
      assert.strictEqual((yield* Effect.flip(current)).reason._tag, "InvalidCredentials")
    })
  )

  it.effect("an access token that no header can carry is no answer", () =>
    Effect.gen(function* () {
      const { open } = stage({ rotation: "none" }, () =>
        Effect.succeed(json(200, { access_token: `${jwt({ id: "1" })}\r\nX-Evil: 1`, expires_in: 300 }))
      )
      const { current } = yield* open({ tries: 1 })
      assert.strictEqual((yield* Effect.flip(current)).reason._tag, "MalformedAnswer")
    })
  )
})
