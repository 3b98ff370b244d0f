import { type Candidate, NodeName, serverNameAnnotation } from "@netcup-failover/core/Candidate"
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
  status: Schema.optionalKey(
    Schema.Struct({
      conditions: Schema.optionalKey(Schema.Array(Schema.Struct({ type: Schema.String, status: Schema.String })))
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

/** The node as placement sees it. An annotation that is empty or blank counts as absent. */
export const toCandidate = ({ metadata, status }: NodeResource): Candidate => {
  const server = metadata.annotations?.[serverNameAnnotation]?.trim()
  return {
    name: metadata.name,
    server: server === undefined || server === "" ? undefined : ServerName.make(server),
    labels: metadata.labels ?? {},
    verdict: Verdict.fromDeclared({
      ready: readinessOf(status?.conditions?.find(({ type }) => type === "Ready")?.status),
      deleting: metadata.deletionTimestamp !== undefined
    })
  }
}
