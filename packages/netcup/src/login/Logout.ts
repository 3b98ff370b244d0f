/**
 * Ends a login at netcup, so that nobody can use its tokens any more.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { RestCredentials } from "../Credentials.ts"
import { NetcupError, TokenNotKept } from "../NetcupError.ts"
import { TokenStore } from "../TokenStore.ts"
import { type LoginOptions, withDefaults } from "./LoginOptions.ts"
import * as TokenEndpoint from "./TokenEndpoint.ts"
import * as Words from "./Words.ts"

/**
 * Revokes the newest token of a login, and its original one, lest netcup ends only what it is asked with. One that is dead already is
 * no error. Access tokens that were given out may live on for minutes.
 */
export const revoke = Effect.fn("Logout.revoke")(function* (
  { refreshToken }: RestCredentials,
  options: LoginOptions = {}
) {
  const words = Words.make([refreshToken])
  const endpoint = yield* TokenEndpoint.make(withDefaults(options), words)
  const store = yield* TokenStore
  const latest = yield* store.latest(refreshToken).pipe(
    Effect.mapError(
      ({ message }) =>
        new NetcupError({
          reason: new TokenNotKept({ message: `the token store cannot be read: ${words.say(message)}` })
        })
    )
  )
  if (Option.isSome(latest)) words.learn(latest.value)
  if (Option.isSome(latest) && Redacted.value(latest.value) !== Redacted.value(refreshToken)) {
    yield* endpoint.revoke(latest.value)
  }
  yield* endpoint.revoke(refreshToken)
})
