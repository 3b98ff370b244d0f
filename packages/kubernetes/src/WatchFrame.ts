/**
 * What one line of a watch, or one item of a list, says.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Json from "./Json.ts"
import type { KubeErrorReason, MalformedAnswer } from "./KubeError.ts"
import { Identity, type KubeObject, keyOf } from "./ObjectMeta.ts"
import type { ResourceKind } from "./ResourceKind.ts"
import * as Status from "./Status.ts"
import { Applied, Deleted, type Observed, Undecodable } from "./WatchEvent.ts"

const decodeFrame = Json.decode(
  Schema.Struct({
    type: Schema.Literals(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]),
    object: Schema.Unknown
  })
)

const decodeIdentity = Json.decode(Schema.Struct({ metadata: Identity }))

/** A bookmark's object has nothing else. */
const decodeBookmark = Json.decode(
  Schema.Struct({ metadata: Schema.Struct({ resourceVersion: Schema.NonEmptyString }) })
)

/** Fails only for what is no Kubernetes object at all. */
export const item = <A extends KubeObject>(kind: ResourceKind<A>) => {
  const decodeObject = Json.decode(kind.schema)
  return (object: unknown): Result.Result<Observed<A>, MalformedAnswer> =>
    Result.map(decodeIdentity(object), ({ metadata }) =>
      Result.match(decodeObject(object), {
        onSuccess: (decoded): Observed<A> => new Applied({ object: decoded }),
        onFailure: ({ message }) => new Undecodable({ metadata, message, object })
      })
    )
}

interface Frame<A> {
  /** From where to resume after this line. */
  readonly version: string
  /** None for a bookmark. */
  readonly event: Observed<A> | Deleted | undefined
}

/** An `ERROR` is a failure with the reason of its `Status`. */
export const line = <A extends KubeObject>(kind: ResourceKind<A>) => {
  const decodeItem = item(kind)
  return (text: string): Result.Result<Frame<A>, KubeErrorReason> =>
    Result.gen(function* () {
      const { type, object } = yield* Result.flatMap(Json.parse(text), decodeFrame)
      if (type === "ERROR") return yield* Result.fail(Status.toReason(0, object))
      if (type === "BOOKMARK") {
        return { version: (yield* decodeBookmark(object)).metadata.resourceVersion, event: undefined }
      }
      const { metadata } = yield* decodeIdentity(object)
      return {
        version: metadata.resourceVersion,
        event: type === "DELETED" ? new Deleted({ key: keyOf(metadata) }) : yield* decodeItem(object)
      }
    })
}
