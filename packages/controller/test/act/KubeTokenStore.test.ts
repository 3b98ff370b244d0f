import { createHash } from "node:crypto"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as KubeTokenStore from "@netcup-failover/controller/act/KubeTokenStore"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import { TokenStore } from "@netcup-failover/netcup/TokenStore"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as FakeData from "../FakeData.ts"
import * as PromptDigest from "../PromptDigest.ts"
import { settingsOf } from "../TestSettings.ts"

const path = "/api/v1/namespaces/netcup-system/secrets/netcup-failover-tokens"
const mine = Redacted.make("original-geheim")
const yours = Redacted.make("other-geheim")
const newest = Redacted.make("rotated-geheim")
const hashOf = (token: Redacted.Redacted) => createHash("sha256").update(Redacted.value(token)).digest("hex")
const base64 = (text: string) => Buffer.from(text).toString("base64")
const day = 86_400_000

/** A store of its own term over the same Secret. */
const storeOver = (data: FakeData.FakeData) =>
  KubeTokenStore.layer.pipe(Layer.provide(Layer.mergeAll(data.layer, settingsOf(), PromptDigest.layer)))

/** A test with the Secret that it uses. */
const over =
  <A, E>(test: (data: FakeData.FakeData, store: TokenStore["Service"]) => Effect.Effect<A, E>) =>
  () =>
    Effect.suspend(() => {
      const data = FakeData.make()
      return Effect.provide(
        TokenStore.use((store) => test(data, store)),
        storeOver(data)
      )
    })

const latest = (store: TokenStore["Service"], original: Redacted.Redacted) =>
  Effect.map(store.latest(original), Option.match({ onNone: () => undefined, onSome: Redacted.value }))

/** What an error shows, however it is looked at. */
const shown = (error: unknown) => [String(error), JSON.stringify(error), inspect(error, { depth: 9, showHidden: true })]

describe("a rotated token", () => {
  it.effect(
    "is none before it was kept",
    over((data, store) =>
      Effect.gen(function* () {
        assert.isUndefined(yield* latest(store, mine))
        assert.deepStrictEqual(data.written, [])
      })
    )
  )

  it.effect(
    "that is used for weeks without another rotation is not taken for a forgotten one",
    over((data, store) =>
      Effect.gen(function* () {
        yield* store.keep(mine, newest)
        for (let week = 0; week < 6; week++) {
          yield* TestClock.adjust("8 days")
          assert.strictEqual(yield* latest(store, mine), "rotated-geheim")
        }
        yield* store.keep(yours, newest)
        assert.sameMembers(Object.keys(data.data(path) ?? {}), [hashOf(mine), hashOf(yours)])
      })
    )
  )

  it.effect(
    "is kept when the store says so, under the hash of the user's own, and found by it",
    over((data, store) =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        data.turns.writes.push({ before: Deferred.await(gate) })
        const keeping = yield* Effect.forkChild(store.keep(mine, newest), { startImmediately: true })
        yield* TestClock.adjust("1 second")
        assert.isUndefined(keeping.pollUnsafe())
        assert.deepStrictEqual(data.written, [])
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(keeping)
        const kept = data.data(path) ?? {}
        assert.deepStrictEqual(Object.keys(kept), [hashOf(mine)])
        assert.strictEqual(yield* latest(store, mine), "rotated-geheim")
        assert.isUndefined(yield* latest(store, newest))
      })
    )
  )

  it.effect("outlives the term that kept it", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      yield* Effect.provide(
        TokenStore.use((store) => store.keep(mine, newest)),
        storeOver(data)
      )
      const found = yield* Effect.provide(
        TokenStore.use((store) => latest(store, mine)),
        Layer.fresh(storeOver(data))
      )
      assert.strictEqual(found, "rotated-geheim")
    })
  )

  it.effect(
    "takes the place of the one before, and of no other login's",
    over((data, store) =>
      Effect.gen(function* () {
        yield* store.keep(mine, Redacted.make("first"))
        yield* store.keep(yours, Redacted.make("theirs"))
        yield* store.keep(mine, newest)
        assert.strictEqual(yield* latest(store, mine), "rotated-geheim")
        assert.strictEqual(yield* latest(store, yours), "theirs")
        assert.lengthOf(Object.keys(data.data(path) ?? {}), 2)
      })
    )
  )

  it.effect(
    "is not lost where two logins keep theirs at the same time",
    over((data, store) =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        data.turns.writes.push({ before: Deferred.await(gate) })
        const keeping = yield* Effect.forkChild(
          Effect.all([store.keep(mine, newest), store.keep(yours, Redacted.make("theirs"))], {
            concurrency: "unbounded"
          }),
          { startImmediately: true }
        )
        yield* TestClock.adjust("1 second")
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(keeping)
        assert.strictEqual(yield* latest(store, mine), "rotated-geheim")
        assert.strictEqual(yield* latest(store, yours), "theirs")
      })
    )
  )

  it.effect(
    "goes with the next write once it is older than 31 days, which netcup lets none be unused",
    over((data, store) =>
      Effect.gen(function* () {
        yield* store.keep(mine, newest)
        yield* TestClock.adjust(31 * day - 1)
        yield* store.keep(yours, Redacted.make("theirs"))
        assert.sameMembers(Object.keys(data.data(path) ?? {}), [hashOf(mine), hashOf(yours)])
        yield* TestClock.adjust(1)
        yield* store.keep(yours, Redacted.make("theirs again"))
        assert.deepStrictEqual(Object.keys(data.data(path) ?? {}), [hashOf(yours)])
      })
    )
  )
})

