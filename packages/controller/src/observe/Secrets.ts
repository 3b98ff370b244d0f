/**
 * The Secrets that groups name: a watch for each of them and for no other, so that the controller needs no right to more, and
 * holds no more in memory.
 */
import type * as Reflector from "@netcup-failover/kubernetes/Reflector"
import * as Effect from "effect/Effect"
import { Wake } from "../Wake.ts"
import type { GroupResource } from "./GroupResource.ts"
import { type SecretResource, secrets } from "./SecretResource.ts"
import * as Watches from "./Watches.ts"

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
  const open = yield* Watches.make(secrets, () => wake.now)

  return {
    /** Watches these, and stops watching the rest. */
    follow: (refs: ReadonlyArray<SecretRef>) =>
      open.follow(
        new Map(
          refs.map((ref) => [keyOf(ref), { namespace: ref.namespace, fieldSelector: `metadata.name=${ref.name}` }])
        )
      ),
    /** The watches that run now. */
    watches: open.watches,
    view: Effect.gen(function* () {
      const views = new Map<string, SecretView>()
      for (const key of open.keys()) {
        const reflector = open.get(key)
        if (reflector !== undefined) views.set(key, yield* viewOf(reflector, key))
      }
      return (ref: SecretRef) => views.get(keyOf(ref))
    })
  }
})
