/**
 * Nodes as the API server fills them in, and the taints that say what their conditions say.
 */
import { seconds } from "./GoDecoding.ts"
import * as Json from "./JsonValue.ts"
import type { KubeObject } from "./KubeObject.ts"

const nodeInfo = Object.fromEntries(
  [
    "machineID",
    "systemUUID",
    "bootID",
    "kernelVersion",
    "osImage",
    "containerRuntimeVersion",
    "kubeletVersion",
    "kubeProxyVersion",
    "operatingSystem",
    "architecture"
  ].map((key) => [key, ""])
)

const condition = (value: Json.Json): Json.JsonObject => {
  const object = Json.objectOf(value)
  const time = (key: string) => {
    const text = Json.textAt(object, key)
    return text === undefined ? null : seconds(text)
  }
  return { ...object, lastHeartbeatTime: time("lastHeartbeatTime"), lastTransitionTime: time("lastTransitionTime") }
}

/** With the fields that Go's types always have. */
export const shape = (node: KubeObject): KubeObject => {
  const status = Json.objectOf(node.status)
  return {
    spec: {},
    ...node,
    status: {
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
      ...status,
      ...(status.conditions === undefined ? {} : { conditions: Json.listOf(status.conditions).map(condition) }),
      nodeInfo: { ...nodeInfo, ...Json.objectOf(status.nodeInfo) }
    }
  }
}

const notReady = "node.kubernetes.io/not-ready"
const unreachable = "node.kubernetes.io/unreachable"
const unschedulable = "node.kubernetes.io/unschedulable"

const taintsOf = (node: KubeObject) => Json.listOf(Json.at(node, "spec", "taints"))

const withTaints = (node: KubeObject, taints: ReadonlyArray<Json.Json>): KubeObject => ({
  ...node,
  spec: Json.set(Json.objectOf(node.spec), { taints: taints.length === 0 ? undefined : [...taints] })
})

export const withNotReadyTaint = (node: KubeObject): KubeObject =>
  withTaints(node, [...taintsOf(node), { key: notReady, effect: "NoSchedule" }])

/** `Ready` of a node: `undefined` when nobody said it yet. */
const readyOf = (node: KubeObject): string | undefined =>
  Json.textAt(
    Json.listOf(Json.at(node, "status", "conditions")).find((one) => Json.textAt(one, "type") === "Ready"),
    "status"
  )

/** With the taints that the node lifecycle controller gives for what the node's `Ready` and `unschedulable` say. */
export const tainted = (node: KubeObject, now: string): KubeObject => {
  const ready = readyOf(node)
  const key = ready === "True" ? undefined : ready === "Unknown" ? unreachable : notReady
  const wanted = [
    ...(key === undefined
      ? []
      : [{ key, effect: "NoSchedule" }, ...(ready === undefined ? [] : [{ key, effect: "NoExecute" }])]),
    ...(Json.at(node, "spec", "unschedulable") === true ? [{ key: unschedulable, effect: "NoSchedule" }] : [])
  ]
  const found = taintsOf(node)
  const ours = (taint: Json.Json) => [notReady, unreachable, unschedulable].includes(Json.textAt(taint, "key") ?? "")
  const same = (taint: Json.Json, one: { readonly key: string; readonly effect: string }) =>
    Json.textAt(taint, "key") === one.key && Json.textAt(taint, "effect") === one.effect
  return withTaints(node, [
    ...found.filter((taint) => !ours(taint) || wanted.some((one) => same(taint, one))),
    ...wanted.filter((one) => !found.some((taint) => same(taint, one))).map((one) => ({ ...one, timeAdded: now }))
  ])
}

const silent = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]

/** All conditions of a kubelet turned Unknown, as for one that says nothing any more. */
export const unknown = (node: KubeObject, now: string): KubeObject => {
  const known = Json.listOf(Json.at(node, "status", "conditions"))
  const turned = known.map((one) => {
    const type = Json.textAt(one, "type") ?? ""
    if (!silent.includes(type) || Json.textAt(one, "status") === "Unknown") return one
    return {
      ...Json.objectOf(one),
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
      lastTransitionTime: now
    }
  })
  const missing = silent
    .filter((type) => !known.some((one) => Json.textAt(one, "type") === type))
    .map((type) => ({
      type,
      status: "Unknown",
      reason: "NodeStatusNeverUpdated",
      message: "Kubelet never posted node status.",
      lastHeartbeatTime: null,
      lastTransitionTime: now
    }))
  return { ...node, status: { ...Json.objectOf(node.status), conditions: [...turned, ...missing] } }
}
