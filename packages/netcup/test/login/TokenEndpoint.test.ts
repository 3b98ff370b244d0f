import { assert, describe, it } from "@effect/vitest"
import { type LoginOptions, withDefaults } from "@netcup-failover/netcup/login/LoginOptions"
import * as TokenEndpoint from "@netcup-failover/netcup/login/TokenEndpoint"
import * as Words from "@netcup-failover/netcup/login/Words"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { jwt } from "./FakeLogin.ts"
import { http, listen, type Reply, send, sendJson } from "./LoginServer.ts"

const make = (options: LoginOptions) =>
  TokenEndpoint.make(withDefaults(options), Words.make([])).pipe(Effect.provide(http))
const token = Redacted.make("the+refresh/token &=é")

const good = { access_token: jwt({ id: "1" }), expires_in: 300, refresh_token: "next", token_type: "Bearer" }

describe("TokenEndpoint: requests", () => {
  it.live("are what OpenID Connect and netcup's client want", () =>
    Effect.gen(function* () {
      const { options, received } = yield* listen((response, { url }) =>
        url.endsWith("/auth/device")
          ? sendJson(response, 200, {
              device_code: "dc",
              user_code: "ABCD-EFGH",
              verification_uri: "https://netcup.invalid/device",
              verification_uri_complete: "https://netcup.invalid/device?user_code=ABCD-EFGH",
              expires_in: 600,
              interval: 5
            })
          : sendJson(response, 200, url.endsWith("/userinfo") ? { sub: "f:1", id: "42" } : good)
      )
      const endpoint = yield* make({ ...options, issuer: `${options.issuer}/` })
      const device = yield* endpoint.device
      assert.deepStrictEqual([device.userCode, device.expiresIn, device.interval], ["ABCD-EFGH", 600, 5])
      assert.strictEqual(Redacted.value((yield* endpoint.poll(Redacted.make("dc"))).accessToken), good.access_token)
      const { expiresIn, refreshToken } = yield* endpoint.refresh(token)
      assert.deepStrictEqual([expiresIn, refreshToken && Redacted.value(refreshToken)], [300, "next"])
      yield* endpoint.revoke(token)
      assert.strictEqual(yield* endpoint.userId(Redacted.make("abc.def")), 42)
      const base = "/realms/scp/protocol/openid-connect"
      const form = "application/x-www-form-urlencoded"
      const shown = received.map(({ body, contentType, method, url }) => [
        method,
        url,
        contentType,
        Object.fromEntries(new URLSearchParams(body))
      ])
      assert.deepStrictEqual(shown, [
        ["POST", `${base}/auth/device`, form, { client_id: "scp", scope: "offline_access openid" }],
        [
          "POST",
          `${base}/token`,
          form,
          { client_id: "scp", grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: "dc" }
        ],
        [
          "POST",
          `${base}/token`,
          form,
          { client_id: "scp", grant_type: "refresh_token", refresh_token: Redacted.value(token) }
        ],
        [
          "POST",
          `${base}/revoke`,
          form,
          { client_id: "scp", token: Redacted.value(token), token_type_hint: "refresh_token" }
        ],
        ["GET", `${base}/userinfo`, undefined, {}]
      ])
      assert.strictEqual(received[4]?.authorization, "Bearer abc.def")
    }).pipe(Effect.provide(http))
  )
})

type EndpointError = Effect.Error<ReturnType<TokenEndpoint.TokenEndpoint["poll"]>>

/** How each call ends, after how many requests. */
const endings = (reply: Reply, more: LoginOptions = {}) =>
  Effect.gen(function* () {
    const { options, received } = yield* listen(reply)
    const endpoint = yield* make({ ...options, ...more })
    const ending = <A>(call: Effect.Effect<A, EndpointError>) =>
      Effect.gen(function* () {
        const before = received.length
        const tag = yield* Effect.match(call, {
          onSuccess: () => "ok",
          onFailure: (error) => (error._tag === "NetcupError" ? error.reason._tag : error._tag)
        })
        return [tag, received.length - before]
      })
    return {
      device: yield* ending(endpoint.device),
      poll: yield* ending(endpoint.poll(Redacted.make("dc"))),
      refresh: yield* ending(endpoint.refresh(token)),
      revoke: yield* ending(endpoint.revoke(token)),
      userId: yield* ending(endpoint.userId(token))
    }
  })

