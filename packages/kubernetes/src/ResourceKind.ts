/**
 * A kind of Kubernetes object: where its API is, and what we want to know of it.
 */
import type * as Schema from "effect/Schema"
import type { KubeObject } from "./ObjectMeta.ts"

export interface ResourceKind<A extends KubeObject> {
  /** "" is the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  /** A projection: what it does not name is not kept, and a change of that is no change. */
  readonly schema: Schema.ConstraintDecoder<A>
}

/** Where a kind's API is, whatever its schema. */
type Located = Omit<ResourceKind<KubeObject>, "schema">

interface ObjectName {
  readonly name: string
  /** Ignored for cluster-scoped kinds. */
  readonly namespace?: string | undefined
}

/** As in an object's `apiVersion`: `v1`, `coordination.k8s.io/v1`. */
export const apiVersion = ({ group, version }: Located): string => (group === "" ? version : `${group}/${version}`)

/** Of all objects; of a namespaced kind those of one namespace when it is given. */
export const collectionPath = (kind: Located, namespace?: string): string => {
  const within = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ""
  return `/${kind.group === "" ? "api" : "apis"}/${apiVersion(kind)}${within}/${kind.plural}`
}

export const objectPath = (kind: Located, { name, namespace }: ObjectName): string =>
  `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`

export const statusPath = (kind: Located, object: ObjectName): string => `${objectPath(kind, object)}/status`
