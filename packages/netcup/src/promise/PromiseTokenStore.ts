/**
 * A {@link TokenStore} made of two functions, for programs that don't use Effect.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { TokenStore, TokenStoreError } from "../TokenStore.ts"

/**
 * Remembers what netcup replaced a refresh token by, from one run of a program to the next. `login` tells logins apart: it is the
 * SHA-256 of the token that the login gave, so that the tokens of a new login are never mixed up with those of an old one.
 * The tokens are secrets.
 */
export interface PromiseTokenStore {
  /** The token that was saved last for that login; `undefined` or `null`: none was. */
  load(login: string): PromiseLike<string | null | undefined> | string | null | undefined
  /** The token must be safe when this is done: the one before it may be dead. */
  save(login: string, token: string): PromiseLike<void> | void
}

const failed = (what: string) => (cause: unknown) =>
  new TokenStoreError({ message: `${what} failed: ${cause instanceof Error ? cause.message : String(cause)}` })

/** The service over such a store. */
export const layer = (store: PromiseTokenStore): Layer.Layer<TokenStore> =>
  Layer.effect(
    TokenStore,
    Effect.gen(function* () {
      const { digestHex } = yield* Digest.Digest
      const loginOf = (original: Redacted.Redacted) =>
        digestHex(Digest.sha256, new TextEncoder().encode(Redacted.value(original)))

      return TokenStore.of({
        latest: Effect.fn("PromiseTokenStore.latest")(function* (original: Redacted.Redacted) {
          const login = yield* loginOf(original)
          const token: unknown = yield* Effect.tryPromise({
            try: async () => store.load(login),
            catch: failed("tokenStore.load")
          })
          if (token === undefined || token === null) return Option.none()
          if (typeof token !== "string" || token === "") {
            return yield* new TokenStoreError({ message: "tokenStore.load gave something that is no token" })
          }
          return Option.some(Redacted.make(token, { label: "refresh token" }))
        }),
        keep: Effect.fn("PromiseTokenStore.keep")(function* (original: Redacted.Redacted, newest: Redacted.Redacted) {
          const login = yield* loginOf(original)
          yield* Effect.tryPromise({
            try: async () => store.save(login, Redacted.value(newest)),
            catch: failed("tokenStore.save")
          })
        })
      })
    })
  ).pipe(Layer.provide(Digest.layerWebCrypto))
