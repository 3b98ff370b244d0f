/**
 * Groups of one address on a few nodes, netcup's SOAP API that takes its time and has no limit, and a controller that looks after them.
 */
import { serverNameAnnotation } from "@netcup-failover/core/Candidate"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Program from "../Program.ts"

const loginName = "12345"
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
const nodeName = (n: number) => `node-${n}`

export interface Size {
  readonly nodes: number
  readonly groups: number
}

/** Ready nodes and routed groups; every address is at the node that its group is spread to. */
export const make = Effect.fn("FailoverWorld.make")(function* (
  program: Program.Program,
  size: Size,
  netcupTakes: Duration.Input
) {
  const stage = yield* Stage.make({ limitWindow: "1 millis" })
  const { http } = yield* KubeCluster
  const groups = upTo(size.groups).map((g) => ({
    name: `group-${g}`,
    ip: `198.${18 + Math.floor(g / 250)}.${g % 250}.1/32`,
    server: `v${1 + (g % size.nodes)}`
  }))
  yield* stage.world.addAccount({
    loginName,
    password: "benchmark",
    servers: upTo(size.nodes).map((n) => ({
      name: `v${n}`,
      interfaces: [{ mac: `02:00:00:00:00:${n.toString(16).padStart(2, "0")}`, ipv4: [`203.0.113.${n}`] }]
    })),
    addresses: groups.map(({ ip, server }) => ({ cidr: ip, routedTo: server }))
  })
  const setReady = (name: string, status: "True" | "False") =>
    http.strategicPatch(`/api/v1/nodes/${name}/status`, { status: { conditions: [{ type: "Ready", status }] } })
  for (const n of upTo(size.nodes)) {
    yield* http.apply(`/api/v1/nodes/${nodeName(n)}`, {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: nodeName(n), annotations: { [serverNameAnnotation]: `v${n}` } }
    })
    yield* setReady(nodeName(n), "True")
  }
  yield* stage.putCredentials("netcup", loginName)
  yield* Effect.forEach(groups, ({ ip, name }) => stage.putGroup(name, { ips: [ip] }), { concurrency: 8 })
  yield* stage.simulator.inject({ operation: stage.operations.route, delayBefore: netcupTakes })
  const controller = yield* Program.controller(program, {
    KUBECONFIG: stage.cluster.kubeconfig,
    ...stage.environment,
    POD_NAMESPACE: Stage.namespace,
    POD_NAME: "bench",
    HEALTH_ADDR: "127.0.0.1:0",
    METRICS_ADDR: "127.0.0.1:0",
    NETCUP_REFRESH_INTERVAL: "10m",
    // A node that is healthy again can be failed over to at once, else failovers would wait for that.
    DETECTION_RECOVERED_AFTER: "20ms"
  })
  yield* Effect.forEach(groups, ({ name }) => stage.routedNode(name)).pipe(Effect.timeout("3 minutes"))
  const routed = Effect.map(stage.simulator.journal.callsOf(stage.operations.route), (calls) => calls.length)

  return {
    controller,
    /** Every status says that its group is somewhere else: they are told a moment after it is. */
    settledElsewhere: (node: string) =>
      Effect.forEach(groups, ({ name }) =>
        stage.groupUntil(
          name,
          (group) => Stage.routed(group)?.status === "True" && group.status?.currentNode !== node,
          "3 minutes"
        )
      ),
    nodeOf: (group: string) => stage.routedNode(group),
    recover: (node: string) => setReady(node, "True"),
    /** The node's kubelet says that it is not ready. Gives for each routing call, in ms since that was written, when it arrived and was done. */
    fail: Effect.fn("FailoverWorld.fail")(function* (node: string, expected: number) {
      const before = yield* routed
      const began = yield* Clock.currentTimeMillis
      yield* setReady(node, "False")
      const written = yield* Clock.currentTimeMillis
      yield* stage.simulator.awaitCall({
        operation: stage.operations.route,
        count: before + expected,
        where: ({ appliedAt }) => appliedAt !== undefined
      })
      const calls = (yield* stage.simulator.journal.callsOf(stage.operations.route)).slice(before)
      return {
        write: written - began,
        arrived: calls.map(({ receivedAt }) => receivedAt - began),
        applied: calls.map(({ appliedAt }) => (appliedAt ?? Number.NaN) - began)
      }
    })
  }
})
