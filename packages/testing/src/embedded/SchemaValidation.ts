/**
 * Judges objects by a CRD's schema with ajv, and words what is wrong as kube-apiserver does.
 * Not judged: rules in CEL (`x-kubernetes-validations`).
 */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv"
import formats from "ajv-formats"
import * as Result from "effect/Result"
import type { Cause } from "./ApiFailure.ts"
import * as Json from "./JsonValue.ts"
import { invalidValue, required } from "./Names.ts"

type Check = (object: Json.JsonObject) => ReadonlyArray<Cause>

/** In ajv's words. Formats that Kubernetes does not judge are ignored by both. */
const translate = (schema: Json.JsonObject): Json.JsonObject => {
  const result: Record<string, Json.Json> = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key.startsWith("x-kubernetes-") || ["default", "description", "example", "externalDocs"].includes(key)) continue
    result[key] =
      key === "properties"
        ? Object.fromEntries(Object.entries(Json.objectOf(value)).map(([name, one]) => [name, translateAny(one)]))
        : Json.isList(value)
          ? ["allOf", "anyOf", "oneOf"].includes(key)
            ? value.map(translateAny)
            : value
          : ["items", "not", "additionalProperties"].includes(key)
            ? translateAny(value)
            : value
  }
  if (schema["x-kubernetes-int-or-string"] === true) result.type = ["integer", "string"]
  if (result.type === undefined) delete result.nullable
  return result
}

const translateAny = (value: Json.Json): Json.Json => (Json.isObject(value) ? translate(value) : value)

const typeOf = (value: unknown): string => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  return typeof value === "number" ? (Number.isInteger(value) ? "integer" : "number") : typeof value
}

/** `/spec/list/0/k` as `spec.list[0].k` */
const fieldOf = (pointer: string, object: Json.JsonObject): string => {
  let path = ""
  let value: Json.Json | undefined = object
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~")
    if (Json.isList(value)) {
      path += `[${key}]`
      value = value[Number(key)]
    } else {
      path += path === "" ? key : `.${key}`
      value = Json.at(value, key)
    }
  }
  return path
}

const decodeJson = (value: unknown): Json.Json => {
  const parsed = Json.parse(JSON.stringify(value) ?? "null")
  return Result.getOrElse(parsed, () => null)
}

const causeOf = (error: ErrorObject, object: Json.JsonObject): Cause => {
  const field = fieldOf(error.instancePath, object)
  const data = decodeJson(error.data)
  const body = (why: string) => invalidValue(field, data, `${field} in body ${why}`)
  const limit: unknown = error.params.limit
  switch (error.keyword) {
    case "required":
      return required(field === "" ? error.params.missingProperty : `${field}.${error.params.missingProperty}`)
    case "type": {
      const got = typeOf(error.data)
      const cause = invalidValue(field, got, `${field} in body must be of type ${error.params.type}: "${got}"`)
      return { ...cause, reason: "FieldValueTypeInvalid" }
    }
    case "enum": {
      const supported = Json.listOf(decodeJson(error.params.allowedValues)).map((one) => JSON.stringify(one))
      const message = `Unsupported value: ${JSON.stringify(data)}: supported values: ${supported.join(", ")}`
      return { reason: "FieldValueNotSupported", message, field }
    }
    case "minimum":
      return body(`should be greater than or equal to ${limit}`)
    case "maximum":
      return body(`should be less than or equal to ${limit}`)
    case "minLength":
      return body(`should be at least ${limit} chars long`)
    case "maxLength":
      return { reason: "FieldValueTooLong", message: `Too long: may not be more than ${limit} bytes`, field }
    case "minItems":
      return invalidValue(field, Json.listOf(data).length, `${field} in body should have at least ${limit} items`)
    case "maxItems": {
      const message = `Too many: ${Json.listOf(data).length}: must have at most ${limit} items`
      return { reason: "FieldValueTooMany", message, field }
    }
    case "pattern":
      return body(`should match '${error.params.pattern}'`)
    case "format":
      return {
        ...body(`must be of type ${error.params.format}: ${JSON.stringify(data)}`),
        reason: "FieldValueTypeInvalid"
      }
    default:
      return body(error.message ?? error.keyword)
  }
}

/** Entries of list maps and sets that are there twice, which JSON Schema cannot say. */
const duplicates = (schema: Json.JsonObject, value: Json.Json, path: string): ReadonlyArray<Cause> => {
  if (Json.isList(value)) {
    const kind = schema["x-kubernetes-list-type"]
    const keys = Json.listOf(schema["x-kubernetes-list-map-keys"]).filter((key) => typeof key === "string")
    const identities = value.map((one) =>
      kind === "map" ? Object.fromEntries(keys.map((key) => [key, Json.at(one, key) ?? null])) : one
    )
    const items = schema.items
    return [
      ...(kind === "map" || kind === "set"
        ? identities.flatMap((one, index): ReadonlyArray<Cause> => {
            if (!identities.slice(0, index).some((other) => Json.equal(other, one))) return []
            const message = `Duplicate value: ${JSON.stringify(one)}`
            return [{ reason: "FieldValueDuplicate", message, field: `${path}[${index}]` }]
          })
        : []),
      ...(Json.isObject(items) ? value.flatMap((one, index) => duplicates(items, one, `${path}[${index}]`)) : [])
    ]
  }
  if (!Json.isObject(value)) return []
  const properties = Json.objectOf(schema.properties)
  return Object.entries(value).flatMap(([key, one]) => {
    const known = Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties
    return Json.isObject(known) ? duplicates(known, one, path === "" ? key : `${path}.${key}`) : []
  })
}

/** A `null` in a required field that may not be null is told as a missing one. */
const withoutRequiredNulls = (schema: Json.JsonObject, value: Json.Json): Json.Json => {
  if (Json.isList(value)) {
    const items = schema.items
    return Json.isObject(items) ? value.map((one) => withoutRequiredNulls(items, one)) : value
  }
  if (!Json.isObject(value)) return value
  const properties = Json.objectOf(schema.properties)
  const needed = Json.listOf(schema.required)
  const entries = Object.entries(value).flatMap(([key, one]): ReadonlyArray<readonly [string, Json.Json]> => {
    const known = properties[key]
    if (!Json.isObject(known)) return [[key, one]]
    if (one === null && known.nullable !== true && needed.includes(key)) return []
    return [[key, withoutRequiredNulls(known, one)]]
  })
  return Object.fromEntries(entries)
}

/** The failure says why the schema is none. */
export const make = (schema: Json.JsonObject): Result.Result<Check, string> =>
  Result.map(
    Result.try({
      try: (): ValidateFunction => {
        const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, unicodeRegExp: false, logger: false })
        formats.default(ajv)
        return ajv.compile(translate(schema))
      },
      catch: String
    }),
    (validate): Check =>
      (object) => {
        const judged = Json.objectOf(withoutRequiredNulls(schema, object))
        const valid = validate(judged)
        return [
          ...(valid ? [] : (validate.errors ?? []).map((error) => causeOf(error, judged))),
          ...duplicates(schema, object, "")
        ]
      }
  )
