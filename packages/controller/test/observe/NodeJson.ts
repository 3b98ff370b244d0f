/**
 * A Node as an API server gives it, with all that changes while nothing happens.
 */

export interface NodeParts {
  readonly name?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ready?: "True" | "False" | "Unknown"
  readonly deletionTimestamp?: string
  readonly unschedulable?: boolean
  readonly addresses?: ReadonlyArray<{ readonly type: string; readonly address: string }>
  readonly providerID?: string
  readonly taints?: ReadonlyArray<string>
  /** Conditions that are True. */
  readonly pressures?: ReadonlyArray<string>
  /** When `Ready` changed last. */
  readonly readySince?: string
  readonly kubeletPort?: number
  /** Stands for the moment: heartbeats, images, leases of IPs, whatever moves by itself. */
  readonly moment?: number
}

export const nodeJson = ({
  name = "node-1",
  labels = { "kubernetes.io/hostname": "node-1", "node-role.kubernetes.io/control-plane": "" },
  annotations = { "netcup.digilol.net/server-name": "v1" },
  ready = "True",
  deletionTimestamp,
  unschedulable,
  taints = ["x"],
  addresses = [{ type: "InternalIP", address: "203.0.113.11" }],
  providerID = "netcup://v1",
  pressures = [],
  readySince = "2026-11-20T07:00:00Z",
  kubeletPort = 10_250,
  moment = 0
}: NodeParts = {}): unknown => {
  const at = new Date(Date.UTC(2026, 10, 22, 12, 0, moment)).toISOString()
  const pressure = (type: string) => condition(type, pressures.includes(type) ? "True" : "False")
  const condition = (type: string, status: string, lastTransitionTime = "2026-11-20T07:00:00Z") => ({
    type,
    status,
    lastHeartbeatTime: at,
    lastTransitionTime,
    reason: `Kubelet${type}`,
    message: `seen ${moment}`
  })
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      uid: "8c7a7a0e-6d0c-4b27-9f1c-3b6f0c1f9d11",
      resourceVersion: "41",
      generation: 1,
      creationTimestamp: "2026-11-20T07:00:00Z",
      labels,
      annotations: {
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
        "csi.volume.kubernetes.io/nodeid": `{"driver":"${moment}"}`,
        ...annotations
      },
      finalizers: ["example.org/hold"],
      managedFields: [{ manager: "kubelet", operation: "Update", apiVersion: "v1", time: at, fieldsV1: { moment } }],
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp })
    },
    spec: {
      podCIDR: "10.42.0.0/24",
      providerID,
      taints: taints.map((key) => ({ key, effect: "NoSchedule" })),
      ...(unschedulable === undefined ? {} : { unschedulable })
    },
    status: {
      capacity: { cpu: "4", memory: `${8_000_000 + moment}Ki` },
      allocatable: { cpu: "4" },
      conditions: [
        pressure("MemoryPressure"),
        pressure("DiskPressure"),
        pressure("PIDPressure"),
        pressure("NetworkUnavailable"),
        condition("Ready", ready, readySince)
      ],
      addresses,
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      nodeInfo: { kernelVersion: "6.12.0", kubeletVersion: "v1.36.3", bootID: `${moment}` },
      images: [{ names: [`registry.example/image:${moment}`], sizeBytes: 1_000 + moment }]
    }
  }
}
