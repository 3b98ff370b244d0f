/**
 * Remembers what refresh tokens were rotated to. netcup may answer a refresh with a new refresh token, and the one before is then
 * dead: it has to be stored before anything else is done with the answer.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** A token could not be read or kept. The message never holds one. */
export class TokenStoreError extends Schema.TaggedError<TokenStoreError>()("TokenStoreError", {
  message: Schema.String
}) {}

/** Where rotated refresh tokens are remembered. Layers of this library: a file, and memory. */
export class TokenStore extends Context.Service<
  TokenStore,
  {
    /** The newest token that came of `original`, the one that a login gave; none: it was never rotated. */
    readonly latest: (original: Redacted.Redacted) => Effect.Effect<Option.Option<Redacted.Redacted>, TokenStoreError>
    /** Keeps `newest` in place of what came of `original` before. */
    readonly keep: (original: Redacted.Redacted, newest: Redacted.Redacted) => Effect.Effect<void, TokenStoreError>
  }
>()("@netcup-failover/netcup/TokenStore") {}
