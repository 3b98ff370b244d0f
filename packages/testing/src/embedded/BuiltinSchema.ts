/**
 * The fields of built-in kinds, as far as they are checked here: what else is sent is dropped, as by Go's decoder.
 */
import type * as Json from "./JsonValue.ts"

const text = { type: "string" }
const whole = { type: "integer" }
const flag = { type: "boolean" }
const texts = { type: "object", additionalProperties: text }
const object = (properties: Json.JsonObject): Json.JsonObject => ({ type: "object", properties })
const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true }

const reference = object({
  apiVersion: text,
  fieldPath: text,
  kind: text,
  name: text,
  namespace: text,
  resourceVersion: text,
  uid: text
})

export const configMap = object({ data: texts, binaryData: texts, immutable: flag })
export const secret = object({ data: texts, stringData: texts, type: text, immutable: flag })
export const lease = object({
  spec: object({
    acquireTime: text,
    holderIdentity: text,
    leaseDurationSeconds: whole,
    leaseTransitions: whole,
    preferredHolder: text,
    renewTime: text,
    strategy: text
  })
})
export const event = object({
  action: text,
  count: whole,
  eventTime: text,
  firstTimestamp: text,
  involvedObject: reference,
  lastTimestamp: text,
  message: text,
  reason: text,
  related: reference,
  reportingComponent: text,
  reportingInstance: text,
  series: object({ count: whole, lastObservedTime: text }),
  source: object({ component: text, host: text }),
  type: text
})
/** Too large to be listed: of these kinds only the outermost fields are known. */
export const open = object({ spec: anything, status: anything })

/** Of `metadata`, of every kind. */
export const metadata = object({
  annotations: texts,
  creationTimestamp: text,
  deletionGracePeriodSeconds: whole,
  deletionTimestamp: text,
  finalizers: { type: "array", items: text },
  generateName: text,
  generation: whole,
  labels: texts,
  name: text,
  namespace: text,
  ownerReferences: { type: "array", items: anything },
  resourceVersion: text,
  uid: text
})
