/**
 * List + watch of one kind as a `Stream` that never ends and never fails.
 *
 * Flow: list in pages, then watch from the list's version; after a close or a failure watch again from the last version seen
 * (a bookmark's too), or list again where the server says that it is too old, or keeps failing with it.
 * Guarantees: each state that lasts is emitted at least once, in order; `Listed` names exactly what exists; an object that does
 * not decode is an event of its own; every way back to the start holds a delay, which grows while nothing comes.
 * Assumes one consumer: a second run of `events` is a watch of its own, which lists first.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { KubeClient } from "./KubeClient.ts"
import { KubeError, type KubeErrorReason, Unreachable } from "./KubeError.ts"
import * as List from "./List.ts"
import * as Monotonic from "./Monotonic.ts"
import type { KubeObject } from "./ObjectMeta.ts"
import { collectionPath, type ResourceKind } from "./ResourceKind.ts"
import { Listed, type WatchEvent } from "./WatchEvent.ts"
import * as WatchFrame from "./WatchFrame.ts"
import * as WatchHealth from "./WatchHealth.ts"

export interface WatchSettings extends List.Selection {
  /** Without a byte for so long the connection is taken for dead. Bookmarks come about each minute. Default 90 s. */
  readonly idleLimit?: Duration.Input | undefined
  /** After a failure; doubles with each that follows. Default 200 ms. */
  readonly firstDelay?: Duration.Input | undefined
  /** Default 10 s. */
  readonly longestDelay?: Duration.Input | undefined
  /** Objects in one answer of a list. Default 50. */
  readonly pageSize?: number | undefined
  /** How long the server keeps a watch open; up to double that, by chance, lest all watches end together. Default 5 min. */
  readonly serverTimeout?: Duration.Input | undefined
  /**
   * Run when the server proves without an event that the watch is live: it has just established it after a failure, or sent a bookmark. Not
   * when it is resumed, with what was missed still to come.
   */
  readonly onProof?: Effect.Effect<void> | undefined
}

export interface Watch<A> extends WatchHealth.Observable {
  readonly events: Stream.Stream<WatchEvent<A>>
  /** Drops the connection and resumes on a new one: for who knows that this silence cannot be. */
  readonly reconnect: Effect.Effect<void>
  /**
   * Resumes on a new connection if this one was made before then (monotonic ms). It counts for live meanwhile: whether it was not, nobody
   * knows.
   */
  readonly doubt: (before: number) => Effect.Effect<void>
}

/** After these the version is as good as before. */
const keepsVersion: ReadonlySet<KubeErrorReason["_tag"]> = new Set([
  "CredentialsUnavailable",
  "Unreachable",
  "Unauthorized",
  "Forbidden",
  "TooManyRequests"
])

/** After these too, unless they come again and again: then it may be the version that the server stumbles over. */
const keepsVersionAtFirst: ReadonlySet<KubeErrorReason["_tag"]> = new Set(["ServerError", "MalformedAnswer"])

