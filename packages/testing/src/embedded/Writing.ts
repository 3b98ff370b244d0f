/**
 * Creating and changing objects, by the rules that hold for every kind.
 */
import * as Result from "effect/Result"
import {
  type ApiFailure,
  alreadyExists,
  badRequest,
  type Cause,
  invalid,
  modified,
  notFound,
  otherUid,
  terminatingNamespace,
  unexpected
} from "./ApiFailure.ts"
import * as BodyDecoding from "./BodyDecoding.ts"
import * as Json from "./JsonValue.ts"
import {
  finalizersOf,
  isTerminating,
  type KubeObject,
  keyOf,
  metadataOf,
  nameOf,
  namespaceOf,
  uidOf,
  versionOf,
  withMetadata
} from "./KubeObject.ts"
import type { KubeState } from "./KubeState.ts"
import * as Names from "./Names.ts"
import { namespacesId } from "./Registry.ts"
import * as Removal from "./Removal.ts"
import { idOf, type Resource } from "./Resource.ts"

/** What a write takes from outside: the time in RFC 3339, and the parts of names and identities that are made up. */
export interface Stamp {
  readonly now: string
  readonly uid: string
  readonly suffix: string
}

interface WriteOptions {
  /** Judged and answered, but not written. */
  readonly dryRun: boolean
  /** Refuse unknown fields. */
  readonly strict: boolean
}

/** Which object; `namespace` is "" for cluster-scoped kinds. */
interface Target {
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
}

const isLabel = (resource: Resource) => idOf(resource) === namespacesId

const judged = (
  resource: Resource,
  object: KubeObject,
  before: KubeObject | undefined,
  more: ReadonlyArray<Cause> = []
): Result.Result<KubeObject, ApiFailure> => {
  const causes = [...more, ...Names.check(object, isLabel(resource)), ...resource.check(object, before)]
  return causes.length === 0
    ? Result.succeed(object)
    : Result.fail(invalid(resource.kind, resource.group, nameOf(object), causes))
}

const sameNamespace = (object: KubeObject, namespace: string): Result.Result<void, ApiFailure> =>
  [namespace, ""].includes(namespaceOf(object))
    ? Result.succeed(undefined)
    : Result.fail(badRequest("the namespace of the provided object does not match the namespace sent on the request"))

const openNamespace = (
  { store }: KubeState,
  resource: Resource,
  namespace: string,
  name: string
): Result.Result<void, ApiFailure> => {
  if (!resource.namespaced) return Result.succeed(undefined)
  const found = store.get(namespacesId, namespace)
  if (found === undefined) {
    return Result.fail(notFound({ group: "", plural: "namespaces", kind: "Namespace" }, namespace))
  }
  return isTerminating(found) ? Result.fail(terminatingNamespace(resource, name, namespace)) : Result.succeed(undefined)
}

export const create = (
  state: KubeState,
  { namespace, resource }: Omit<Target, "name">,
  body: Json.Json,
  stamp: Stamp,
  options: WriteOptions
): Result.Result<KubeObject, ApiFailure> =>
  Result.gen(function* () {
    const sent = yield* BodyDecoding.decode(resource, body, options.strict)
    yield* sameNamespace(sent, namespace)
    if (versionOf(sent) !== "") {
      return yield* Result.fail(unexpected("resourceVersion should not be set on objects to be created"))
    }
    const generateName = Json.textAt(sent, "metadata", "generateName")
    const name = nameOf(sent) || (generateName === undefined ? "" : `${generateName}${stamp.suffix}`)
    yield* openNamespace(state, resource, namespace, name)
    const named = withMetadata(sent, {
      name,
      namespace: namespace === "" ? undefined : namespace,
      uid: stamp.uid,
      resourceVersion: undefined,
      generation: resource.hasGeneration ? 1 : undefined,
      creationTimestamp: stamp.now,
      deletionTimestamp: undefined,
      deletionGracePeriodSeconds: undefined
    })
    const object = yield* judged(resource, resource.prepare(named, stamp.now), undefined)
    const id = idOf(resource)
    const key = keyOf(namespace, name)
    const existing = state.store.get(id, key)
    if (existing !== undefined) return yield* Result.fail(alreadyExists(resource, name, isTerminating(existing)))
    return options.dryRun ? object : (state.store.commit(id, key, object) ?? object)
  })

