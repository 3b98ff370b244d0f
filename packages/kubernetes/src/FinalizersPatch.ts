/**
 * Sets an object's finalizers, if the object is still the one that was looked at.
 */
import * as Effect from "effect/Effect"
import { KubeClient } from "./KubeClient.ts"
import type { KubeError } from "./KubeError.ts"
import type { KubeObject } from "./ObjectMeta.ts"
import { objectPath, type ResourceKind } from "./ResourceKind.ts"

/** `Conflict`: the object has changed since, and `NotFound`: it is gone. What it is now comes by its watch. */
type FinalizersPatchOutcome = "Patched" | "Conflict" | "NotFound"

/** JSON merge patch (RFC 7386) of the whole list, with the version of `object`: who else has a finalizer there keeps it. */
export const patch = Effect.fn("FinalizersPatch.patch")(function* <A extends KubeObject>(
  kind: ResourceKind<A>,
  { metadata: { name, namespace, resourceVersion } }: KubeObject,
  finalizers: ReadonlyArray<string>
): Effect.fn.Return<FinalizersPatchOutcome, KubeError, KubeClient> {
  const client = yield* KubeClient
  return yield* client
    .request({
      method: "PATCH",
      path: objectPath(kind, { name, namespace }),
      contentType: "application/merge-patch+json",
      body: { metadata: { resourceVersion, finalizers } },
      schema: kind.schema
    })
    .pipe(
      Effect.as<FinalizersPatchOutcome>("Patched"),
      Effect.catch((error) =>
        error.reason._tag === "Conflict" || error.reason._tag === "NotFound"
          ? Effect.succeed<FinalizersPatchOutcome>(error.reason._tag)
          : Effect.fail(error)
      )
    )
})
