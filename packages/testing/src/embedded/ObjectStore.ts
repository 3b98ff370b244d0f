/**
 * All objects in memory, with one version that counts every write, and for each kind the last changes, which watches and
 * consistent lists are made of. Synchronous: what is done in one go is atomic.
 */
import * as Result from "effect/Result"
import { type KubeObject, withMetadata } from "./KubeObject.ts"

export interface Change {
  readonly version: number
  readonly type: "ADDED" | "MODIFIED" | "DELETED"
  /** As it is now; of a deleted one: as it was, with the version of its end. */
  readonly object: KubeObject
  readonly before: KubeObject | undefined
}

interface Listener {
  readonly change: (change: Change) => void
  /** The kind itself is gone. */
  readonly gone: () => void
}

interface Shelf {
  readonly objects: Map<string, KubeObject>
  changes: ReadonlyArray<Change & { readonly key: string }>
  /** What was after this version is known. */
  knownSince: number
  readonly listeners: Set<Listener>
}

/** By key, in its order. */
type Entries = ReadonlyArray<readonly [string, KubeObject]>

/** The changes that were asked for are forgotten; `oldest` are known. */
interface TooOld {
  readonly oldest: number
}

export interface ObjectStore {
  readonly version: () => number
  readonly get: (id: string, key: string) => KubeObject | undefined
  readonly entries: (id: string) => Entries
  /** Writes an object; `undefined` deletes it. Gives it with its new version. */
  readonly commit: (id: string, key: string, object: KubeObject | undefined) => KubeObject | undefined
  readonly since: (id: string, version: number) => Result.Result<ReadonlyArray<Change>, TooOld>
  readonly entriesAt: (id: string, version: number) => Result.Result<Entries, TooOld>
  /** Gives what ends it. */
  readonly listen: (id: string, listener: Listener) => () => void
  /** Forgets a kind, whose objects are gone. */
  readonly drop: (id: string) => void
  /** Forgets all changes so far: older versions are too old from now on. */
  readonly compact: () => void
}

const byKey = ([a]: readonly [string, KubeObject], [b]: readonly [string, KubeObject]) => (a < b ? -1 : a > b ? 1 : 0)

/** @param historyLength how many changes of each kind are known */
export const make = (historyLength: number): ObjectStore => {
  let version = 0
  const shelves = new Map<string, Shelf>()

  const shelfOf = (id: string): Shelf => {
    const known = shelves.get(id)
    if (known !== undefined) return known
    const shelf: Shelf = { objects: new Map(), changes: [], knownSince: 0, listeners: new Set() }
    shelves.set(id, shelf)
    return shelf
  }

  const forget = (shelf: Shelf, count: number) => {
    shelf.knownSince = shelf.changes[count - 1]?.version ?? shelf.knownSince
    shelf.changes = shelf.changes.slice(count)
  }

  const stale = (shelf: Shelf, asked: number): TooOld | undefined =>
    asked < shelf.knownSince ? { oldest: shelf.knownSince + 1 } : undefined

  return {
    version: () => version,
    get: (id, key) => shelfOf(id).objects.get(key),
    entries: (id) => [...shelfOf(id).objects].toSorted(byKey),
    commit: (id, key, object) => {
      const shelf = shelfOf(id)
      const before = shelf.objects.get(key)
      const next = object ?? before
      if (next === undefined) return undefined
      version += 1
      const written = withMetadata(next, { resourceVersion: String(version) })
      if (object === undefined) shelf.objects.delete(key)
      else shelf.objects.set(key, written)
      const type = object === undefined ? "DELETED" : before === undefined ? "ADDED" : "MODIFIED"
      const change = { version, type, key, object: written, before } as const
      shelf.changes = [...shelf.changes, change]
      if (shelf.changes.length > historyLength) forget(shelf, shelf.changes.length - historyLength)
      for (const listener of [...shelf.listeners]) listener.change(change)
      return written
    },
    since: (id, from) => {
      const shelf = shelfOf(id)
      const old = stale(shelf, from)
      return old === undefined
        ? Result.succeed(shelf.changes.filter((change) => change.version > from))
        : Result.fail(old)
    },
    entriesAt: (id, asked) => {
      const shelf = shelfOf(id)
      const old = stale(shelf, asked)
      if (old !== undefined) return Result.fail(old)
      const objects = new Map(shelf.objects)
      for (const { before, key, version } of shelf.changes.toReversed()) {
        if (version <= asked) break
        if (before === undefined) objects.delete(key)
        else objects.set(key, before)
      }
      return Result.succeed([...objects].toSorted(byKey))
    },
    listen: (id, listener) => {
      const { listeners } = shelfOf(id)
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    drop: (id) => {
      const shelf = shelfOf(id)
      shelves.delete(id)
      for (const { gone } of shelf.listeners) gone()
    },
    compact: () => {
      for (const shelf of shelves.values()) {
        forget(shelf, shelf.changes.length)
        shelf.knownSince = version
      }
    }
  }
}
