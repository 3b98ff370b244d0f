/**
 * The fold of a watch: what exists now. Pure.
 */
import * as Equal from "effect/Equal"
import { type KubeObject, keyOf } from "./ObjectMeta.ts"
import type { Observed, Undecodable, WatchEvent } from "./WatchEvent.ts"

export interface Store<A> {
  /** False until the first complete list. */
  readonly synced: boolean
  /** By `ObjectMeta.keyOf`. */
  readonly items: ReadonlyMap<string, A>
  /** What exists but does not decode, by the same key; such an object is not in `items`, an older state of it neither. */
  readonly undecodable: ReadonlyMap<string, Undecodable>
}

export const empty = <A>(): Store<A> => ({ synced: false, items: new Map(), undecodable: new Map() })

export const apply = <A extends KubeObject>(store: Store<A>, event: WatchEvent<A>): Store<A> => {
  if (event._tag === "Listed") return listed(event.objects)
  if (event._tag === "Deleted") return remove(store, event.key)
  return put(store, event)
}

const listed = <A extends KubeObject>(objects: ReadonlyArray<Observed<A>>): Store<A> => {
  const items = new Map<string, A>()
  const undecodable = new Map<string, Undecodable>()
  for (const observed of objects) {
    if (observed._tag === "Undecodable") undecodable.set(keyOf(observed.metadata), observed)
    else items.set(keyOf(observed.object.metadata), observed.object)
  }
  return { synced: true, items, undecodable }
}

const put = <A extends KubeObject>(store: Store<A>, observed: Observed<A>): Store<A> => {
  if (observed._tag === "Undecodable") {
    const key = keyOf(observed.metadata)
    return {
      ...store,
      items: without(store.items, key),
      undecodable: new Map(store.undecodable).set(key, observed)
    }
  }
  const key = keyOf(observed.object.metadata)
  return {
    ...store,
    items: new Map(store.items).set(key, observed.object),
    undecodable: without(store.undecodable, key)
  }
}

const remove = <A>(store: Store<A>, key: string): Store<A> => ({
  ...store,
  items: without(store.items, key),
  undecodable: without(store.undecodable, key)
})

const without = <V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> => {
  if (!map.has(key)) return map
  const copy = new Map(map)
  copy.delete(key)
  return copy
}

/** Whether there is nothing in `after` that one who has looked at `before` needs to see: versions alone don't count. */
export const isSame = <A extends KubeObject>(before: Store<A>, after: Store<A>): boolean =>
  before.synced === after.synced &&
  isSameMap(before.items, after.items) &&
  isSameMap(before.undecodable, after.undecodable)

const isSameMap = <A extends KubeObject>(before: ReadonlyMap<string, A>, after: ReadonlyMap<string, A>): boolean => {
  if (before === after) return true
  if (before.size !== after.size) return false
  for (const [key, object] of after) {
    const other = before.get(key)
    if (other === undefined) return false
    if (other !== object && !Equal.equals(versionless(other), versionless(object))) return false
  }
  return true
}

const versionless = <A extends KubeObject>(object: A) => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: "" }
})
