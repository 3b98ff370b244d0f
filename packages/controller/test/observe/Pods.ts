/**
 * A Kubernetes API that has Pods and nothing else: it lists what a test puts there, by what was selected, and says at a watch what changes.
 */
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

export interface PodSketch {
  readonly name: string
  readonly node: string
  readonly ready?: boolean
  readonly deleting?: boolean
  readonly owner?: string
  readonly phase?: string
  readonly disruption?: string
}

export const podJson = ({ name, node, ready = true, deleting = false, owner = "ReplicaSet", ...rest }: PodSketch) => ({
  metadata: {
    name,
    namespace: "apps",
    uid: name,
    resourceVersion: "1",
    ownerReferences: [{ kind: owner, name: "owner", controller: true }],
    ...(deleting ? { deletionTimestamp: "2026-11-22T12:00:00Z" } : {})
  },
  spec: { nodeName: node },
  status: {
    phase: rest.phase ?? "Running",
    conditions: [
      { type: "Ready", status: ready ? "True" : "False" },
      ...(rest.disruption === undefined ? [] : [{ type: "DisruptionTarget", status: "True", reason: rest.disruption }])
    ]
  }
})

/** @param listed what a list of that selection gives; `forbidden`: no right to it */
export const make = (listed: (selection: string) => ReadonlyArray<PodSketch> | "forbidden") => {
  const lists: Array<string> = []
  const open = new Map<string, Queue.Queue<string>>()
  const keyOf = (path: string, query: Readonly<Record<string, string | undefined>>) =>
    [path, query.labelSelector, query.fieldSelector].filter((part) => part !== undefined).join(" ")

  const layer = Layer.succeed(
    KubeClient,
    KubeClient.of({
      namespace: undefined,
      silences: Stream.empty,
      doubt: Effect.void,
      answeredAt: Effect.sync(() => undefined),
      lines: Effect.fnUntraced(function* (path, query) {
        const queue = yield* Queue.unbounded<string>()
        const key = keyOf(path, query)
        open.set(key, queue)
        yield* Effect.addFinalizer(() => Effect.sync(() => open.delete(key)))
        return Stream.fromQueue(queue)
      }),
      request: ({ method, path, query = {}, schema }) => {
        const key = keyOf(path, query)
        lists.push(key)
        const pods = listed(key)
        if (pods === "forbidden") {
          const reason = new KubeErrors.Forbidden({ message: "pods is forbidden" })
          return Effect.fail(new KubeErrors.KubeError({ request: `${method} ${path}`, reason }))
        }
        const page = { metadata: { resourceVersion: "1" }, items: pods.map(podJson) }
        return Effect.orDie(Effect.fromResult(Result.mapError(Schema.decodeUnknownResult(schema)(page), String)))
      }
    })
  )
  return {
    layer,
    /** What was listed, in order. */
    lists,
    /** The selections that are watched now. */
    watched: () => [...open.keys()].sort(),
    /** Tells of a Pod at the watch of a selection. */
    tell: (selection: string, type: "ADDED" | "MODIFIED" | "DELETED", pod: PodSketch) =>
      Effect.suspend(() => {
        const queue = open.get(selection)
        const object = { apiVersion: "v1", kind: "Pod", ...podJson(pod) }
        return queue === undefined
          ? Effect.die(`nobody watches ${selection}`)
          : Effect.asVoid(Queue.offer(queue, JSON.stringify({ type, object })))
      })
  }
}
