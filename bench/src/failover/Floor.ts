/**
 * What of a failover is the control plane's alone, by a client that decides nothing: it hears of a node by a watch, and writes a
 * ConfigMap, as whoever writes down a move before it makes it has to.
 */
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

const node = "/api/v1/nodes/floor"
const configMap = "/api/v1/namespaces/default/configmaps/floor"

/** For each of so many changes of a node the ms from sending it to the answer of the write that it led to. */
export const measure = Effect.fn("Floor.measure")(function* (count: number) {
  const { http, kubeconfig } = yield* KubeCluster
  yield* http.apply(node, { apiVersion: "v1", kind: "Node", metadata: { name: "floor" } })
  yield* http.apply(configMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "floor" } })
  return yield* Effect.gen(function* () {
    const client = yield* KubeClient
    const watch = { watch: "true", fieldSelector: "metadata.name=floor" }
    const lines = yield* client.lines("/api/v1/nodes", watch, Duration.minutes(1))
    const heard = yield* Queue.unbounded<string>()
    yield* Effect.forkScoped(Stream.runForEach(lines, (line) => Queue.offer(heard, line)))
    // What is there already.
    yield* Queue.take(heard)
    const took: Array<number> = []
    for (let n = 0; n < count; n++) {
      const began = yield* Clock.currentTimeMillis
      const status = { conditions: [{ type: "Ready", status: n % 2 === 0 ? "False" : "True" }] }
      yield* Effect.forkScoped(http.strategicPatch(`${node}/status`, { status }))
      yield* Queue.take(heard)
      yield* http.patch(configMap, { data: { move: `${n}` } })
      took.push((yield* Clock.currentTimeMillis) - began)
      yield* Effect.sleep("50 millis")
    }
    return took
  }).pipe(Effect.scoped, Effect.provide(KubeClient.layer({ kubeconfig })))
})
