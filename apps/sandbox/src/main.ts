/**
 * A failover to look at, on this machine alone: a real Kubernetes API server, a simulated netcup, the built controller as a
 * process, and a node that fails.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Table from "./Table.ts"

const servers = ["v1001", "v1002", "v1003"]
const groups = { primary: ["198.51.100.1/32", "2001:db8:a::/64"], secondary: ["198.51.100.2/32", "2001:db8:b::/64"] }
const credentials = { loginName: "12345", password: "sandbox" }

const account = {
  ...credentials,
  servers: servers.map((name, i) => ({
    name,
    interfaces: [{ mac: `02:00:00:00:00:0${i + 1}`, ipv4: [`203.0.113.${i + 1}`] }]
  })),
  addresses: Object.values(groups)
    .flat()
    .map((cidr) => ({ cidr }))
}

/** Each address, where netcup routes it, and what the controller says of it. */
const show = Effect.fn(function* (stage: Effect.Success<ReturnType<typeof Stage.make>>, title: string) {
  const routes = new Map<string, string>(yield* stage.world.routes)
  const rows = yield* Effect.forEach(Object.entries(groups), ([name, ips]) =>
    Effect.map(stage.group(name), (group) =>
      ips.map((ip) => [
        name,
        ip,
        routes.get(ip) ?? "-",
        group.status?.currentNode ?? "",
        Stage.routed(group)?.status ?? ""
      ])
    )
  )
  yield* Console.log(`\n${title}`)
  yield* Console.log(Table.render([["GROUP", "ADDRESS", "AT NETCUP", "NODE", "ROUTED"], ...rows.flat()]))
})

const scene = Effect.gen(function* () {
  yield* Console.log("Starting a Kubernetes API server, a simulated netcup, three nodes and the controller …")
  yield* Stage.install
  // netcup itself lets an address rest for five minutes; nobody wants to wait for that here.
  const stage = yield* Stage.make({ limitWindow: "1 millis" })
  yield* stage.world.addAccount(account)
  const nodes = yield* Effect.forEach(servers, (server, i) => stage.addNode(`node-${i + 1}`, { server }))
  yield* stage.putSecret("netcup", credentials)
  for (const [name, ips] of Object.entries(groups)) yield* stage.putGroup(name, { ips })
  yield* stage.startController()
  for (const name of Object.keys(groups)) yield* stage.routedNode(name)
  yield* show(stage, "All groups are routed, each to a node of its own:")

  const from = (yield* stage.group("primary")).status?.currentNode
  const victim = nodes.find(({ name }) => name === from)
  if (victim === undefined) return yield* Effect.die("the primary group has no node")
  const failedAt = yield* Clock.currentTimeMillis
  yield* victim.setReady("False", "KubeletNotReady")
  yield* Console.log(`\n${victim.name} fails: Ready=False.`)
  yield* stage.groupUntil(
    "primary",
    (group) => group.status?.currentNode !== from && Stage.routed(group)?.status === "True"
  )
  const movedAt = yield* Clock.currentTimeMillis
  yield* show(stage, `${movedAt - failedAt} ms later the group has moved, and the other one has not:`)

  yield* Console.log(`\nThe same as an operator sees it, with kubectl get netcupfailoverips:`)
  yield* Console.log((yield* stage.cluster.kubectl(["get", "netcupfailoverips"])).trimEnd())
})

// The first start on a machine builds the Kubernetes binaries, which takes minutes; later ones find them.
NodeRuntime.runMain(
  Effect.andThen(KubeBinaries.ensure, Effect.scoped(scene).pipe(Effect.provide(KubeCluster.layer()))).pipe(
    Effect.catchTag("KubeBinariesUnavailable", ({ message }) =>
      Effect.andThen(
        Console.error(`The sandbox needs the Kubernetes binaries: ${message}. Install Go, or set KUBEBUILDER_ASSETS.`),
        Effect.fail("no binaries")
      )
    )
  )
)
