import { type Candidate, maintenanceAnnotation, NodeName, serverNameAnnotation } from "@netcup-failover/core/Candidate"
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
    annotations: Schema.optionalKey(
      Schema.Struct({
        [serverNameAnnotation]: Schema.optionalKey(Schema.String),
        [maintenanceAnnotation]: Schema.optionalKey(Schema.String)
      })
    ),
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
      conditions: Schema.optionalKey(
        Schema.Array(
          Schema.Struct({
            type: Schema.String,
            status: Schema.String,
            /** When the status changed last; `null` where who wrote the condition did not say. */
            lastTransitionTime: Schema.optionalKey(Schema.NullOr(Schema.String))
          })
        )
      ),
      /** Where it is probed, and what tells which server it is; these change about never. */
      addresses: Schema.optionalKey(Schema.Array(Schema.Struct({ type: Schema.String, address: Schema.String }))),
      daemonEndpoints: Schema.optionalKey(
        Schema.Struct({ kubeletEndpoint: Schema.optionalKey(Schema.Struct({ Port: Schema.Int })) })
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

/** So much of what an operator wrote is repeated in statuses and Events, in characters. */
const noteLength = 120

/** What an operator says of the maintenance that the node is in. */
const maintenanceOf = (annotation: string | undefined): string | undefined => {
  const note = annotation?.trim().replace(/\s+/gu, " ")
  if (note === undefined || note === "" || note === "false") return undefined
  const characters = [...note]
  return characters.length > noteLength ? `${characters.slice(0, noteLength - 1).join("")}…` : note
}

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
 * What the node says of its health.
 *
 * @param draining whether its Pods are being evicted
 */
export const declaredOf = ({ metadata, spec, status }: NodeResource, draining = false): Verdict.Declared => {
  const taints = (spec?.taints ?? []).map(({ key }) => key)
  const maintenance = maintenanceOf(metadata.annotations?.[maintenanceAnnotation])
  return {
    ready: readinessOf(status?.conditions?.find(({ type }) => type === "Ready")?.status),
    deleting: metadata.deletionTimestamp !== undefined,
    outOfService: outOfService.filter((key) => taints.includes(key)),
    ...(maintenance === undefined ? {} : { maintenance }),
    ...(draining ? { draining } : {})
  }
}

/** The netcup server that the node is. An annotation that is empty or blank counts as absent. */
const serverOf = ({ metadata }: NodeResource): ServerName | undefined => {
  const server = metadata.annotations?.[serverNameAnnotation]?.trim()
  return server === undefined || server === "" ? undefined : ServerName.make(server)
}

/**
 * The node as placement sees it, with the verdict by what it says of itself.
 *
 * @param settlePeriod how long a node has to be ready until it counts as settled, in ms
 * @param draining whether its Pods are being evicted
 */
export const toCandidate = (resource: NodeResource, settlePeriod: number, draining = false): Candidate => {
  const { metadata, spec, status } = resource
  const taints = (spec?.taints ?? []).map(({ key }) => key)
  const conditions = status?.conditions ?? []
  const ready = conditions.find(({ type }) => type === "Ready")
  const readySince = ready?.status === "True" ? Date.parse(ready.lastTransitionTime ?? "") : Number.NaN
  const pressed = conditions.filter(({ type, status }) => pressures.includes(type) && status === "True")
  return {
    name: metadata.name,
    server: serverOf(resource),
    labels: metadata.labels ?? {},
    verdict: Verdict.fromDeclared(declaredOf(resource, draining)),
    ...identity(resource),
    ...(Number.isNaN(readySince) ? {} : { settledAt: readySince + settlePeriod }),
    ...(pressed.length === 0 ? {} : { pressures: pressed.map(({ type }) => type) }),
    ...(spec?.unschedulable === true ? { cordoned: true } : {}),
    ...(taints.includes(toBeDeleted) ? { leaving: toBeDeleted } : {})
  }
}
