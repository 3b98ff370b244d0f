/**
 * Writes an object's status, if the object is still the one that was looked at.
 */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { KubeClient } from "./KubeClient.ts"
import type { KubeError } from "./KubeError.ts"
import type { KubeObject } from "./ObjectMeta.ts"
import { type ResourceKind, statusPath } from "./ResourceKind.ts"

type StatusPatchOutcome<A> =
  /** The object as it is now, with its new version. */
  | { readonly _tag: "Patched"; readonly object: A }
  /** The object changed since. What it is now comes by its watch: decide again from that. */
  | { readonly _tag: "Conflict" }
  /** The object is gone. */
  | { readonly _tag: "NotFound" }

/**
 * JSON merge patch (RFC 7386) of the status subresource: keys that `status` doesn't name stay, `null` removes one, lists are
 * replaced as a whole. Optimistic: carries the version of `object`.
 */
export const patch = Effect.fn("StatusPatch.patch")(function* <A extends KubeObject>(
  kind: ResourceKind<A>,
  { metadata: { name, namespace, resourceVersion } }: KubeObject,
  status: Schema.Json
): Effect.fn.Return<StatusPatchOutcome<A>, KubeError, KubeClient> {
  const client = yield* KubeClient
  return yield* client
    .request({
      method: "PATCH",
      path: statusPath(kind, { name, namespace }),
      contentType: "application/merge-patch+json",
      body: { metadata: { resourceVersion }, status },
      schema: kind.schema
    })
    .pipe(
      Effect.map((object): StatusPatchOutcome<A> => ({ _tag: "Patched", object })),
      Effect.catch((error) =>
        error.reason._tag === "Conflict" || error.reason._tag === "NotFound"
          ? Effect.succeed<StatusPatchOutcome<A>>({ _tag: error.reason._tag })
          : Effect.fail(error)
      )
    )
})
