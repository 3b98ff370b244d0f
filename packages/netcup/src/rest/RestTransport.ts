/**
 * Makes calls of the API: access tokens, time limits, retries of reads, and one error for all that goes wrong.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as CircuitBreaker from "../CircuitBreaker.ts"
import type { RestCredentials } from "../Credentials.ts"
import * as Exchange from "../http/Exchange.ts"
import * as AccessTokens from "../login/AccessTokens.ts"
import {
  CalledOff,
  InvalidCredentials,
  MalformedAnswer,
  NetcupError,
  type NetcupErrorReason,
  Unreachable
} from "../NetcupError.ts"
import * as Redactor from "../Redactor.ts"
import { observed } from "../Telemetry.ts"
import * as Refusal from "./Refusal.ts"
import type { RestCall } from "./RestCall.ts"
import { type RestOptions, withDefaults } from "./RestOptions.ts"
import * as RetryAfter from "./RetryAfter.ts"

export interface RestTransport {
  /**
   * Makes a call. A read is tried again, a few times, unless netcup said no. A change is sent once, or once more with another
   * token when it was refused for the first, and fails with `UnknownOutcome` when it may have been heard but no answer tells.
   * `permitted` is asked directly before each time that it is sent; `false` is `CalledOff`.
   */
  readonly call: <A>(call: RestCall<A>, permitted?: Effect.Effect<boolean>) => Effect.Effect<A, NetcupError>
  /** The same without a token, for what needs none. */
  readonly anonymously: <A>(call: RestCall<A>) => Effect.Effect<A, NetcupError>
  /** The user id of the login. */
  readonly userId: Effect.Effect<number, NetcupError>
  /** When netcup lets the login die unless it is used before (ms since the epoch), as far as it is known. */
  readonly loginExpiresAt: Effect.Effect<number | undefined>
  /** Makes netcup's words fit to be shown: without tokens, and of bounded length. */
  readonly say: (text: string) => string
  readonly settings: ReturnType<typeof withDefaults>
}

/** How one try failed, and whether another could go better, not before `wait` is over, if the call is one that may be repeated. */
class Failed extends Data.TaggedError("Failed")<{
  readonly reason: NetcupErrorReason
  readonly again: boolean
  readonly wait: Duration.Duration
}> {}

/** The token was not accepted. */
class Unauthorized extends Data.TaggedError("Unauthorized")<{ readonly message: string }> {}

/** netcup's words are a line; what a broken gateway says may be a page, and goes into logs and statuses. */
const longestMessage = 500

/** Longer than any page of a list. */
const maxLength = 1024 * 1024

/** Tokens that nobody told us of, such as those that a refresh rotated to. */
const jwt = /eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g

const sayWithout = (secrets: ReadonlyArray<string>) => {
  const redact = Redactor.make(secrets)
  return (text: string) => {
    const said = redact(text).replace(jwt, "<redacted>").trim()
    return said.length > longestMessage ? `${said.slice(0, longestMessage)}…` : said
  }
}

/** Another user's id, or what is no user id, leads to other accounts or to none. */
const otherUser = (given: number, actual: number) =>
  new InvalidCredentials({
    message: `this login's user id is ${actual}, not ${given}: a customer number is no user id. Correct the user id, or leave it out`
  })

const fail = (reason: NetcupErrorReason) => Effect.fail(new Failed({ reason, again: false, wait: Duration.zero }))

const calledOff = fail(new CalledOff({ message: "it was called off before it was sent" }))

