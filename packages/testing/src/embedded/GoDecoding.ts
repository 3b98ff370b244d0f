/**
 * Bodies of built-in kinds as Go's decoder takes them: `null` is nothing, unknown fields are dropped, wrong types are refused.
 */
import * as Result from "effect/Result"
import * as Json from "./JsonValue.ts"
import type { KubeObject } from "./KubeObject.ts"
import type { Read } from "./Resource.ts"
import * as SchemaValidation from "./SchemaValidation.ts"
import * as StructuralSchema from "./StructuralSchema.ts"

const withoutNulls = (value: Json.Json): Json.Json => {
  if (Json.isList(value)) return value.map(withoutNulls)
  if (!Json.isObject(value)) return value
  const kept = Object.entries(value).filter(([, one]) => one !== null)
  return Object.fromEntries(kept.map(([key, one]) => [key, withoutNulls(one)]))
}

/** @param kind as failures name it */
export const decoder = (kind: string, schema: Json.JsonObject) => {
  const checking = SchemaValidation.make(schema)
  return (object: KubeObject): Result.Result<Read, string> => {
    const { dropped, value } = StructuralSchema.prune(schema, object)
    const known = Json.objectOf(withoutNulls(value))
    if (Result.isFailure(checking)) return Result.fail(checking.failure)
    const wrong = checking.success(known).find(({ reason }) => reason === "FieldValueTypeInvalid")
    if (wrong === undefined) return Result.succeed({ object: known, unknown: dropped })
    const { got, wanted } = /type (?<wanted>\w+): "(?<got>\w+)"$/.exec(wrong.message)?.groups ?? {}
    // Go has one kind of number, and names the field without the keys of a map.
    const field = wrong.field.replace(/(^|\.)(data|binaryData|stringData|labels|annotations)\..*$/, "$1$2")
    const type = got === "integer" ? "number" : got
    return Result.fail(`json: cannot unmarshal ${type} into Go struct field ${kind}.${field} of type ${wanted}`)
  }
}

/** Times of seconds: Kubernetes keeps no more of them. */
export const seconds = (time: string): string => time.replace(/\.\d+(?=Z|[+-]\d\d:\d\d$)/, "")

const micro = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/

/** Why it is no MicroTime: exactly six digits. */
export const notMicroTime = (time: string): string | undefined =>
  micro.test(time)
    ? undefined
    : `parsing time ${JSON.stringify(time)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${JSON.stringify(time.slice(19))} as ".000000"`
