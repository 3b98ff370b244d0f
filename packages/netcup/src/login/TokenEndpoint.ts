/**
 * Calls of netcup's login: OpenID Connect, as Keycloak serves it to a public client.
 *
 * Repeated here is only what does nothing twice. A refresh and a poll may bring tokens that nobody has when the answer is lost:
 * both are sent once, and when to send them again is for `TokenChain` and `DeviceLogin` to weigh.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Exchange from "../http/Exchange.ts"
import {
  InvalidCredentials,
  LoginExpired,
  MalformedAnswer,
  NetcupError,
  type NetcupErrorReason,
  RateLimited,
  Refused,
  Unreachable
} from "../NetcupError.ts"
import { observed } from "../Telemetry.ts"
import * as LoginAnswer from "./LoginAnswer.ts"
import type { LoginSettings } from "./LoginOptions.ts"
import { AccessDenied, AuthorizationPending, ExpiredToken, SlowDown } from "./OAuthError.ts"
import type { Words } from "./Words.ts"

export interface TokenEndpoint {
  /** Begins a login on a device that has no browser. */
  readonly device: Effect.Effect<LoginAnswer.DeviceAnswer, NetcupError>
  /** Asks once whether the user has consented. */
  readonly poll: (
    deviceCode: Redacted.Redacted
  ) => Effect.Effect<
    LoginAnswer.TokenAnswer,
    AuthorizationPending | SlowDown | AccessDenied | ExpiredToken | NetcupError
  >
  /** Sent once. Fails with `LoginExpired` when netcup does not accept the refresh token. */
  readonly refresh: (refreshToken: Redacted.Redacted) => Effect.Effect<LoginAnswer.TokenAnswer, NetcupError>
  /** Ends what a refresh token stands for. One that is dead already is no error. */
  readonly revoke: (refreshToken: Redacted.Redacted) => Effect.Effect<void, NetcupError>
  /** The user id, by a fresh access token. */
  readonly userId: (accessToken: Redacted.Redacted) => Effect.Effect<number, NetcupError>
}

interface Call<A> {
  readonly request: HttpClientRequest.HttpClientRequest
  /** What it is asked with. */
  readonly secret?: Redacted.Redacted
  readonly read: (text: string) => Option.Option<A>
  /** Whether it may be sent again when no answer tells what became of it. */
  readonly repeatable: boolean
}

/** How one try failed, and whether another could go better. */
class Failed extends Data.TaggedError("Failed")<{ readonly reason: NetcupErrorReason; readonly again: boolean }> {}

/** netcup said no; `said` is fit to be shown. */
class Rejected extends Data.TaggedError("Rejected")<{
  readonly status: number
  readonly code: string
  readonly said: string
}> {}

/** Learns the tokens of an answer before anything else is said. */
const learning =
  ({ learn }: Words) =>
  (text: string) => {
    const answer = LoginAnswer.token(text)
    if (Option.isSome(answer)) {
      learn(answer.value.accessToken)
      if (answer.value.refreshToken !== undefined) learn(answer.value.refreshToken)
    }
    return answer
  }

/** Tokens of a user with many roles are some KiB. */
const maxLength = 256 * 1024

const stateOf = ({ code, said }: Rejected) => {
  switch (code) {
    case "authorization_pending":
      return new AuthorizationPending()
    case "slow_down":
      return new SlowDown()
    case "access_denied":
      return new AccessDenied({ message: "the login was declined in the browser: begin again, and allow it" })
    case "expired_token":
      return new ExpiredToken({ message: "nobody allowed the login in time: begin again" })
    // Also after an answer that was lost on its way: a device code gives tokens once.
    case "invalid_grant":
      return new ExpiredToken({ message: `netcup does not know this login any more (${said}): begin again` })
    default:
      return undefined
  }
}

const unwrap = (error: Failed | Rejected): NetcupError =>
  new NetcupError({
    reason: error._tag === "Failed" ? error.reason : new Refused({ message: `netcup's login refuses: ${error.said}` })
  })

