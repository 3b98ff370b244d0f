/**
 * The patch types, by the media type of the body.
 *
 * `application/apply-patch+yaml` is here a merge patch that creates what is missing, always as if forced: who owns a field is
 * not kept, so fields that an applier no longer names stay, lists are replaced, and nothing ever conflicts. JSON bodies only.
 */
import * as Result from "effect/Result"
import {
  type ApiFailure,
  badRequest,
  cannotPatch,
  invalid,
  unknownPatchType,
  unsupportedMediaType
} from "./ApiFailure.ts"
import * as JsonPatching from "./JsonPatching.ts"
import * as Json from "./JsonValue.ts"
import type { KubeObject } from "./KubeObject.ts"
import * as MergePatching from "./MergePatching.ts"
import * as Names from "./Names.ts"
import type { Resource } from "./Resource.ts"

const jsonPatch = "application/json-patch+json"
const mergePatch = "application/merge-patch+json"
const strategicPatch = "application/strategic-merge-patch+json"
const applyPatch = "application/apply-patch+yaml"

interface Patch {
  readonly next: (current: KubeObject) => Result.Result<Json.Json, ApiFailure>
  /** Of an apply: what is created when nothing is there. */
  readonly whenMissing: Json.Json | undefined
}

const undecodable = (why: string) => badRequest(`error decoding patch: ${why}`)

const objectOf = (body: Json.Json): Result.Result<Json.JsonObject, ApiFailure> =>
  Json.isObject(body)
    ? Result.succeed(body)
    : Result.fail(
        undecodable(
          `json: cannot unmarshal ${Json.isList(body) ? "array" : typeof body} into Go value of type map[string]interface {}`
        )
      )

/** @param manager `fieldManager` of the query, which an apply must have */
export const parse = (
  resource: Resource,
  type: string,
  manager: string | null,
  text: string
): Result.Result<Patch, ApiFailure> =>
  Result.gen(function* () {
    const known = [jsonPatch, mergePatch, strategicPatch, applyPatch]
    if (!known.includes(type)) return yield* Result.fail(unknownPatchType())
    if (resource.custom && type === strategicPatch) {
      return yield* Result.fail(unsupportedMediaType([jsonPatch, mergePatch, applyPatch]))
    }
    const body = yield* Result.mapError(Json.parse(text), undecodable)
    if (type === jsonPatch) {
      const operations = yield* Result.mapError(JsonPatching.decode(body), ({ message }) => undecodable(message))
      return {
        next: (current) => Result.mapError(JsonPatching.apply(current, operations), cannotPatch),
        whenMissing: undefined
      }
    }
    const patch = yield* objectOf(body)
    if (type === applyPatch && !manager) {
      const missing = Names.required("fieldManager", "is required for apply patch")
      return yield* Result.fail(invalid("PatchOptions", "meta.k8s.io", "", [missing]))
    }
    const merge = type === strategicPatch ? MergePatching.strategic : MergePatching.merge
    return {
      next: (current) => Result.succeed(merge(current, patch)),
      whenMissing: type === applyPatch ? MergePatching.merge({}, patch) : undefined
    }
  })
