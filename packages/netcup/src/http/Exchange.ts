/**
 * One HTTP request and its answer, with what a caller must know when there is none: may netcup have seen the request?
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/** No complete answer. `sent: false` only if netcup surely saw nothing of the request. */
class NoAnswer extends Schema.TaggedError<NoAnswer>()("NoAnswer", {
  message: Schema.String,
  sent: Schema.Boolean
}) {}

/** The answer is longer than any that netcup gives; the rest of it was not read. */
class TooLong extends Schema.TaggedError<TooLong>()("TooLong", { message: Schema.String }) {}

/** A Node.js system error, or the aggregate of those of several addresses that were tried. */
const SystemError = Schema.Struct({
  message: Schema.String,
  code: Schema.optional(Schema.String),
  syscall: Schema.optional(Schema.String),
  errors: Schema.optional(Schema.Array(Schema.Unknown))
})
const asSystemError = Schema.decodeUnknownOption(SystemError)

/** Certificates are checked before the first byte of a request goes out. */
const untrusted: ReadonlySet<string> = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
])

/** True if the connection never came to be: refused, no such host, no route, a certificate not trusted. All else is doubt. */
const neverConnected = (cause: unknown): boolean =>
  Option.match(asSystemError(cause), {
    onNone: () => false,
    onSome: ({ code, errors, syscall }) =>
      syscall === "connect" ||
      syscall === "getaddrinfo" ||
      (code !== undefined && untrusted.has(code)) ||
      (errors !== undefined && errors.length > 0 && errors.every(neverConnected))
  })

const describe = (cause: unknown): string =>
  Option.match(asSystemError(cause), {
    onNone: () => "the request failed",
    // An aggregate has no message of its own.
    onSome: ({ code, message }) => message || code || "the request failed"
  })

const noAnswer = ({ reason }: HttpClientError.HttpClientError): NoAnswer => {
  switch (reason._tag) {
    case "InvalidUrlError":
      return new NoAnswer({ message: "the endpoint's URL is invalid", sent: false })
    case "EncodeError":
      return new NoAnswer({ message: "the request could not be encoded", sent: false })
    case "TransportError":
      return new NoAnswer({ message: describe(reason.cause), sent: !neverConnected(reason.cause) })
    default:
      return new NoAnswer({ message: `the answer broke off (${describe(reason.cause)})`, sent: true })
  }
}

export interface ExchangeOptions {
  /** For the whole exchange, the answer's body included. */
  readonly timeout: Duration.Duration
  /** Answers that are longer, in bytes, are not read to their end. */
  readonly maxLength: number
}

/** An answer, whatever its status, as UTF-8. */
export interface Answer {
  readonly status: number
  readonly headers: Headers.Headers
  readonly text: string
}

/** Sends a request. Follows no redirect and repeats nothing. */
export const send = (
  http: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  { timeout, maxLength }: ExchangeOptions
): Effect.Effect<Answer, NoAnswer | TooLong> =>
  Effect.gen(function* () {
    const response = yield* http.execute(request)
    const decoder = new TextDecoder()
    let length = 0
    let text = ""
    yield* Stream.runForEach(response.stream, (bytes) => {
      length += bytes.length
      if (length > maxLength) return Effect.fail(new TooLong({ message: `an answer of more than ${maxLength} bytes` }))
      text += decoder.decode(bytes, { stream: true })
      return Effect.void
    })
    return { status: response.status, headers: response.headers, text: text + decoder.decode() }
  }).pipe(
    Effect.catchTag("HttpClientError", (error) => Effect.fail(noAnswer(error))),
    Effect.timeoutOrElse({
      duration: timeout,
      // Whether it was still connecting can't be told from here: it counts as sent.
      orElse: () => Effect.fail(new NoAnswer({ message: `no answer within ${Duration.format(timeout)}`, sent: true }))
    })
  )
