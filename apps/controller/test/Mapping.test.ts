import { assert } from "@effect/vitest"
import { Prefix } from "@netcup-failover/core/FailoverAddress"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import type { AddressSpec } from "@netcup-failover/testing/netcup/Arrangement"
import * as NodePort from "@netcup-failover/testing/stage/NodePort"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { account, loginName, server } from "./Account.ts"
import { suite } from "./Suite.ts"

const address = { cidr: "198.51.100.1/32", routedTo: "v2" }
const annotation = "netcup.digilol.net/server-name"

const NodeObject = Schema.Struct({
  metadata: Schema.Struct({ annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)) })
})

/** Servers v1 to v3, the third with a nickname; the account's address is on v2. */
const prepared = Effect.fn(function* (addresses: ReadonlyArray<AddressSpec> = [address]) {
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  const servers = [server(1), server(2), { ...server(3), nickname: "edge-3" }]
  yield* stage.world.addAccount({ ...account(0, addresses), servers })
  yield* stage.putCredentials("netcup", loginName)
  yield* stage.putGroup("primary", { ips: addresses.map(({ cidr }) => cidr) })
  const routes = Effect.map(stage.simulator.journal.callsOf(stage.operations.route), (calls) =>
    calls.map(({ routing }) => routing?.server)
  )
  const says = (...texts: ReadonlyArray<string>) =>
    stage.groupUntil("primary", (group) => texts.every((text) => Stage.routed(group)?.message.includes(text)))
  return { stage, routes, says }
})