const all = (tag: string, repeated: number, once = 1) => ({
  device: [tag, repeated],
  poll: [tag, once],
  refresh: [tag, once],
  revoke: [tag, repeated],
  userId: [tag, repeated]
})

describe("TokenEndpoint: what goes wrong", () => {
  const page = "<html><body>Wartungsarbeiten</body></html>"
  for (const [name, reply, expected] of [
    ["a reset", (response) => response.socket?.resetAndDestroy(), all("Unreachable", 3)],
    [
      "an answer that breaks off",
      (response) => {
        response.writeHead(200, { "content-length": "1000" })
        response.write('{"access_token":"ey', () => response.socket?.destroy())
      },
      all("Unreachable", 3)
    ],
    ["HTTP 502", (response) => send(response, 502, page, "text/html"), all("Unreachable", 3)],
    [
      "HTTP 500 that speaks of a grant",
      (response) => sendJson(response, 500, { error: "invalid_grant" }),
      all("Unreachable", 3)
    ],
    [
      "a page",
      (response) => send(response, 200, page, "text/html"),
      { ...all("MalformedAnswer", 3), revoke: ["ok", 1] }
    ],
    [
      "half an answer",
      (response) => send(response, 200, JSON.stringify(good).slice(0, -5)),
      { ...all("MalformedAnswer", 3), revoke: ["ok", 1] }
    ],
    ["nothing at all", (response) => send(response, 200, ""), { ...all("MalformedAnswer", 3), revoke: ["ok", 1] }],
    [
      "a huge answer",
      (response) => send(response, 200, `{"access_token":"${"e".repeat(5_000_000)}"}`),
      all("MalformedAnswer", 1)
    ],
    ["a huge error", (response) => send(response, 400, "x".repeat(5_000_000)), all("MalformedAnswer", 1)],
    ["a page with HTTP 404", (response) => send(response, 404, page), all("MalformedAnswer", 1)],
    [
      "a redirect",
      (response) => {
        response.writeHead(302, { location: "/elsewhere" })
        response.end()
      },
      all("MalformedAnswer", 1)
    ],
    ["HTTP 429", (response) => send(response, 429, ""), all("RateLimited", 1)],
    [
      "an error of no case",
      (response) => sendJson(response, 400, { error: "unauthorized_client", error_description: "no device flow" }),
      all("Refused", 1)
    ],
    ["an unknown realm", (response) => sendJson(response, 404, { error: "Realm does not exist" }), all("Refused", 1)],
    [
      "HTTP 401 without words",
      (response) => send(response, 401, ""),
      { ...all("Refused", 1), userId: ["InvalidCredentials", 1] }
    ],
    [
      "a dead grant",
      (response) => sendJson(response, 400, { error: "invalid_grant" }),
      { ...all("Refused", 1), poll: ["ExpiredToken", 1], refresh: ["LoginExpired", 1] }
    ]
  ] satisfies ReadonlyArray<readonly [string, Reply, unknown]>) {
    it.live(`${name} is a typed error, and only what does nothing twice is repeated`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual<unknown>(yield* endings(reply), expected)
      }).pipe(Effect.provide(http))
    )
  }

  it.live("silence is a typed error", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual<unknown>(
        yield* endings(() => {}, { timeout: "30 millis", tries: 2 }),
        all("Unreachable", 2)
      )
    }).pipe(Effect.provide(http))
  )

  it.live("an issuer that is no URL is a typed error", () =>
    Effect.gen(function* () {
      const endpoint = yield* make({ issuer: "no url", tries: 1 })
      assert.strictEqual((yield* Effect.flip(endpoint.refresh(token))).reason._tag, "Unreachable")
    })
  )
})
