/**
 * The Secrets that groups name: a watch for each of them and for no other, so that the controller needs no right to more, and
 * holds no more in memory.
 */
import type { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as Reflector from "@netcup-failover/kubernetes/Reflector"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import type { GroupResource } from "./GroupResource.ts"
import { type SecretResource, secrets } from "./SecretResource.ts"

/** Names a Secret. */
export type SecretRef = GroupResource["spec"]["credentialsSecret"]

/** A Secret as far as it is known; `undefined`: not read yet. */
export type SecretView =
  | { readonly _tag: "Found"; readonly secret: SecretResource }
  | { readonly _tag: "Missing" }
  /** The API server does not let us read it, or cannot be reached. */
  | { readonly _tag: "Unreadable"; readonly message: string }
  | undefined

const keyOf = ({ namespace, name }: SecretRef): string => `${namespace}/${name}`

const viewOf = Effect.fnUntraced(function* (
  { items, synced, health }: Reflector.Reflector<SecretResource>,
  key: string
): Effect.fn.Return<SecretView> {
  const current = yield* health
  if (!(yield* synced)) {
    return current._tag === "Failing" ? { _tag: "Unreadable", message: current.error.message } : undefined
  }
  const secret = (yield* items).get(key)
  return secret === undefined ? { _tag: "Missing" } : { _tag: "Found", secret }
})

/** Runs until the scope ends; wakes the loop when a Secret, or what we may know of it, changes. */
export const make = Effect.gen(function* () {
  const wake = yield* Wake
  const { watchIdleLimit: idleLimit } = yield* Settings
  const context = yield* Effect.context<KubeClient>()
  const scope = yield* Scope.Scope
  const open = new Map<
    string,
    { readonly reflector: Reflector.Reflector<SecretResource>; readonly scope: Scope.Closeable }
  >()

  const one = yield* Semaphore.make(1)

  const start = Effect.fnUntraced(function* (ref: SecretRef) {
    const own = yield* Scope.fork(scope)
    const reflector = yield* Reflector.make(secrets, {
      namespace: ref.namespace,
      fieldSelector: `metadata.name=${ref.name}`,
      idleLimit
    }).pipe(Scope.provide(own))
    open.set(keyOf(ref), { reflector, scope: own })
    yield* Stream.merge(reflector.changes, reflector.healthChanges).pipe(
      Stream.runForEach(() => wake.now),
      Effect.forkIn(own)
    )
  })

  return {
    /** Watches these, and stops watching the rest. */
    follow: Effect.fnUntraced(function* (refs: ReadonlyArray<SecretRef>) {
      const wanted = new Map(refs.map((ref) => [keyOf(ref), ref]))
      for (const [key, { scope: own }] of [...open]) {
        if (wanted.has(key)) continue
        open.delete(key)
        yield* Scope.close(own, Exit.void)
      }
      for (const [key, ref] of wanted) if (!open.has(key)) yield* start(ref).pipe(Effect.provide(context))
    }, one.withPermit),
    /** The watches that run now. */
    watches: () => [...open.values()].map(({ reflector }) => reflector),
    view: Effect.gen(function* () {
      const views = new Map<string, SecretView>()
      for (const [key, { reflector }] of open) views.set(key, yield* viewOf(reflector, key))
      return (ref: SecretRef) => views.get(keyOf(ref))
    })
  }
})
