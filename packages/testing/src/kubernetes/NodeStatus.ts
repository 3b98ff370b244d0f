/**
 * What a kubelet writes of its node, as the API's objects.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export type ConditionStatus = "True" | "False" | "Unknown"

/** The node's `Ready` condition as its kubelet holds it. */
export interface Ready {
  readonly status: ConditionStatus
  readonly reason: string
}

/** Who a kubelet is, and where its node is reached. */
export interface NodeSpec {
  readonly name: string
  /** `InternalIP`; none when absent. */
  readonly internalIp?: string | undefined
  /** `status.daemonEndpoints.kubeletEndpoint.Port`; none when absent. */
  readonly kubeletPort?: number | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

export const node = ({ name, labels = {}, annotations = {} }: NodeSpec): Schema.Json => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels }, annotations }
})

/** The pressures that a kubelet reports beside `Ready`; ours never has any. */
const pressures = [
  ["MemoryPressure", "KubeletHasSufficientMemory"],
  ["DiskPressure", "KubeletHasNoDiskPressure"],
  ["PIDPressure", "KubeletHasSufficientPID"]
] as const

/** A Node, read for its conditions only. */
export const NodeConditions = Schema.Struct({
  status: Schema.Struct({
    conditions: Schema.Array(
      Schema.Struct({ type: Schema.String, status: Schema.String, lastTransitionTime: Schema.DateTimeUtcFromString })
    ).pipe(Schema.withDecodingDefaultKey(Effect.succeed([])))
  })
})

/**
 * A patch of the status subresource: addresses, endpoint, and all conditions with `now` as their heartbeat. A condition
 * that says what `node` says already keeps its transition time, which others than the kubelet may have written.
 */
export const status = (
  spec: NodeSpec,
  ready: Ready,
  node: typeof NodeConditions.Type,
  now: DateTime.Utc
): Schema.Json => {
  const condition = (type: string, status: ConditionStatus, reason: string) => {
    const known = node.status.conditions.find((one) => one.type === type)
    return {
      type,
      status,
      reason,
      message: `kubelet of ${spec.name}`,
      lastHeartbeatTime: DateTime.formatIso(now),
      lastTransitionTime: DateTime.formatIso(known?.status === status ? known.lastTransitionTime : now)
    }
  }
  return {
    status: {
      addresses: [
        ...(spec.internalIp === undefined ? [] : [{ type: "InternalIP", address: spec.internalIp }]),
        { type: "Hostname", address: spec.name }
      ],
      ...(spec.kubeletPort === undefined ? {} : { daemonEndpoints: { kubeletEndpoint: { Port: spec.kubeletPort } } }),
      conditions: [
        ...pressures.map(([type, reason]) => condition(type, "False", reason)),
        condition("Ready", ready.status, ready.reason)
      ]
    }
  }
}

/** How long a kubelet's Lease says it is good for. Nobody takes it; who reads it judges by `renewTime`. */
const leaseDurationSeconds = 40

/** The node's Lease in `kube-node-lease`, renewed `now`. A renewal changes nothing but the time. */
export const lease = (name: string, now: DateTime.Utc): Schema.Json => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name, namespace: "kube-node-lease" },
  // Kubernetes' MicroTime wants exactly six digits.
  spec: { holderIdentity: name, leaseDurationSeconds, renewTime: DateTime.formatIso(now).replace("Z", "000Z") }
})