export const make = Effect.fnUntraced(function* (settings: LoginSettings, words: Words) {
  const http = yield* HttpClient.HttpClient
  const { clientId, timeout } = settings
  const { learn, say } = words
  const readToken = learning(words)

  const at = (path: string) => `${settings.issuer}/protocol/openid-connect/${path}`
  const form = (path: string, parameters: Record<string, string>) =>
    HttpClientRequest.post(at(path)).pipe(
      HttpClientRequest.acceptJson,
      HttpClientRequest.bodyUrlParams({ ...parameters, client_id: clientId })
    )

  const read = <A>(call: Call<A>, { status, text }: Exchange.Answer): Result.Result<A, Failed | Rejected> => {
    if (status >= 200 && status < 300) {
      // Nothing of the text is told: an answer that is cut short may hold a whole token.
      const message = `netcup's login answered HTTP ${status} with something that is not its answer`
      return Result.fromOption(
        call.read(text),
        () => new Failed({ reason: new MalformedAnswer({ message }), again: call.repeatable })
      )
    }
    const message = `netcup's login answered HTTP ${status}`
    if (status >= 500) return Result.fail(new Failed({ reason: new Unreachable({ message }), again: call.repeatable }))
    if (status === 429) return Result.fail(new Failed({ reason: new RateLimited({ message }), again: false }))
    return Option.match(status >= 400 ? LoginAnswer.error(text) : Option.none(), {
      onNone: () =>
        Result.fail(
          status === 401
            ? new Rejected({ status, code: "", said: "HTTP 401" })
            : new Failed({ reason: new MalformedAnswer({ message }), again: false })
        ),
      onSome: ({ code, description }) => {
        const said = say(description === undefined ? code : `${code}: ${description}`)
        return Result.fail(new Rejected({ status, code, said }))
      }
    })
  }

  const pauses = Schedule.exponential(settings.retryDelay).pipe(
    Schedule.jittered,
    Schedule.upTo({ times: settings.tries - 1 })
  )

  const send = <A>(call: Call<A>): Effect.Effect<A, Failed | Rejected> => {
    if (call.secret !== undefined) learn(call.secret)
    return Exchange.send(http, call.request, { timeout, maxLength }).pipe(
      Effect.catchTags({
        NoAnswer: ({ message }) =>
          new Failed({
            reason: new Unreachable({ message: `netcup's login does not answer: ${say(message)}` }),
            again: call.repeatable
          }),
        TooLong: ({ message }) =>
          new Failed({ reason: new MalformedAnswer({ message: `netcup's login gave ${message}` }), again: false })
      }),
      Effect.flatMap((answer) => Effect.fromResult(read(call, answer))),
      Effect.retry({ schedule: pauses, while: (error) => error._tag === "Failed" && error.again })
    )
  }

  const device: TokenEndpoint["device"] = Effect.suspend(() =>
    send({
      request: form("auth/device", { scope: "offline_access openid" }),
      read: (text) =>
        Option.tap(LoginAnswer.device(text), ({ deviceCode }) => {
          learn(deviceCode)
          return Option.some(deviceCode)
        }),
      repeatable: true
    })
  ).pipe(Effect.mapError(unwrap), observed("login", "device"))

  const poll: TokenEndpoint["poll"] = (deviceCode) =>
    send({
      request: form("token", {
        grant_type: "urn:ietf:params:oauth:grant-type:device_code",
        device_code: Redacted.value(deviceCode)
      }),
      secret: deviceCode,
      read: readToken,
      repeatable: false
    }).pipe(
      Effect.map(Result.succeed),
      // That the login is not done yet is an answer: it does not count as a call that failed.
      Effect.catchTag("Rejected", (rejected) => {
        const state = stateOf(rejected)
        return state === undefined ? Effect.fail(rejected) : Effect.succeed(Result.fail(state))
      }),
      Effect.mapError(unwrap),
      observed("login", "poll"),
      Effect.flatMap(Effect.fromResult)
    )

  const refresh: TokenEndpoint["refresh"] = (refreshToken) =>
    send({
      request: form("token", { grant_type: "refresh_token", refresh_token: Redacted.value(refreshToken) }),
      secret: refreshToken,
      read: readToken,
      repeatable: false
    }).pipe(
      Effect.mapError((error) =>
        error._tag === "Rejected" && error.code === "invalid_grant"
          ? new NetcupError({
              reason: new LoginExpired({ message: `netcup's login is over: log in again (${error.said})` })
            })
          : unwrap(error)
      ),
      observed("login", "refresh")
    )

  const revoke: TokenEndpoint["revoke"] = (refreshToken) =>
    send({
      request: form("revoke", { token: Redacted.value(refreshToken), token_type_hint: "refresh_token" }),
      secret: refreshToken,
      read: () => Option.some(undefined),
      repeatable: true
    }).pipe(Effect.mapError(unwrap), observed("login", "revoke"))

  const userId: TokenEndpoint["userId"] = (accessToken) =>
    send({
      request: HttpClientRequest.get(at("userinfo")).pipe(
        HttpClientRequest.acceptJson,
        HttpClientRequest.bearerToken(accessToken)
      ),
      secret: accessToken,
      read: LoginAnswer.user,
      repeatable: true
    }).pipe(
      Effect.mapError((error) =>
        error._tag === "Rejected" && (error.status === 401 || error.status === 403)
          ? new NetcupError({
              reason: new InvalidCredentials({ message: `netcup does not accept a fresh access token (${error.said})` })
            })
          : unwrap(error)
      ),
      observed("login", "userinfo")
    )

  return { device, poll, refresh, revoke, userId } satisfies TokenEndpoint
})
