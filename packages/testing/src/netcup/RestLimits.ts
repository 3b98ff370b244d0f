/**
 * How many routing requests an account may send: windows that slide, by the time of arrival.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"

/** At most so many requests in any stretch of that length. */
export interface RoutingLimit {
  readonly requests: number
  readonly window: Duration.Input
}

/** netcup's limits since version 2026.0728 of its REST API. */
export const documented: ReadonlyArray<RoutingLimit> = [
  { requests: 10, window: "5 minutes" },
  { requests: 20, window: "60 minutes" }
]

interface Counted {
  readonly id: number
  readonly loginName: string
  /** ms since the epoch. */
  readonly at: number
}

/** A place within the limits, or when (ms since the epoch) there is one again. */
export type Place = { readonly id: number } | { readonly retryAt: number }

export interface RestLimits {
  /** Takes a place for a request that arrived at `at`. */
  readonly take: (loginName: string, at: number) => Effect.Effect<Place>
  /** A refused request has taken no place. */
  readonly giveBack: (id: number) => Effect.Effect<void>
  /** Counts a request whether there was a place for it or not. */
  readonly count: (loginName: string, at: number) => Effect.Effect<void>
  readonly message: string
}

const minutes = (window: Duration.Input) => Duration.toMinutes(Duration.fromInputUnsafe(window))

/** When the limit lets one more pass: now or earlier if it does at present. */
const opensAt = (times: ReadonlyArray<number>, { requests, window }: RoutingLimit): number => {
  if (requests === 0) return Number.POSITIVE_INFINITY
  const at = times.at(-requests)
  return at === undefined ? Number.NEGATIVE_INFINITY : at + Duration.toMillis(Duration.fromInputUnsafe(window))
}

export const make = Effect.fn("RestLimits.make")(function* (
  limits: ReadonlyArray<RoutingLimit>
): Effect.fn.Return<RestLimits> {
  const ref = yield* Ref.make<ReadonlyArray<Counted>>([])
  const ids = yield* Ref.make(0)
  return {
    take: Effect.fnUntraced(function* (loginName, at) {
      const id = yield* Ref.updateAndGet(ids, (last) => last + 1)
      return yield* Ref.modify(ref, (all): readonly [Place, ReadonlyArray<Counted>] => {
        const times = all.flatMap((one) => (one.loginName === loginName ? [one.at] : [])).toSorted((a, b) => a - b)
        const retryAt = Math.max(Number.NEGATIVE_INFINITY, ...limits.map((limit) => opensAt(times, limit)))
        return retryAt > at ? [{ retryAt }, all] : [{ id }, [...all, { id, loginName, at }]]
      })
    }),
    giveBack: (id) => Ref.update(ref, (all) => all.filter((one) => one.id !== id)),
    count: Effect.fnUntraced(function* (loginName, at) {
      const id = yield* Ref.updateAndGet(ids, (last) => last + 1)
      yield* Ref.update(ref, (all) => [...all, { id, loginName, at }])
    }),
    message: `Too many requests: limited to ${limits
      .map(({ requests, window }) => `${requests} requests per ${minutes(window)} minutes`)
      .join(" and ")}.`
  }
})
