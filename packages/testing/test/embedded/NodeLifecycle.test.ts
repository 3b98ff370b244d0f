import { assert, layer } from "@effect/vitest"
import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import * as FakeKubelet from "@netcup-failover/testing/kubernetes/FakeKubelet"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { at, list, text } from "./Contract.ts"

const cluster = EmbeddedKube.layer({ nodeLifecycle: { gracePeriod: "2 seconds", monitorPeriod: "100 millis" } })

const patience = 60_000

const ready = (node: Schema.Json) => list(node, "status", "conditions").find((one) => at(one, "type") === "Ready")
const says = (node: Schema.Json) => `${text(ready(node), "status")} ${text(ready(node), "reason")}`
const taints = (node: Schema.Json) =>
  list(node, "spec", "taints").map(
    (one) => `${text(one, "key").replace("node.kubernetes.io/", "")} ${text(one, "effect")}`
  )

layer(cluster, { excludeTestServices: true, timeout: patience })("NodeLifecycle", (it) => {
  it.effect(
    "turns a node Unknown when its kubelet is silent, with taints, and lets it be when it speaks again",
    () =>
      Effect.gen(function* () {
        const { http } = yield* KubeCluster
        const dying = yield* FakeKubelet.start(http, { name: "dying", renewEvery: "200 millis" })
        const living = yield* FakeKubelet.start(http, { name: "living", renewEvery: "200 millis" })
        const until = (predicate: (node: Schema.Json) => boolean) => http.waitUntil(dying.path, Schema.Json, predicate)
        yield* until((node) => says(node) === "True KubeletReady" && taints(node).length === 0)
        yield* dying.pause
        const dead = yield* until((node) => says(node) === "Unknown NodeStatusUnknown")
        assert.deepStrictEqual(taints(dead).toSorted(), ["unreachable NoExecute", "unreachable NoSchedule"])
        const pressure = list(dead, "status", "conditions").find((one) => at(one, "type") === "MemoryPressure")
        assert.strictEqual(at(pressure, "status"), "Unknown")
        assert.strictEqual(says(yield* http.get(living.path)), "True KubeletReady")
        yield* dying.resume
        yield* until((node) => says(node) === "True KubeletReady" && taints(node).length === 0)
      }),
    patience
  )

  it.effect(
    "says of a kubelet that never spoke that it never did, and taints a node that says it is not ready",
    () =>
      Effect.gen(function* () {
        const { http } = yield* KubeCluster
        const made = yield* http.create("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: "mute" } })
        assert.deepStrictEqual(taints(made), ["not-ready NoSchedule"])
        yield* http.waitUntil(
          "/api/v1/nodes/mute",
          Schema.Json,
          (node) => says(node) === "Unknown NodeStatusNeverUpdated"
        )
        const honest = yield* FakeKubelet.start(http, { name: "honest" })
        yield* honest.setReady("False", "Broken")
        yield* http.waitUntil(honest.path, Schema.Json, (node) => taints(node).includes("not-ready NoExecute"))
      }),
    patience
  )
})
