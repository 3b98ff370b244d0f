/**
 * Objects of the API as JSON, and what `metadata` says of them.
 */
import * as Json from "./JsonValue.ts"

export type KubeObject = Json.JsonObject

export const metadataOf = (object: KubeObject): Json.JsonObject => Json.objectOf(object.metadata)

const text = (object: KubeObject, key: string) => Json.textAt(object, "metadata", key) ?? ""

/** "" when there is none, as for the others. */
export const nameOf = (object: KubeObject): string => text(object, "name")
export const namespaceOf = (object: KubeObject): string => text(object, "namespace")
export const uidOf = (object: KubeObject): string => text(object, "uid")
export const versionOf = (object: KubeObject): string => text(object, "resourceVersion")

export const labelsOf = (object: KubeObject) => Json.textsAt(object, "metadata", "labels")

export const finalizersOf = (object: KubeObject): ReadonlyArray<string> =>
  Json.listOf(metadataOf(object).finalizers).filter((one) => typeof one === "string")

export const isTerminating = (object: KubeObject): boolean => text(object, "deletionTimestamp") !== ""

/** Sets keys of `metadata`; `undefined` removes one. */
export const withMetadata = (
  object: KubeObject,
  changes: Readonly<Record<string, Json.Json | undefined>>
): KubeObject => ({ ...object, metadata: Json.set(metadataOf(object), changes) })

/** Its place among the objects of its kind; sorts as the real storage does. */
export const keyOf = (namespace: string, name: string): string => (namespace === "" ? name : `${namespace}/${name}`)
