import { moveToAnnotation, retryAnnotation } from "@netcup-failover/core/Candidate"
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import { group, kind, plural, Spec, Status, version } from "@netcup-failover/core/FailoverIpResource"
import { Identity } from "@netcup-failover/kubernetes/ObjectMeta"
import type { ResourceKind } from "@netcup-failover/kubernetes/ResourceKind"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** Keeps a group that is deleted until its addresses are unrouted. */
export const finalizer = "netcup.digilol.net/unroute"

/** A `NetcupFailoverIP` as the controller reads it. */
const GroupResource = Schema.Struct({
  metadata: Schema.Struct({
    ...Identity.fields,
    generation: Schema.Int,
    /** RFC 3339, whole seconds. */
    creationTimestamp: Schema.String,
    deletionTimestamp: Schema.optionalKey(Schema.String),
    finalizers: Schema.optionalKey(Schema.Array(Schema.String)),
    annotations: Schema.optionalKey(
      Schema.Struct({
        [moveToAnnotation]: Schema.optionalKey(Schema.String),
        [retryAnnotation]: Schema.optionalKey(Schema.String)
      })
    )
  }),
  spec: Spec,
  // Written by us, but maybe by a newer version of us: what it says there must not keep the group from being looked after.
  status: Schema.optionalKey(Status).pipe(Schema.catchDecoding(() => Effect.succeedNone))
})
export type GroupResource = typeof GroupResource.Type

export const groups: ResourceKind<GroupResource> = {
  group,
  version,
  kind,
  plural,
  namespaced: false,
  schema: GroupResource
}

/** Resources are replaced, never changed: what one lists is read once. */
const read = new WeakMap<GroupResource, ReadonlyArray<FailoverAddress.FailoverAddress>>()

/** The addresses that a group lists, as far as they are valid. */
export const addressesOf = (resource: GroupResource): ReadonlyArray<FailoverAddress.FailoverAddress> => {
  const before = read.get(resource)
  if (before !== undefined) return before
  const found = resource.spec.ips
    .map(FailoverAddress.parse)
    .flatMap((result) => (Result.isSuccess(result) ? [result.success] : []))
  read.set(resource, found)
  return found
}
