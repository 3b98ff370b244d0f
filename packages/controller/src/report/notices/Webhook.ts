/**
 * Sends one notice to the receiver, once. The receiver's URL may be a secret (Slack's is): only its origin is ever told.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Notice } from "./Notice.ts"
import * as Slack from "./Slack.ts"

export interface Receiver {
  readonly url: Redacted.Redacted<URL>
  readonly format: "json" | "slack"
  /** For the answer's status; its body is not read. */
  readonly timeout: Duration.Duration
}

export type Delivery =
  | { readonly _tag: "Delivered" }
  /** It will not be taken, however often it is sent; the message says what to do. */
  | { readonly _tag: "Refused"; readonly message: string }
  /** Maybe later, not before `pause` (ms) if the receiver names one. It may have been taken all the same. */
  | { readonly _tag: "Failed"; readonly message: string; readonly pause: number | undefined }

/** What the receiver may ask us to wait, at most, ms. */
const longestPause = 10 * 60_000

const bodies = {
  json: Schema.encodeSync(Schema.fromJsonString(Notice)),
  slack: (notice: Notice) => Schema.encodeSync(Schema.fromJsonString(Slack.Message))(Slack.message(notice))
}

/** Statuses that pass: time-outs, limits, and whatever is the server's fault. */
const isPassing = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500

const adviceFor = (status: number): string => {
  if (status < 400) return "it redirects, which is not followed: set NOTICE_WEBHOOK_URL to where it redirects to"
  return status === 400 || status === 415 || status === 422
    ? "check that NOTICE_WEBHOOK_FORMAT is what it understands"
    : "check NOTICE_WEBHOOK_URL"
}

const judge = (status: number, retryAfter: string | undefined, origin: string): Delivery => {
  if (status >= 200 && status < 300) return { _tag: "Delivered" }
  if (!isPassing(status))
    return { _tag: "Refused", message: `${origin} answers with status ${status}: ${adviceFor(status)}` }
  const seconds = /^\d{1,6}$/u.test(retryAfter ?? "") ? Number(retryAfter) : undefined
  const pause = seconds === undefined ? undefined : Math.min(seconds * 1_000, longestPause)
  return { _tag: "Failed", message: `${origin} answers with status ${status}`, pause }
}

export const send = (
  client: HttpClient.HttpClient,
  { url, format, timeout }: Receiver,
  notice: Notice
): Effect.Effect<Delivery> => {
  const target = Redacted.value(url)
  const failed = (message: string): Delivery => ({ _tag: "Failed", message, pause: undefined })
  // With the scope the connection is closed: no answer is long enough to hold anything up.
  return HttpClient.withScope(client)
    .execute(
      HttpClientRequest.post(target).pipe(
        HttpClientRequest.setHeader("idempotency-key", notice.key.replace(/[^\x21-\x7e]/gu, "?")),
        HttpClientRequest.bodyText(bodies[format](notice), "application/json")
      )
    )
    .pipe(
      Effect.map(({ status, headers }) => judge(status, headers["retry-after"], target.origin)),
      Effect.scoped,
      // The error itself would name the URL.
      Effect.catch(({ reason }) => Effect.succeed(failed(`${target.origin} cannot be asked (${causeOf(reason)})`))),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => Effect.succeed(failed(`${target.origin} did not answer in time`))
      }),
      // A span would name the URL, and a stranger needs no trace of ours.
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true)
    )
}

const isSystemError = Schema.is(Schema.Struct({ code: Schema.String }))

/** A code such as `ECONNREFUSED`. */
const causeOf = (reason: { readonly _tag: string; readonly cause?: unknown }): string =>
  isSystemError(reason.cause) ? reason.cause.code : reason._tag
