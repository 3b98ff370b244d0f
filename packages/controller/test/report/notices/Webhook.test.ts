import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import type { Notice } from "@netcup-failover/controller/report/notices/Notice"
import * as Slack from "@netcup-failover/controller/report/notices/Slack"
import * as Webhook from "@netcup-failover/controller/report/notices/Webhook"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"

const notice: Notice = {
  version: 1,
  kind: "CredentialsRecovered",
  key: "netcup-system/netcup/CredentialsRecovered@2026-11-22T12:00:00.000Z",
  at: "2026-11-22T12:00:00.000Z",
  summary: "fine again",
  secret: "netcup-system/netcup",
  groups: ["primary"]
}
const receiver = (format: "json" | "slack" = "json"): Webhook.Receiver => ({
  url: Redacted.make(new URL("https://user:geheim@hooks.example/geheim?x=geheim")),
  format,
  timeout: Duration.seconds(10)
})

type Answer = (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Response, HttpClientError.HttpClientError>

const send = (answer: Answer, format: "json" | "slack" = "json", what = notice) =>
  Webhook.send(
    HttpClient.make((request) =>
      Effect.map(answer(request), (response) => HttpClientResponse.fromWeb(request, response))
    ),
    receiver(format),
    what
  )

const status = (code: number, headers: Record<string, string> = {}, body: string | null = null) =>
  Effect.succeed(new Response(body, { status: code, headers }))

describe("a notice that is sent", () => {
  for (const code of [200, 202, 204])
    it.effect(`is delivered by ${code}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* send(() => status(code)), { _tag: "Delivered" })
      })
    )

  for (const [code, word] of [
    [301, "redirects"],
    [307, "redirects"],
    [400, "NOTICE_WEBHOOK_FORMAT"],
    [401, "NOTICE_WEBHOOK_URL"],
    [403, "NOTICE_WEBHOOK_URL"],
    [404, "NOTICE_WEBHOOK_URL"],
    [410, "NOTICE_WEBHOOK_URL"],
    [413, "NOTICE_WEBHOOK_URL"],
    [422, "NOTICE_WEBHOOK_FORMAT"]
  ] as const)
    it.effect(`is refused for good by ${code}, with what to do and without the URL`, () =>
      Effect.gen(function* () {
        let asked = 0
        const delivery = yield* send(() => {
          asked += 1
          return status(code, { location: "https://elsewhere.example/geheim" }, "geheim")
        })
        assert.strictEqual(delivery._tag, "Refused")
        assert.include(inspect(delivery), word)
        assert.include(inspect(delivery), "https://hooks.example")
        assert.notInclude(inspect(delivery, { depth: 9 }), "geheim")
        assert.strictEqual(asked, 1)
      })
    )

  for (const [code, retryAfter, pause] of [
    [408, undefined, undefined],
    [425, undefined, undefined],
    [429, "7", 7_000],
    [429, "999999", 600_000],
    [429, "soon", undefined],
    [429, "-1", undefined],
    [500, undefined, undefined],
    [503, "1", 1_000]
  ] as const)
    it.effect(`may be taken later after ${code} with Retry-After ${retryAfter}`, () =>
      Effect.gen(function* () {
        const delivery = yield* send(() => status(code, retryAfter === undefined ? {} : { "retry-after": retryAfter }))
        assert.deepInclude(delivery, { _tag: "Failed", pause })
      })
    )

  it.effect("may be taken later when nobody listens, and the error does not tell the URL", () =>
    Effect.gen(function* () {
      const delivery = yield* send((request) =>
        Effect.fail(
          new HttpClientError.HttpClientError({
            reason: new HttpClientError.TransportError({
              request,
              cause: Object.assign(new Error("connect ECONNREFUSED geheim"), { code: "ECONNREFUSED" })
            })
          })
        )
      )
      assert.deepStrictEqual(delivery, {
        _tag: "Failed",
        message: "https://hooks.example cannot be asked (ECONNREFUSED)",
        pause: undefined
      })
    })
  )

  it.effect("may be taken later when no answer comes in time", () =>
    Effect.gen(function* () {
      const sending = yield* Effect.forkChild(send(() => Effect.never))
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(sending.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(sending))._tag, "Failed")
    })
  )

  it.effect("does not wait for an answer's body to end", () =>
    Effect.gen(function* () {
      const endless = new ReadableStream({
        pull: (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(1_000)))
      })
      assert.deepStrictEqual(yield* send(() => Effect.succeed(new Response(endless))), { _tag: "Delivered" })
    })
  )

  it.effect("leaves no span, which would have the URL, and carries none", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      yield* send((request) => {
        seen.push(...Object.keys(request.headers))
        return status(200)
      }).pipe(Effect.withSpan("outer"))
      assert.include(seen, "idempotency-key")
      assert.notInclude(seen, "traceparent")
    })
  )
})

describe("a message for Slack", () => {
  const evil: Notice = { ...notice, summary: "<!channel> & <https://evil.example|click>\n\u202eline two\u0000" }

  it("has nothing that Slack takes for markup, a mention or a link", () => {
    const { text, mrkdwn, unfurl_links } = Slack.message(evil)
    assert.strictEqual(
      text,
      "Credentials work again: &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt; line two  (2026-11-22T12:00:00.000Z)"
    )
    assert.isFalse(mrkdwn)
    assert.isFalse(unfurl_links)
  })

  it.prop(
    "has no character that Slack would read as more than text, whatever the words are",
    [Schema.String],
    ([words]) => {
      const { text } = Slack.message({ ...notice, summary: words })
      assert.notMatch(text, /[<>\p{Cc}]|&(?!(amp|lt|gt);)/u)
      const plain = text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&")
      if (!/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(words)) assert.include(plain, words)
    }
  )

  it.effect("is what is sent when the format is Slack's", () =>
    Effect.gen(function* () {
      const bodies: Array<unknown> = []
      const keep: Answer = (request) => {
        if (request.body._tag === "Uint8Array") bodies.push(JSON.parse(new TextDecoder().decode(request.body.body)))
        return status(200)
      }
      yield* send(keep, "slack", evil)
      yield* send(keep, "json", evil)
      assert.deepStrictEqual<unknown>(bodies, [Slack.message(evil), evil])
    })
  )
})