suite("which server a node is", {}, (scenario) => {
  scenario(
    "is told by its addresses and its name where no annotation does: kept, moved when the node fails, and kept by the next leader",
    Effect.gen(function* () {
      const { stage, routes } = yield* prepared()
      const two = yield* stage.addNode("worker-b", { internalIp: "2001:db8:100:2::10" })
      const three = yield* stage.addNode("edge-3", { internalIp: "10.0.0.3" })
      const first = yield* stage.startController()
      assert.strictEqual(yield* stage.routedNode("primary"), "worker-b")
      assert.deepStrictEqual(yield* routes, [])
      yield* two.setReady("False", "KubeletNotReady")
      yield* stage.groupUntil("primary", ({ status }) => status?.currentNode === "edge-3")
      assert.deepStrictEqual(yield* routes, ["v3"])
      yield* two.setReady("True", "KubeletReady")
      yield* first.end("SIGKILL")
      yield* stage.startController()
      yield* three.setReady("False", "KubeletNotReady")
      yield* stage.groupUntil("primary", ({ status }) => status?.currentNode === "worker-b")
      assert.deepStrictEqual(yield* routes, ["v3", "v2"])
    })
  )

  scenario(
    "is known to all that asks: what others move is put back, netcup is asked when the node falls silent, and a deleted group is unrouted",
    Effect.gen(function* () {
      const { stage, routes } = yield* prepared([{ cidr: "198.51.100.1/32", routedTo: "v3" }])
      const port = yield* NodePort.make("127.0.2.3")
      yield* stage.addNode("edge-3", { port })
      yield* stage.addNode("worker-b", { internalIp: "203.0.113.2" })
      yield* stage.patchGroup("primary", { spec: { reclaimPolicy: "Unroute" } })
      yield* Effect.addFinalizer(() => Effect.ignore(stage.patchGroup("primary", { metadata: { finalizers: null } })))
      // Nothing but silence and netcup's word convicts within the hour.
      yield* stage.startController({ NETCUP_REFRESH_INTERVAL: "500ms", DETECTION_LEASE_STALE_AFTER: "1h" })
      assert.strictEqual(yield* stage.routedNode("primary"), "edge-3")
      yield* stage.world.reroute("198.51.100.1/32", "v2")
      yield* stage.simulator.awaitCall({ operation: stage.operations.route, count: 1 })
      yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.status === "True")
      assert.strictEqual(yield* stage.routedNode("primary"), "edge-3")
      assert.deepStrictEqual(yield* routes, ["v3"])
      yield* Effect.repeat(port.taken, { until: (count) => count > 0, schedule: Schedule.spaced("100 millis") })
      yield* stage.world.setState("v3", "SHUTOFF")
      yield* port.set("swallows")
      const moved = yield* stage.groupUntil("primary", ({ status }) => status?.currentNode === "worker-b")
      assert.match(moved.status?.moves?.at(-1)?.reason ?? "", /netcup calls (offline|SHUTOFF)/u)
      assert.deepStrictEqual(yield* routes, ["v3", "v2"])
      yield* stage.deleteGroup("primary")
      yield* Effect.repeat(stage.world.routes, {
        until: (all) => !all.has(Prefix.make("198.51.100.1/32")),
        schedule: Schedule.spaced("100 millis")
      })
    })
  )

  scenario(
    "is in doubt where annotations and addresses disagree, or two nodes claim it: nothing is sent, and both are named",
    Effect.gen(function* () {
      const { stage, routes, says } = yield* prepared([{ cidr: "198.51.100.1/32", routedTo: "v3" }])
      yield* stage.addNode("wrong", { server: "v1", internalIp: "203.0.113.2" })
      yield* stage.addNode("copied-a", { internalIp: "203.0.113.1" })
      const twin = yield* stage.addNode("copied-b", { internalIp: "203.0.113.1" })
      yield* stage.startController()
      yield* says(
        "wrong is server v1 by its annotation, but has the address 203.0.113.2 of server v2",
        "copied-a claims to be server v1, as copied-b does",
        "copied-b claims to be server v1, as copied-a does"
      )
      assert.deepStrictEqual(yield* routes, [])
      yield* twin.delete
      assert.strictEqual(yield* stage.routedNode("primary"), "copied-a")
      assert.deepStrictEqual(yield* routes, ["v1"])
    })
  )

  scenario(
    "goes on as before where a node comes back under another name while the old one is still there",
    Effect.gen(function* () {
      const { stage, routes } = yield* prepared()
      const old = yield* stage.addNode("node-old", { server: "v2" })
      yield* old.setReady("False", "KubeletNotReady")
      yield* stage.addNode("node-new", { server: "v2" })
      yield* stage.startController()
      assert.strictEqual(yield* stage.routedNode("primary"), "node-new")
      yield* old.setReady("True", "KubeletReady")
      yield* stage.addNode("node-1", { server: "v1" })
      yield* Effect.sleep("1 second")
      // In doubt by now, but what is there is not taken away.
      assert.strictEqual(yield* stage.routedNode("primary"), "node-new")
      assert.deepStrictEqual(yield* routes, [])
    })
  )

  scenario(
    "is its annotation's alone to tell where the settings say so",
    Effect.gen(function* () {
      const { stage, routes, says } = yield* prepared()
      yield* stage.addNode("worker-b", { internalIp: "203.0.113.2" })
      yield* stage.startController({ NODE_MAPPING: "annotation" })
      const group = yield* says(`worker-b has no annotation ${annotation}`)
      assert.strictEqual(Stage.routed(group)?.reason, "MissingAnnotation")
      assert.deepStrictEqual(yield* routes, [])
    })
  )

  scenario(
    "is written down only where the settings say so, and never over what somebody wrote",
    Effect.gen(function* () {
      const { http, enforcesRoles } = yield* KubeCluster
      const { stage } = yield* prepared()
      const annotated = (name: string) =>
        Effect.map(http.get(`/api/v1/nodes/${name}`, NodeObject), ({ metadata }) => metadata.annotations?.[annotation])
      yield* stage.addNode("worker-b", { internalIp: "203.0.113.2" })
      yield* stage.addNode("worker-a", { server: "v1", internalIp: "10.0.0.1" })
      yield* stage.addNode("nobody", { internalIp: "192.0.2.9" })
      const first = yield* stage.startController()
      yield* stage.routedNode("primary")
      assert.isUndefined(yield* annotated("worker-b"))
      yield* first.end("SIGTERM")
      if (enforcesRoles) {
        const rbac = "/apis/rbac.authorization.k8s.io/v1"
        const name = "annotates-nodes"
        for (const kind of ["clusterroles", "clusterrolebindings"])
          yield* Effect.addFinalizer(() => Effect.ignore(http.delete(`${rbac}/${kind}/${name}`)))
        yield* http.apply(`${rbac}/clusterroles/${name}`, {
          apiVersion: "rbac.authorization.k8s.io/v1",
          kind: "ClusterRole",
          metadata: { name },
          rules: [{ apiGroups: [""], resources: ["nodes"], verbs: ["get", "patch"] }]
        })
        yield* http.apply(`${rbac}/clusterrolebindings/${name}`, {
          apiVersion: "rbac.authorization.k8s.io/v1",
          kind: "ClusterRoleBinding",
          metadata: { name },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
          subjects: [{ kind: "ServiceAccount", ...Stage.serviceAccount }]
        })
      }
      yield* stage.startController({ ANNOTATE_NODES: "true" })
      yield* http.waitUntil(
        "/api/v1/nodes/worker-b",
        NodeObject,
        ({ metadata }) => metadata.annotations?.[annotation] === "v2"
      )
      assert.strictEqual(yield* annotated("worker-a"), "v1")
      assert.isUndefined(yield* annotated("nobody"))
      assert.strictEqual(yield* stage.routedNode("primary"), "worker-b")
    })
  )
})
