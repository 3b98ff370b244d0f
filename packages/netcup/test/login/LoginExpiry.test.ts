import { assert, describe, it } from "@effect/vitest"
import * as LoginAnswer from "@netcup-failover/netcup/login/LoginAnswer"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import { json, jwt, refused } from "./FakeLogin.ts"
import { stage } from "./Stage.ts"

const day = 86_400_000
const down = Effect.succeed(refused)

describe("when a login dies unless it is used", () => {
  it.effect("is unknown before its first use, and then 30 days after the last one that netcup answered", () =>
    Effect.gen(function* () {
      const { open } = stage({ rotation: "none" }, ({ at }) => (at >= 120_000 ? down : Effect.undefined))
      const { current, loginExpiresAt, reject } = yield* open({ tries: 1 })
      assert.isUndefined(yield* loginExpiresAt)
      const first = yield* current
      assert.strictEqual(yield* loginExpiresAt, 30 * day)
      yield* TestClock.adjust("1 minute")
      yield* reject(first)
      const second = yield* current
      assert.strictEqual(yield* loginExpiresAt, 30 * day + 60_000)
      yield* TestClock.adjust("1 minute")
      yield* reject(second)
      yield* Effect.flip(current)
      assert.strictEqual(yield* loginExpiresAt, 30 * day + 60_000)
    }).pipe(Effect.scoped)
  )

  it.effect("is what netcup says, of a login that is not for long", () =>
    Effect.gen(function* () {
      const answer = { access_token: jwt({ id: "1" }), refresh_token: "r", expires_in: 300, refresh_expires_in: 1800 }
      const { open } = stage({ rotation: "none" }, () => Effect.succeed(json(200, answer)))
      const { current, loginExpiresAt } = yield* open()
      yield* current
      assert.strictEqual(yield* loginExpiresAt, 1_800_000)
    }).pipe(Effect.scoped)
  )

  it("is not said by what is no number, which costs no login", () => {
    for (const life of [0, -1, null, "1800", {}, []]) {
      const answer = LoginAnswer.token(
        JSON.stringify({ access_token: "abc", expires_in: 300, refresh_expires_in: life })
      )
      assert.deepStrictEqual<unknown>(
        Option.map(answer, ({ refreshExpiresIn }) => refreshExpiresIn),
        Option.some(undefined),
        JSON.stringify(life)
      )
    }
  })
})
