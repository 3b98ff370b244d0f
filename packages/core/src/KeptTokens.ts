/**
 * The Secret in which rotated refresh tokens are kept: the controller's own, which the command line tool reads and writes as well.
 *
 * netcup lets a token die when it gives a new one. The user's Secret is never written; a new token in it is another key here, and
 * so wins.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** Its name, in the controller's namespace. */
export const secretName = "netcup-failover-tokens"

/** Its labels when it is created. */
export const labels = { "app.kubernetes.io/managed-by": "netcup-failover-controller" } as const

/** What is kept for one login; `keptAt` in ms since the epoch. */
const Kept = Schema.fromJsonString(Schema.Struct({ refreshToken: Schema.NonEmptyString, keptAt: Schema.Finite }))

/** One value of the Secret. A failure would show what it could not read: tell it to nobody. */
export const decode = Schema.decodeUnknownResult(Kept)

export const encode = Schema.encodeSync(Kept)

/** The key of a login: the SHA-256 of the token that the user gave, in hex. */
export const keyOf = (original: Redacted.Redacted) =>
  Effect.flatMap(Digest.Digest, ({ digestHex }) =>
    digestHex(Digest.sha256, new TextEncoder().encode(Redacted.value(original)))
  )
