/**
 * `metadata` of any object, and the part of it that tells which object it is and which state of it.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const texts = Schema.Record(Schema.String, Schema.String).pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))

const identity = {
  name: Schema.NonEmptyString,
  namespace: Schema.optionalKey(Schema.String),
  uid: Schema.String,
  resourceVersion: Schema.String
}

/** The least of `metadata` that a projection has to keep. */
export const Identity = Schema.Struct(identity)
export type Identity = typeof Identity.Type

/** All of `metadata` that controllers look at. Pick fewer where a change of the others should go unseen. */
export const ObjectMeta = Schema.Struct({
  ...identity,
  generation: Schema.optionalKey(Schema.Int),
  /** RFC 3339 in UTC, whole seconds: sorts as text. */
  creationTimestamp: Schema.optionalKey(Schema.String),
  deletionTimestamp: Schema.optionalKey(Schema.String),
  labels: texts,
  annotations: texts,
  finalizers: Schema.Array(Schema.String).pipe(Schema.withDecodingDefaultKey(Effect.succeed([])))
})

/** What every projection of an object has. */
export interface KubeObject {
  readonly metadata: Identity
}

/** Names an object among its kind: `name`, or `namespace/name`. */
export const keyOf = ({ name, namespace }: Pick<Identity, "name" | "namespace">): string =>
  namespace === undefined ? name : `${namespace}/${name}`
