/**
 * Records Kubernetes Events, as `kubectl describe` shows them. Telling is never worth waiting for: `record` returns at once and
 * cannot fail; a worker writes, what happens again raises the count of the first Event, and a flood is cut off.
 */

import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as EventObject from "./EventObject.ts"
import { KubeClient } from "./KubeClient.ts"
import * as Monotonic from "./Monotonic.ts"
import { collectionPath, objectPath } from "./ResourceKind.ts"
import * as TokenBucket from "./TokenBucket.ts"

export interface EventsSettings extends EventObject.Reporter {
  /** For so long after the last time, the same is told by a higher count instead of a new Event. Default 10 min. */
  readonly window?: Duration.Input | undefined
  /** Writes at once; default 50. */
  readonly burst?: number | undefined
  /** And then one each; default 2 s. */
  readonly interval?: Duration.Input | undefined
}

export class Events extends Context.Service<
  Events,
  {
    readonly record: (occurrence: EventObject.Occurrence) => Effect.Effect<void>
    /** How many were not written: too many at once, or refused. */
    readonly dropped: Effect.Effect<number>
  }
>()("@netcup-failover/kubernetes/Events") {
  /** What is queued when the layer closes is still written, within 2 s. */
  static readonly layer = (settings: EventsSettings): Layer.Layer<Events, never, KubeClient> =>
    Layer.effect(Events, make(settings))
}

const kind = { group: "", version: "v1", kind: "Event", plural: "events", namespaced: true }
const waiting = 256
const remembered = 1024

interface Happened {
  readonly occurrence: EventObject.Occurrence
  /** Wall time: people read it. */
  readonly millis: number
}

interface Series {
  readonly name: string
  readonly count: number
  /** Monotonic, when it happened last. */
  readonly lastAt: number
}

const make = Effect.fnUntraced(function* (settings: EventsSettings) {
  const client = yield* KubeClient
  const window = Duration.toMillis(settings.window ?? "10 minutes")
  const interval = Duration.toMillis(settings.interval ?? "2 seconds")
  const dropped = yield* Ref.make(0)
  const bucket = yield* Ref.make(TokenBucket.make(settings.burst ?? 50, interval, yield* Monotonic.now))
  const queue = yield* Queue.dropping<Happened, Cause.Done>(waiting)
  // Only the worker touches it. In order of last use, so that the first is the one to forget.
  const series = new Map<string, Series>()

  const drop = Ref.update(dropped, (n) => n + 1)

  const mayWrite = Effect.gen(function* () {
    const next = TokenBucket.take(yield* Ref.get(bucket), yield* Monotonic.now)
    if (next !== undefined) yield* Ref.set(bucket, next)
    return next !== undefined
  })

  const remember = (key: string, value: Series) => {
    series.delete(key)
    series.set(key, value)
    for (const oldest of series.keys()) {
      if (series.size <= remembered) break
      series.delete(oldest)
    }
  }

  const create = Effect.fnUntraced(function* ({ occurrence, millis }: Happened) {
    const { metadata } = occurrence
    const suffix = `${millis.toString(16)}${(yield* Random.nextIntBetween(0, 2 ** 32)).toString(16).padStart(8, "0")}`
    const name = EventObject.nameOf(metadata, suffix)
    yield* client.request({
      method: "POST",
      path: collectionPath(kind, EventObject.namespaceOf(metadata)),
      body: EventObject.create(occurrence, settings, name, millis),
      schema: Schema.Unknown
    })
    remember(EventObject.seriesOf(occurrence), { name, count: 1, lastAt: yield* Monotonic.now })
  })

  const recur = (happened: Happened, { name, count }: Series) =>
    client
      .request({
        method: "PATCH",
        path: objectPath(kind, { name, namespace: EventObject.namespaceOf(happened.occurrence.metadata) }),
        contentType: "application/merge-patch+json",
        body: EventObject.recur(count, happened.millis),
        schema: Schema.Unknown
      })
      .pipe(
        // The API server forgets Events after an hour.
        Effect.catchIf(
          (error) => error.reason._tag === "NotFound",
          () => create(happened)
        )
      )

  const write = Effect.fnUntraced(
    function* (happened: Happened) {
      const key = EventObject.seriesOf(happened.occurrence)
      const known = series.get(key)
      const now = yield* Monotonic.now
      const goesOn = known !== undefined && now - known.lastAt < window
      // Counted even when not written: the next that is written tells them all.
      const next = goesOn ? { name: known.name, count: known.count + 1, lastAt: now } : undefined
      if (next !== undefined) remember(key, next)
      if (!(yield* mayWrite)) return yield* drop
      yield* next === undefined ? create(happened) : recur(happened, next)
    },
    (effect, { occurrence }) =>
      Effect.catchCause(effect, (cause) =>
        Effect.andThen(drop, Effect.logWarning(`event ${occurrence.reason} not recorded`, cause))
      )
  )

  const worker = yield* Effect.forkScoped(
    Effect.forever(Effect.flatMap(Queue.take(queue), write)).pipe(Effect.catchTag("Done", () => Effect.void))
  )
  yield* Effect.addFinalizer(() =>
    Effect.andThen(Queue.end(queue), Effect.timeoutOption(Fiber.await(worker), "2 seconds"))
  )

  return Events.of({
    record: Effect.fnUntraced(function* (occurrence) {
      const millis = yield* Clock.currentTimeMillis
      if (!(yield* Queue.offer(queue, { occurrence, millis }))) yield* drop
    }),
    dropped: Ref.get(dropped)
  })
})
