/**
 * Deleting objects: preconditions, finalizers, and what goes with a namespace or a CRD. The real server leaves the latter two
 * to controllers; here they are done at once, and what finalizers hold keeps its namespace or CRD.
 */
import * as Result from "effect/Result"
import { type ApiFailure, notFound, preconditionUid, preconditionVersion } from "./ApiFailure.ts"
import * as Json from "./JsonValue.ts"
import {
  finalizersOf,
  isTerminating,
  type KubeObject,
  keyOf,
  metadataOf,
  namespaceOf,
  uidOf,
  versionOf,
  withMetadata
} from "./KubeObject.ts"
import type { KubeState } from "./KubeState.ts"
import { definitionsId, namespacesId } from "./Registry.ts"
import { idOf, type Resource } from "./Resource.ts"

interface Removed {
  /** Whether it is gone; otherwise it waits for its finalizers. */
  readonly gone: boolean
  readonly object: KubeObject
}

const crdFinalizer = "customresourcecleanup.apiextensions.k8s.io"

/** As it is marked, and stays while something holds it. */
const marked = (resource: Resource, object: KubeObject, now: string): KubeObject => {
  const generation = metadataOf(object).generation
  const dated = withMetadata(object, {
    deletionTimestamp: now,
    deletionGracePeriodSeconds: resource.custom || resource.group !== "apiextensions.k8s.io" ? 0 : undefined,
    ...(resource.custom && typeof generation === "number" ? { generation: generation + 1 } : {})
  })
  switch (idOf(resource)) {
    case namespacesId:
      return { ...withMetadata(dated, { deletionGracePeriodSeconds: undefined }), status: { phase: "Terminating" } }
    case definitionsId:
      return withMetadata(dated, { finalizers: [...finalizersOf(object), crdFinalizer] })
    default:
      return dated
  }
}

/** The kinds and objects that live in it: those of a namespace, or the instances of a CRD. */
const contentOf = ({ registry, store }: KubeState, id: string, object: KubeObject) => {
  const name = Json.textAt(object, "metadata", "name") ?? ""
  const kinds = registry
    .resources()
    .filter((one) =>
      id === namespacesId ? one.namespaced : id === definitionsId && `${one.plural}.${one.group}` === name
    )
  const ids = [...new Map(kinds.map((one) => [idOf(one), one])).values()]
  return ids.flatMap((resource) =>
    store
      .entries(idOf(resource))
      .filter(([, one]) => id === definitionsId || namespaceOf(one) === name)
      .map(([key, one]) => ({ resource, key, one }))
  )
}

const holds = (id: string, object: KubeObject) =>
  finalizersOf(object).some((one) => id !== definitionsId || one !== crdFinalizer)

/** Ends a namespace or CRD that is terminating and empty. */
const reap = (state: KubeState, id: string, key: string) => {
  const object = state.store.get(id, key)
  if (object === undefined || !isTerminating(object) || holds(id, object)) return
  if (contentOf(state, id, object).length > 0) return
  state.store.commit(id, key, undefined)
  if (id === definitionsId) state.store.drop(key)
}

/** Takes an object away for good. */
export const finish = (state: KubeState, resource: Resource, key: string, now: string): KubeObject | undefined => {
  const id = idOf(resource)
  const object = state.store.get(id, key)
  if (object === undefined) return undefined
  if (id === namespacesId || id === definitionsId) {
    // Its own finalizers went just now, but what it contains may hold it still.
    state.store.commit(id, key, withMetadata(object, { finalizers: id === definitionsId ? [crdFinalizer] : undefined }))
    for (const one of contentOf(state, id, object)) remove(state, one.resource, one.key, now)
    reap(state, id, key)
    return object
  }
  const removed = state.store.commit(id, key, undefined)
  if (resource.custom) reap(state, definitionsId, id)
  if (resource.namespaced) reap(state, namespacesId, namespaceOf(object))
  return removed
}

/** Deletes, or marks what finalizers hold. */
const remove = (state: KubeState, resource: Resource, key: string, now: string): Removed | undefined => {
  const id = idOf(resource)
  const object = state.store.get(id, key)
  if (object === undefined) return undefined
  const container = id === namespacesId || id === definitionsId
  if (isTerminating(object)) return { gone: false, object }
  if (!container && !holds(id, object)) {
    const removed = finish(state, resource, key, now)
    return removed === undefined ? undefined : { gone: true, object: removed }
  }
  const waiting = state.store.commit(id, key, marked(resource, object, now)) ?? object
  if (container) {
    for (const one of contentOf(state, id, object)) remove(state, one.resource, one.key, now)
    reap(state, id, key)
  }
  return { gone: false, object: waiting }
}

interface Preconditions {
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

export const deleteOne = (
  state: KubeState,
  { name, namespace, resource }: { readonly resource: Resource; readonly namespace: string; readonly name: string },
  { resourceVersion, uid }: Preconditions,
  now: string,
  dryRun: boolean
): Result.Result<Removed, ApiFailure> => {
  const key = keyOf(namespace, name)
  const object = state.store.get(idOf(resource), key)
  if (object === undefined) return Result.fail(notFound(resource, name))
  if (uid !== undefined && uid !== uidOf(object)) {
    return Result.fail(preconditionUid(resource, name, uid, uidOf(object)))
  }
  if (resourceVersion !== undefined && resourceVersion !== versionOf(object)) {
    return Result.fail(preconditionVersion(resource, name, resourceVersion, versionOf(object)))
  }
  const removed = dryRun ? { gone: true, object } : remove(state, resource, key, now)
  return removed === undefined ? Result.fail(notFound(resource, name)) : Result.succeed(removed)
}
