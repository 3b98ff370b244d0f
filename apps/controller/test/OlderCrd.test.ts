import { assert } from "@effect/vitest"
import { crd } from "@netcup-failover/core/Crd"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import { KubeFault } from "@netcup-failover/testing/kubernetes/KubeInjection"
import * as KubeProxy from "@netcup-failover/testing/kubernetes/KubeProxy"
import * as OlderCrd from "@netcup-failover/testing/stage/OlderCrd"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { account, loginName } from "./Account.ts"
import { eventually } from "./Http.ts"
import { suite } from "./Suite.ts"

const addresses = ["198.51.100.1/32", "2001:db8:a::/64"].map((cidr) => ({ cidr }))
const ips = addresses.map(({ cidr }) => cidr)
const statusWrites = { verb: "PATCH", path: /\/netcupfailoverips\/[^/]+\/status$/u }

const definition = { verb: "GET", path: /\/customresourcedefinitions\//u }

const EventList = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({
      type: Schema.String,
      reason: Schema.String,
      message: Schema.String,
      involvedObject: Schema.Struct({ kind: Schema.String, name: Schema.String })
    })
  )
})

/** Three nodes, and a controller behind a proxy. */
const prepared = Effect.fn(function* (fault?: KubeFault) {
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  const { accessFor } = yield* KubeCluster
  const proxy = yield* KubeProxy.make(yield* accessFor({ user: "controller", groups: ["system:masters"] }))
  if (fault !== undefined) yield* proxy.inject({ ...definition, fault })
  yield* stage.world.addAccount(account(3, addresses))
  const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  yield* stage.putCredentials("netcup", loginName)
  const start = stage.startController({ KUBECONFIG: proxy.kubeconfig })
  const controller = yield* start
  const kubelet = (name: string) => Effect.fromNullishOr(kubelets.find((one) => one.name === name)).pipe(Effect.orDie)
  /** The node that holds the group fails; gives the next one. */
  const failover = Effect.fnUntraced(function* (from: string) {
    yield* (yield* kubelet(from)).setReady("False", "KubeletNotReady")
    yield* stage.groupUntil("primary", ({ status }) => status?.currentNode !== from)
    return yield* stage.routedNode("primary")
  })
  const writes = Effect.map(proxy.journal.requests(statusWrites), ({ length }) => length)
  return { stage, proxy, controller, start, failover, writes }
})

const events = Effect.gen(function* () {
  const { http } = yield* KubeCluster
  const { items } = yield* http.get("/api/v1/namespaces/default/events?fieldSelector=reason%3DCRDTooOld", EventList)
  return items
})

suite("a CRD as narrow as the Go controller's", { crd: OlderCrd.narrow() }, (scenario) => {
  scenario(
    "groups are routed and fail over, also under a new leader, and nothing is written while nothing changes",
    Effect.gen(function* () {
      const { stage, controller, start, failover, writes } = yield* prepared()
      yield* stage.putGroup("primary", { ips })
      const first = yield* stage.routedNode("primary")
      assert.hasAllKeys((yield* stage.group("primary")).status, ["currentNode", "conditions"])
      yield* Effect.sleep("1 second")
      const before = yield* writes
      // Whatever wakes the loop: each of these is another look.
      for (let i = 0; i < 10; i++) {
        yield* stage.cluster.http.patch(`/api/v1/nodes/${first}`, { metadata: { labels: { look: `${i}` } } })
        yield* Effect.sleep("100 millis")
      }
      assert.strictEqual(yield* writes, before)
      const second = yield* failover(first)
      assert.notStrictEqual(second, first)
      yield* controller.end("SIGKILL")
      yield* start
      const third = yield* failover(second)
      assert.notInclude([first, second], third)
      // One call an address and move, whatever the status forgets.
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 3 * ips.length)
      assert.isAtMost(yield* writes, 40)
    })
  )

  scenario(
    "is told to operators where they look, once",
    Effect.gen(function* () {
      const { http } = yield* KubeCluster
      yield* http.delete("/api/v1/namespaces/default/events")
      const { controller } = yield* prepared()
      const told = yield* eventually(events, (all) => all.length > 0)
      assert.deepInclude(told[0], {
        type: "Warning",
        reason: "CRDTooOld",
        involvedObject: { kind: "CustomResourceDefinition", name: "netcupfailoverips.netcup.digilol.net" }
      })
      assert.include(told[0]?.message ?? "", "kubectl apply -f infra/crd/netcupfailoverips.yaml")
      assert.lengthOf(told, 1)
      assert.lengthOf((yield* controller.log).match(/the CRD is older than the controller/gu) ?? [], 1)
    }),
    "soap"
  )

  for (const fault of [
    KubeFault.Hang({ applied: false }),
    KubeFault.Refuse({ applied: false, status: 403, reason: "Forbidden" })
  ]) {
    scenario(
      `delays nothing, and is not judged, where it cannot be read (${fault._tag})`,
      Effect.gen(function* () {
        const { stage, controller, proxy } = yield* prepared(fault)
        yield* stage.putGroup("primary", { ips })
        yield* stage.routedNode("primary")
        yield* proxy.awaitRequest(definition)
        assert.notInclude(yield* controller.log, "the CRD")
      }),
      "soap"
    )
  }
})

