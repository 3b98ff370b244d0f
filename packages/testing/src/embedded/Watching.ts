/**
 * Watches: what comes first, and what a change is to somebody who sees only a selection.
 */
import * as Result from "effect/Result"
import { type ApiFailure, forbiddenOption, tooOld, toStatus, unexpected } from "./ApiFailure.ts"
import type { KubeObject } from "./KubeObject.ts"
import type { KubeState } from "./KubeState.ts"
import * as Listing from "./Listing.ts"
import type { Change } from "./ObjectStore.ts"
import { apiVersionOf, idOf, type Resource } from "./Resource.ts"
import * as Selection from "./Selection.ts"

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR"
  readonly object: KubeObject
}

export interface Watch {
  /** What has to be told at once. */
  readonly first: ReadonlyArray<WatchEvent>
  /** Whether the first events are also the last: an `ERROR`. */
  readonly over: boolean
  readonly bookmarks: boolean
  /** What a later change is to this watch; `undefined`: nothing. */
  readonly see: (change: Change) => WatchEvent | undefined
}

const bookmarkOf = (resource: Resource, version: number, annotations?: Record<string, string>): WatchEvent => ({
  type: "BOOKMARK",
  object: {
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: { resourceVersion: String(version), ...(annotations === undefined ? {} : { annotations }) }
  }
})

/** What says that nothing of this kind happened up to `version` that was not told. */
export const bookmark = (resource: Resource, version: number): WatchEvent => bookmarkOf(resource, version)

export const errorEvent = (failure: ApiFailure): WatchEvent => ({ type: "ERROR", object: toStatus(failure) })

const checkInitial = (query: URLSearchParams): Result.Result<boolean, ApiFailure> => {
  const initial = query.get("sendInitialEvents") === "true" || query.get("sendInitialEvents") === "1"
  const match = query.get("resourceVersionMatch") ?? ""
  const refuse = (message: string) => Result.fail(forbiddenOption("resourceVersionMatch", message))
  if (query.get("sendInitialEvents") !== null && match !== "NotOlderThan") {
    return refuse("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
  }
  if (query.get("sendInitialEvents") === null && match !== "") {
    return refuse("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
  }
  return Result.succeed(initial)
}

/** Must be followed by listening to changes in the same breath, lest one is lost. */
export const open = (
  { store }: KubeState,
  scope: Selection.Scope,
  query: URLSearchParams
): Result.Result<Watch, ApiFailure> =>
  Result.gen(function* () {
    const id = idOf(scope.resource)
    const initial = yield* checkInitial(query)
    const from = yield* Result.mapError(Listing.versionOf(query), unexpected)
    const { matches } = yield* Selection.parse(scope, query)
    const bookmarks = ["true", "1"].includes(query.get("allowWatchBookmarks") ?? "")
    const see = (change: Change): WatchEvent | undefined => {
      if (from !== undefined && change.version <= from) return undefined
      const was = change.before !== undefined && matches(change.before)
      const is = change.type !== "DELETED" && matches(change.object)
      if (is) return { type: was ? "MODIFIED" : "ADDED", object: change.object }
      return was ? { type: "DELETED", object: change.object } : undefined
    }
    const watch = { bookmarks, see, over: false }
    if (initial || from === undefined) {
      const all = store.entries(id).filter(([, object]) => matches(object))
      const added = all.map(([, object]): WatchEvent => ({ type: "ADDED", object }))
      const end = bookmarkOf(scope.resource, store.version(), { "k8s.io/initial-events-end": "true" })
      return { ...watch, first: initial && bookmarks ? [...added, end] : added }
    }
    const changes = store.since(id, from)
    if (Result.isFailure(changes)) {
      return { ...watch, first: [errorEvent(tooOld(from, changes.failure.oldest))], over: true }
    }
    return { ...watch, first: changes.success.map(see).filter((event) => event !== undefined) }
  })
