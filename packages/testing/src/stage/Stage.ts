/**
 * What a scenario plays on: a real Kubernetes API with the CRD, fake nodes, netcup's simulator, and controllers as processes.
 * Everything that a scenario puts into the cluster is gone when its scope ends, so that the next one can use the same cluster.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { serverNameAnnotation } from "@netcup-failover/core/Candidate"
import { crd } from "@netcup-failover/core/Crd"
import { group as apiGroup, kind, plural, Status, version } from "@netcup-failover/core/FailoverIpResource"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as FakeKubelet from "../kubernetes/FakeKubelet.ts"
import { KubeCluster } from "../kubernetes/KubeCluster.ts"
import * as ControllerProcess from "./ControllerProcess.ts"
import * as Manifests from "./Manifests.ts"
import * as NetcupStage from "./NetcupStage.ts"

const Established = Schema.Struct({
  status: Schema.Struct({ conditions: Schema.Array(Schema.Struct({ type: Schema.String, status: Schema.String })) })
})
export const groupsPath = `/apis/${apiGroup}/${version}/${plural}`

export const namespace = "netcup-system"
/** Where the controllers keep rotated tokens. */
export const tokensPath = `/api/v1/namespaces/${namespace}/secrets/netcup-failover-tokens`
/** Where the Lease of the controllers is in the API. */
export const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/netcup-failover-controller.digilol.net`

/** Where the CRD is in the API. */
export const crdPath = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${apiGroup}`

/** Who the controllers are: they may do what the shipped roles grant, and nothing else. */
export const serviceAccount = { namespace, name: "netcup-failover-controller" }

