/**
 * Every request that reached the API, in the order of arrival. No tokens, no bodies.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { type Asked, type InjectionRule, matches } from "./KubeInjection.ts"

export interface JournalEntry extends Asked {
  /** 1 for the first request of all. */
  readonly id: number
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly query: string
  readonly userAgent: string
  /** HTTP status of the answer; `undefined` while there is none, and when there never was. */
  readonly status: number | undefined
}

type Query = Pick<InjectionRule, "verb" | "path" | "user">

export interface RequestJournal {
  /** Those that match; all of them without conditions. */
  readonly requests: (query?: Query) => Effect.Effect<ReadonlyArray<JournalEntry>>
  readonly count: (query?: Query) => Effect.Effect<number>
}

interface Recorder extends RequestJournal {
  /** Gives the entry's id. */
  readonly arrive: (asked: Asked & Pick<JournalEntry, "query" | "userAgent">) => Effect.Effect<number>
  readonly answered: (id: number, status: number) => Effect.Effect<void>
}

export const make: Effect.Effect<Recorder> = Effect.gen(function* () {
  // Appended to in place: a copy for each request would cost more the longer a scenario runs.
  const entries: Array<JournalEntry> = []
  const ids = yield* Ref.make(0)
  const select = (query: Query = {}) => Effect.sync(() => entries.filter((entry) => matches(query, entry)))
  return {
    requests: select,
    count: (query) => Effect.map(select(query), ({ length }) => length),
    arrive: Effect.fnUntraced(function* (asked) {
      const id = yield* Ref.updateAndGet(ids, (last) => last + 1)
      const receivedAt = yield* Clock.currentTimeMillis
      entries.push({ ...asked, id, receivedAt, status: undefined })
      return id
    }),
    answered: (id, status) =>
      Effect.sync(() => {
        const index = entries.findIndex((entry) => entry.id === id)
        const entry = entries[index]
        if (entry !== undefined) entries[index] = { ...entry, status }
      })
  }
})