describe("a value that cannot be read", () => {
  for (const [what, value] of [
    ["no JSON", base64("rotated-geheim")],
    ["JSON of another shape", base64('{"refreshToken":7,"geheim":"rotated-geheim"}')],
    ["an empty token", base64('{"refreshToken":"","keptAt":0,"x":"rotated-geheim"}')],
    ["no base64", "rotated-geheim!"]
  ] as const) {
    it.effect(`since it is ${what} is none, is told without being shown, and goes with the next write`, () => {
      const told: Array<string> = []
      const logger = Logger.make((entry) => told.push(inspect(entry.message, { depth: 9 })))
      return over((data, store) =>
        Effect.gen(function* () {
          data.put(path, { [hashOf(mine)]: value })
          assert.isUndefined(yield* latest(store, mine))
          for (const line of told) assert.notInclude(line, "geheim")
          yield* store.keep(yours, newest)
          assert.deepStrictEqual(Object.keys(data.data(path) ?? {}), [hashOf(yours)])
        })
      )().pipe(Effect.provide(Logger.layer([logger])))
    })
  }
})

describe("a store that fails", () => {
  const failures = [
    new KubeErrors.Forbidden({ message: "secrets is forbidden" }),
    new KubeErrors.Conflict({ message: "the object has been modified" }),
    new KubeErrors.Unreachable({ message: "no answer within 5s" })
  ]
  for (const reason of failures) {
    it.effect(
      `to write by ${reason._tag} says so, without a token`,
      over((data, store) =>
        Effect.gen(function* () {
          yield* store.keep(mine, Redacted.make("first-geheim"))
          data.turns.writes.push({ before: Effect.fail(reason) })
          const error = yield* Effect.flip(store.keep(mine, newest))
          assert.strictEqual(error._tag, "TokenStoreError")
          assert.include(error.message, reason.message)
          assert.include(error.message, "netcup-failover-tokens")
          for (const text of shown(error)) assert.notInclude(text, "geheim")
          assert.strictEqual(yield* latest(store, mine), "first-geheim")
          // And the next try is made on what is there by then.
          yield* store.keep(mine, newest)
          assert.strictEqual(yield* latest(store, mine), "rotated-geheim")
        })
      )
    )

    it.effect(
      `to read by ${reason._tag} says so, and does not pass for one that has nothing`,
      over((data, store) =>
        Effect.gen(function* () {
          yield* store.keep(mine, newest)
          data.turns.reads.push({ before: Effect.fail(reason) }, { before: Effect.fail(reason) })
          for (const error of [yield* Effect.flip(store.latest(mine)), yield* Effect.flip(store.keep(yours, newest))]) {
            assert.strictEqual(error._tag, "TokenStoreError")
            for (const text of shown(error)) assert.notInclude(text, "geheim")
          }
          assert.lengthOf(data.written, 1)
        })
      )
    )
  }

  it.effect(
    "since somebody else writes meanwhile overwrites nothing of theirs",
    over((data, store) =>
      Effect.gen(function* () {
        yield* store.keep(mine, Redacted.make("first"))
        const theirs = base64(JSON.stringify({ refreshToken: "theirs", keptAt: 0 }))
        data.turns.writes.push({
          before: Effect.sync(() => data.put(path, { ...data.data(path), [hashOf(yours)]: theirs }))
        })
        assert.strictEqual((yield* Effect.flip(store.keep(mine, newest)))._tag, "TokenStoreError")
        assert.strictEqual(yield* latest(store, yours), "theirs")
        yield* store.keep(mine, newest)
        assert.strictEqual(yield* latest(store, yours), "theirs")
        assert.strictEqual(yield* latest(store, mine), "rotated-geheim")
      })
    )
  )
})
