/**
 * What the measured controller looks after: nodes of the size that real ones have, and groups of two addresses.
 */
import { serverNameAnnotation } from "@netcup-failover/core/Candidate"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"

const loginName = "12345"
const nodeName = (n: number) => `node-${n}`
const serverName = (n: number) => `v${1000 + n}`
const nodePath = (n: number) => `/api/v1/nodes/${nodeName(n)}`
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

/** A real kubelet lists up to fifty images, which makes most of a node's ten kilobytes. */
const images = upTo(50).map((n) => ({
  names: [
    `registry.example/team/application-${n}@sha256:${"0123456789abcdef".repeat(4)}`,
    `registry.example/team/application-${n}:v1.${n}.0`
  ],
  sizeBytes: 10_000_000 + n
}))

const condition = (type: string, status: string, at: string) => ({
  type,
  status,
  reason: `Kubelet${type}`,
  message: "as the kubelet says",
  lastHeartbeatTime: at,
  lastTransitionTime: at
})

const now = Effect.map(DateTime.now, DateTime.formatIso)

const putNode = Effect.fn(function* (n: number) {
  const { http } = yield* KubeCluster
  const at = yield* now
  yield* http.apply(nodePath(n), {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: nodeName(n),
      labels: {
        "kubernetes.io/hostname": nodeName(n),
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "rs-2000",
        "topology.kubernetes.io/zone": "nuremberg"
      },
      annotations: { [serverNameAnnotation]: serverName(n) }
    },
    spec: { podCIDR: `10.244.${n}.0/24` }
  })
  yield* http.strategicPatch(`${nodePath(n)}/status`, {
    status: {
      addresses: [
        { type: "InternalIP", address: `127.0.1.${n}` },
        { type: "Hostname", address: nodeName(n) }
      ],
      conditions: [
        condition("MemoryPressure", "False", at),
        condition("DiskPressure", "False", at),
        condition("PIDPressure", "False", at),
        condition("Ready", "True", at)
      ],
      images
    }
  })
})

/** A heartbeat: the kubelet writes the times of its conditions, and nothing else. */
const beat = Effect.fn(function* (n: number) {
  const { http } = yield* KubeCluster
  const at = yield* now
  const conditions = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"].map((type) => ({
    type,
    lastHeartbeatTime: at
  }))
  yield* http.strategicPatch(`${nodePath(n)}/status`, { status: { conditions } })
})

export interface Size {
  readonly nodes: number
  readonly groups: number
}

/** Every address is at one of the nodes already; what is missing is a controller. */
export const make = Effect.fn("World.make")(function* (size: Size) {
  const stage = yield* Stage.make()
  const groups = upTo(size.groups).map((g) => ({
    name: `group-${g}`,
    ips: [`198.18.${g}.1/32`, `2001:db8:${g}::/64`],
    server: serverName(1 + (g % size.nodes))
  }))
  yield* stage.world.addAccount({
    loginName,
    password: "benchmark",
    servers: upTo(size.nodes).map((n) => ({
      name: serverName(n),
      interfaces: [{ mac: `02:00:00:00:00:${n.toString(16).padStart(2, "0")}`, ipv4: [`203.0.113.${n}`] }]
    })),
    addresses: [
      ...groups.flatMap(({ ips, server }) => ips.map((cidr) => ({ cidr, routedTo: server }))),
      { cidr: "198.51.100.1/32" }
    ]
  })
  yield* Effect.forEach(upTo(size.nodes), putNode)
  yield* stage.putCredentials("netcup", loginName)
  yield* Effect.forEach(groups, ({ ips, name }) => stage.putGroup(name, { ips }))
  const { http } = stage.cluster

  return {
    stage,
    /** What a controller has to be told to work in it. */
    environment: {
      KUBECONFIG: stage.cluster.kubeconfig,
      ...stage.environment,
      POD_NAMESPACE: Stage.namespace,
      POD_NAME: "bench",
      HEALTH_ADDR: "127.0.0.1:0",
      METRICS_ADDR: "127.0.0.1:0"
    },
    /** All groups are routed, as far as their status says. */
    settled: Effect.forEach(groups, ({ name }) => stage.routedNode(name)).pipe(Effect.timeout("2 minutes")),
    /** A group that netcup routes nowhere yet. */
    addUnrouted: stage.putGroup("unrouted", { ips: ["198.51.100.1/32"] }),
    heartbeats: (count: number) =>
      Effect.forEach(upTo(count), (i) => beat(1 + (i % size.nodes)), { concurrency: 4, discard: true }),
    /** What the API server was asked that is neither a heartbeat, a Lease, nor this question. */
    requests: Effect.map(http.text("/metrics"), (text) =>
      text
        .split("\n")
        .filter((line) => /^apiserver_request_total\{.*,resource="(?!nodes|leases)[a-z]/u.test(line))
        .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0)
    ),
    /** The node's kubelet says that it is not ready. */
    fail: (name: string) =>
      http.strategicPatch(`/api/v1/nodes/${name}/status`, {
        status: { conditions: [{ type: "Ready", status: "False" }] }
      })
  }
})
