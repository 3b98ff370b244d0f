/**
 * The part of an object's `metadata` that tells which object it is, and which state of it.
 */
import * as Schema from "effect/Schema"

/** The least of `metadata` that a projection has to keep. Add what a controller decides on, and nothing else: any change of it counts. */
export const Identity = Schema.Struct({
  name: Schema.NonEmptyString,
  namespace: Schema.optionalKey(Schema.String),
  uid: Schema.String,
  resourceVersion: Schema.String
})
export type Identity = typeof Identity.Type

/** What every projection of an object has. */
export interface KubeObject {
  readonly metadata: Identity
}

/** Names an object among its kind: `name`, or `namespace/name`. */
export const keyOf = ({ name, namespace }: Pick<Identity, "name" | "namespace">): string =>
  namespace === undefined ? name : `${namespace}/${name}`
