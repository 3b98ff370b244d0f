import { type Candidate, NodeName, serverNameAnnotation } from "@netcup-failover/core/Candidate"
import * as ServerMapping from "@netcup-failover/core/ServerMapping"
import { ServerName } from "@netcup-failover/core/ServerName"
import * as Verdict from "@netcup-failover/core/Verdict"
import { Identity } from "@netcup-failover/kubernetes/ObjectMeta"
import type { ResourceKind } from "@netcup-failover/kubernetes/ResourceKind"
import * as Schema from "effect/Schema"

/**
 * What of a Node can change a decision. Everything else (heartbeat times, images, other annotations) is not decoded, so
 * that its changes wake nobody.
 */
const NodeResource = Schema.Struct({
  metadata: Schema.Struct({
    ...Identity.fields,
    name: NodeName,
    labels: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    annotations: Schema.optionalKey(Schema.Struct({ [serverNameAnnotation]: Schema.optionalKey(Schema.String) })),
    deletionTimestamp: Schema.optionalKey(Schema.String)
  }),
  spec: Schema.optionalKey(
    Schema.Struct({
      unschedulable: Schema.optionalKey(Schema.Boolean),
      /** `PROVIDER://…` of whatever names the machine there. */
      providerID: Schema.optionalKey(Schema.String),
      taints: Schema.optionalKey(Schema.Array(Schema.Struct({ key: Schema.String })))
    })
  ),
  status: Schema.optionalKey(
    Schema.Struct({
      addresses: Schema.optionalKey(Schema.Array(Schema.Struct({ type: Schema.String, address: Schema.String }))),
      conditions: Schema.optionalKey(
        Schema.Array(
          Schema.Struct({
            type: Schema.String,
            status: Schema.String,
            /** When the status changed last; `null` where who wrote the condition did not say. */
            lastTransitionTime: Schema.optionalKey(Schema.NullOr(Schema.String))
          })
        )
      )
    })
  )
})
export type NodeResource = typeof NodeResource.Type

export const nodes: ResourceKind<NodeResource> = {
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  namespaced: false,
  schema: NodeResource
}

/** Anybody may write conditions: what is none of the three values is not known. */
const readinessOf = (status: string | undefined): Verdict.Declared["ready"] =>
  status === undefined || status === "True" || status === "False" ? status : "Unknown"

/**
 * By these taints somebody who knows says that the node is down: an operator
 * (https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown) or the cloud's controller.
 */
const outOfService: ReadonlyArray<string> = [
  "node.kubernetes.io/out-of-service",
  "node.cloudprovider.kubernetes.io/shutdown"
]

/** By this taint the cluster autoscaler says that it is about to drain and delete the node. */
const toBeDeleted = "ToBeDeletedByClusterAutoscaler"

/** Conditions that speak against a node while they are True. */
const pressures: ReadonlyArray<string> = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"]

const isIp = (type: string): boolean => type === "InternalIP" || type === "ExternalIP"

/** What tells which server the node is, where no annotation does. */
const identity = ({ metadata, spec, status }: NodeResource): Pick<Candidate, "addresses" | "names"> => {
  const listed = status?.addresses ?? []
  const addresses = ServerMapping.publicAddresses(listed.filter(({ type }) => isIp(type)).map(({ address }) => address))
  const called = listed.filter(({ type }) => !isIp(type)).map(({ address }) => address)
  const byProvider = /^[^:]+:\/\/(?:.*\/)?([^/]+)$/u.exec(spec?.providerID ?? "")?.[1]
  const names = new Set([metadata.name, ...called, ...(byProvider === undefined ? [] : [byProvider])])
  return { names: [...names], ...(addresses.length === 0 ? {} : { addresses }) }
}

/**
 * The node as placement sees it. An annotation that is empty or blank counts as absent.
 *
 * @param settlePeriod how long a node has to be ready until it counts as settled, in ms
 */
export const toCandidate = (resource: NodeResource, settlePeriod: number): Candidate => {
  const { metadata, spec, status } = resource
  const server = metadata.annotations?.[serverNameAnnotation]?.trim()
  const taints = (spec?.taints ?? []).map(({ key }) => key)
  const conditions = status?.conditions ?? []
  const ready = conditions.find(({ type }) => type === "Ready")
  const readySince = ready?.status === "True" ? Date.parse(ready.lastTransitionTime ?? "") : Number.NaN
  const pressed = conditions.filter(({ type, status }) => pressures.includes(type) && status === "True")
  return {
    name: metadata.name,
    server: server === undefined || server === "" ? undefined : ServerName.make(server),
    labels: metadata.labels ?? {},
    verdict: Verdict.fromDeclared({
      ready: readinessOf(ready?.status),
      deleting: metadata.deletionTimestamp !== undefined,
      outOfService: outOfService.filter((key) => taints.includes(key))
    }),
    ...identity(resource),
    ...(Number.isNaN(readySince) ? {} : { settledAt: readySince + settlePeriod }),
    ...(pressed.length === 0 ? {} : { pressures: pressed.map(({ type }) => type) }),
    ...(spec?.unschedulable === true ? { cordoned: true } : {}),
    ...(taints.includes(toBeDeleted) ? { leaving: toBeDeleted } : {})
  }
}
