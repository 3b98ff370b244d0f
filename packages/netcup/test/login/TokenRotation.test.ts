import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { json, jwt, oauthError, refused, reset } from "./FakeLogin.ts"
import { broken } from "./FakeStore.ts"
import { minutes, stage, textOf } from "./Stage.ts"

const soon = { retryDelay: 0 }

describe("AccessTokens: a rotated refresh token", () => {
  it.effect("is kept before anybody gets the access token that came with it", () =>
    Effect.gen(function* () {
      const { open, store } = stage({ rotation: "replaced" })
      const gate = yield* Deferred.make<void>()
      store.keeping = Deferred.await(gate)
      const { current } = yield* open()
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(current))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(
        [store.writes, ...fibers.map((fiber) => fiber.pollUnsafe())],
        [1, undefined, undefined, undefined]
      )
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.joinAll(fibers)
      assert.deepStrictEqual([...store.kept], [["r0", "r1"]])
    })
  )

  it.effect("is not written when it is the one that the store has", () =>
    Effect.gen(function* () {
      const { open, store } = stage({ rotation: "none" })
      const { current } = yield* open()
      yield* current
      yield* minutes(10)
      yield* current
      assert.strictEqual(store.writes, 0)
    })
  )

  it.effect("is given back to nobody while the store fails, and kept, without another refresh, once it works", () =>
    Effect.gen(function* () {
      const { open, sent, store } = stage({ rotation: "replaced" })
      store.keeping = broken
      const { current } = yield* open(soon)
      for (const _ of [1, 2, 3]) {
        const error = yield* Effect.flip(current)
        assert.strictEqual(error.reason._tag, "TokenNotKept")
        assert.include(error.message, "could not be kept")
        assert.include(error.message, "the disk is full")
      }
      assert.deepStrictEqual([sent(), store.writes], [["r0"], 3])
      store.keeping = Effect.void
      const access = yield* current
      assert.deepStrictEqual([sent(), [...store.kept]], [["r0"], [["r0", "r1"]]])
      assert.strictEqual(access.expiresAt, 300_000)
    })
  )

  it.effect("is not used before the store has it, however long that takes", () =>
    Effect.gen(function* () {
      const { open, sent, store } = stage({ rotation: "replaced" })
      store.keeping = broken
      const { current } = yield* open(soon)
      yield* Effect.flip(current)
      yield* minutes(30)
      yield* Effect.flip(current)
      assert.deepStrictEqual(sent(), ["r0"])
      store.keeping = Effect.void
      const { expiresAt } = yield* current
      assert.deepStrictEqual([sent(), expiresAt], [["r0", "r1"], 2_100_000])
      assert.deepStrictEqual([...store.kept], [["r0", "r2"]])
    })
  )

  it.effect("that the store does not take leaves the present token good until it expires", () =>
    Effect.gen(function* () {
      const { open, store } = stage({ rotation: "replaced" })
      const { current } = yield* open(soon)
      const first = yield* current
      store.keeping = broken
      yield* TestClock.adjust("250 seconds")
      assert.strictEqual(textOf(yield* current), textOf(first))
      yield* TestClock.adjust("50 seconds")
      assert.include((yield* Effect.flip(current)).message, "could not be kept")
    })
  )

  it.effect("is tried to be kept for a bounded time", () =>
    Effect.gen(function* () {
      const { open, store } = stage({ rotation: "replaced" })
      store.keeping = Effect.never
      const { current } = yield* open()
      const fiber = yield* Effect.forkChild(Effect.flip(current))
      yield* TestClock.adjust("10 seconds")
      assert.include((yield* Fiber.join(fiber)).message, "no answer within 10s")
      store.keeping = Effect.void
      yield* current
      assert.deepStrictEqual([...store.kept], [["r0", "r1"]])
    })
  )

  it.effect("is the one that is used after a restart", () =>
    Effect.gen(function* () {
      const { open, sent, store } = stage({ rotation: "replaced" })
      for (const _ of [1, 2, 3]) yield* Effect.scoped(Effect.flatMap(open(), ({ current }) => current))
      assert.deepStrictEqual([sent(), [...store.kept]], [["r0", "r1", "r2"], [["r0", "r3"]]])
    })
  )

  it.effect("of another process is the one that is used next: an old one used again would end the login", () =>
    Effect.gen(function* () {
      const { open, sent, store } = stage({ rotation: "replaced" })
      const ours = yield* open()
      yield* ours.current
      const theirs = yield* open()
      for (const { current } of [theirs, ours, theirs, ours]) {
        yield* TestClock.adjust("10 minutes")
        yield* current
      }
      assert.deepStrictEqual([sent(), [...store.kept]], [["r0", "r1", "r2", "r3", "r4"], [["r0", "r5"]]])
    })
  )

  it.effect("may come with every refresh, for days", () =>
    Effect.gen(function* () {
      const { open, sent, store } = stage({ rotation: "replaced" })
      const { current } = yield* open()
      for (let hour = 0; hour < 48; hour++) {
        yield* current
        yield* TestClock.adjust("20 minutes")
      }
      assert.deepStrictEqual(sent().slice(-2), ["r46", "r47"])
      assert.deepStrictEqual([...store.kept], [["r0", "r48"]])
    })
  )

  it.effect("that was lost on its way costs nothing where old tokens live on, and the login where they do not", () =>
    Effect.gen(function* () {
      const lossy = (rotation: "added" | "replaced") => {
        const scene = stage({ rotation }, (asked, nth) =>
          Effect.sync(() => {
            if (nth > 0) return undefined
            scene.refresh(asked)
            return reset
          })
        )
        return scene
      }
      const kind = lossy("added")
      yield* Effect.flatMap(kind.open(soon), ({ current }) => current)
      assert.deepStrictEqual([kind.sent(), [...kind.store.kept]], [["r0", "r0"], [["r0", "r2"]]])
      const strict = lossy("replaced")
      const { current } = yield* strict.open(soon)
      assert.strictEqual((yield* Effect.flip(current)).reason._tag, "LoginExpired")
    })
  )

  // The answer takes a second, the store another, and who it is for a third.
  for (const at of [0, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500]) {
    it.effect(`survives that the only one who waits is interrupted after ${at} ms`, () =>
      Effect.gen(function* () {
        const { asked, open, service, store } = stage({ rotation: "replaced" }, ({ path }) =>
          Effect.as(Effect.sleep("1 second"), path === "userinfo" ? json(200, { id: "3" }) : undefined)
        )
        service.claims = {}
        store.keeping = Effect.sleep("1 second")
        const { current } = yield* open()
        const fiber = yield* Effect.forkChild(current)
        yield* TestClock.adjust(at)
        yield* Fiber.interrupt(fiber)
        yield* TestClock.adjust("5 seconds")
        yield* current
        assert.deepStrictEqual([...store.kept], [["r0", "r1"]])
        assert.deepStrictEqual(
          asked.map(({ path }) => path),
          ["token", "userinfo"]
        )
      })
    )

    it.effect(`survives that all is closed after ${at} ms`, () =>
      Effect.gen(function* () {
        const { open, sent, store } = stage({ rotation: "replaced" }, () =>
          Effect.as(Effect.sleep("1 second"), undefined)
        )
        store.keeping = Effect.sleep("1 second")
        const scope = yield* Scope.make()
        const { current } = yield* Scope.provide(open(), scope)
        const fiber = yield* Effect.forkChild(current)
        yield* TestClock.adjust(at)
        const closing = yield* Effect.forkChild(Effect.map(Scope.close(scope, Exit.void), () => [...store.kept]))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.interrupt(fiber)
        // At the moment of its end, not some time later, when the process may be gone.
        assert.deepStrictEqual(yield* Fiber.join(closing), [["r0", "r1"]])
        assert.deepStrictEqual(sent(), ["r0"])
      })
    )
  }

  it.effect("that the store did not take is tried to be kept once more at the end", () =>
    Effect.gen(function* () {
      const { open, store } = stage({ rotation: "replaced" })
      yield* Effect.scoped(
        Effect.gen(function* () {
          store.keeping = broken
          yield* Effect.flip((yield* open(soon)).current)
          store.keeping = Effect.void
        })
      )
      assert.deepStrictEqual([...store.kept], [["r0", "r1"]])
    })
  )

  it.effect("that no store takes does not keep anybody from ending", () =>
    Effect.gen(function* () {
      const { open, store } = stage({ rotation: "replaced" })
      const scope = yield* Scope.make()
      const { current } = yield* Scope.provide(open(soon), scope)
      store.keeping = broken
      yield* Effect.flip(current)
      store.keeping = Effect.never
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(closing)
      assert.include((yield* Effect.flip(current)).message, "closed")
    })
  )
})

