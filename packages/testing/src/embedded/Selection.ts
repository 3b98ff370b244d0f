/**
 * Which objects of a kind a list, a watch or a `deletecollection` is about.
 */
import * as Result from "effect/Result"
import type { ApiFailure } from "./ApiFailure.ts"
import { type KubeObject, labelsOf, nameOf, namespaceOf } from "./KubeObject.ts"
import type { Resource } from "./Resource.ts"
import * as Selector from "./Selector.ts"

export interface Scope {
  readonly resource: Resource
  /** Absent: all namespaces. */
  readonly namespace: string | undefined
  /** Of a request for one object by its name. */
  readonly name?: string | undefined
}

export interface Selection {
  readonly matches: (object: KubeObject) => boolean
  /** Whether a selector is at work, so that nobody knows how many objects are left. */
  readonly selective: boolean
}

export const parse = (
  { name, namespace, resource }: Scope,
  query: URLSearchParams
): Result.Result<Selection, ApiFailure> =>
  Result.gen(function* () {
    const labelText = query.get("labelSelector") || null
    const fieldText = query.get("fieldSelector") || null
    const known = ["metadata.name", "metadata.namespace", ...Object.keys(resource.fields)]
    const labels = yield* Selector.labels(labelText)
    const fields = yield* Selector.fields(fieldText, known)
    const fieldsOf = (object: KubeObject) => ({
      "metadata.name": nameOf(object),
      "metadata.namespace": namespaceOf(object),
      ...Object.fromEntries(Object.entries(resource.fields).map(([field, read]) => [field, read(object)]))
    })
    return {
      matches: (object) =>
        (namespace === undefined || namespaceOf(object) === namespace) &&
        (name === undefined || nameOf(object) === name) &&
        labels(labelsOf(object)) &&
        (fieldText === null || fields(fieldsOf(object))),
      selective: labelText !== null || fieldText !== null
    }
  })
