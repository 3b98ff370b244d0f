import { assert, describe, it } from "@effect/vitest"
import * as DeviceLogin from "@netcup-failover/netcup/login/DeviceLogin"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { client, json, jwt, oauthError, type Reply, refused, reset } from "./FakeLogin.ts"

const device = {
  device_code: "the-device-code",
  user_code: "ABCD-EFGH",
  verification_uri: "https://netcup.invalid/device",
  verification_uri_complete: "https://netcup.invalid/device?user_code=ABCD-EFGH",
  expires_in: 600,
  interval: 5
}
const granted = json(200, { access_token: jwt({ id: "1" }), expires_in: 300, refresh_token: "offline" })
const pending = oauthError("authorization_pending")

/** A login whose polls are answered in turn, the last one for ever. */
const begin = (polls: ReadonlyArray<Reply>, answer: unknown = device) => {
  let polled = 0
  const { asked, layer } = client(({ path }) =>
    path === "device" ? json(200, answer) : (polls[polled++] ?? polls.at(-1) ?? pending)
  )
  return {
    login: DeviceLogin.begin().pipe(Effect.provide(layer)),
    /** When netcup was asked, in seconds. */
    polls: () => asked.slice(1).map(({ at }) => at / 1000),
    asked
  }
}

const pass = (seconds: number) => Effect.repeat(TestClock.adjust("1 second"), { times: seconds - 1 })

describe("DeviceLogin", () => {
  it.effect("tells what its user needs", () =>
    Effect.gen(function* () {
      const { login } = begin([])
      yield* TestClock.adjust("1 second")
      const { expiresAt, interval, userCode, verificationUri, verificationUriComplete } = yield* login
      assert.deepStrictEqual(
        [userCode, verificationUri, verificationUriComplete, expiresAt, Duration.toSeconds(interval)],
        [device.user_code, device.verification_uri, device.verification_uri_complete, 601_000, 5]
      )
    })
  )

  it.effect("asks each interval until its user has allowed it", () =>
    Effect.gen(function* () {
      const { asked, login, polls } = begin([pending, pending, granted])
      const { await: wait } = yield* login
      const fiber = yield* Effect.forkChild(wait)
      yield* pass(20)
      const { expiresIn, refreshToken } = yield* Fiber.join(fiber)
      assert.deepStrictEqual([Redacted.value(refreshToken), expiresIn], ["offline", 300])
      assert.deepStrictEqual(polls(), [5, 10, 15])
      assert.strictEqual(asked[1]?.form.get("device_code"), "the-device-code")
    })
  )

  it.effect("asks 5 s less often after each slow_down, for good", () =>
    Effect.gen(function* () {
      const slow = oauthError("slow_down")
      const { login, polls } = begin([pending, slow, pending, slow, pending, granted])
      const fiber = yield* Effect.forkChild(Effect.flatMap(login, ({ await: wait }) => wait))
      yield* pass(100)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(polls(), [5, 10, 20, 30, 45, 60])
    })
  )

  for (const [code, tag, words] of [
    ["access_denied", "AccessDenied", "declined"],
    ["expired_token", "ExpiredToken", "begin again"],
    ["invalid_grant", "ExpiredToken", "begin again"]
  ] as const) {
    it.effect(`${code} ends it with ${tag}, which says what to do`, () =>
      Effect.gen(function* () {
        const { login, polls } = begin([pending, oauthError(code)])
        const fiber = yield* Effect.forkChild(Effect.flip(Effect.flatMap(login, ({ await: wait }) => wait)))
        yield* pass(60)
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error._tag, tag)
        assert.include(error.message, words)
        assert.strictEqual(polls().length, 2)
      })
    )
  }

  it.effect("ends by itself when its time is up", () =>
    Effect.gen(function* () {
      const { login, polls } = begin([pending])
      const fiber = yield* Effect.forkChild(Effect.flip(Effect.flatMap(login, ({ await: wait }) => wait)))
      yield* pass(599)
      assert.isUndefined(fiber.pollUnsafe())
      yield* pass(1)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "ExpiredToken")
      assert.strictEqual(polls().length, 119)
      assert.isBelow(Math.max(...polls()), 600)
    })
  )

  it.effect("rides outages out, asking less and less often, and as before when netcup is back", () =>
    Effect.gen(function* () {
      const gateway: Reply = { status: 502, body: "<html>" }
      const { login, polls } = begin([refused, reset, gateway, { status: 429, body: "" }, gateway, pending, granted])
      const fiber = yield* Effect.forkChild(Effect.flatMap(login, ({ await: wait }) => wait))
      yield* pass(260)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(polls(), [5, 15, 35, 75, 135, 195, 200])
    })
  )

  it.effect("does not wait for a login that netcup refuses for another reason", () =>
    Effect.gen(function* () {
      const { login } = begin([oauthError("unauthorized_client", "not allowed")])
      const fiber = yield* Effect.forkChild(Effect.flip(Effect.flatMap(login, ({ await: wait }) => wait)))
      yield* pass(5)
      const error = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        [error._tag, error.message],
        ["NetcupError", "netcup's login refuses: unauthorized_client: not allowed"]
      )
    })
  )

  it.effect("fails when netcup gives no refresh token", () =>
    Effect.gen(function* () {
      const { login } = begin([json(200, { access_token: "abc", expires_in: 300 })])
      const fiber = yield* Effect.forkChild(Effect.flip(Effect.flatMap(login, ({ await: wait }) => wait)))
      yield* pass(5)
      assert.include((yield* Fiber.join(fiber)).message, "no refresh token")
    })
  )

  for (const [name, answer] of [
    ["no code for its user", { ...device, user_code: undefined }],
    ["a code that a terminal would obey", { ...device, user_code: "\u001b[2JABCD" }],
    ["a page that is no web address", { ...device, verification_uri: "javascript:alert(1)" }],
    ["a web address with a line end in it", { ...device, verification_uri: "https://netcup.invalid/\nrm -rf" }],
    ["an interval of no number", { ...device, interval: "5" }],
    ["no end", { ...device, expires_in: null }]
  ] as const) {
    it.effect(`does not begin with ${name}`, () =>
      Effect.gen(function* () {
        const { login } = begin([], answer)
        const fiber = yield* Effect.forkChild(Effect.flip(login))
        yield* pass(5)
        assert.strictEqual((yield* Fiber.join(fiber)).reason._tag, "MalformedAnswer")
      })
    )
  }

  it.effect("asks each 5 s where netcup names no interval, and never without a pause", () =>
    Effect.gen(function* () {
      for (const [interval, second] of [
        [undefined, 5],
        [null, 5],
        [0, 1]
      ] as const) {
        const { interval: told } = yield* begin([], { ...device, interval }).login
        assert.strictEqual(Duration.toSeconds(told), second)
      }
    })
  )
})
