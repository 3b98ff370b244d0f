import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { refused } from "./FakeLogin.ts"
import { stage } from "./Stage.ts"

const day = 24 * 60 * 60 * 1000
const hours = (count: number) => Effect.repeat(TestClock.adjust("1 hour"), { times: count - 1 })

const logs = () => {
  const logged: Array<string> = []
  return {
    logged,
    layer: Logger.layer([
      Logger.make(({ logLevel, message }) => void logged.push(`${logLevel} ${JSON.stringify(message)}`))
    ])
  }
}

describe("a login that nobody uses", () => {
  it.effect("is alive after 45 days at a netcup that ends it after 30 days without use", () =>
    Effect.gen(function* () {
      const { asked, open, store } = stage({ rotation: "replaced", idle: 30 * day })
      const { current } = yield* open()
      yield* hours(45 * 24)
      yield* current
      const gaps = asked.map(({ at }, nth) => at - (asked[nth - 1]?.at ?? 0))
      assert.isAtMost(Math.max(...gaps), day)
      assert.isAtMost(asked.length, 47)
      assert.deepStrictEqual([...store.kept], [["r0", `r${asked.length}`]])
    })
  )

  it.effect("is used soon after each start, as nobody knows when it was before", () =>
    Effect.gen(function* () {
      const { asked, open } = stage({ rotation: "replaced", idle: 30 * day })
      for (let start = 0; start < 60; start++) yield* Effect.scoped(Effect.andThen(open(), hours(20)))
      assert.strictEqual(asked.length, 60)
    })
  )

  it.effect("is not used more often because it is used", () =>
    Effect.gen(function* () {
      const { asked, open } = stage({ rotation: "none" })
      const { current } = yield* open()
      for (let nth = 0; nth < 100; nth++) {
        yield* current
        yield* hours(1)
      }
      assert.strictEqual(asked.length, 100)
    })
  )

  it.effect("survives that netcup or the store is down when its time comes, and says so", () =>
    Effect.gen(function* () {
      let up = false
      const { logged, layer } = logs()
      const { asked, open } = stage({ rotation: "replaced", idle: 30 * day }, () =>
        Effect.succeed(up ? undefined : refused)
      )
      yield* Effect.gen(function* () {
        yield* open({ tries: 1 })
        yield* hours(29 * 24)
        assert.isAbove(asked.length, 29 * 20)
        assert.isBelow(asked.length, 29 * 26)
        up = true
        yield* hours(16 * 24)
      }).pipe(Effect.provide(layer))
      assert.include(logged[0], "Warn")
      assert.include(logged[0], "ECONNREFUSED")
      const { current } = yield* open()
      yield* current
    })
  )

  it.effect("that is over is told of, and asked for again once a day", () =>
    Effect.gen(function* () {
      const { logged, layer } = logs()
      const { asked, open, service } = stage({ rotation: "replaced" })
      service.live.clear()
      yield* Effect.andThen(open(), hours(30 * 24)).pipe(Effect.provide(layer))
      assert.strictEqual(asked.length, 30)
      assert.include(logged[0], "Error")
      assert.include(logged[0], "log in again")
      assert.isAtMost(logged.length, 30 * 2)
    })
  )

  it.effect("is not given up for a defect of the store", () =>
    Effect.gen(function* () {
      const { open, store } = stage({ rotation: "replaced", idle: 30 * day })
      store.reading = Effect.die("boom")
      const { current } = yield* open()
      yield* hours(3)
      store.reading = Effect.void
      yield* hours(40 * 24)
      yield* current
    })
  )
})
