import { NodeName } from "@netcup-failover/core/Candidate"
import type { Pod } from "@netcup-failover/core/Workload"
import { Identity } from "@netcup-failover/kubernetes/ObjectMeta"
import type { ResourceKind } from "@netcup-failover/kubernetes/ResourceKind"
import * as Schema from "effect/Schema"

/** What of a Pod tells whether it serves, and whether it is being sent away. */
const PodResource = Schema.Struct({
  metadata: Schema.Struct({
    ...Identity.fields,
    deletionTimestamp: Schema.optionalKey(Schema.String),
    ownerReferences: Schema.optionalKey(
      Schema.Array(
        Schema.Struct({ kind: Schema.String, controller: Schema.optionalKey(Schema.NullOr(Schema.Boolean)) })
      )
    )
  }),
  spec: Schema.Struct({ nodeName: Schema.optionalKey(NodeName) }),
  status: Schema.optionalKey(
    Schema.Struct({
      phase: Schema.optionalKey(Schema.String),
      conditions: Schema.optionalKey(
        Schema.Array(
          Schema.Struct({
            type: Schema.String,
            status: Schema.String,
            reason: Schema.optionalKey(Schema.NullOr(Schema.String))
          })
        )
      )
    })
  )
})
export type PodResource = typeof PodResource.Type

export const pods: ResourceKind<PodResource> = {
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  namespaced: true,
  schema: PodResource
}

const isOwnedBy = (kind: string, { metadata }: PodResource): boolean =>
  metadata.ownerReferences?.some((owner) => owner.kind === kind && owner.controller === true) === true

const isDeleting = ({ metadata }: PodResource): boolean => metadata.deletionTimestamp !== undefined

const conditionOf = ({ status }: PodResource, type: string) =>
  status?.conditions?.find((one) => one.type === type && one.status === "True")

/** The Pod as one of a workload; `undefined`: it is on no node. */
export const toPod = (pod: PodResource): Pod | undefined => {
  const { nodeName: node } = pod.spec
  if (node === undefined) return undefined
  const deleting = isDeleting(pod)
  const ready = !deleting && conditionOf(pod, "Ready") !== undefined
  return { name: pod.metadata.name, node, ready, deleting, daemon: isOwnedBy("DaemonSet", pod) }
}

/**
 * By the API for evictions or by a taint. Not by the kubelet, which does that where its node is short of something, nor by the scheduler: Pods
 * of DaemonSets come to cordoned nodes, too, and make room for themselves.
 */
const evictions: ReadonlySet<string> = new Set(["EvictionByEvictionAPI", "DeletionByTaintManager"])

const isEvicted = (pod: PodResource): boolean => evictions.has(conditionOf(pod, "DisruptionTarget")?.reason ?? "")

/** What a drain leaves where it is: the Pods of DaemonSets, those that the kubelet runs by itself, and those that are done. */
const staysInDrain = (pod: PodResource): boolean =>
  isOwnedBy("DaemonSet", pod) ||
  isOwnedBy("Node", pod) ||
  pod.status?.phase === "Succeeded" ||
  pod.status?.phase === "Failed"

/**
 * Whether the Pods of a cordoned node are being sent away: one is evicted, or all that a drain would delete are being deleted (a
 * drain without evictions). One that is deleted while others stay is a rollout, and so may be the only one that there is.
 */
export const isBeingEmptied = (all: ReadonlyArray<PodResource>): boolean => {
  const movable = all.filter((pod) => !staysInDrain(pod))
  return all.some(isEvicted) || (movable.length > 1 && movable.every(isDeleting))
}
