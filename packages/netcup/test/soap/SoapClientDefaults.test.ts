import { assert, describe, it } from "@effect/vitest"
import * as SoapClient from "@netcup-failover/netcup/soap/SoapClient"
import { changeIPRouting, getVServers } from "@netcup-failover/netcup/soap/WSEndUser"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as TestClock from "effect/testing/TestClock"
import { credentials, endpoint, http } from "./Endpoint.ts"
import { routing } from "./Outcomes.ts"

describe("SoapClient: defaults", () => {
  /** Lets the virtual clock run while a silent server holds the requests. */
  const afterSilence = Effect.fnUntraced(function* (
    use: (client: SoapClient.SoapClient["Service"]) => Effect.Effect<unknown, unknown>,
    seconds: number
  ) {
    const heard = yield* Deferred.make<void>()
    const { received, url } = yield* endpoint(() => Deferred.doneUnsafe(heard, Effect.void))
    const client = yield* SoapClient.make(credentials, { url, tries: 1 })
    const fiber = yield* Effect.forkChild(Effect.flip(use(client)))
    yield* Deferred.await(heard)
    yield* TestClock.adjust(`${seconds - 1} seconds`)
    const early = fiber.pollUnsafe()
    yield* TestClock.adjust("1 second")
    return { early, error: String(yield* Fiber.join(fiber)), requests: received.length }
  }, Effect.provide(http))

  it.effect("a read waits for 10 seconds", () =>
    Effect.gen(function* () {
      const { early, error, requests } = yield* afterSilence(({ call }) => call(getVServers, {}), 10)
      assert.deepStrictEqual([early, requests], [undefined, 1])
      assert.include(error, "no answer within 10s")
    })
  )

  it.effect("a routing change waits for 30 seconds", () =>
    Effect.gen(function* () {
      const { early, error, requests } = yield* afterSilence(({ call }) => call(changeIPRouting, routing), 30)
      assert.deepStrictEqual([early, requests], [undefined, 1])
      assert.include(error, "no answer within 30s")
    })
  )

  it.effect("netcup's own endpoint is asked, three times at most", () =>
    Effect.gen(function* () {
      const urls: Array<string> = []
      const dead = HttpClient.make((request, url) => {
        urls.push(url.href)
        return Effect.fail(
          new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) })
        )
      })
      const { call } = yield* SoapClient.make(credentials).pipe(Effect.provideService(HttpClient.HttpClient, dead))
      const fiber = yield* Effect.forkChild(Effect.flip(call(getVServers, {})))
      for (let i = 0; i < 20; i++) yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber)).reason._tag, "Unreachable")
      assert.deepStrictEqual(
        urls,
        Array.from({ length: 3 }, () => "https://www.servercontrolpanel.de/WSEndUser")
      )
    })
  )
})
