import { assert, describe, it } from "@effect/vitest"
import { AccessDenied } from "@netcup-failover/netcup/login/OAuthError"
import { NetcupError } from "@netcup-failover/netcup/NetcupError"
import { login } from "@netcup-failover/netcup/promise/Login"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { fulfilled, netcup, rejection } from "./Netcup.ts"

/** netcup has clients ask each 5 s. */
const time = 20_000

describe("login", () => {
  it.live(
    "gives a token that connects",
    () =>
      Effect.gen(function* () {
        const { byRest, rest } = yield* netcup()
        const refreshToken = yield* fulfilled(() =>
          login(({ userCode }) => Effect.runPromise(rest.devices.approve(userCode)), { issuer: rest.issuer })
        )
        const connection = yield* byRest({ refreshToken })
        assert.lengthOf(yield* fulfilled(() => connection.servers()), 2)
      }),
    time
  )

  it.live(
    "is rejected when the user declines",
    () =>
      Effect.gen(function* () {
        const { rest } = yield* netcup()
        const call = () =>
          login(({ userCode }) => Effect.runPromise(rest.devices.deny(userCode)), { issuer: rest.issuer })
        assert.instanceOf(yield* rejection(call), AccessDenied)
      }),
    time
  )

  it.live("is rejected when netcup is not there, when showing fails, and by its signal", () =>
    Effect.gen(function* () {
      const { rest } = yield* netcup()
      const broken = new Error("no terminal")
      const { issuer } = rest
      assert.strictEqual(yield* rejection(() => login(() => Promise.reject(broken), { issuer })), broken)

      const [abort, enough] = [new AbortController(), new Error("enough")]
      const call = yield* Effect.forkChild(
        rejection(() => login(() => abort.abort(enough), { issuer, signal: abort.signal }))
      )
      assert.strictEqual(yield* Fiber.join(call), enough)
      assert.deepStrictEqual(yield* rest.journal.callsOf("token.device"), [])

      yield* rest.stop
      const error = yield* rejection(() => login(() => undefined, { issuer, tries: 1 }))
      assert.strictEqual(error instanceof NetcupError && error.reason._tag, "Unreachable")
    })
  )
})
