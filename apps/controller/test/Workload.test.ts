import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { account, loginName } from "./Account.ts"
import { suite } from "./Suite.ts"

const ip = "198.51.100.1/32"
const podsPath = `/api/v1/namespaces/${Stage.namespace}/pods`
const pathOf = (pod: string) => `${podsPath}/${pod}`

const Pod = Schema.Struct({
  metadata: Schema.Struct({ deletionTimestamp: Schema.optionalKey(Schema.String) }),
  status: Schema.Struct({
    conditions: Schema.optionalKey(Schema.Array(Schema.Struct({ type: Schema.String, status: Schema.String })))
  })
})

/** Nodes, one group with one address, and Pods that are what the scenario says: no kubelet runs them, and none ends them. */
const prepared = Effect.fn(function* (nodes: number, settings: Readonly<Record<string, string>>) {
  const { http, audit } = yield* KubeCluster
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  yield* stage.world.addAccount(account(nodes, [{ cidr: ip }]))
  const names = Array.from({ length: nodes }, (_, i) => `node-${i + 1}`)
  for (const [i, name] of names.entries()) yield* stage.addNode(name, { server: `v${i + 1}` })
  yield* stage.putCredentials("netcup", loginName)

  const setReady = (pod: string, isReady: boolean) =>
    http.patch(`${pathOf(pod)}/status`, {
      status: { phase: "Running", conditions: [{ type: "Ready", status: isReady ? "True" : "False" }] }
    })
  const remove = (pod: string) => http.delete(`${pathOf(pod)}?gracePeriodSeconds=0`)
  return {
    stage,
    names,
    start: stage.startController(settings),
    others: (than: string) => names.filter((name) => name !== than),
    at: (node: string) => stage.groupUntil("primary", ({ status }) => status?.currentNode === node),
    moves: Effect.map(stage.simulator.journal.changesOf(ip), ({ length }) => length),
    cordon: (node: string, unschedulable: boolean) => http.patch(`/api/v1/nodes/${node}`, { spec: { unschedulable } }),
    putPod: Effect.fn(function* (pod: string, node: string, owner: "DaemonSet" | "ReplicaSet", isReady: boolean) {
      yield* Effect.addFinalizer(() => Effect.ignore(remove(pod)))
      yield* http.create(podsPath, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          name: pod,
          labels: { app: owner === "DaemonSet" ? "ingress" : "other" },
          ownerReferences: [{ apiVersion: "apps/v1", kind: owner, name: "owner", uid: "owner", controller: true }]
        },
        spec: { nodeName: node, containers: [{ name: "main", image: "example.org/main:1" }] }
      })
      yield* setReady(pod, isReady)
    }),
    setReady,
    remove,
    /** As when its owner deletes it: it has its grace period. */
    delete: (pod: string) => http.delete(pathOf(pod)),
    evict: (pod: string) =>
      http.create(`${pathOf(pod)}/eviction`, {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name: pod, namespace: Stage.namespace }
      }),
    pod: (pod: string) => http.get(pathOf(pod), Pod),
    /** Requests that list or watch Pods. */
    podLooks: Effect.map(audit, (requests) =>
      requests.filter(({ verb, objectRef }) => objectRef?.resource === "pods" && ["list", "watch"].includes(verb))
    )
  }
})

const workload = {
  workload: {
    namespace: Stage.namespace,
    selector: { matchExpressions: [{ key: "app", operator: "In", values: ["ingress"] }] }
  }
}

