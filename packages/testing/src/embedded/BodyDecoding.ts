/**
 * Bodies as objects of a kind: what is sent must say that it is one, and loses what the kind does not know.
 */
import * as Result from "effect/Result"
import { type ApiFailure, badRequest } from "./ApiFailure.ts"
import * as BuiltinSchema from "./BuiltinSchema.ts"
import * as GoDecoding from "./GoDecoding.ts"
import * as Json from "./JsonValue.ts"
import { type KubeObject, metadataOf } from "./KubeObject.ts"
import { apiVersionOf, type Resource } from "./Resource.ts"

const decodeMetadata = GoDecoding.decoder("ObjectMeta", {
  type: "object",
  properties: { metadata: BuiltinSchema.metadata }
})

const kindFailure = (resource: Resource, body: KubeObject): ApiFailure | undefined => {
  const apiVersion = Json.textAt(body, "apiVersion")
  const kind = Json.textAt(body, "kind")
  const expected = apiVersionOf(resource)
  if (resource.custom && (apiVersion === undefined || kind === undefined)) {
    const missing = kind === undefined ? "Kind" : "apiVersion"
    return badRequest(`Object '${missing}' is missing in '${JSON.stringify(body)}'`)
  }
  if (resource.custom && apiVersion !== expected) {
    return badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`
    )
  }
  if ((apiVersion ?? expected) === expected && (kind ?? resource.kind) === resource.kind) return undefined
  const version = (apiVersion ?? expected).split("/").at(-1)
  return badRequest(
    `${kind ?? resource.kind} in version "${version}" cannot be handled as a ${resource.kind}: it is another kind`
  )
}

/** Go leaves out maps and lists that are empty. */
const withoutEmpty = (object: Json.JsonObject, keys: ReadonlyArray<string>): Json.JsonObject => {
  const isEmpty = (value: Json.Json | undefined) =>
    Json.isObject(value) ? Object.keys(value).length === 0 : Json.isList(value) && value.length === 0
  return Json.set(object, Object.fromEntries(keys.filter((key) => isEmpty(object[key])).map((key) => [key, undefined])))
}

/** @param strict refuses unknown fields (`fieldValidation=Strict`) in place of dropping them */
export const decode = (resource: Resource, body: Json.Json, strict: boolean): Result.Result<KubeObject, ApiFailure> => {
  const { kind, version } = resource
  const unfit = (why: string) => badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`)
  if (!Json.isObject(body)) {
    return Result.fail(badRequest(`the object provided is unrecognized (must be of type ${kind}): not a JSON object`))
  }
  const other = kindFailure(resource, body)
  if (other !== undefined) return Result.fail(other)
  return Result.gen(function* () {
    const read = yield* Result.mapError(resource.read(body), unfit)
    const meta = yield* Result.mapError(decodeMetadata({ metadata: body.metadata ?? {} }), unfit)
    if (strict && read.unknown.length > 0) {
      const fields = read.unknown.map((field) => `unknown field "${field}"`).join(", ")
      return yield* Result.fail(unfit(`strict decoding error: ${fields}`))
    }
    const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = read.object
    const metadata = withoutEmpty(metadataOf(meta.object), ["annotations", "finalizers", "labels", "ownerReferences"])
    const content = resource.custom ? rest : withoutEmpty(rest, ["data", "binaryData"])
    return { kind, apiVersion: apiVersionOf(resource), metadata, ...content }
  })
}
