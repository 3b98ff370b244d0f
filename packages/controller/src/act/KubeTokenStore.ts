/**
 * Keeps rotated refresh tokens in one Secret of the controller's own ({@link KeptTokens}).
 */
import * as KeptTokens from "@netcup-failover/core/KeptTokens"
import * as DataObject from "@netcup-failover/kubernetes/DataObject"
import type { KubeError } from "@netcup-failover/kubernetes/KubeError"
import { TokenStore, TokenStoreError } from "@netcup-failover/netcup/TokenStore"
import * as Clock from "effect/Clock"
import * as Digest from "effect/crypto/Digest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { Settings } from "../Settings.ts"

const { secretName } = KeptTokens

/** netcup lets a token die that was not used for 30 days. What is older is of no use to anybody. */
const lifetime = Duration.days(31)

/** So old an entry of a login that is in use is written anew. */
const renewal = Duration.days(7)

const failed = ({ message }: KubeError) => new TokenStoreError({ message: `Secret ${secretName}: ${message}` })

/** One for the leader's term: nobody else writes. */
export const layer = Layer.effect(
  TokenStore,
  Effect.gen(function* () {
    const { namespace } = yield* Settings
    const digest = yield* Digest.Digest
    const stored = yield* DataObject.make({
      kind: "Secret",
      name: secretName,
      namespace,
      labels: KeptTokens.labels
    })
    // Two accounts of ours must not overwrite each other's token.
    const oneAtATime = yield* Semaphore.make(1)
    const keyOf = (token: Redacted.Redacted) => Effect.provideService(KeptTokens.keyOf(token), Digest.Digest, digest)

    const keep = Effect.fn("KubeTokenStore.keep")(function* (original: Redacted.Redacted, newest: Redacted.Redacted) {
      const key = yield* keyOf(original)
      const now = yield* Clock.currentTimeMillis
      const found = yield* stored.read
      const isAlive = (value: string) => {
        const kept = KeptTokens.decode(value)
        return Result.isSuccess(kept) && now - kept.success.keptAt < Duration.toMillis(lifetime)
      }
      const others = Object.entries(found?.data ?? {}).filter(([, value]) => isAlive(value))
      yield* stored.write(found, {
        ...Object.fromEntries(others),
        [key]: KeptTokens.encode({ refreshToken: Redacted.value(newest), keptAt: now })
      })
    })

    const latest = Effect.fn("KubeTokenStore.latest")(function* (original: Redacted.Redacted) {
      const key = yield* keyOf(original)
      const found = yield* Effect.mapError(stored.read, failed)
      const kept = found?.data[key]
      if (kept === undefined) return Option.none()
      const decoded = KeptTokens.decode(kept)
      if (Result.isSuccess(decoded)) {
        const token = Redacted.make(decoded.success.refreshToken)
        const age = (yield* Clock.currentTimeMillis) - decoded.success.keptAt
        // It lives as long as it is used, whether it is rotated or not: it must not look forgotten.
        if (age > Duration.toMillis(renewal)) yield* Effect.ignore(oneAtATime.withPermit(keep(original, token)))
        return Option.some(token)
      }
      // The error would show what it could not read.
      yield* Effect.logWarning(`the key ${key} of Secret ${secretName} is unreadable: the user's own token is tried`)
      return Option.none()
    })

    return TokenStore.of({
      latest,
      keep: (original, newest) => keep(original, newest).pipe(Effect.mapError(failed), oneAtATime.withPermit)
    })
  })
).pipe(Layer.provide(Digest.layerWebCrypto))
