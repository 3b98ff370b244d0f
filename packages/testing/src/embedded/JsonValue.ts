/**
 * JSON as the API server handles it: parsed texts, looked into by path, compared by value. Never changed in place.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

export type Json = Schema.Json
export type JsonObject = Schema.JsonObject
type JsonList = ReadonlyArray<Json>

const decode = Schema.decodeUnknownResult(Schema.Json)

/** The failure is the parser's own text. */
export const parse = (text: string): Result.Result<Json, string> =>
  Result.flatMap(Result.try({ try: (): unknown => JSON.parse(text), catch: String }), (value) =>
    Result.mapError(decode(value), ({ message }) => message)
  )

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const isList = (value: Json | undefined): value is JsonList => Array.isArray(value)

export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})

export const listOf = (value: Json | undefined): JsonList => (isList(value) ? value : [])

/** What is there under these keys. */
export const at = (value: Json | undefined, ...path: ReadonlyArray<string>): Json | undefined => {
  let found = value
  for (const key of path) found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined
  return found
}

export const textAt = (value: Json | undefined, ...path: ReadonlyArray<string>): string | undefined => {
  const found = at(value, ...path)
  return typeof found === "string" ? found : undefined
}

/** Texts of a map such as labels; what is no text is left out. */
export const textsAt = (value: Json | undefined, ...path: ReadonlyArray<string>): Readonly<Record<string, string>> => {
  const texts: Record<string, string> = {}
  for (const [key, text] of Object.entries(objectOf(at(value, ...path))))
    if (typeof text === "string") texts[key] = text
  return texts
}

/** Sets keys; `undefined` removes one. */
export const set = (object: JsonObject, changes: Readonly<Record<string, Json | undefined>>): JsonObject => {
  const next: Record<string, Json> = { ...object }
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete next[key]
    else next[key] = value
  }
  return next
}

/** By value: the order of keys does not matter. */
export const equal = (a: Json | undefined, b: Json | undefined): boolean => {
  if (isList(a) && isList(b)) return a.length === b.length && a.every((one, index) => equal(one, b[index]))
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a)
    return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]))
  }
  return a === b
}
