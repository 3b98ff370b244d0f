/**
 * Logins against the simulator, which was written from the facts alone and knows nothing of this client.
 */
import { assert, describe, it } from "@effect/vitest"
import { RestCredentials } from "@netcup-failover/netcup/Credentials"
import * as AccessTokens from "@netcup-failover/netcup/login/AccessTokens"
import * as DeviceLogin from "@netcup-failover/netcup/login/DeviceLogin"
import * as Logout from "@netcup-failover/netcup/login/Logout"
import * as MemoryTokenStore from "@netcup-failover/netcup/login/MemoryTokenStore"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as RestSimulator from "@netcup-failover/testing/netcup/RestSimulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { http } from "./LoginServer.ts"

const scene = Effect.fnUntraced(function* (options: RestSimulator.RestSimulatorOptions = {}) {
  const world = yield* NetcupWorld.make([{ loginName: "100000", password: "p", userId: 555001 }])
  const simulator = yield* RestSimulator.make({ world, ...options })
  const login = Effect.map(world.login("100000"), (refreshToken) => new RestCredentials({ refreshToken }))
  /** What no correct client ever sends. */
  const misunderstood = Effect.map(simulator.journal.calls, (calls) =>
    calls.filter(({ outcome }) => outcome._tag === "Misunderstood")
  )
  return { world, simulator, login, misunderstood, options: { issuer: simulator.issuer, retryDelay: 1 } }
})

const layers = Layer.merge(MemoryTokenStore.layer, http)

describe("logins at the simulator", () => {
  for (const rotate of ["always", "overlapping", "never", "omitted"] as const) {
    it.live(`tokens are refreshed, over restarts too, where netcup rotates them: ${rotate}`, () =>
      Effect.gen(function* () {
        const { login, misunderstood, options } = yield* scene({ rotate })
        const credentials = yield* login
        for (const _ of [1, 2, 3]) {
          yield* Effect.scoped(
            Effect.gen(function* () {
              const { current, reject } = yield* AccessTokens.make(credentials, options)
              const first = yield* current
              assert.strictEqual(first.userId, 555001)
              yield* reject(first)
              yield* current
            })
          )
        }
        assert.deepStrictEqual(yield* misunderstood, [])
      }).pipe(Effect.provide(Layer.fresh(layers)))
    )
  }

  it.live("a login that was revoked is over", () =>
    Effect.gen(function* () {
      const { login, misunderstood, options } = yield* scene()
      const credentials = yield* login
      const { current, reject } = yield* AccessTokens.make(credentials, options)
      const access = yield* current
      yield* Logout.revoke(credentials, options)
      yield* reject(access)
      assert.strictEqual((yield* Effect.flip(current)).reason._tag, "LoginExpired")
      assert.deepStrictEqual(yield* misunderstood, [])
    }).pipe(Effect.provide(Layer.fresh(layers)))
  )

  it.effect("a device login is granted, and its token is good for access tokens", () =>
    Effect.gen(function* () {
      const { misunderstood, options, simulator } = yield* scene()
      // Virtual time runs ahead of the real network here.
      const { await: wait, userCode } = yield* DeviceLogin.begin({ ...options, timeout: "1 hour" })
      const fiber = yield* Effect.forkChild(wait)
      yield* TestClock.adjust("5 seconds")
      yield* simulator.awaitCall({ operation: "token.device", where: ({ status }) => status === 400 })
      yield* simulator.devices.approve(userCode)
      // The answer to the first poll arrives in its own time: the pause after it begins with that.
      const { refreshToken } = yield* Effect.raceFirst(
        Fiber.join(fiber),
        Effect.forever(Effect.andThen(TestClock.adjust("1 second"), TestClock.withLive(Effect.sleep("20 millis"))))
      )
      const { current } = yield* AccessTokens.make(new RestCredentials({ refreshToken }), options)
      assert.strictEqual((yield* current).userId, 555001)
      assert.deepStrictEqual(yield* misunderstood, [])
    }).pipe(Effect.provide(Layer.fresh(layers)))
  )

  it.effect("a device login that its user declines fails", () =>
    Effect.gen(function* () {
      const { options, simulator } = yield* scene()
      const { await: wait, userCode } = yield* DeviceLogin.begin(options)
      yield* simulator.devices.deny(userCode)
      const fiber = yield* Effect.forkChild(Effect.flip(wait))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "AccessDenied")
    }).pipe(Effect.provide(Layer.fresh(layers)))
  )
})
