/**
 * What kube-controller-manager's node lifecycle controller does, as far as clients see it: nodes whose kubelet is silent turn
 * `Unknown`, and taints follow the conditions. Silence is measured by our own clock from when a sign of life was first seen.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as ControlPlane from "../kubernetes/ControlPlane.ts"
import * as Json from "./JsonValue.ts"
import { type KubeObject, nameOf, uidOf } from "./KubeObject.ts"
import * as NodeObject from "./NodeObject.ts"
import type { ObjectStore } from "./ObjectStore.ts"
import { leasesId, nodesId } from "./Registry.ts"

/** What a kubelet changes as long as it lives: its Lease, and the heartbeat of `Ready`. */
const signOfLife = (node: KubeObject, lease: KubeObject | undefined): string => {
  const ready = Json.listOf(Json.at(node, "status", "conditions")).find((one) => Json.textAt(one, "type") === "Ready")
  const heartbeat = Json.textAt(ready, "lastHeartbeatTime") ?? ""
  return `${uidOf(node)} ${Json.textAt(lease, "spec", "renewTime") ?? ""} ${heartbeat}`
}

interface Seen {
  readonly sign: string
  /** Monotonic, in milliseconds. */
  readonly at: number
}

/** Judges all nodes at every `monitorPeriod`, until interrupted. */
export const run = Effect.fn("NodeLifecycle.run")(function* (
  store: ObjectStore,
  { gracePeriod, monitorPeriod }: ControlPlane.NodeLifecycle
) {
  const grace = Duration.toMillis(Duration.fromInputUnsafe(gracePeriod))
  const seen = new Map<string, Seen>()

  const look = Effect.gen(function* () {
    const at = Number((yield* Clock.monotonicTimeNanos) / 1_000_000n)
    const now = DateTime.formatIso(yield* DateTime.now).replace(/\.\d+Z$/, "Z")
    for (const [key, node] of store.entries(nodesId)) {
      const sign = signOfLife(node, store.get(leasesId, `kube-node-lease/${nameOf(node)}`))
      const before = seen.get(key)
      if (before?.sign !== sign) seen.set(key, { sign, at })
      const silent = before?.sign === sign && at - before.at > grace
      const judged = NodeObject.tainted(silent ? NodeObject.unknown(node, now) : node, now)
      if (!Json.equal(judged, node)) store.commit(nodesId, key, judged)
    }
  })
  return yield* Effect.repeat(look, Schedule.spaced(monitorPeriod))
})
