/**
 * A {@link TokenStore} that forgets all with the process: where netcup does not rotate tokens, and for tests.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { TokenStore } from "../TokenStore.ts"

/** Remembers as long as the layer lives: enough for a program that is done before its token rotates, or whose server rotates none. */
export const layer = Layer.effect(
  TokenStore,
  Effect.gen(function* () {
    const kept = yield* Ref.make<ReadonlyMap<string, Redacted.Redacted>>(new Map())
    return TokenStore.of({
      latest: (original) =>
        Effect.map(Ref.get(kept), (tokens) => Option.fromUndefinedOr(tokens.get(Redacted.value(original)))),
      keep: (original, newest) => Ref.update(kept, (tokens) => new Map(tokens).set(Redacted.value(original), newest))
    })
  })
)