/** Whether the API server lets a bad resource in. */
const letsIn = Effect.gen(function* () {
  const { http } = yield* KubeCluster
  return yield* http
    .create(`${Stage.groupsPath}?dryRun=All`, {
      apiVersion: "netcup.digilol.net/v1alpha1",
      kind: "NetcupFailoverIP",
      metadata: { name: "bad" },
      spec: { ips: ["198.51.100.1"], credentialsSecret: { name: "netcup", namespace: "netcup-system" } }
    })
    .pipe(
      Effect.as(true),
      Effect.catch(() => Effect.succeed(false))
    )
})

suite("a CRD that checks nothing but types", { crd: OlderCrd.unchecked() }, (scenario) => {
  scenario(
    "a bad CIDR is named with what to write instead, nothing is routed, and the corrected one is",
    Effect.gen(function* () {
      const { stage } = yield* prepared()
      yield* stage.putGroup("primary", { ips: ["198.51.100.1", "2001:db8:a::/64"] })
      const group = yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "InvalidSpec")
      assert.include(Stage.routed(group)?.message, 'write "198.51.100.1/32"')
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 0)
      yield* stage.patchGroup("primary", { spec: { ips } })
      yield* stage.routedNode("primary")
    })
  )

  scenario(
    "a bad resource of before keeps its status under the newer CRD, and is routed once it is corrected",
    Effect.gen(function* () {
      const { stage, controller } = yield* prepared()
      yield* Effect.addFinalizer(() =>
        Effect.ignore(
          Effect.andThen(
            Stage.install(OlderCrd.unchecked()),
            eventually(letsIn, (lets) => lets)
          )
        )
      )
      yield* stage.putGroup("secondary", { ips: ["2001:db8:a::/64"] })
      const node = yield* stage.routedNode("secondary")
      yield* stage.putGroup("primary", { ips: ["198.51.100.1"] })
      yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "InvalidSpec")

      yield* Stage.install(crd())
      yield* eventually(letsIn, (lets) => !lets)
      // What is bad and stays as it was is no reason to refuse the rest.
      yield* stage.patchGroup("primary", { spec: { priority: 1 } })
      const group = yield* stage.groupUntil(
        "primary",
        ({ metadata, status }) => status?.observedGeneration === metadata.generation
      )
      assert.strictEqual(group.metadata.generation, 2)
      assert.strictEqual(Stage.routed(group)?.reason, "InvalidSpec")
      const refused = yield* Effect.flip(
        stage.patchGroup("primary", { spec: { ips: ["198.51.100.1", "198.51.100.2/32"] } })
      )
      assert.include(refused.message, "has no prefix length: write 198.51.100.1/32")

      yield* stage.patchGroup("primary", { spec: { ips: ["198.51.100.1/32"] } })
      yield* stage.routedNode("primary")
      // Nor did the change of the CRD move what was well.
      assert.strictEqual(yield* stage.routedNode("secondary"), node)
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 2)
      assert.strictEqual((yield* controller.log).match(/the CRD is older/gu)?.length, 1)
    }),
    "rest"
  )
})