describe("AccessTokens: a store that cannot be read", () => {
  it.effect("at the start has nothing asked of netcup: the original token may be an old one", () =>
    Effect.gen(function* () {
      const { open, sent, store } = stage({ rotation: "replaced" })
      store.reading = broken
      const { current } = yield* open(soon)
      assert.include((yield* Effect.flip(current)).message, "cannot be read")
      assert.deepStrictEqual(sent(), [])
      store.reading = Effect.void
      yield* current
      assert.deepStrictEqual(sent(), ["r0"])
    })
  )

  it.effect("later is no obstacle", () =>
    Effect.gen(function* () {
      const { open, sent, store } = stage({ rotation: "replaced" })
      const { current } = yield* open(soon)
      yield* current
      store.reading = broken
      yield* TestClock.adjust("10 minutes")
      yield* current
      assert.deepStrictEqual(sent(), ["r0", "r1"])
    })
  )
})

describe("AccessTokens: a login that is over", () => {
  it.effect(
    "fails with LoginExpired, which says what to do, and netcup is asked again after 5 minutes and then hourly",
    () =>
      Effect.gen(function* () {
        const { asked, open, service } = stage({ rotation: "none" })
        service.live.clear()
        const { current } = yield* open(soon)
        for (let half = 0; half < 2 * 60 * 4; half++) {
          const error = yield* Effect.flip(current)
          assert.strictEqual(error.reason._tag, "LoginExpired")
          assert.include(error.message, "log in again")
          assert.include(error.message, "Offline user session not found")
          yield* TestClock.adjust("30 seconds")
        }
        assert.deepStrictEqual(
          asked.map(({ at }) => at / 60_000),
          [0, 5, 65, 125, 185]
        )
      })
  )

  it.effect("is tried again when its options say, by callers only", () =>
    Effect.gen(function* () {
      const { asked, open, service } = stage({ rotation: "none" })
      service.live.clear()
      const { current } = yield* open({ ...soon, deadFor: { first: "1 minute", later: "10 minutes" } })
      for (let half = 0; half < 2 * 30; half++) {
        yield* Effect.flip(current)
        yield* TestClock.adjust("30 seconds")
      }
      yield* minutes(20)
      assert.deepStrictEqual(
        asked.map(({ at }) => at / 60_000),
        [0, 1, 11, 21]
      )
    })
  )

  for (const rotation of ["none", "added", "replaced"] as const) {
    it.effect(`is not what a bad moment of netcup's makes of it, where a token that is used is ${rotation}`, () =>
      Effect.gen(function* () {
        let bad = false
        const scene = stage({ rotation }, () =>
          Effect.sync(() => (bad ? oauthError("invalid_grant", "Session not active") : undefined))
        )
        const { current } = yield* scene.open(soon)
        // Often enough for what is remembered of one bad moment to be in the way of the next.
        for (let moment = 0; moment < 5; moment++) {
          yield* current
          bad = true
          yield* minutes(10)
          assert.strictEqual((yield* Effect.flip(current)).reason._tag, "LoginExpired")
          bad = false
          yield* TestClock.adjust("299 seconds")
          assert.strictEqual((yield* Effect.flip(current)).reason._tag, "LoginExpired")
          const before = scene.sent().length
          yield* TestClock.adjust("1 second")
          yield* current
          assert.strictEqual(scene.sent().length, before + 1)
        }
      })
    )
  }

  it.effect("has its older tokens tried again only after the newest had its second chance in vain", () =>
    Effect.gen(function* () {
      const { open, sent, service, store } = stage({ rotation: "none" })
      service.live.clear()
      const { current } = yield* open(soon)
      yield* Effect.flip(current)
      yield* TestClock.adjust("4 minutes")
      store.kept.set("r0", "r8")
      yield* Effect.flip(current)
      assert.deepStrictEqual(sent(), ["r0", "r8"])
      // Now r0 may be tried, but r8 has not been yet.
      yield* TestClock.adjust("4 minutes")
      yield* Effect.flip(current)
      assert.deepStrictEqual(sent(), ["r0", "r8"])
      yield* TestClock.adjust("1 minute")
      yield* Effect.flip(current)
      assert.deepStrictEqual(sent(), ["r0", "r8", "r8", "r0"])
    })
  )

  it.effect("goes on when somebody keeps a new token for it", () =>
    Effect.gen(function* () {
      const { open, sent, service, store } = stage({ rotation: "none" })
      service.live.clear()
      const { current } = yield* open(soon)
      yield* Effect.flip(current)
      service.live.set("r9", 0)
      store.kept.set("r0", "r9")
      yield* current
      assert.deepStrictEqual(sent(), ["r0", "r9"])
    })
  )

  it.effect("is tried once by the original token when the store's is dead: a backup may have been restored", () =>
    Effect.gen(function* () {
      const { open, sent, store } = stage({ rotation: "none" })
      store.kept.set("r0", "older")
      yield* Effect.scoped(Effect.flatMap(open(soon), ({ current }) => current))
      assert.deepStrictEqual([sent(), [...store.kept]], [["older", "r0"], [["r0", "r0"]]])
      yield* Effect.scoped(Effect.flatMap(open(soon), ({ current }) => current))
      assert.deepStrictEqual(sent(), ["older", "r0", "r0"])
    })
  )

  it.effect("for the store's token and the original is over, after one call for each", () =>
    Effect.gen(function* () {
      const { open, sent, service, store } = stage({ rotation: "none" })
      service.live.clear()
      store.kept.set("r0", "older")
      const { current } = yield* open(soon)
      for (const _ of [1, 2]) assert.strictEqual((yield* Effect.flip(current)).reason._tag, "LoginExpired")
      assert.deepStrictEqual(sent(), ["older", "r0"])
    })
  )

  it.effect("only for us, as another process rotated it, goes on by what that one kept", () =>
    Effect.gen(function* () {
      const { open, sent, service, store } = stage({ rotation: "none" }, ({ form }, nth) =>
        Effect.sync(() => {
          // While our request is on its way another process refreshes.
          if (nth !== 0 || form.get("refresh_token") !== "r0") return undefined
          service.live.clear()
          service.live.set("r9", 0)
          store.kept.set("r0", "r9")
          return undefined
        })
      )
      const { current } = yield* open(soon)
      yield* current
      assert.deepStrictEqual(sent(), ["r0", "r9"])
    })
  )

  it.effect("is not asked after for ever when the store names another dead token each time", () =>
    Effect.gen(function* () {
      const { open, sent, service, store } = stage({ rotation: "none" })
      service.live.clear()
      store.reading = Effect.sync(() => void store.kept.set("r0", `x${store.reads}`))
      const { current } = yield* open(soon)
      assert.strictEqual((yield* Effect.flip(current)).reason._tag, "LoginExpired")
      assert.isAtMost(sent().length, 5)
    })
  )

  it.effect("leaves the present token good until it expires", () =>
    Effect.gen(function* () {
      const { open, service } = stage({ rotation: "none" })
      const { current } = yield* open(soon)
      const first = yield* current
      service.live.clear()
      yield* TestClock.adjust("250 seconds")
      assert.strictEqual(textOf(yield* current), textOf(first))
      yield* TestClock.adjust("50 seconds")
      assert.strictEqual((yield* Effect.flip(current)).reason._tag, "LoginExpired")
    })
  )

  it.effect("is not what an outage is taken for", () =>
    Effect.gen(function* () {
      let up = false
      const { open } = stage({ rotation: "none" }, () => Effect.succeed(up ? undefined : refused))
      const { current } = yield* open(soon)
      assert.strictEqual((yield* Effect.flip(current)).reason._tag, "Unreachable")
      up = true
      yield* current
    })
  )

  it.effect("an answer without a refresh token leaves the one that was used", () =>
    Effect.gen(function* () {
      const { open, sent, store } = stage({ rotation: "none" }, () =>
        Effect.succeed(json(200, { access_token: jwt({ id: "1" }), expires_in: 300, refresh_token: null }))
      )
      const { current } = yield* open()
      yield* current
      yield* minutes(10)
      yield* current
      assert.deepStrictEqual([sent(), store.writes], [["r0", "r0"], 0])
    })
  )
})
