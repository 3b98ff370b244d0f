/**
 * The texts of tokens: of the shape of a JSON Web Token, their signatures worth nothing. A client may read the claims of an
 * access token; what the simulator accepts is decided by what it gave out.
 */
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type { Account } from "./NetcupState.ts"

const word = Effect.map(Random.nextIntBetween(0, 2 ** 32, { halfOpen: true }), (value) =>
  value.toString(16).padStart(8, "0")
)

const randomHex = Effect.map(Effect.all([word, word, word, word]), (words) => words.join(""))

/** A version 4 UUID. */
export const uuid = Effect.map(randomHex, (hex) =>
  [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join("-")
)

/** A text that nobody guesses. */
export const opaque = Effect.map(randomHex, Base64Url.encode)

const encode = (claims: Readonly<Record<string, unknown>>) =>
  Effect.map(Effect.all([uuid, opaque]), ([jti, signature]) =>
    Redacted.make(
      [JSON.stringify({ alg: "RS256", typ: "JWT", kid: "simulated" }), JSON.stringify({ jti, ...claims })]
        .map(Base64Url.encode)
        .concat(signature)
        .join(".")
    )
  )

const seconds = (at: number) => Math.floor(at / 1000)

/** `now` in ms since the epoch. Offline tokens name no end. */
export const refresh = (userId: number, now: number) =>
  encode({ typ: "Offline", iat: seconds(now), azp: "scp", sub: `f:simulated:${userId}` })

/** With the claims that netcup's have: `id` is the user id, as a text. `now` and `expiresAt` in ms since the epoch. */
export const access = (account: Account, issuer: string, now: number, expiresAt: number) =>
  encode({
    typ: "Bearer",
    iss: issuer,
    iat: seconds(now),
    exp: seconds(expiresAt),
    azp: "scp",
    aud: "account",
    sub: `f:simulated:${account.userId}`,
    scope: "profile offline_access email",
    id: String(account.userId),
    preferred_username: account.loginName
  })
