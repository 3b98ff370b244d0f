/**
 * Watches of one kind that come and go with what is asked for: one for each selection, shared by all who ask for it.
 */
import type { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import type { Selection } from "@netcup-failover/kubernetes/List"
import type { KubeObject } from "@netcup-failover/kubernetes/ObjectMeta"
import * as Reflector from "@netcup-failover/kubernetes/Reflector"
import type { ResourceKind } from "@netcup-failover/kubernetes/ResourceKind"
import * as Restarting from "@netcup-failover/kubernetes/Restarting"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { Settings } from "../Settings.ts"

interface Open<A> {
  readonly reflector: Reflector.Reflector<A>
  readonly scope: Scope.Closeable
}

/**
 * Runs until the scope ends.
 *
 * @param changed run when an object of the selection of that key, or the watch's health, has changed
 */
export const make = Effect.fnUntraced(function* <A extends KubeObject>(
  kind: ResourceKind<A>,
  changed: (key: string, reflector: Reflector.Reflector<A>) => Effect.Effect<void>
) {
  const { watchIdleLimit: idleLimit } = yield* Settings
  const context = yield* Effect.context<KubeClient>()
  const scope = yield* Scope.Scope
  const open = new Map<string, Open<A>>()
  const one = yield* Semaphore.make(1)

  const start = Effect.fnUntraced(function* (key: string, selection: Selection) {
    const own = yield* Scope.fork(scope)
    const reflector = yield* Reflector.make(kind, { ...selection, idleLimit }).pipe(Scope.provide(own))
    open.set(key, { reflector, scope: own })
    yield* Stream.merge(reflector.changes, reflector.healthChanges).pipe(
      Stream.runForEach(() => changed(key, reflector)),
      Restarting.afterDefects(`following ${kind.plural}`),
      Effect.forkIn(own)
    )
  })

  return {
    /** Watches these, and stops watching the rest. */
    follow: Effect.fnUntraced(function* (wanted: ReadonlyMap<string, Selection>) {
      for (const [key, { scope: own }] of [...open]) {
        if (wanted.has(key)) continue
        open.delete(key)
        yield* Scope.close(own, Exit.void)
      }
      for (const [key, selection] of wanted) {
        if (!open.has(key)) yield* start(key, selection).pipe(Effect.provide(context))
      }
    }, one.withPermit),
    /** The watches that run now. */
    watches: (): ReadonlyArray<Reflector.Reflector<A>> => [...open.values()].map(({ reflector }) => reflector),
    get: (key: string): Reflector.Reflector<A> | undefined => open.get(key)?.reflector,
    keys: (): ReadonlyArray<string> => [...open.keys()]
  }
})
