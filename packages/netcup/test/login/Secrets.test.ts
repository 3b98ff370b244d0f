import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { RestCredentials } from "@netcup-failover/netcup/Credentials"
import * as AccessTokens from "@netcup-failover/netcup/login/AccessTokens"
import * as DeviceLogin from "@netcup-failover/netcup/login/DeviceLogin"
import type { LoginOptions } from "@netcup-failover/netcup/login/LoginOptions"
import * as Logout from "@netcup-failover/netcup/login/Logout"
import { TokenStoreError } from "@netcup-failover/netcup/TokenStore"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { jwt } from "./FakeLogin.ts"
import * as FakeStore from "./FakeStore.ts"
import { http, listen, type Reply, send, sendJson } from "./LoginServer.ts"

const original = "original+t<o>k\"e'n/s3cret-0"
const rotated = "rotated+t<o>k\"e'n/s3cret-1"
const device = "device+c<o>d\"e's3cret-2"
const access = jwt({ id: "not a number, so that netcup is asked", x: "s3cret-3" })

/** Each secret in all spellings that a server or a program may give it. */
const spellings = [original, rotated, device, access].flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  new URLSearchParams({ x: secret }).toString().slice(2),
  JSON.stringify(secret).slice(1, -1),
  secret.replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  Buffer.from(secret).toString("base64")
])

const show = (value: unknown) => `${inspect(value, { depth: 12, showHidden: true })} ${JSON.stringify(value)}`

/** Runs everything that has to do with a login, and gives all that an operator could ever see of it. */
const traces = (reply: Reply, more: LoginOptions = {}) =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const logger = Logger.make((entry) => {
      seen.push(
        show([entry.message, entry.logLevel]),
        Cause.pretty(entry.cause),
        show(entry.fiber.getRef(References.CurrentLogAnnotations))
      )
    })
    const { options, received } = yield* listen(reply)
    const settings = { ...options, tries: 2, timeout: "100 millis", ...more } as const
    const store = FakeStore.make()
    store.state.kept.set(original, rotated)
    store.state.keeping = Effect.fail(new TokenStoreError({ message: `cannot keep ${rotated} for ${original}` }))
    const credentials = new RestCredentials({ refreshToken: Redacted.make(original) })
    const tell = (exit: Exit.Exit<unknown, unknown>) => {
      if (Exit.isSuccess(exit)) return
      seen.push(Cause.pretty(exit.cause), show(exit))
      assert.isFalse(Cause.hasDies(exit.cause))
    }
    yield* Effect.gen(function* () {
      const tokens = yield* AccessTokens.make(credentials, settings)
      tell(yield* Effect.exit(tokens.current))
      tell(yield* Effect.exit(tokens.current))
      tell(yield* Effect.exit(Logout.revoke(credentials, settings)))
      const begun = yield* Effect.exit(DeviceLogin.begin(settings))
      tell(begun)
      if (Exit.isSuccess(begun)) tell(yield* Effect.exit(begun.value.await))
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.mergeAll(store.layer, http, Logger.layer([logger]))),
      Effect.provideService(References.MinimumLogLevel, "Trace"),
      Effect.withTracer(tracer)
    )
    for (const { attributes, name, status } of spans) {
      seen.push(show([name, [...attributes]]))
      if (status._tag === "Ended" && Exit.isFailure(status.exit)) {
        seen.push(
          Cause.pretty(status.exit.cause),
          show(status.exit),
          ...Cause.prettyErrors(status.exit.cause).map(show)
        )
      }
    }
    seen.push(show(yield* Metric.snapshot))
    return { text: seen.join("\n"), requests: received.length, spans: spans.length }
  })

/** All that netcup knows of the login that it is asked about. */
const known = (url: string) =>
  url.endsWith("/device")
    ? "nothing"
    : `${original} ${rotated} ${access} ${encodeURIComponent(original)} ${encodeURIComponent(rotated)}`

describe("a login's secrets", () => {
  for (const [name, reply] of [
    [
      "says all it knows in an error",
      (response, { url }) => sendJson(response, 400, { error: "invalid_grant", error_description: known(url) })
    ],
    ["says all it knows as the error's code", (response, { url }) => sendJson(response, 400, { error: known(url) })],
    [
      "echoes the request in an error",
      (response, { body }) => sendJson(response, 400, { error: "odd", error_description: body })
    ],
    [
      "echoes the request in a page",
      (response, { authorization, body }) => send(response, 500, `<p>${body} ${authorization}`)
    ],
    [
      "cuts its answer short",
      (response) => send(response, 200, `{"access_token":"${access}","refresh_token":"${rotated}`)
    ],
    [
      "answers with the wrong types",
      (response) => sendJson(response, 200, { access_token: [access], refresh_token: { rotated } })
    ],
    [
      "echoes a header in 401",
      (response, { authorization }) =>
        sendJson(response, 401, { error: "invalid_token", error_description: authorization })
    ],
    ["resets the connection", (response) => response.socket?.resetAndDestroy()],
    ["is silent", () => {}],
    [
      "works, but the store tells its secrets",
      (response, { url }) => {
        if (url.endsWith("/token"))
          return sendJson(response, 200, { access_token: access, refresh_token: `${rotated}x`, expires_in: 9 })
        return sendJson(response, 200, { id: "no number", x: access })
      }
    ],
    [
      "begins a device login and echoes its code",
      (response, { body, url }) =>
        url.endsWith("/auth/device")
          ? sendJson(response, 200, {
              device_code: device,
              user_code: "A",
              verification_uri: "https://x.invalid",
              expires_in: 2,
              interval: 1
            })
          : sendJson(response, 400, {
              error: "odd",
              error_description: body.includes("device_code") ? `${body} ${device}` : body
            })
    ]
  ] satisfies ReadonlyArray<readonly [string, Reply]>) {
    it.live(`are in no error, log, span or metric when netcup ${name}`, () =>
      Effect.gen(function* () {
        const { requests, spans, text } = yield* traces(reply)
        assert.isAbove(requests, 2)
        assert.isAbove(spans, 4)
        assert.include(text, "netcup_calls_total")
        for (const spelling of spellings) assert.notInclude(text, spelling)
        assert.notInclude(text, "s3cret")
      })
    )
  }

  it.live("leave netcup's other words as they are, on one line of bounded length", () =>
    Effect.gen(function* () {
      const words = `Sitzung\u0000 \u001b[31mbeendet\r\n${"für immer ".repeat(100)}`
      const { text } = yield* traces((response) =>
        sendJson(response, 400, { error: "invalid_grant", error_description: words })
      )
      assert.include(text, "netcup's login is over: log in again (invalid_grant: Sitzung [31mbeendet für immer")
      assert.notInclude(text, "für immer ".repeat(60))
    })
  )
})
