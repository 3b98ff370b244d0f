/**
 * Keeps what a watch tells in memory, and says when it is worth another look. Level, not edge: the signal carries nothing.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { KubeClient } from "./KubeClient.ts"
import type { KubeObject } from "./ObjectMeta.ts"
import type { ResourceKind } from "./ResourceKind.ts"
import * as Restarting from "./Restarting.ts"
import * as Store from "./Store.ts"
import * as Watch from "./Watch.ts"
import type { Undecodable } from "./WatchEvent.ts"
import type { Observable } from "./WatchHealth.ts"

export interface Reflector<A> extends Observable {
  /** By `ObjectMeta.keyOf`, with the newest version of each; stale while the watch fails. */
  readonly items: Effect.Effect<ReadonlyMap<string, A>>
  readonly undecodable: Effect.Effect<ReadonlyMap<string, Undecodable>>
  /** True since the first complete list. */
  readonly synced: Effect.Effect<boolean>
  readonly awaitSynced: Effect.Effect<void>
  /**
   * One element when anything changed since the last was taken, whatever the number of changes; the first at once if there was
   * any before. What the kind's schema does not name (a heartbeat) and the `resourceVersion` are no change.
   */
  readonly changes: Stream.Stream<void>
  readonly reconnect: Effect.Effect<void>
}

/** Runs until the scope closes. */
export const make = Effect.fnUntraced(function* <A extends KubeObject>(
  kind: ResourceKind<A>,
  settings: Watch.WatchSettings = {}
): Effect.fn.Return<Reflector<A>, never, KubeClient | Scope.Scope> {
  const watch = yield* Watch.make(kind, settings)
  const { silences } = yield* KubeClient
  // A watch on a connection that died with a node is as silent as a quiet one. Resuming costs one request.
  yield* silences.pipe(Stream.runForEach(watch.doubt), Effect.forkScoped)
  const store = yield* Ref.make<Store.Store<A>>(Store.empty())
  const synced = yield* Deferred.make<void>()
  const signal = yield* PubSub.sliding<void>({ capacity: 1, replay: 1 })

  yield* watch.events.pipe(
    Stream.runForEach((event) =>
      Effect.gen(function* () {
        const before = yield* Ref.get(store)
        const after = Store.apply(before, event)
        yield* Ref.set(store, after)
        if (after.synced) yield* Deferred.succeed(synced, undefined)
        if (!Store.isSame(before, after)) yield* PubSub.publish(signal, undefined)
      })
    ),
    Restarting.afterDefects("reflector"),
    Effect.forkScoped
  )

  return {
    items: Effect.map(Ref.get(store), ({ items }) => items),
    undecodable: Effect.map(Ref.get(store), ({ undecodable }) => undecodable),
    synced: Effect.map(Ref.get(store), (current) => current.synced),
    awaitSynced: Deferred.await(synced),
    changes: Stream.fromPubSub(signal),
    health: watch.health,
    healthChanges: watch.healthChanges,
    heardAt: watch.heardAt,
    reconnect: watch.reconnect
  }
})
