import { assert, describe, it } from "@effect/vitest"
import { NetcupError } from "@netcup-failover/netcup/NetcupError"
import type { PromiseTokenStore } from "@netcup-failover/netcup/promise/PromiseTokenStore"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { account, first, fulfilled, netcup, rejection, second } from "./Netcup.ts"

/** What a program may keep tokens in. */
class MapStore implements PromiseTokenStore {
  readonly kept = new Map<string, string>()
  async load(login: string) {
    return this.kept.get(login) ?? null
  }
  async save(login: string, token: string) {
    this.kept.set(login, token)
  }
}

describe("PromiseTokenStore", () => {
  it.live("connects again by the token that the last connection kept, since the first one is dead", () =>
    Effect.gen(function* () {
      const { byRest, refreshToken } = yield* netcup({ rotate: "always" })
      const tokenStore = new MapStore()
      for (const _ of [1, 2, 3]) {
        const connection = yield* byRest({ tokenStore })
        assert.deepStrictEqual(yield* fulfilled(() => connection.servers()), [first, second])
        yield* fulfilled(() => connection.close())
      }
      assert.strictEqual(tokenStore.kept.size, 1)
      const [[login = "", token] = []] = tokenStore.kept
      assert.match(login, /^[0-9a-f]{64}$/)
      assert.notStrictEqual(token, refreshToken)
      const forgetful = yield* byRest()
      const error = yield* rejection(() => forgetful.servers())
      assert.strictEqual(error instanceof NetcupError && error.reason._tag, "LoginExpired")
    })
  )

  it.live("never takes the tokens of an old login for those of a new one", () =>
    Effect.gen(function* () {
      const { byRest, world } = yield* netcup({ rotate: "always" })
      const tokenStore = new MapStore()
      yield* fulfilled((yield* byRest({ tokenStore })).servers)
      yield* world.revokeTokens(account.loginName)
      const refreshToken = Redacted.value(yield* world.login(account.loginName))
      const connection = yield* byRest({ refreshToken, tokenStore })
      assert.deepStrictEqual(yield* fulfilled(() => connection.servers()), [first, second])
      assert.strictEqual(tokenStore.kept.size, 2)
    })
  )

  for (const [what, broken] of [
    [
      "load throws",
      {
        load: () => {
          throw new Error("the disk is gone")
        }
      }
    ],
    ["load is rejected", { load: () => Promise.reject(new Error("the disk is gone")) }],
    ["load gives an empty text", { load: () => "" }],
    ["load gives no text", { load: () => JSON.parse("42") }]
  ] as const) {
    it.live(`asks nothing of netcup when ${what}`, () =>
      Effect.gen(function* () {
        const { byRest, rest } = yield* netcup()
        const connection = yield* byRest({ tokenStore: { ...broken, save: () => undefined } })
        const error = yield* rejection(() => connection.servers())
        assert.strictEqual(error instanceof NetcupError && error.reason._tag, "TokenNotKept")
        assert.match(String(error), /tokenStore\.load/)
        assert.deepStrictEqual(yield* rest.journal.calls, [])
      })
    )
  }

  it.live("hands out nothing before a new token is safe, and says what is wrong without the token", () =>
    Effect.gen(function* () {
      const { byRest, rest } = yield* netcup({ rotate: "always" })
      const tokens: Array<string> = []
      const connection = yield* byRest({
        tokenStore: {
          load: () => undefined,
          save: (_, token) => {
            tokens.push(token)
            if (tokens.length === 1) throw new Error(`no room for ${token}`)
          }
        }
      })
      const error = yield* rejection(() => connection.servers())
      assert.strictEqual(error instanceof NetcupError && error.reason._tag, "TokenNotKept")
      assert.match(String(error), /tokenStore\.save failed: no room for <redacted>/)
      assert.deepStrictEqual(yield* rest.journal.callsOf("servers"), [])
      assert.deepStrictEqual(yield* fulfilled(() => connection.servers()), [first, second])
      assert.lengthOf(new Set(tokens), 1)
    })
  )
})
