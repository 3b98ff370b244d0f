/**
 * A cluster as large as they come, in peace: nodes that beat as real kubelets do and answer probes, groups of one address in accounts of
 * twenty servers each, and a controller with its defaults.
 */
import * as Net from "node:net"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Program from "../Program.ts"

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

export interface Size {
  readonly nodes: number
  readonly groups: number
  readonly serversOfAnAccount: number
}

/** Answers connects at every address of the loopback net. */
const listener = Effect.acquireRelease(
  Effect.callback<Net.Server>((resume) => {
    const server = Net.createServer((socket) => socket.on("error", () => socket.destroy()).end())
    server.listen(0, "0.0.0.0", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.sync(() => server.close())
).pipe(
  Effect.map((server) => {
    const address = server.address()
    return address === null || typeof address === "string" ? 0 : address.port
  })
)

export const make = Effect.fn("HourWorld.make")(function* (program: Program.Program, size: Size) {
  const stage = yield* Stage.make()
  const port = yield* listener
  const accounts = upTo(Math.ceil(size.nodes / size.serversOfAnAccount)).map((a) => ({
    loginName: `${20_000 + a}`,
    secret: `netcup-${a}`,
    nodes: upTo(size.nodes).filter((n) => Math.ceil(n / size.serversOfAnAccount) === a)
  }))
  const groups = upTo(size.groups).map((g) => ({
    name: `group-${g}`,
    ip: `198.18.${g}.1/32`,
    node: 1 + (g % size.nodes)
  }))
  for (const { loginName, nodes, secret } of accounts) {
    yield* stage.world.addAccount({
      loginName,
      password: "benchmark",
      servers: nodes.map((n) => ({
        name: `v${n}`,
        interfaces: [{ mac: `02:00:00:00:00:${n.toString(16).padStart(2, "0")}`, ipv4: [`203.0.113.${n}`] }]
      })),
      addresses: groups
        .filter(({ node }) => nodes.includes(node))
        .map(({ ip, node }) => ({ cidr: ip, routedTo: `v${node}` }))
    })
    yield* stage.putCredentials(secret, loginName)
  }
  const beats = { renewEvery: "10 seconds", statusEvery: "5 minutes" } as const
  for (const n of upTo(size.nodes))
    yield* stage.addNode(`node-${n}`, { server: `v${n}`, port: { host: `127.0.1.${n}`, port }, beats })
  for (const { ip, name, node } of groups) {
    const secret = accounts.find(({ nodes }) => nodes.includes(node))?.secret
    yield* stage.putGroup(name, { ips: [ip], secret })
  }
  const kubeconfig = yield* stage.cluster.kubeconfigFor({ serviceAccount: Stage.serviceAccount })
  const controller = yield* Program.controller(program, {
    KUBECONFIG: kubeconfig,
    ...stage.environment,
    POD_NAMESPACE: Stage.namespace,
    POD_NAME: "bench",
    HEALTH_ADDR: "127.0.0.1:0",
    METRICS_ADDR: "127.0.0.1:0"
  })
  yield* Effect.forEach(groups, ({ name }) => stage.routedNode(name)).pipe(Effect.timeout("3 minutes"))

  return {
    pid: controller.pid,
    /** What was asked so far, by what it was: of Kubernetes as `verb resource`, of netcup by operation. */
    asked: Effect.gen(function* () {
      const events = yield* (yield* KubeCluster).audit
      const calls = yield* stage.simulator.journal.calls
      return {
        kubernetes: events.map(({ objectRef, verb }) => `${verb} ${objectRef?.resource ?? "?"}`),
        netcup: calls.map(({ operation }) => operation ?? "?")
      }
    })
  }
})
