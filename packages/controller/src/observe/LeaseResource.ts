import { Identity } from "@netcup-failover/kubernetes/ObjectMeta"
import type { ResourceKind } from "@netcup-failover/kubernetes/ResourceKind"
import * as Schema from "effect/Schema"

/** Where kubelets renew the Leases of their nodes, each named after its node. */
export const leaseNamespace = "kube-node-lease"

/**
 * What of a Lease tells that it was renewed. The time is the kubelet's own, and compared for equality alone.
 * https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats
 */
const LeaseResource = Schema.Struct({
  metadata: Identity,
  spec: Schema.optionalKey(Schema.Struct({ renewTime: Schema.optionalKey(Schema.NullOr(Schema.String)) }))
})
export type LeaseResource = typeof LeaseResource.Type

export const leases: ResourceKind<LeaseResource> = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
  schema: LeaseResource
}