export const make = Effect.fnUntraced(function* (credentials: RestCredentials, options: RestOptions = {}) {
  const http = yield* HttpClient.HttpClient
  const settings = withDefaults(options)
  const tokens = yield* AccessTokens.make(credentials, options.login)
  const breaker = yield* CircuitBreaker.make()
  const refreshToken = Redacted.value(credentials.refreshToken)
  const say = sayWithout([refreshToken])

  const request = (call: RestCall<unknown>, userId: number) => {
    const built = HttpClientRequest.make(call.method)(`${settings.url}${call.path(userId)}`).pipe(
      HttpClientRequest.setUrlParams(Object.entries(call.query ?? {}).filter(([, value]) => value !== undefined)),
      HttpClientRequest.setHeader("Accept", "application/json, */*;q=0.1")
    )
    return call.body === undefined
      ? built
      : HttpClientRequest.bodyText(built, JSON.stringify(call.body), "application/merge-patch+json")
  }

  const read = <A>(call: RestCall<A>, told: Refusal.Told, now: number, words: (text: string) => string) => {
    if (told.status === 401) return Effect.fail(new Unauthorized({ message: words(told.text) }))
    if (told.status < 200 || told.status >= 300) {
      const reason = Refusal.classify(call, told, words)
      const wait = Duration.millis(Math.max(0, (told.retryAt ?? now) - now))
      const worth = reason._tag === "Unreachable" || (reason._tag === "RateLimited" && told.retryAt !== undefined)
      const again = worth && Duration.isLessThanOrEqualTo(wait, settings.maxRetryDelay)
      return Effect.fail(new Failed({ reason, again, wait }))
    }
    return Effect.fromResult(
      Result.mapError(call.decode(told), (what) => {
        const reason = Refusal.lost(call.kind, MalformedAnswer, `${call.operation}: ${what}`)
        return new Failed({ reason, again: true, wait: Duration.zero })
      })
    )
  }

  const exchange = <A>(call: RestCall<A>, sent: HttpClientRequest.HttpClientRequest, words: (text: string) => string) =>
    Effect.gen(function* () {
      const answer = yield* Exchange.send(http, sent, {
        timeout: call.kind === "read" ? settings.readTimeout : settings.changeTimeout,
        maxLength
      })
      yield* Effect.logDebug(`netcup answered ${call.operation} with HTTP ${answer.status}`)
      const now = yield* Clock.currentTimeMillis
      const retryAt = RetryAfter.parse(answer.headers["retry-after"], now)
      return yield* read(call, { status: answer.status, text: answer.text, retryAt }, now, words)
    }).pipe(
      Effect.catchTags({
        NoAnswer: ({ message, sent: heard }) => {
          const reason = heard
            ? Refusal.lost(call.kind, Unreachable, words(message))
            : new Unreachable({ message: words(message) })
          return Effect.fail(new Failed({ reason, again: true, wait: Duration.zero }))
        },
        TooLong: ({ message }) => {
          const reason = Refusal.lost(call.kind, MalformedAnswer, message)
          return Effect.fail(new Failed({ reason, again: true, wait: Duration.zero }))
        }
      }),
      Effect.tapError((error) =>
        error._tag === "Failed"
          ? Effect.logDebug(`${call.operation} failed with ${error.reason._tag}: ${error.reason.message}`)
          : Effect.void
      )
    )

  const token = tokens.current.pipe(
    // Its errors say that nothing was sent of the call that it is for. That logins are limited says nothing of a limit on that call.
    Effect.catch(({ reason }) => fail(Refusal.ofPreparation(reason))),
    Effect.filterOrElse(
      ({ userId }) => settings.userId === undefined || settings.userId === userId,
      ({ userId }) => fail(otherUser(settings.userId ?? userId, userId))
    )
  )

  const authorized = <A>(call: RestCall<A>, permitted: Effect.Effect<boolean>) =>
    Effect.gen(function* () {
      const access = yield* token
      const secret = Redacted.value(access.token)
      if (!(yield* permitted)) return yield* calledOff
      return yield* exchange(
        call,
        HttpClientRequest.bearerToken(request(call, access.userId), access.token),
        sayWithout([refreshToken, secret])
      ).pipe(Effect.catchTag("Unauthorized", (error) => Effect.andThen(tokens.reject(access), error)))
    })

  /** A token may die before its time. One that is fresh and not accepted says that no other will be. */
  const attempt = <A>(call: RestCall<A>, permitted: Effect.Effect<boolean>) =>
    authorized(call, permitted).pipe(
      Effect.catchTag("Unauthorized", () => authorized(call, permitted)),
      Effect.catchTag("Unauthorized", ({ message }) =>
        fail(new InvalidCredentials({ message: message || "netcup does not accept a fresh access token (HTTP 401)" }))
      )
    )

  const unauthorized = <A>(call: RestCall<A>) =>
    exchange(call, request(call, 0), say).pipe(
      Effect.catchTag("Unauthorized", () =>
        fail(new MalformedAnswer({ message: `${call.operation} needs no login, and HTTP 401 asks for one` }))
      )
    )

  const pauses = Schedule.min([
    Schedule.exponential(settings.retryDelay),
    Schedule.spaced(settings.maxRetryDelay)
  ]).pipe(
    Schedule.jittered,
    Schedule.upTo({ times: Math.max(0, settings.tries - 1) }),
    Schedule.setInputType<Failed>(),
    Schedule.while(({ input }) => input.again),
    Schedule.modifyDelay(({ duration, input }) => Effect.succeed(Duration.max(duration, input.wait)))
  )

  const whole = <A>(call: RestCall<A>, tried: Effect.Effect<A, Failed>) =>
    tried.pipe(
      // A change that may have been heard is never repeated.
      call.kind === "read" && call.once !== true ? Effect.retry(pauses) : identity,
      Effect.mapError(({ reason }) => new NetcupError({ reason })),
      call.kind === "read" ? breaker.protect : breaker.through,
      observed("rest", call.operation)
    )

  return {
    call: (call, permitted = Effect.succeed(true)) => whole(call, attempt(call, permitted)),
    anonymously: (call) => whole(call, unauthorized(call)),
    userId: token.pipe(
      Effect.map(({ userId }) => userId),
      Effect.mapError(({ reason }) => new NetcupError({ reason }))
    ),
    loginExpiresAt: tokens.loginExpiresAt,
    say,
    settings
  } satisfies RestTransport
})
