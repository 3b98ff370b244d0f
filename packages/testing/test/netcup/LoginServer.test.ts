/** The login server: refreshing, rotation, death of tokens, the device flow. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import type { RawAnswer } from "./RawClient.ts"
import { ask, jsonOf, post, refresh, simulator, tokensOf } from "./RestHand.ts"

const OAuth = Schema.fromJsonString(Schema.Struct({ error: Schema.String, error_description: Schema.String }))
const refusal = (answer: RawAnswer) => [answer.status, Schema.decodeUnknownSync(OAuth)(answer.body).error]

const good = (answer: RawAnswer) => {
  assert.strictEqual(answer.status, 200, answer.body)
  return tokensOf(answer)
}

const loggedIn = (options: Parameters<typeof simulator>[0] = {}) =>
  Effect.gen(function* () {
    const sim = yield* simulator(options)
    const first = Redacted.value(yield* sim.world.login("100000"))
    return { ...sim, first, refreshed: (token: string) => refresh(sim.issuer, token) }
  })

describe("a refresh", () => {
  it.effect("gives an access token that tells the user id and the customer number apart", () =>
    Effect.gen(function* () {
      const { api, first, issuer, refreshed } = yield* loggedIn()
      yield* TestClock.adjust("1 minute")
      const answer = yield* refreshed(first)
      assert.match(answer.contentType, /^application\/json/u)
      assert.strictEqual(answer.headers["cache-control"], "no-store")
      assert.deepInclude(jsonOf(answer), {
        expires_in: 300,
        refresh_expires_in: 0,
        token_type: "Bearer",
        "not-before-policy": 0,
        scope: "profile offline_access email"
      })
      const { access_token: token } = good(answer)
      const claims = Result.getOrThrow(Base64Url.decodeString(token.split(".")[1] ?? ""))
      assert.deepInclude(jsonOf({ body: claims }), {
        id: "555001",
        preferred_username: "100000",
        iss: issuer,
        exp: 360
      })
      assert.strictEqual((yield* api("/v1/users/555001", { token })).status, 200)
    })
  )

  it.effect("tells the lifetime that the simulator was given, and keeps to it", () =>
    Effect.gen(function* () {
      const { api, first, refreshed } = yield* loggedIn({ accessTokenLifetime: "10 seconds" })
      const answer = yield* refreshed(first)
      assert.deepInclude(jsonOf(answer), { expires_in: 10 })
      const { access_token: token } = good(answer)
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual((yield* api("/v1/servers", { token })).status, 200)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* api("/v1/servers", { token })).status, 401)
    })
  )

  it.effect("rotates the token, and the one before is dead", () =>
    Effect.gen(function* () {
      const { first, journal, refreshed } = yield* loggedIn()
      const { refresh_token: second = "" } = good(yield* refreshed(first))
      assert.notStrictEqual(second, first)
      assert.deepStrictEqual(refusal(yield* refreshed(first)), [400, "invalid_grant"])
      good(yield* refreshed(second))
      assert.deepStrictEqual(
        (yield* journal.callsOf("token.refresh"))
          .slice(1)
          .map((call) => [call.loginName, call.authenticated, call.status]),
        [
          ["100000", true, 200],
          ["100000", false, 400],
          ["100000", true, 200]
        ]
      )
    })
  )

  it.effect("of two at once with one token only one wins", () =>
    Effect.gen(function* () {
      const { first, refreshed } = yield* loggedIn()
      const answers = yield* Effect.all([refreshed(first), refreshed(first), refreshed(first)], { concurrency: 3 })
      assert.deepStrictEqual(answers.map(({ status }) => status).toSorted(), [200, 400, 400])
    })
  )

  it.effect("never: the token stays the same", () =>
    Effect.gen(function* () {
      const { first, refreshed } = yield* loggedIn({ rotate: "never" })
      assert.strictEqual(good(yield* refreshed(first)).refresh_token, first)
      assert.strictEqual(good(yield* refreshed(first)).refresh_token, first)
    })
  )

  it.effect("omitted: no token comes, and the one before lives on", () =>
    Effect.gen(function* () {
      const { first, refreshed } = yield* loggedIn({ rotate: "omitted" })
      assert.isUndefined(good(yield* refreshed(first)).refresh_token)
      good(yield* refreshed(first))
    })
  )

  it.effect("overlapping: a new token comes, and the one before lives on", () =>
    Effect.gen(function* () {
      const { first, refreshed } = yield* loggedIn({ rotate: "overlapping" })
      const { refresh_token: second = "" } = good(yield* refreshed(first))
      assert.notStrictEqual(second, first)
      good(yield* refreshed(first))
      good(yield* refreshed(second))
    })
  )
})

describe("a refresh token", () => {
  it.effect("dies when it is not used for 30 days", () =>
    Effect.gen(function* () {
      const { first, refreshed } = yield* loggedIn({ rotate: "never" })
      for (const _ of [1, 2, 3]) {
        yield* TestClock.adjust("2591999999 millis")
        good(yield* refreshed(first))
      }
      yield* TestClock.adjust("30 days")
      assert.deepStrictEqual(refusal(yield* refreshed(first)), [400, "invalid_grant"])
    })
  )

  it.effect("lives 30 days from its rotation when it came of one", () =>
    Effect.gen(function* () {
      const { first, refreshed } = yield* loggedIn()
      yield* TestClock.adjust("29 days")
      const { refresh_token: second = "" } = good(yield* refreshed(first))
      yield* TestClock.adjust("29 days")
      good(yield* refreshed(second))
    })
  )

  it.effect("dies with the user's decision, and another account's does not", () =>
    Effect.gen(function* () {
      const { api, first, refreshed, token, world } = yield* loggedIn()
      const other = Redacted.value(yield* world.login("200000"))
      yield* world.revokeTokens("100000")
      assert.deepStrictEqual(refusal(yield* refreshed(first)), [400, "invalid_grant"])
      good(yield* refreshed(other))
      assert.strictEqual((yield* api("/v1/servers", { token })).status, 200)
    })
  )

  it.effect("dies when its client revokes it, and what is none is no error", () =>
    Effect.gen(function* () {
      const { first, issuer, refreshed } = yield* loggedIn()
      for (const token of [first, "nothing"]) {
        const form = { token, token_type_hint: "refresh_token", client_id: "scp" }
        const answer = yield* post(issuer, "revoke", form)
        assert.deepStrictEqual([answer.status, answer.body], [200, ""])
      }
      assert.deepStrictEqual(refusal(yield* refreshed(first)), [400, "invalid_grant"])
    })
  )

  it.effect("is none of nobody's account", () =>
    Effect.gen(function* () {
      const { world } = yield* loggedIn()
      const exit = yield* Effect.exit(world.login("nobody"))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", 'no account "nobody"')
    })
  )
})

describe("requests that are wrong", () => {
  const grant = { grant_type: "refresh_token", client_id: "scp", refresh_token: "x" }
  const wrong: ReadonlyArray<readonly [string, string, Readonly<Record<string, string>>, number, string, string]> = [
    ["a token that nobody gave", "token", grant, 400, "invalid_grant", "Refused"],
    ["another client", "token", { ...grant, client_id: "other" }, 401, "invalid_client", "Refused"],
    ["no grant type", "token", { client_id: "scp" }, 400, "invalid_request", "Misunderstood"],
    ["another grant", "token", { ...grant, grant_type: "password" }, 400, "unsupported_grant_type", "Misunderstood"],
    ["no token", "token", { grant_type: "refresh_token", client_id: "scp" }, 400, "invalid_request", "Misunderstood"],
    ["an empty token", "token", { ...grant, refresh_token: "" }, 400, "invalid_request", "Misunderstood"],
    ["a field that is not known", "token", { ...grant, client_secret: "x" }, 400, "invalid_request", "Misunderstood"],
    ["nothing to revoke", "revoke", { client_id: "scp" }, 400, "invalid_request", "Misunderstood"],
    ["a device without a client", "auth/device", { scope: "openid" }, 401, "invalid_client", "Refused"]
  ]
  for (const [what, endpoint, form, status, error, outcome] of wrong) {
    it.effect(`${what}: ${status} ${error}`, () =>
      Effect.gen(function* () {
        const { issuer, journal } = yield* simulator()
        assert.deepStrictEqual(refusal(yield* post(issuer, endpoint, form)), [status, error])
        assert.strictEqual((yield* journal.calls).at(-1)?.outcome._tag, outcome)
      })
    )
  }

  it.effect("JSON is 415, a field that comes twice 400, GET 405, another realm 404", () =>
    Effect.gen(function* () {
      const { first, issuer } = yield* loggedIn()
      const url = `${issuer}/protocol/openid-connect/token`
      const json = yield* ask(url, { method: "POST", body: { ...grant, refresh_token: first } })
      assert.deepStrictEqual(refusal(json), [415, "invalid_request"])
      const form = `${new URLSearchParams({ ...grant, refresh_token: first })}`
      const type = "application/x-www-form-urlencoded"
      const twice = yield* ask(url, { method: "POST", type, body: `${form}&client_id=scp` })
      assert.deepStrictEqual(refusal(twice), [400, "invalid_request"])
      assert.strictEqual((yield* ask(url)).status, 405)
      const elsewhere = yield* ask(url.replace("/scp/", "/master/"), { method: "POST", type, body: form })
      assert.strictEqual(elsewhere.status, 404)
      good(yield* ask(url, { method: "POST", type: `${type};charset=utf-8`, body: form }))
    })
  )
})

it.effect("userinfo tells who a token is, and of a bad one nothing", () =>
  Effect.gen(function* () {
    const { issuer, token } = yield* simulator()
    const url = `${issuer}/protocol/openid-connect/userinfo`
    assert.deepInclude(jsonOf(yield* ask(url, { token })), { id: "555001", preferred_username: "100000" })
    for (const bad of [undefined, "x"]) {
      const answer = yield* ask(url, { token: bad })
      assert.deepStrictEqual(refusal(answer), [401, "invalid_token"])
      assert.match(answer.headers["www-authenticate"] ?? "", /^Bearer/u)
    }
  })
)

it.effect("the issuer describes itself", () =>
  Effect.gen(function* () {
    const { issuer } = yield* simulator()
    const answer = yield* ask(`${issuer}/.well-known/openid-configuration`)
    assert.deepInclude(jsonOf(answer), { issuer, token_endpoint: `${issuer}/protocol/openid-connect/token` })
  })
)

describe("the device flow", () => {
  const Begun = Schema.fromJsonString(
    Schema.Struct({
      device_code: Schema.String,
      user_code: Schema.String,
      verification_uri: Schema.String,
      verification_uri_complete: Schema.String,
      expires_in: Schema.Int,
      interval: Schema.Int
    })
  )
  const flow = (scope = "offline_access openid") =>
    Effect.gen(function* () {
      const sim = yield* simulator()
      const begun = Schema.decodeUnknownSync(Begun)(
        (yield* post(sim.issuer, "auth/device", { client_id: "scp", scope })).body
      )
      const poll = post(sim.issuer, "token", {
        grant_type: "urn:ietf:params:oauth:grant-type:device_code",
        device_code: begun.device_code,
        client_id: "scp"
      })
      const after = (seconds: number) => Effect.andThen(TestClock.adjust(seconds * 1000), poll)
      return { ...sim, begun, poll, after, code: begun.user_code }
    })

  it.effect("begins with codes, an address to go to, an interval and an end", () =>
    Effect.gen(function* () {
      const { begun, code, devices, issuer } = yield* flow()
      assert.match(code, /^[A-Z]{4}-[A-Z]{4}$/u)
      assert.deepStrictEqual([begun.expires_in, begun.interval], [600, 5])
      assert.strictEqual(begun.verification_uri, `${issuer}/device`)
      assert.include(begun.verification_uri_complete, code)
      assert.deepStrictEqual(yield* devices.pending, [code])
    })
  )

  it.effect("is pending until the user approves, gives tokens once, and they are good", () =>
    Effect.gen(function* () {
      const { after, api, code, devices, issuer } = yield* flow()
      assert.deepStrictEqual(refusal(yield* after(5)), [400, "authorization_pending"])
      assert.deepStrictEqual(refusal(yield* after(5)), [400, "authorization_pending"])
      yield* devices.approve(code, "200000")
      assert.deepStrictEqual(yield* devices.pending, [])
      const answer = yield* after(5)
      const { access_token: token, refresh_token: refreshToken = "" } = good(answer)
      assert.deepInclude(jsonOf(answer), { refresh_expires_in: 0 })
      assert.strictEqual((yield* api("/v1/users/555002", { token })).status, 200)
      assert.deepStrictEqual(refusal(yield* after(5)), [400, "invalid_grant"])
      yield* TestClock.adjust("29 days")
      good(yield* refresh(issuer, refreshToken))
    })
  )

  it.effect("approves as the first account when none is named", () =>
    Effect.gen(function* () {
      const { after, api, code, devices } = yield* flow()
      yield* devices.approve(code)
      const { access_token: token } = good(yield* after(5))
      assert.strictEqual((yield* api("/v1/users/555001", { token })).status, 200)
    })
  )

  it.effect("ends when the user denies it", () =>
    Effect.gen(function* () {
      const { after, code, devices } = yield* flow()
      yield* devices.deny(code)
      assert.deepStrictEqual(refusal(yield* after(5)), [400, "access_denied"])
    })
  )

  it.effect("ends after 10 minutes, also when it was approved", () =>
    Effect.gen(function* () {
      const { after, code, devices } = yield* flow()
      assert.deepStrictEqual(refusal(yield* after(599)), [400, "authorization_pending"])
      yield* devices.approve(code)
      assert.deepStrictEqual(refusal(yield* after(1)), [400, "expired_token"])
    })
  )

  it.effect("tells who polls too fast to slow down, by 5 seconds each time", () =>
    Effect.gen(function* () {
      const { after, code, devices } = yield* flow()
      yield* after(5)
      assert.deepStrictEqual(refusal(yield* after(4)), [400, "slow_down"])
      yield* devices.approve(code)
      assert.deepStrictEqual(refusal(yield* after(9)), [400, "slow_down"])
      good(yield* after(15))
    })
  )

  it.effect("tells to slow down when it is told to", () =>
    Effect.gen(function* () {
      const { after, code, devices } = yield* flow()
      yield* devices.slowDown(code, 2)
      assert.deepStrictEqual(refusal(yield* after(5)), [400, "slow_down"])
      assert.deepStrictEqual(refusal(yield* after(10)), [400, "slow_down"])
      assert.deepStrictEqual(refusal(yield* after(15)), [400, "authorization_pending"])
    })
  )

  it.effect("without offline_access gives a login of minutes", () =>
    Effect.gen(function* () {
      const { after, code, devices, issuer } = yield* flow("openid")
      yield* devices.approve(code)
      const answer = yield* after(5)
      assert.deepInclude(jsonOf(answer), { refresh_expires_in: 1800 })
      yield* TestClock.adjust("30 minutes")
      assert.deepStrictEqual(refusal(yield* refresh(issuer, good(answer).refresh_token ?? "")), [400, "invalid_grant"])
    })
  )

  it.effect("dies of a code that nobody is waiting with, and knows no device code of others", () =>
    Effect.gen(function* () {
      const { devices, issuer } = yield* flow()
      const exit = yield* Effect.exit(devices.approve("NONE-SUCH"))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "NONE-SUCH")
      const polled = yield* post(issuer, "token", {
        grant_type: "urn:ietf:params:oauth:grant-type:device_code",
        device_code: "other",
        client_id: "scp"
      })
      assert.deepStrictEqual(refusal(polled), [400, "invalid_grant"])
    })
  )
})
