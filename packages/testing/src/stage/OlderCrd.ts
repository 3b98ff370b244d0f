/**
 * The CRD as clusters may still have it: users upgrade the controller first, or forget the CRD.
 */
import { crd } from "@netcup-failover/core/Crd"
import type * as Schema from "effect/Schema"

type JsonObject = { readonly [key: string]: Schema.Json }

const isObject = (json: Schema.Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json)

const judging = [
  "x-kubernetes-validations",
  "maxItems",
  "maxLength",
  "maxProperties",
  "minLength",
  "maximum",
  "minimum"
]

/** A copy with the value at `path` replaced by what `change` gives; `undefined` removes it. */
const at = (
  json: Schema.Json,
  path: ReadonlyArray<string>,
  change: (before: Schema.Json | undefined) => Schema.Json | undefined
): Schema.Json => {
  const [key, ...rest] = path
  if (key === undefined) return change(json) ?? null
  if (Array.isArray(json)) return json.map((one, i) => (`${i}` === key ? at(one, rest, change) : one))
  if (!isObject(json)) return json
  const { [key]: before, ...others } = json
  const after = rest.length === 0 ? change(before) : before === undefined ? undefined : at(before, rest, change)
  return after === undefined ? others : { ...others, [key]: after }
}

const without = (json: Schema.Json, keys: ReadonlyArray<string>): Schema.Json => {
  if (Array.isArray(json)) return json.map((one) => without(one, keys))
  if (!isObject(json)) return json
  return Object.fromEntries(
    Object.entries(json).flatMap(([key, value]) => (keys.includes(key) ? [] : [[key, without(value, keys)]]))
  )
}

const versions = ["spec", "versions", "0", "schema", "openAPIV3Schema", "properties"]

/** Of an early version of this controller: nothing but types is checked, and it says no revision. */
export const unchecked = (): Schema.Json => at(without(crd(), judging), ["metadata", "annotations"], () => undefined)

/** As narrow as that of the Go controller: it drops the priority, and of the status all but the node and the conditions. */
export const narrow = (): Schema.Json =>
  [
    [...versions, "spec", "properties", "priority"],
    ...["targetNode", "observedGeneration", "addresses", "moves"].map((field) => [
      ...versions,
      "status",
      "properties",
      field
    ])
  ].reduce((json, path) => at(json, path, () => undefined), unchecked())