suite("planned absence and workloads", {}, (scenario) => {
  scenario(
    "drain: nothing looks at Pods before a node is cordoned, a cordon moves nothing, an eviction does, before the Pod is gone, and for good",
    Effect.gen(function* () {
      if (!(yield* KubeCluster).enforcesRoles) return
      const { stage, start, others, at, moves, podLooks, ...cluster } = yield* prepared(2, {})
      const before = yield* podLooks
      yield* stage.putGroup("primary", { ips: [ip] })
      yield* start
      const first = yield* stage.routedNode("primary")
      const [second = ""] = others(first)
      yield* cluster.putPod("app-1", first, "ReplicaSet", true)
      yield* cluster.putPod("app-2", first, "ReplicaSet", true)
      yield* cluster.putPod("agent", first, "DaemonSet", true)
      assert.lengthOf(yield* podLooks, before.length)

      yield* cluster.cordon(first, true)
      yield* Effect.repeat(podLooks, { until: (looks) => looks.length > before.length, times: 200 })
      // A DaemonSet is rolled out, and a Deployment that is not all of what runs there.
      yield* cluster.delete("agent")
      yield* cluster.delete("app-1")
      yield* Effect.sleep("1500 millis")
      assert.strictEqual(yield* moves, 1)
      assert.strictEqual((yield* stage.group("primary")).status?.currentNode, first)

      yield* cluster.evict("app-2")
      const away = yield* at(second)
      assert.deepInclude(away.status?.moves?.at(-1), { from: first, to: second, reason: `${first} is being drained` })
      const { metadata, status } = yield* cluster.pod("app-2")
      assert.isDefined(metadata.deletionTimestamp)
      assert.deepInclude(
        status.conditions?.find(({ type }) => type === "DisruptionTarget"),
        { status: "True" }
      )
      for (const pod of ["app-1", "app-2", "agent"]) yield* cluster.remove(pod)
      // The node that is left is drained, too: there is nowhere to go, though nothing is evicted on the first any more.
      yield* cluster.putPod("app-3", second, "ReplicaSet", true)
      yield* cluster.cordon(second, true)
      yield* cluster.evict("app-3")
      const stuck = yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "NoEligibleNodes")
      for (const node of [first, second]) assert.include(Stage.routed(stuck)?.message, `${node} is being drained`)
      yield* cluster.cordon(first, false)
      yield* at(first)
      assert.strictEqual(yield* moves, 3)
    })
  )

  scenario(
    "drain detection can be switched off",
    Effect.gen(function* () {
      if (!(yield* KubeCluster).enforcesRoles) return
      const { stage, start, moves, podLooks, ...cluster } = yield* prepared(2, { DRAIN_DETECTION: "off" })
      const before = yield* podLooks
      yield* stage.putGroup("primary", { ips: [ip] })
      yield* start
      const first = yield* stage.routedNode("primary")
      yield* cluster.putPod("app-1", first, "ReplicaSet", true)
      yield* cluster.cordon(first, true)
      yield* cluster.evict("app-1")
      yield* Effect.sleep("1500 millis")
      assert.strictEqual(yield* moves, 1)
      assert.lengthOf(yield* podLooks, before.length)
    })
  )

  scenario(
    "workload: a group goes where a Pod is ready, leaves when that has been unready for a while, not when it is replaced, and stays when none is",
    Effect.gen(function* () {
      if (!(yield* KubeCluster).enforcesRoles) return
      const { stage, names, start, others, at, moves, ...cluster } = yield* prepared(3, {
        WORKLOAD_UNREADY_AFTER: "3s",
        WORKLOAD_READY_AFTER: "500ms"
      })
      for (const name of names) yield* cluster.putPod(`pod-${name}`, name, "DaemonSet", false)
      yield* stage.putGroup("primary", { ips: [ip], wishes: workload })
      yield* start
      const first = yield* stage.routedNode("primary")
      const aside = "no node that could have it has a ready Pod that spec.workload selects: that rule is set aside"
      const unserved = yield* stage.groupUntil(
        "primary",
        (group) => Stage.routed(group)?.message.includes(aside) === true
      )
      assert.strictEqual(Stage.routed(unserved)?.status, "True")

      const [second = "", third = ""] = others(first)
      yield* cluster.setReady(`pod-${second}`, true)
      const served = yield* at(second)
      assert.deepInclude(served.status?.moves?.at(-1), {
        reason: `${first} has no ready Pod that spec.workload selects`
      })
      yield* cluster.setReady(`pod-${third}`, true)
      yield* stage.routedNode("primary")

      // It comes back soon, and then it is replaced: neither moves the group.
      yield* cluster.setReady(`pod-${second}`, false)
      yield* Effect.sleep("500 millis")
      yield* cluster.setReady(`pod-${second}`, true)
      yield* Effect.sleep("500 millis")
      yield* cluster.remove(`pod-${second}`)
      yield* Effect.sleep("4 seconds")
      yield* cluster.putPod(`pod-${second}-new`, second, "DaemonSet", true)
      yield* Effect.sleep("500 millis")
      assert.strictEqual((yield* stage.group("primary")).status?.currentNode, second)
      assert.strictEqual(yield* moves, 2)

      const lostAt = Date.now()
      yield* cluster.setReady(`pod-${second}-new`, false)
      const left = yield* at(third)
      assert.isAtLeast(
        Date.parse(left.status?.moves?.at(-1)?.at ?? "") - lostAt,
        2_900,
        "before it was unready for long"
      )

      yield* cluster.setReady(`pod-${third}`, false)
      const stays = yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.message.includes(aside) === true)
      assert.strictEqual(stays.status?.currentNode, third)
      assert.strictEqual(yield* moves, 3)
    })
  )
})
