/**
 * What a cluster knows of a node's failover addresses.
 */
import { serverNameAnnotation } from "@netcup-failover/core/Candidate"
import { parse } from "@netcup-failover/core/FailoverAddress"
import { group, plural, Spec, version } from "@netcup-failover/core/FailoverIpResource"
import * as LabelSelector from "@netcup-failover/core/LabelSelector"
import { ServerName } from "@netcup-failover/core/ServerName"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { WrongUsage } from "../Problem.ts"

const Node = Schema.Struct({
  metadata: Schema.Struct({
    name: Schema.String,
    labels: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
  })
})
type Node = typeof Node.Type

const Groups = Schema.Struct({
  items: Schema.Array(Schema.Struct({ metadata: Schema.Struct({ name: Schema.String }), spec: Spec }))
})

export const node = Effect.fn("OfCluster.node")(function* (name: string) {
  const client = yield* KubeClient
  return yield* client.request({ method: "GET", path: `/api/v1/nodes/${encodeURIComponent(name)}`, schema: Node })
})

/** Which server the node says it is. */
export const server = ({ metadata }: Node): Effect.Effect<ServerName, WrongUsage> => {
  const name = metadata.annotations?.[serverNameAnnotation]?.trim() ?? ""
  return name === ""
    ? Effect.fail(
        new WrongUsage({
          message: `the node ${metadata.name} does not say which server it is: kubectl annotate node ${metadata.name} ${serverNameAnnotation}=v…, or give --server`
        })
      )
    : Effect.succeed(ServerName.make(name))
}

/**
 * The addresses of these groups, as they are written there. Without names: of all groups, or of all that may come to `node`. What is no
 * address is warned of: the group's own status tells of it, too.
 */
export const addresses = Effect.fn("OfCluster.addresses")(function* (
  names: ReadonlyArray<string>,
  node: Node | undefined
) {
  const client = yield* KubeClient
  const { items } = yield* client.request({
    method: "GET",
    path: `/apis/${group}/${version}/${plural}`,
    schema: Groups
  })
  const missing = names.filter((name) => !items.some(({ metadata }) => metadata.name === name))
  if (missing.length > 0) return yield* new WrongUsage({ message: `the cluster has no group ${missing.join(", ")}` })
  const chosen = items.filter(({ metadata, spec }) =>
    names.length > 0
      ? names.includes(metadata.name)
      : node === undefined ||
        LabelSelector.unmet(spec.nodeSelector ?? LabelSelector.everything, node.metadata.labels ?? {}).length === 0
  )
  const found: Array<string> = []
  for (const { metadata, spec } of chosen) {
    for (const text of spec.ips) {
      const parsed = parse(text)
      if (Result.isSuccess(parsed)) found.push(text)
      else yield* Effect.logWarning(`left out of the group ${metadata.name}: ${parsed.failure}`)
    }
  }
  if (found.length > 0) return found
  const whose = node === undefined ? "the cluster" : `the node ${node.metadata.name}`
  return yield* new WrongUsage({
    message: `there are no failover addresses for ${whose} yet: create a NetcupFailoverIP, or give them by --ip`
  })
})
