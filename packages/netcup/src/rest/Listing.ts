/**
 * What a list told last, by key: so that a change has to ask for nothing first.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Semaphore from "effect/Semaphore"
import type { NetcupError } from "../NetcupError.ts"

export interface Listing<K, V> {
  /** Asked anew. */
  readonly fresh: Effect.Effect<ReadonlyMap<K, V>, NetcupError>
  /** As it was told last; asked when it never was, or was forgotten. */
  readonly last: Effect.Effect<ReadonlyMap<K, V>, NetcupError>
  /** As it was told last; asked anew when there was nothing of that key. */
  readonly find: (key: K) => Effect.Effect<V | undefined, NetcupError>
  readonly forget: Effect.Effect<void>
}

/** `told` counts the lists that came. */
interface Memory<K, V> {
  readonly told: number
  readonly items: ReadonlyMap<K, V> | undefined
}

export const make = Effect.fnUntraced(function* <K, V>(list: Effect.Effect<ReadonlyMap<K, V>, NetcupError>) {
  const memory = yield* Ref.make<Memory<K, V>>({ told: 0, items: undefined })
  const one = yield* Semaphore.make(1)

  const fresh = Effect.tap(list, (items) => Ref.update(memory, ({ told }) => ({ told: told + 1, items })))

  /** Those who ask while somebody is asking for the same are content with what he gets. */
  const shared = Effect.flatMap(Ref.get(memory), (before) =>
    one.withPermit(
      Effect.flatMap(Ref.get(memory), ({ items, told }) =>
        items !== undefined && told > before.told ? Effect.succeed(items) : fresh
      )
    )
  )

  const last = Effect.flatMap(Ref.get(memory), ({ items }) => (items === undefined ? shared : Effect.succeed(items)))

  return {
    fresh,
    last,
    find: (key) =>
      Effect.gen(function* () {
        const known = (yield* Ref.get(memory)).items?.get(key)
        return known ?? (yield* shared).get(key)
      }),
    forget: Ref.update(memory, ({ told }) => ({ told, items: undefined }))
  } satisfies Listing<K, V>
})
