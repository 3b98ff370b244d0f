/**
 * A login for programs that don't use Effect: by the device flow (RFC 8628), its user opens a page in any browser, and allows it there.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as DeviceLogin from "../login/DeviceLogin.ts"
import type { LoginOptions } from "../login/LoginOptions.ts"
import type { CallOptions } from "./Connection.ts"
import * as FetchClient from "./FetchClient.ts"
import { settle } from "./Outcome.ts"

/** What the user has to be told. */
export type LoginPage = Pick<
  DeviceLogin.DeviceLogin,
  "userCode" | "verificationUri" | "verificationUriComplete" | "expiresAt"
>

/** How to log in. */
export interface PromiseLoginOptions extends LoginOptions, CallOptions {
  /** What to make requests with: the platform's `fetch` when absent. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/**
 * Begins a login, has `show` tell the user where to allow it, and waits until that is done, which takes the user's time: ten minutes at
 * most. Gives the refresh token, a secret. Rejected with `AccessDenied` when the user declined, with `ExpiredToken` when time is
 * up, with a `NetcupError`, with what `show` threw, or with the signal's reason.
 */
export const login = (
  show: (page: LoginPage) => PromiseLike<void> | void,
  { fetch, signal, ...options }: PromiseLoginOptions = {}
): Promise<string> => {
  const program = Effect.gen(function* () {
    const {
      await: granted,
      expiresAt,
      userCode,
      verificationUri,
      verificationUriComplete
    } = yield* DeviceLogin.begin(options)
    yield* Effect.promise(async () => show({ expiresAt, userCode, verificationUri, verificationUriComplete }))
    const { refreshToken } = yield* granted
    return Redacted.value(refreshToken)
  })
  return settle((run) => Effect.runPromiseExit(Effect.provide(program, FetchClient.layer(fetch)), run), signal)
}
