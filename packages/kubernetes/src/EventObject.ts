/**
 * The wire form of a Kubernetes Event (core `v1`). Pure.
 */
import type * as Schema from "effect/Schema"
import type { Identity } from "./ObjectMeta.ts"
import { apiVersion, type ResourceKind } from "./ResourceKind.ts"

/** What happened to which object. */
export interface Occurrence {
  readonly kind: Omit<ResourceKind<never>, "schema">
  readonly metadata: Identity
  readonly type: "Normal" | "Warning"
  /** CamelCase, from a closed list: users filter by it. */
  readonly reason: string
  readonly message: string
}

/** Who says so. */
export interface Reporter {
  readonly component: string
  /** Of several replicas, which. */
  readonly instance: string
}

const longestMessage = 1024
const longestName = 253

/** Where the Event is kept: beside its object; of a cluster-scoped one in `default`, which the API server insists on. */
export const namespaceOf = ({ namespace }: Identity): string => namespace ?? "default"

/** RFC 3339 in whole seconds, which is all that `v1` keeps. */
const timestamp = (millis: number) => `${new Date(millis).toISOString().slice(0, 19)}Z`

const shorten = (message: string) =>
  // `toWellFormed`: the cut may have halved a surrogate pair.
  message.length <= longestMessage ? message : `${message.slice(0, longestMessage - 1).toWellFormed()}…`

/** `suffix` makes the name unique; it has to be fit for an object's name. */
export const nameOf = ({ name }: Identity, suffix: string): string =>
  `${name.slice(0, longestName - suffix.length - 1).replace(/[^a-z0-9]+$/, "")}.${suffix}`

export const create = (
  { kind, metadata, type, reason, message }: Occurrence,
  { component, instance }: Reporter,
  name: string,
  millis: number
): Schema.Json => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name, namespace: namespaceOf(metadata) },
  involvedObject: {
    apiVersion: apiVersion(kind),
    kind: kind.kind,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace })
  },
  type,
  reason,
  message: shorten(message),
  count: 1,
  firstTimestamp: timestamp(millis),
  lastTimestamp: timestamp(millis),
  source: { component },
  reportingComponent: component,
  reportingInstance: instance
})

/** As a merge patch. */
export const recur = (count: number, millis: number): Schema.Json => ({ count, lastTimestamp: timestamp(millis) })

/** Two occurrences with this in common are one Event. */
export const seriesOf = ({ metadata, type, reason, message }: Occurrence): string =>
  JSON.stringify([metadata.uid, type, reason, message])
