/**
 * Requests for objects, carried out: one function for each verb but `watch`.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import {
  type ApiFailure,
  badRequest,
  methodNotAllowed,
  noResource,
  notFound,
  unsupportedMediaType
} from "./ApiFailure.ts"
import * as Json from "./JsonValue.ts"
import { type KubeObject, keyOf, nameOf, namespaceOf, uidOf } from "./KubeObject.ts"
import type { KubeState } from "./KubeState.ts"
import * as Listing from "./Listing.ts"
import * as Patching from "./Patching.ts"
import * as ProtobufBody from "./ProtobufBody.ts"
import * as Removal from "./Removal.ts"
import type { ResourceRequest } from "./RequestPath.ts"
import { idOf, type Resource } from "./Resource.ts"
import type { Verb } from "./Verb.ts"
import * as Writing from "./Writing.ts"

interface ObjectRequest extends ResourceRequest {
  readonly verb: Exclude<Verb, "watch">
  readonly query: URLSearchParams
  /** Of the body, without parameters; "" when it is not said. */
  readonly contentType: string
  readonly body: Buffer
}

type Done =
  | { readonly _tag: "One"; readonly status: number; readonly object: KubeObject }
  | { readonly _tag: "Page"; readonly page: Listing.Page }
  /** A `Status` of success. */
  | { readonly _tag: "Deleted"; readonly object: KubeObject }

const letters = "bcdfghjklmnpqrstvwxz2456789"

const pick = (alphabet: string, length: number) =>
  Effect.forEach(Array.from({ length }), () =>
    Effect.map(Random.nextIntBetween(0, alphabet.length, { halfOpen: true }), (index) => alphabet.charAt(index))
  ).pipe(Effect.map((all) => all.join("")))

const makeStamp = Effect.gen(function* (): Effect.fn.Return<Writing.Stamp> {
  const now = DateTime.formatIso(DateTime.makeUnsafe(yield* Clock.currentTimeMillis)).replace(/\.\d+Z$/, "Z")
  const hex = yield* pick("0123456789abcdef", 30)
  const uid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-8${hex.slice(15, 18)}-${hex.slice(18, 30)}`
  return { now, uid, suffix: yield* pick(letters, 5) }
})

const DeleteOptions = Schema.Struct({
  dryRun: Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.String))),
  preconditions: Schema.optionalKey(
    Schema.NullOr(
      Schema.Struct({ uid: Schema.optionalKey(Schema.String), resourceVersion: Schema.optionalKey(Schema.String) })
    )
  )
})
const decodeDeleteOptions = Schema.decodeUnknownResult(DeleteOptions)

const json = "application/json"
const protobuf = "application/vnd.kubernetes.protobuf"

const parsed = (resource: Resource, { body, contentType }: ObjectRequest): Result.Result<Json.Json, ApiFailure> => {
  if (!["", json, protobuf].includes(contentType)) return Result.fail(unsupportedMediaType([json, protobuf]))
  return Result.mapError(contentType === protobuf ? ProtobufBody.parse(body) : Json.parse(body.toString()), (why) =>
    badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): ${why}`)
  )
}

const deleteOptions = (request: ObjectRequest) =>
  request.body.length === 0
    ? Result.succeed({ dryRun: null, preconditions: null })
    : Result.flatMap(parsed(request.resource, request), (body) =>
        Result.mapError(decodeDeleteOptions(body), ({ message }) => badRequest(message))
      )

const one = (status: number, object: KubeObject): Done => ({ _tag: "One", status, object })

const subresourceOf = ({ resource, subresource }: ObjectRequest): Result.Result<"status" | undefined, ApiFailure> => {
  if (subresource === undefined) return Result.succeed(undefined)
  return subresource === "status" && resource.hasStatus ? Result.succeed(subresource) : Result.fail(noResource())
}

const carryOut = (state: KubeState, request: ObjectRequest, stamp: Writing.Stamp): Result.Result<Done, ApiFailure> =>
  Result.gen(function* () {
    const { name, namespace = "", query, resource, verb } = request
    const subresource = yield* subresourceOf(request)
    const options = { dryRun: query.get("dryRun") === "All", strict: query.get("fieldValidation") === "Strict" }
    if (verb === "list") {
      return { _tag: "Page", page: yield* Listing.list(state, { resource, namespace: request.namespace }, query) }
    }
    if (verb === "create") {
      if (name !== undefined || (resource.namespaced && namespace === "")) return yield* Result.fail(methodNotAllowed())
      const body = yield* parsed(resource, request)
      return one(201, yield* Writing.create(state, { resource, namespace }, body, stamp, options))
    }
    if (verb === "deletecollection") {
      if ((resource.namespaced && namespace === "") || resource.plural === "namespaces") {
        return yield* Result.fail(methodNotAllowed())
      }
      const page = yield* Listing.list(state, { resource, namespace: request.namespace }, query)
      for (const object of page.items) {
        const target = { resource, namespace: namespaceOf(object), name: nameOf(object) }
        yield* Removal.deleteOne(state, target, {}, stamp.now, options.dryRun)
      }
      return { _tag: "Page", page }
    }
    if (name === undefined) return yield* Result.fail(methodNotAllowed())
    const target = { resource, namespace, name }
    if (verb === "get") {
      const found = state.store.get(idOf(resource), keyOf(namespace, name))
      return found === undefined ? yield* Result.fail(notFound(resource, name)) : one(200, found)
    }
    if (verb === "delete") {
      if (subresource !== undefined) return yield* Result.fail(methodNotAllowed())
      const { dryRun, preconditions } = yield* deleteOptions(request)
      const dry = options.dryRun || dryRun?.includes("All") === true
      const removed = yield* Removal.deleteOne(state, target, preconditions ?? {}, stamp.now, dry)
      return removed.gone ? { _tag: "Deleted", object: removed.object } : one(200, removed.object)
    }
    if (verb === "update") {
      const body = yield* parsed(resource, request)
      const update = { ...target, subresource, patching: false, next: () => Result.succeed(body) }
      return one(200, yield* Writing.update(state, update, stamp, options))
    }
    const patch = yield* Patching.parse(
      resource,
      request.contentType,
      query.get("fieldManager"),
      request.body.toString()
    )
    const missing = state.store.get(idOf(resource), keyOf(namespace, name)) === undefined
    if (missing && patch.whenMissing !== undefined && subresource === undefined) {
      return one(201, yield* Writing.create(state, { resource, namespace }, patch.whenMissing, stamp, options))
    }
    const update = { ...target, subresource, patching: true, next: patch.next }
    return one(200, yield* Writing.update(state, update, stamp, options))
  })

/** Atomic: nothing else is carried out meanwhile. */
export const run = Effect.fnUntraced(function* (state: KubeState, request: ObjectRequest) {
  const stamp = yield* makeStamp
  return yield* Effect.suspend(() => Effect.fromResult(carryOut(state, request, stamp)))
})

/** What is told of an object that is gone. */
export const deletedStatus = ({ group, plural }: Resource, object: KubeObject): Json.JsonObject => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  details: { name: nameOf(object), ...(group === "" ? {} : { group }), kind: plural, uid: uidOf(object) }
})