export const make = Effect.fnUntraced(function* <A extends KubeObject>(
  kind: ResourceKind<A>,
  settings: WatchSettings = {}
): Effect.fn.Return<Watch<A>, never, KubeClient> {
  const client = yield* KubeClient
  const { namespace, labelSelector, fieldSelector } = settings
  const idleLimit = Duration.fromInputUnsafe(settings.idleLimit ?? "90 seconds")
  const firstDelay = Duration.toMillis(settings.firstDelay ?? "200 millis")
  const longestDelay = Duration.toMillis(settings.longestDelay ?? "10 seconds")
  const serverTimeout = Duration.toSeconds(settings.serverTimeout ?? "5 minutes")
  const onProof = settings.onProof ?? Effect.void
  const path = collectionPath(kind, namespace)
  const decode = WatchFrame.line(kind)
  const health = yield* WatchHealth.make(path)
  const cut = yield* Ref.make(Deferred.makeUnsafe<void, KubeError>())
  /** When the present connection was made: its head came. */
  const liveAt = yield* Ref.make<number | undefined>(undefined)

  const named = (reason: KubeErrorReason) => new KubeError({ request: `WATCH ${path}`, reason })

  /** Between half and all of what the failures so far ask for. */
  const delay = (failures: number) =>
    Effect.map(Random.next, (random) => Math.min(longestDelay, firstDelay * 2 ** failures) * (0.5 + random / 2))

  const run = Effect.gen(function* () {
    const version = yield* Ref.make<string | undefined>(undefined)
    const failures = yield* Ref.make(0)
    /** Of the present connection. */
    const frames = yield* Ref.make(0)

    const onLine = Effect.fnUntraced(function* (text: string) {
      const frame = yield* Effect.mapError(Effect.fromResult(decode(text)), named)
      yield* health.heard
      yield* Ref.set(failures, 0)
      yield* Ref.update(frames, (n) => n + 1)
      yield* Ref.set(version, frame.version)
      if (frame.event !== undefined) return [frame.event]
      yield* onProof
      return []
    })

    const lived = Effect.gen(function* () {
      const since = yield* Ref.get(liveAt)
      return since === undefined ? 0 : (yield* Monotonic.now) - since
    })

    /** The server may end a watch when it likes. One that ends at once and without a word is a failure all the same. */
    const closed = Effect.fnUntraced(function* (byUs: boolean) {
      if (!byUs && (yield* Ref.get(frames)) === 0 && (yield* lived) < 1000) {
        return yield* named(new Unreachable({ message: "the server closed the watch at once" }))
      }
      yield* Effect.sleep(yield* delay(0))
    })

    const follow = Effect.fnUntraced(function* (resourceVersion: string) {
      const timeoutSeconds = String(Math.ceil(serverTimeout * (1 + (yield* Random.next))))
      const query = { labelSelector, fieldSelector, resourceVersion, timeoutSeconds }
      const lines = yield* client.lines(path, { ...query, watch: "true", allowWatchBookmarks: "true" }, idleLimit)
      yield* Ref.set(liveAt, yield* Monotonic.now)
      const { _tag } = yield* health.observable.health
      yield* health.heard
      yield* health.live
      if (_tag !== "Live") yield* onProof
      return Stream.flattenIterable(Stream.mapEffect(lines, onLine))
    })

    const attempt = Stream.unwrap(
      Effect.gen(function* () {
        yield* Ref.set(liveAt, undefined)
        yield* Ref.set(frames, 0)
        const cutNow = yield* Deferred.make<void, KubeError>()
        yield* Ref.set(cut, cutNow)
        const from = (resourceVersion: string) =>
          Stream.unwrap(follow(resourceVersion)).pipe(
            Stream.interruptWhen(Deferred.await(cutNow)),
            Stream.concat(Stream.fromEffectDrain(Effect.flatMap(Deferred.isDone(cutNow), closed)))
          )
        const known = yield* Ref.get(version)
        if (known !== undefined) return from(known)
        const listed = yield* List.list(kind, { namespace, labelSelector, fieldSelector }, settings.pageSize ?? 50)
        yield* Ref.set(version, listed.version)
        return Stream.concat(Stream.succeed(new Listed({ objects: listed.objects })), from(listed.version))
      })
    )

    const failed = Effect.fnUntraced(function* (error: KubeError) {
      // A connection that held is a success though nothing happened on it.
      if ((yield* lived) >= longestDelay) yield* Ref.set(failures, 0)
      const before = yield* Ref.getAndUpdate(failures, (n) => n + 1)
      const { _tag } = error.reason
      if (!keepsVersion.has(_tag) && !(keepsVersionAtFirst.has(_tag) && before < 3)) yield* Ref.set(version, undefined)
      yield* _tag === "Gone" ? health.connecting : health.failing(error, before + 1)
      // No server's wish keeps us away for longer than a minute.
      const asked = Math.min(Duration.toMillis(error.retryAfter ?? Duration.zero), 60_000)
      yield* Effect.sleep(Math.max(yield* delay(before), asked))
    })

    return Stream.forever(Stream.catch(attempt, (error) => Stream.fromEffectDrain(failed(error))))
  })

  const reconnect = Effect.flatMap(Ref.get(cut), (cutNow) =>
    Deferred.fail(cutNow, named(new Unreachable({ message: "dropped, since its silence cannot be" })))
  )

  return {
    ...health.observable,
    events: Stream.provideService(Stream.unwrap(run), KubeClient, client),
    reconnect,
    doubt: Effect.fnUntraced(function* (before) {
      const connectedAt = yield* Ref.get(liveAt)
      // One that is just being made has its own limits.
      if (connectedAt !== undefined && connectedAt < before) yield* Deferred.succeed(yield* Ref.get(cut), undefined)
    })
  }
})
