/**
 * The controller's store of rotated refresh tokens, read and written as the controller does it.
 */
import * as KeptTokens from "@netcup-failover/core/KeptTokens"
import * as DataObject from "@netcup-failover/kubernetes/DataObject"
import type { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import type { KubeError } from "@netcup-failover/kubernetes/KubeError"
import { TokenStore, TokenStoreError } from "@netcup-failover/netcup/TokenStore"
import * as Clock from "effect/Clock"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

const name = KeptTokens.secretName

const failed = ({ message }: KubeError) => new TokenStoreError({ message: `Secret ${name}: ${message}` })

/** Whoever writes at the same time has another login: read again, and write beside it. */
const again = (error: KubeError) => error.reason._tag === "Conflict" || error.reason._tag === "AlreadyExists"

export const layer = (namespace: string): Layer.Layer<TokenStore, never, KubeClient> =>
  Layer.effect(
    TokenStore,
    Effect.gen(function* () {
      const digest = yield* Digest.Digest
      const stored = yield* DataObject.make({ kind: "Secret", name, namespace, labels: KeptTokens.labels })
      const keyOf = (token: Redacted.Redacted) => Effect.provideService(KeptTokens.keyOf(token), Digest.Digest, digest)

      return TokenStore.of({
        latest: Effect.fn("ClusterTokenStore.latest")(function* (original: Redacted.Redacted) {
          const key = yield* keyOf(original)
          const found = yield* Effect.mapError(stored.read, failed)
          const kept = found?.data[key]
          if (kept === undefined) return Option.none()
          const decoded = KeptTokens.decode(kept)
          if (Result.isSuccess(decoded)) {
            return Option.some(Redacted.make(decoded.success.refreshToken, { label: "refresh token" }))
          }
          // The controller would try the older token; we must not, since its use might end the login.
          return yield* new TokenStoreError({ message: `Secret ${name}: the key ${key} is unreadable` })
        }),
        keep: Effect.fn("ClusterTokenStore.keep")(function* (original: Redacted.Redacted, newest: Redacted.Redacted) {
          const key = yield* keyOf(original)
          const keptAt = yield* Clock.currentTimeMillis
          const value = KeptTokens.encode({ refreshToken: Redacted.value(newest), keptAt })
          yield* stored.read.pipe(
            Effect.flatMap((found) => stored.write(found, { ...found?.data, [key]: value })),
            Effect.retry({ times: 3, while: again }),
            Effect.mapError(failed)
          )
        })
      })
    })
  ).pipe(Layer.provide(Digest.layerWebCrypto))