/** Of a custom object the status is all that `/status` changes; of a built-in one labels and annotations too. */
const withStatusOf = (resource: Resource, current: KubeObject, sent: KubeObject): KubeObject => {
  const { annotations, labels } = metadataOf(sent)
  const result = Json.set(current, { status: sent.status })
  return resource.custom ? result : withMetadata(result, { annotations, labels })
}

/** What clients don't decide stays. */
const withKeptMetadata = (current: KubeObject, sent: KubeObject, namespace: string): KubeObject => {
  const { creationTimestamp, deletionGracePeriodSeconds, deletionTimestamp, generation, uid } = metadataOf(current)
  return withMetadata(sent, {
    namespace: namespace === "" ? undefined : namespace,
    uid,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    resourceVersion: versionOf(current)
  })
}

const bare = (resource: Resource, object: KubeObject) =>
  Json.set(object, { metadata: undefined, ...(resource.hasStatus ? { status: undefined } : {}) })

const newFinalizers = (current: KubeObject, next: KubeObject): ReadonlyArray<Cause> => {
  if (!isTerminating(current)) return []
  const added = finalizersOf(next).filter((one) => !finalizersOf(current).includes(one))
  if (added.length === 0) return []
  const list = added.map((one) => JSON.stringify(one)).join(", ")
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`
  return [{ reason: "FieldValueForbidden", message, field: "metadata.finalizers" }]
}

interface Update extends Target {
  readonly subresource: "status" | undefined
  /** What the object shall be; gets what it is. */
  readonly next: (current: KubeObject) => Result.Result<Json.Json, ApiFailure>
  /** A patch starts from the object: identity is part of what it may not change. */
  readonly patching: boolean
}

/** Nothing is written when nothing changes. */
export const update = (
  state: KubeState,
  { name, namespace, next, patching, resource, subresource }: Update,
  stamp: Stamp,
  options: WriteOptions
): Result.Result<KubeObject, ApiFailure> =>
  Result.gen(function* () {
    const id = idOf(resource)
    const key = keyOf(namespace, name)
    const current = state.store.get(id, key)
    if (current === undefined) return yield* Result.fail(notFound(resource, name))
    const sent = yield* BodyDecoding.decode(resource, yield* next(current), options.strict)
    if (nameOf(sent) !== name) {
      const message = `the name of the object (${nameOf(sent)}) does not match the name on the URL (${name})`
      return yield* Result.fail(badRequest(message))
    }
    yield* sameNamespace(sent, namespace)
    if (versionOf(sent) === "" && resource.needsVersion) {
      const missing = Names.invalidValue("metadata.resourceVersion", 0, "must be specified for an update")
      return yield* Result.fail(invalid(resource.plural, resource.group, name, [missing]))
    }
    if (!["", versionOf(current)].includes(versionOf(sent))) return yield* Result.fail(modified(resource, name))
    const otherIdentity = !["", uidOf(current)].includes(uidOf(sent))
    if (otherIdentity && !patching) {
      return yield* Result.fail(otherUid(resource, name, uidOf(sent), uidOf(current)))
    }
    const kept =
      subresource === "status"
        ? withStatusOf(resource, current, sent)
        : withKeptMetadata(current, resource.hasStatus ? Json.set(sent, { status: current.status }) : sent, namespace)
    const changed = !Json.equal(bare(resource, current), bare(resource, kept))
    const generation = metadataOf(current).generation
    const counted =
      resource.hasGeneration && changed && typeof generation === "number"
        ? withMetadata(kept, { generation: generation + 1 })
        : kept
    const object = yield* judged(resource, counted, current, [
      ...(otherIdentity ? [Names.immutable("metadata.uid", uidOf(sent))] : []),
      ...newFinalizers(current, counted)
    ])
    if (options.dryRun || Json.equal(object, current)) return object
    if (isTerminating(object) && finalizersOf(object).length === 0) {
      Removal.finish(state, resource, key, stamp.now)
      return object
    }
    return state.store.commit(id, key, object) ?? object
  })
