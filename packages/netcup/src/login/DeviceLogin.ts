/**
 * A login by the device flow (RFC 8628): its user opens a page in any browser, and allows it there.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Redacted from "effect/Redacted"
import { MalformedAnswer, NetcupError } from "../NetcupError.ts"
import type { TokenAnswer } from "./LoginAnswer.ts"
import { type LoginOptions, withDefaults } from "./LoginOptions.ts"
import { type AccessDenied, ExpiredToken } from "./OAuthError.ts"
import * as TokenEndpoint from "./TokenEndpoint.ts"
import * as Words from "./Words.ts"

/** What a login gave. The refresh token is what {@link RestCredentials} are made of. */
export interface GrantedLogin extends TokenAnswer {
  readonly refreshToken: Redacted.Redacted
}

/** A login that waits for its user: show the code and the address, then await it. */
export interface DeviceLogin {
  /** To be typed in at {@link verificationUri}. */
  readonly userCode: string
  readonly verificationUri: string
  /** The same with the code in it, where netcup gives one. */
  readonly verificationUriComplete: string | undefined
  /** When netcup forgets the login, in ms since the epoch. */
  readonly expiresAt: number
  /** How often netcup may be asked. */
  readonly interval: Duration.Duration
  /**
   * Asks until the user has allowed the login. Outages of netcup are ridden out. Fails with `AccessDenied` when the user declined,
   * and with `ExpiredToken` when time is up. To be run once.
   */
  readonly await: Effect.Effect<GrantedLogin, AccessDenied | ExpiredToken | NetcupError>
}

/** What RFC 8628 (3.5) has a client add to its interval, for good, at each `slow_down`. */
const slower = Duration.seconds(5)

/** While netcup does not answer, pauses double up to this. */
const longestPause = Duration.minutes(1)

/** Begins a login. Nothing is kept anywhere: what it gives is the caller's. */
export const begin = Effect.fn("DeviceLogin.begin")(function* (
  options: LoginOptions = {}
): Effect.fn.Return<DeviceLogin, NetcupError, HttpClient.HttpClient> {
  const endpoint = yield* TokenEndpoint.make(withDefaults(options), Words.make([]))
  const askedAt = yield* Clock.currentTimeMillis
  const device = yield* endpoint.device
  const expiresAt = askedAt + device.expiresIn * 1000

  const poll = Effect.fnUntraced(function* () {
    let interval = Duration.seconds(device.interval)
    let silent = 0
    while (true) {
      // Also while nobody answers: a client that is not heard must not knock harder (RFC 8628, 3.5).
      const pause = Duration.min(Duration.times(interval, 2 ** Math.min(silent, 10)), longestPause)
      const left = Duration.millis(Math.max(0, expiresAt - (yield* Clock.currentTimeMillis)))
      yield* Effect.sleep(Duration.min(Duration.max(pause, interval), left))
      if ((yield* Clock.currentTimeMillis) >= expiresAt) {
        return yield* new ExpiredToken({ message: "nobody allowed the login in time: begin again" })
      }
      const answer = yield* endpoint.poll(device.deviceCode).pipe(
        Effect.catchTags({
          AuthorizationPending: () => Effect.succeed("pending" as const),
          SlowDown: () => Effect.succeed("slower" as const)
        }),
        Effect.catchReasons("NetcupError", {
          Unreachable: () => Effect.succeed("silent" as const),
          MalformedAnswer: () => Effect.succeed("silent" as const),
          RateLimited: () => Effect.succeed("silent" as const)
        })
      )
      if (answer === "silent") silent += 1
      else if (answer === "pending") silent = 0
      else if (answer === "slower") {
        silent = 0
        interval = Duration.sum(interval, slower)
      } else return answer
    }
  })

  const granted = Effect.flatMap(poll(), ({ refreshToken, ...answer }) =>
    refreshToken === undefined
      ? Effect.fail(
          new NetcupError({ reason: new MalformedAnswer({ message: "netcup's login gave no refresh token" }) })
        )
      : Effect.succeed({ ...answer, refreshToken })
  )

  return {
    userCode: device.userCode,
    verificationUri: device.verificationUri,
    verificationUriComplete: device.verificationUriComplete,
    expiresAt,
    interval: Duration.seconds(device.interval),
    await: granted.pipe(Effect.withSpan("DeviceLogin.await"))
  }
})
