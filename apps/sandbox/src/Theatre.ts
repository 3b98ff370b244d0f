/**
 * The cluster, netcup, nodes and replicas as one thing to play with: what a person can do to them, and what is to be seen.
 */
import * as ClusterWorld from "@netcup-failover/controller/decide/ClusterWorld"
import { explain } from "@netcup-failover/core/Explain"
import * as ExplainText from "@netcup-failover/core/ExplainText"
import { group as apiGroup, plural, version } from "@netcup-failover/core/FailoverIpResource"
import type { KubeHttpError } from "@netcup-failover/testing/kubernetes/KubeHttp"
import type { ControllerProcess } from "@netcup-failover/testing/stage/ControllerProcess"
import * as PoweredNode from "@netcup-failover/testing/stage/PoweredNode"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Cast from "./Cast.ts"

const Groups = Schema.Struct({ items: Schema.Array(Stage.GroupObject) })
const Nodes = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({
      metadata: Schema.Struct({ name: Schema.String }),
      status: Schema.Struct({ conditions: Schema.Array(Schema.Struct({ type: Schema.String, status: Schema.String })) })
    })
  )
})
const Lease = Schema.Struct({ spec: Schema.Struct({ holderIdentity: Schema.optionalKey(Schema.String) }) })

/** Kubelets renew their Leases each second here, ten times as often as in life: so much less patience is needed. */
const haste = {
  DETECTION_LEASE_STALE_AFTER: "2500ms",
  DETECTION_SILENT_AFTER: "1500ms",
  DETECTION_GUARD_BURST: "2s",
  PROBE_INTERVAL: "500ms",
  PROBE_TIMEOUT: "500ms"
}

/** All that is to be seen at one moment. */
export interface Sight {
  /** ms since the epoch */
  readonly at: number
  readonly groups: ReadonlyArray<Stage.GroupObject>
  /** The status of each node's `Ready` condition. */
  readonly ready: ReadonlyMap<string, string>
  /** Where netcup really routes each address. */
  readonly routes: ReadonlyMap<string, string>
  /** The replica that holds the Lease; none: nobody does. */
  readonly leader: string | undefined
}

export const make = Effect.gen(function* () {
  const stage = yield* Stage.make()
  const { http } = stage.cluster
  const machines = new Map<string, PoweredNode.PoweredNode>()
  const replicas = new Map<string, ControllerProcess>()
  const dead = new Set<string>()
  let groupsMade = Cast.groups.length

  const startReplica = Effect.fn(function* (name: string) {
    const home = Cast.replicas.find((one) => one.name === name)?.node
    const environment = { ...haste, POD_NAME: name, ...(home === undefined ? {} : { NODE_NAME: home }) }
    replicas.set(name, yield* stage.startController(environment))
  })

  const sight: Effect.Effect<Sight, KubeHttpError> = Effect.gen(function* () {
    const [groups, nodes, lease, routes] = yield* Effect.all(
      [
        http.get(`/apis/${apiGroup}/${version}/${plural}`, Groups),
        http.get("/api/v1/nodes", Nodes),
        Effect.option(http.get(Stage.leasePath, Lease)),
        stage.world.routes
      ],
      { concurrency: "unbounded" }
    )
    const at = yield* Clock.currentTimeMillis
    const holder = lease._tag === "Some" ? lease.value.spec.holderIdentity : undefined
    return {
      at,
      groups: groups.items,
      ready: new Map(
        nodes.items.map(({ metadata, status }) => [
          metadata.name,
          status.conditions.find(({ type }) => type === "Ready")?.status ?? "?"
        ])
      ),
      routes,
      leader: Cast.replicas.find(({ name }) => holder?.startsWith(`${name}_`) === true)?.name
    }
  })

  /** Why each group is where it is, as `netcup-failover explain` tells it. */
  const explanation = Effect.gen(function* () {
    const [nodes, groups] = yield* Effect.all([
      http.get("/api/v1/nodes", ClusterWorld.Nodes),
      http.get(`/apis/${apiGroup}/${version}/${plural}`, ClusterWorld.Groups)
    ])
    const cluster = { nodes: nodes.items, groups: groups.items }
    const { world, since } = ClusterWorld.make(cluster, yield* Clock.currentTimeMillis)
    const moves = new Map(groups.items.map((one) => [one.metadata.name, ClusterWorld.lastMove(one)]))
    const texts = explain(world, { since }).map((one) => {
      const moved = moves.get(one.group)
      return `${ExplainText.render(one)}${moved === undefined ? "" : `\n  ${moved}`}`
    })
    return [...texts, ClusterWorld.notHeard].join("\n\n")
  })

  yield* stage.world.addAccount(Cast.account)
  for (const { name, server } of Cast.nodes)
    machines.set(name, yield* PoweredNode.make(stage, name, { host: "127.0.0.1", server }))
  yield* stage.putCredentials("netcup", Cast.account.loginName)
  for (const { name, ips } of Cast.groups) yield* stage.putGroup(name, { ips })
  const [first, ...others] = Cast.replicas
  yield* startReplica(first.name)
  yield* http.waitUntil(Stage.leasePath, Lease, ({ spec }) => (spec.holderIdentity ?? "") !== "")
  for (const { name } of others) yield* startReplica(name)

  return {
    kubeconfig: stage.cluster.kubeconfig,
    /** What netcup was told to route where, and what it said. */
    routings: stage.simulator.journal.callsOf(stage.operations.route),
    sight,
    explanation,
    isDead: (node: string) => dead.has(node),
    /** The node loses its power: its heartbeat stops, its port swallows, and what runs on it is gone. */
    kill: Effect.fn(function* (node: string) {
      dead.add(node)
      yield* machines.get(node)?.powerOff() ?? Effect.void
      for (const { name, node: home } of Cast.replicas) {
        if (home === node) yield* replicas.get(name)?.end("SIGKILL") ?? Effect.void
      }
    }),
    /** The node starts again, and what ran on it. */
    revive: Effect.fn(function* (node: string) {
      dead.delete(node)
      yield* machines.get(node)?.powerOn ?? Effect.void
      for (const { name, node: home } of Cast.replicas) if (home === node) yield* startReplica(name)
    }),
    /** Another group, of an address that nobody has; gives its name, or nothing when there are no addresses left. */
    addGroup: Effect.fn(function* () {
      const ip = Cast.spareAddresses[groupsMade - Cast.groups.length]
      if (ip === undefined) return undefined
      groupsMade += 1
      const name = `group-${groupsMade}`
      yield* stage.putGroup(name, { ips: [ip] })
      return name
    }),
    /** netcup refuses every change of a routing until the returned effect is run. */
    limit: Effect.map(stage.limit({}), ({ remove }) => remove)
  }
})

export type Theatre = Effect.Success<typeof make>