const pathOf = ({ apiVersion, kind, metadata }: Manifests.Manifest): string => {
  const inNamespace = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`
  return `${apiVersion === "v1" ? "/api" : "/apis"}/${apiVersion}${inNamespace}/${kind.toLowerCase()}s/${metadata.name}`
}

/** Installs what an operator installs once: CRD, namespace and rights. */
export const install = Effect.fn("Stage.install")(function* (definition: Schema.Json = crd()) {
  const { http, enforcesRoles } = yield* KubeCluster
  yield* http.apply(crdPath, definition)
  yield* http.waitUntil(crdPath, Established, ({ status }) =>
    status.conditions.some(({ type, status }) => type === "Established" && status === "True")
  )
  yield* http.apply(`/api/v1/namespaces/${namespace}`, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace }
  })
  if (enforcesRoles)
    yield* Effect.forEach(yield* Manifests.read("rbac"), (manifest) => http.apply(pathOf(manifest), manifest))
})

export interface NodeOptions {
  /** The netcup server that the annotation names; none: no annotation. */
  readonly server?: string | undefined
  readonly labels?: Readonly<Record<string, string>>
  /** Where its kubelet listens; absent: it does not say. */
  readonly port?: { readonly host: string; readonly port: number } | undefined
  readonly beats?: FakeKubelet.Beats
  /** Its `InternalIP`; absent: where its kubelet listens. */
  readonly internalIp?: string | undefined
}

export interface GroupOptions {
  readonly ips: ReadonlyArray<string>
  readonly nodeSelector?: Schema.Json | undefined
  readonly priority?: number | undefined
  /** Further fields of the spec. */
  readonly wishes?: Schema.JsonObject
  /** The Secret's name; `netcup` when absent. */
  readonly secret?: string | undefined
}

/** A group as the API server has it. */
export const GroupObject = Schema.Struct({
  metadata: Schema.Struct({
    name: Schema.String,
    generation: Schema.Int,
    resourceVersion: Schema.String,
    creationTimestamp: Schema.String
  }),
  status: Schema.optionalKey(Status)
})
export type GroupObject = typeof GroupObject.Type

/** The `Routed` condition of a group, if it has one. */
export const routed = ({ status }: GroupObject) => status?.conditions?.find(({ type }) => type === "Routed")

export const make = Effect.fn("Stage.make")(function* (options: NetcupStage.NetcupOptions = {}) {
  const cluster = yield* KubeCluster
  const { http } = cluster
  const netcup = yield* NetcupStage.make(options)
  const kubeconfig = yield* cluster.kubeconfigFor({ serviceAccount })
  const gone = (path: string) => Effect.addFinalizer(() => Effect.ignore(http.delete(path)))

  // A controller that was killed leaves its Lease behind, and every one its ledgers and tokens.
  yield* gone(leasePath)
  yield* gone(`/api/v1/namespaces/${namespace}/configmaps`)
  yield* gone(tokensPath)

  const secretPath = (name: string) => `/api/v1/namespaces/${namespace}/secrets/${name}`
  const groupPath = (name: string) => `${groupsPath}/${name}`

  /** Creates or replaces a Secret in {@link namespace}, as `kubectl apply` with `stringData` does. */
  const putSecret = Effect.fn("Stage.putSecret")(function* (
    name: string,
    stringData: Readonly<Record<string, string>>
  ) {
    yield* gone(secretPath(name))
    yield* http.apply(secretPath(name), {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace },
      stringData
    })
  })

  return {
    cluster,
    ...netcup,
    /** A node that is ready and heartbeats. */
    addNode: Effect.fn("Stage.addNode")(function* (
      name: string,
      { server, labels = {}, port, beats = {}, internalIp = port?.host }: NodeOptions = {}
    ) {
      yield* gone(`/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`)
      yield* gone(`/api/v1/nodes/${name}`)
      const annotations = server === undefined ? {} : { [serverNameAnnotation]: server }
      const where = { internalIp, kubeletPort: port?.port }
      return yield* FakeKubelet.start(http, { name, labels, annotations, ...where, ...beats })
    }),
    putSecret,
    /** A Secret with the credentials of an account, for the API of this stage. */
    putCredentials: Effect.fn("Stage.putCredentials")(function* (name: string, loginName: string) {
      yield* putSecret(name, yield* netcup.credentials(loginName))
    }),
    deleteSecret: (name: string) => http.delete(secretPath(name)),
    putGroup: Effect.fn("Stage.putGroup")(function* (
      name: string,
      { ips, nodeSelector, priority, wishes = {}, secret = "netcup" }: GroupOptions
    ) {
      yield* gone(groupPath(name))
      yield* http.create(groupsPath, {
        apiVersion: `${apiGroup}/${version}`,
        kind,
        metadata: { name },
        spec: {
          ips: [...ips],
          credentialsSecret: { name: secret, namespace },
          ...(nodeSelector === undefined ? {} : { nodeSelector }),
          ...(priority === undefined ? {} : { priority }),
          ...wishes
        }
      })
    }),
    patchGroup: (name: string, patch: Schema.Json) => http.patch(groupPath(name), patch),
    /** Where a group is in the API. */
    groupPath,
    deleteGroup: (name: string) => http.delete(groupPath(name)),
    group: (name: string) => http.get(groupPath(name), GroupObject),
    /** Waits until the group is as described. */
    groupUntil: (name: string, predicate: (group: GroupObject) => boolean, within?: Duration.Input) =>
      http.waitUntil(groupPath(name), GroupObject, predicate, within),
    /** Waits until the group is routed: all of it, as far as the newest spec says. Gives its node. */
    routedNode: (name: string) =>
      http
        .waitUntil(groupPath(name), GroupObject, (group) => {
          const condition = routed(group)
          return condition?.status === "True" && condition.observedGeneration === group.metadata.generation
        })
        .pipe(Effect.map(({ status }) => status?.currentNode ?? "")),
    /** A controller with the simulator as its netcup. Leases and recovery are short, so that no scenario waits for them. */
    startController: (environment: ControllerProcess.Environment = {}) =>
      ControllerProcess.start({
        KUBECONFIG: kubeconfig,
        ...netcup.environment,
        POD_NAMESPACE: namespace,
        LEASE_DURATION: "3s",
        LEASE_RENEW_DEADLINE: "2s",
        LEASE_RETRY_PERIOD: "300ms",
        DETECTION_RECOVERED_AFTER: "1s",
        ...environment
      }).pipe(Effect.provide(NodeServices.layer))
  }
})
