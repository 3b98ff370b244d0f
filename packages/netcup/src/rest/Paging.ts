/**
 * Long lists, a page at a time.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { NetcupError } from "../NetcupError.ts"

export interface Pages {
  /**
   * All items of a list, each once: what comes in front while we read shifts items to the next page. A page with nothing new is the
   * last, and one that isn't full unless netcup gives shorter pages than are asked for. Whether it does is found out by one more call,
   * the first time that so many items come.
   */
  readonly all: <A>(
    keyOf: (item: A) => string | number,
    page: (limits: { readonly limit: number; readonly offset: number }) => Effect.Effect<ReadonlyArray<A>, NetcupError>
  ) => Stream.Stream<A, NetcupError>
}

interface Position {
  readonly offset: number
  readonly seen: ReadonlySet<string | number>
  /** How long the page before was, if it wasn't full. */
  readonly short: number | undefined
}

const first: Position = { offset: 0, seen: new Set(), short: undefined }

/** The pages of one resource, of `size` items each. */
export const make = Effect.fnUntraced(function* (size: number) {
  /** A page of so many items was not cut short: it was followed by none. */
  const whole = yield* Ref.make(0)

  const all: Pages["all"] = (keyOf, page) =>
    Stream.paginate(first, ({ offset, seen, short }) =>
      Effect.gen(function* () {
        const items = yield* page({ limit: size, offset })
        const known = new Set(seen)
        const news = items.filter((item) => {
          const key = keyOf(item)
          if (known.has(key)) return false
          known.add(key)
          return true
        })
        if (news.length === 0) {
          if (short !== undefined && items.length === 0) yield* Ref.update(whole, (length) => Math.max(length, short))
          return [news, Option.none()] as const
        }
        const full = items.length >= size
        if (!full && short === undefined && items.length <= (yield* Ref.get(whole)))
          return [news, Option.none()] as const
        const next: Position = {
          offset: offset + items.length,
          seen: known,
          short: full ? undefined : items.length
        }
        return [news, Option.some(next)] as const
      })
    )

  return { all } satisfies Pages
})
