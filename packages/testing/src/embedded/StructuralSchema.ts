/**
 * What a CRD's schema does to an object besides judging it: unknown fields go, defaults come.
 */
import * as Json from "./JsonValue.ts"

const preserve = "x-kubernetes-preserve-unknown-fields"

interface Pruned {
  readonly value: Json.Json
  /** Paths of what was dropped. */
  readonly dropped: ReadonlyArray<string>
}

const inner = (path: string, key: string) => (path === "" ? key : `${path}.${key}`)

const pruneAt = (schema: Json.JsonObject, value: Json.Json, path: string, dropped: Array<string>): Json.Json => {
  if (Json.isList(value)) {
    const items = schema.items
    return Json.isObject(items) ? value.map((one, index) => pruneAt(items, one, `${path}[${index}]`, dropped)) : value
  }
  if (!Json.isObject(value)) return value
  const properties = Json.objectOf(schema.properties)
  const others = schema.additionalProperties
  const embedded = schema["x-kubernetes-embedded-resource"] === true
  const result: Record<string, Json.Json> = {}
  for (const [key, one] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : others
    if (embedded && ["apiVersion", "kind", "metadata"].includes(key)) result[key] = one
    else if (Json.isObject(known)) result[key] = pruneAt(known, one, inner(path, key), dropped)
    else if (known === true || schema[preserve] === true) result[key] = one
    else dropped.push(inner(path, key))
  }
  return result
}

/** Of a whole object: its `apiVersion`, `kind` and `metadata` stay whatever the schema says. */
export const prune = (schema: Json.JsonObject, object: Json.JsonObject): Pruned => {
  const dropped: Array<string> = []
  const value = pruneAt({ ...schema, "x-kubernetes-embedded-resource": true }, object, "", dropped)
  return { value, dropped }
}

/** A `null` where none may be counts as absent if there is a default. */
const isMissing = (schema: Json.JsonObject, value: Json.Json | undefined) =>
  value === undefined || (value === null && schema.nullable !== true)

export const applyDefaults = (schema: Json.JsonObject, value: Json.Json): Json.Json => {
  if (Json.isList(value)) {
    const items = schema.items
    return Json.isObject(items) ? value.map((one) => applyDefaults(items, one)) : value
  }
  if (!Json.isObject(value)) return value
  const properties = Json.objectOf(schema.properties)
  const result: Record<string, Json.Json> = {}
  for (const [key, one] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties
    result[key] = Json.isObject(known) ? applyDefaults(known, one) : one
  }
  for (const [key, one] of Object.entries(properties)) {
    if (Json.isObject(one) && one.default !== undefined && isMissing(one, result[key])) {
      result[key] = applyDefaults(one, one.default)
    }
  }
  return result
}
