/**
 * A token store that a test can look into, slow down and break.
 */
import { TokenStore, TokenStoreError } from "@netcup-failover/netcup/TokenStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

export interface State {
  /** The newest tokens by the original ones. */
  readonly kept: Map<string, string>
  reads: number
  writes: number
  /** Before the store does what it is asked to. */
  reading: Effect.Effect<void, TokenStoreError>
  keeping: Effect.Effect<void, TokenStoreError>
}

export const make = () => {
  const kept = new Map<string, string>()
  const state: State = { kept, reads: 0, writes: 0, reading: Effect.void, keeping: Effect.void }
  const layer = Layer.succeed(
    TokenStore,
    TokenStore.of({
      latest: (original) =>
        Effect.suspend(() => {
          state.reads += 1
          return Effect.map(state.reading, () =>
            Option.map(Option.fromUndefinedOr(kept.get(Redacted.value(original))), (token) => Redacted.make(token))
          )
        }),
      keep: (original, newest) =>
        Effect.suspend(() => {
          state.writes += 1
          return Effect.map(state.keeping, () => {
            kept.set(Redacted.value(original), Redacted.value(newest))
          })
        })
    })
  )
  return { state, layer }
}

export const broken = Effect.fail(new TokenStoreError({ message: "the disk is full" }))
