/**
 * Open watches: each a stream of lines that ends by time, with its client, or by a test's hand.
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type { ApiFailure } from "./ApiFailure.ts"
import type { JsonObject } from "./JsonValue.ts"
import type { KubeState } from "./KubeState.ts"
import { idOf, type Resource } from "./Resource.ts"
import type { Exchange } from "./TlsListener.ts"
import * as Watching from "./Watching.ts"

type Match = (path: string) => boolean

export interface WatchSessions {
  /** Fails before anything was answered; otherwise it has ended when this returns. */
  readonly serve: (session: Session) => Effect.Effect<void, ApiFailure>
  /** Breaks the connections of watches that are open; those of any path without conditions. */
  readonly cut: (path?: string | RegExp) => Effect.Effect<void>
  /** Not a byte more on watches that are open now, until it is resumed; then what was held back comes. */
  readonly stall: (path?: string | RegExp) => Effect.Effect<{ readonly resume: Effect.Effect<void> }>
  /** Paths of the watches that are open. */
  readonly open: Effect.Effect<ReadonlyArray<string>>
}

interface Session {
  readonly exchange: Exchange
  readonly resource: Resource
  readonly watch: () => Result.Result<Watching.Watch, ApiFailure>
  /** Run when the head of the answer was sent. */
  readonly opened: Effect.Effect<void>
  readonly headers: Readonly<Record<string, string>>
  /** After so long the server ends it; never when absent. */
  readonly timeout: Duration.Duration | undefined
  readonly line: (event: Watching.WatchEvent, first: boolean) => Effect.Effect<JsonObject>
  /** After so many lines the connection breaks. */
  readonly cutAfter: number
  /** Silent from the start. */
  readonly stalled: boolean
}

interface Open {
  readonly path: string
  readonly cut: Deferred.Deferred<void>
  readonly flowing: Latch.Latch
}

const matching = (path: string | RegExp | undefined): Match => {
  if (path === undefined) return () => true
  return typeof path === "string" ? (one) => one === path : (one) => one.search(path) >= 0
}

/** Up to which version everything was told: only then a bookmark is true. */
const bookmarkable = ({ store }: KubeState, resource: Resource) => Watching.bookmark(resource, store.version())

export const make = (state: KubeState, bookmarkEvery: Duration.Duration): WatchSessions => {
  const all = new Set<Open>()

  const serve = Effect.fnUntraced(function* (options: Session): Effect.fn.Return<void, ApiFailure> {
    const { cutAfter, exchange, headers, line, opened, resource, stalled, timeout } = options
    const events = yield* Queue.unbounded<Watching.WatchEvent | "end">()
    // In one breath, lest a change is missed or told twice.
    const { stopListening, watch } = yield* Effect.suspend(() =>
      Effect.fromResult(
        Result.map(options.watch(), (watch) => {
          for (const event of watch.first) Queue.offerUnsafe(events, event)
          if (watch.over) Queue.offerUnsafe(events, "end")
          const stopListening = state.store.listen(idOf(resource), {
            change: (change) => {
              const event = watch.see(change)
              if (event !== undefined) Queue.offerUnsafe(events, event)
            },
            gone: () => {
              Queue.offerUnsafe(events, "end")
            }
          })
          return { watch, stopListening }
        })
      )
    )
    const session: Open = {
      path: exchange.url.pathname,
      cut: yield* Deferred.make<void>(),
      flowing: yield* Latch.make(!stalled)
    }
    all.add(session)

    const tell = Effect.gen(function* () {
      yield* exchange.open(200, headers)
      yield* opened
      let told = 0
      while (true) {
        if (told >= cutAfter) return yield* exchange.reset
        const event = yield* Queue.take(events)
        yield* session.flowing.await
        if (event === "end") return yield* exchange.end
        yield* exchange.write(`${JSON.stringify(yield* line(event, told === 0))}\n`)
        told += 1
      }
    })
    const tick = Effect.sync(() => {
      Queue.offerUnsafe(events, bookmarkable(state, resource))
    }).pipe(Effect.delay(bookmarkEvery), Effect.forever)
    const ends = [
      tell,
      exchange.closed,
      Effect.andThen(Deferred.await(session.cut), exchange.reset),
      ...(watch.bookmarks ? [tick] : []),
      ...(timeout === undefined
        ? []
        : [Effect.andThen(Effect.sleep(timeout), Effect.andThen(session.flowing.await, exchange.end))])
    ]
    yield* Effect.raceAllFirst(ends).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          stopListening()
          all.delete(session)
        })
      )
    )
  })

  return {
    serve,
    cut: (path) =>
      Effect.suspend(() => {
        const matches = matching(path)
        return Effect.forEach(
          [...all].filter((one) => matches(one.path)),
          (one) => Deferred.succeed(one.cut, undefined),
          { discard: true }
        )
      }),
    stall: (path) =>
      Effect.gen(function* () {
        const matches = matching(path)
        const held = [...all].filter((one) => matches(one.path))
        yield* Effect.forEach(held, ({ flowing }) => flowing.close, { discard: true })
        return { resume: Effect.forEach(held, ({ flowing }) => flowing.open, { discard: true }) }
      }),
    open: Effect.sync(() => [...all].map(({ path }) => path))
  }
}
