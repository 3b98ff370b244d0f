/**
 * From a Pod to the container that a kubelet would start for it.
 */
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Container from "@netcup-failover/testing/stage/Container"
import * as ImageEntry from "@netcup-failover/testing/stage/ImageEntry"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { at } from "../helm/Rendered.ts"
import type { Pod } from "./Pod.ts"
import * as Pods from "./Pod.ts"

/** A kubelet would leave this Pod waiting, for this reason. */
export class CannotRun extends Schema.TaggedError<CannotRun>()("CannotRun", { message: Schema.String }) {}

const Kubernetes = Schema.Struct({
  spec: Schema.Struct({ clusterIP: Schema.String, ports: Schema.NonEmptyArray(Schema.Struct({ port: Schema.Int })) })
})
const Token = Schema.Struct({ status: Schema.Struct({ token: Schema.String }) })
const Secret = Schema.Struct({ data: Schema.Record(Schema.String, Schema.StringFromBase64) })
const ConfigMap = Schema.Struct({ data: Schema.Record(Schema.String, Schema.String) })
const Slices = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({
      metadata: Schema.Struct({ namespace: Schema.String, labels: Schema.Record(Schema.String, Schema.String) }),
      endpoints: Schema.NullOr(Schema.Array(Schema.Struct({ addresses: Schema.Array(Schema.String) })))
    })
  )
})

const field = Effect.fnUntraced(function* (pod: Pod, fieldPath: string) {
  const value = at(pod, ...fieldPath.split("."))
  return typeof value === "string" ? value : yield* new CannotRun({ message: `the Pod has no ${fieldPath}` })
})

const key = (data: Readonly<Record<string, string>>, name: string) =>
  Effect.fromNullishOr(data[name]).pipe(Effect.mapError(() => new CannotRun({ message: `no key ${name}` })))

const environment = Effect.fnUntraced(function* (pod: Pod) {
  const { http } = yield* KubeCluster
  const variables: Record<string, string> = {}
  for (const { name, value = "", valueFrom } of pod.spec.containers[0].env) {
    if (valueFrom === undefined) variables[name] = value
    else if ("fieldRef" in valueFrom) variables[name] = yield* field(pod, valueFrom.fieldRef.fieldPath)
    else {
      const { key: one, name: secret } = valueFrom.secretKeyRef
      const { data } = yield* http.get(`/api/v1/namespaces/${pod.metadata.namespace}/secrets/${secret}`, Secret)
      variables[name] = yield* key(data, one)
    }
  }
  return variables
})

/** A token that is good for this Pod, and as long as it is there. */
const token = Effect.fnUntraced(function* ({ metadata, spec }: Pod, expirationSeconds: number) {
  const { http } = yield* KubeCluster
  const account = `/api/v1/namespaces/${metadata.namespace}/serviceaccounts/${spec.serviceAccountName}`
  const answer = yield* http.create(`${account}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: {
      expirationSeconds,
      boundObjectRef: { apiVersion: "v1", kind: "Pod", name: metadata.name, uid: metadata.uid }
    }
  })
  return (yield* Schema.decodeUnknownEffect(Token)(answer)).status.token
})

const mounted = Effect.fnUntraced(function* (pod: Pod) {
  const { http } = yield* KubeCluster
  const files: Record<string, string> = {}
  for (const { mountPath, name } of pod.spec.containers[0].volumeMounts) {
    for (const source of pod.spec.volumes.find((volume) => volume.name === name)?.projected.sources ?? []) {
      if ("serviceAccountToken" in source) {
        const { expirationSeconds, path } = source.serviceAccountToken
        files[`${mountPath}/${path}`] = yield* token(pod, expirationSeconds)
      } else if ("configMap" in source) {
        const { items, name: map } = source.configMap
        const { data } = yield* http.get(`/api/v1/namespaces/${pod.metadata.namespace}/configmaps/${map}`, ConfigMap)
        for (const { key: one, path } of items) files[`${mountPath}/${path}`] = yield* key(data, one)
      } else {
        for (const { fieldRef, path } of source.downwardAPI.items) {
          files[`${mountPath}/${path}`] = yield* field(pod, fieldRef.fieldPath)
        }
      }
    }
  }
  return files
})

/** Headless Services as DNS has them now. */
const hosts = Effect.gen(function* () {
  const { http } = yield* KubeCluster
  const { items } = yield* http.get("/apis/discovery.k8s.io/v1/endpointslices", Slices)
  return items.flatMap(({ endpoints, metadata: { labels, namespace } }) =>
    (endpoints ?? []).flatMap(({ addresses }) =>
      addresses.map((address) => ({
        address,
        line: `${address} ${labels["kubernetes.io/service-name"]}.${namespace}.svc`
      }))
    )
  )
})

/** What runs on the same cluster, by its Pod's address. */
export type Neighbours = ReadonlyMap<string, { readonly pod: Pod; readonly container: Container.Container }>

/** @param internet ports of our loopback that stand for the rest of the world */
export const options = Effect.fn("PodContainer.options")(function* (
  pod: Pod,
  neighbours: Neighbours,
  internet: ReadonlyArray<number>
) {
  const cluster = yield* KubeCluster
  const image = yield* ImageEntry.read
  const { containers, securityContext: ofPod } = pod.spec
  const [{ args, command, ports, securityContext: ofContainer = {} }] = containers
  const user = {
    uid: ofContainer.runAsUser ?? ofPod.runAsUser ?? image.user.uid,
    gid: ofContainer.runAsGroup ?? ofPod.runAsGroup ?? image.user.gid
  }
  if (ofPod.runAsNonRoot === true && user.uid === 0) return yield* new CannotRun({ message: "it would run as root" })

  const { spec: kubernetes } = yield* cluster.http.get("/api/v1/namespaces/default/services/kubernetes", Kubernetes)
  const [{ port }] = kubernetes.ports
  const { server } = yield* cluster.accessFor({ user: "nobody", groups: [] })
  const named = yield* hosts
  // What leads to neighbours listens in the Pod's own network: where the Pod listens itself, on all addresses, they are out of reach.
  const own = ports.map(({ containerPort }) => containerPort)
  const reachable = [...new Set(named.map(({ address }) => address))].flatMap((address) => {
    const neighbour = neighbours.get(address)
    return neighbour === undefined
      ? []
      : neighbour.pod.spec.containers[0].ports
          .filter(({ containerPort }) => !own.includes(containerPort))
          .map(({ containerPort: port }) => ({ host: address, port, to: neighbour.container.socket(port) }))
  })
  const built: Container.Options = {
    command,
    args,
    user,
    writable: ofContainer.readOnlyRootFilesystem !== true,
    routes: [
      { host: kubernetes.clusterIP, port, to: Number(new URL(server).port) },
      ...Container.sameAs(internet),
      ...reachable
    ],
    listens: own,
    files: {
      "/etc/hosts": ["127.0.0.1 localhost", ...named.map(({ line }) => line), ""].join("\n"),
      "/etc/host.conf": "multi on\n",
      "/etc/nsswitch.conf": "hosts: files\n",
      ...(yield* mounted(pod))
    },
    environment: {
      KUBERNETES_SERVICE_HOST: kubernetes.clusterIP,
      KUBERNETES_SERVICE_PORT: `${port}`,
      ...(yield* environment(pod))
    }
  }
  return built
})

/** Whether a port of the Pod answers a probe of its template; a probe that is not there always does. */
export const answers = (pod: Pod, container: Container.Container, probe: Pods.Probe | undefined) => {
  if (probe === undefined) return Effect.succeed(true)
  const port = Pods.portOf(pod, probe.httpGet.port)
  if (port === undefined) return Effect.succeed(false)
  return container.get(port, probe.httpGet.path).pipe(
    Effect.map(({ status }) => status >= 200 && status < 400),
    Effect.orElseSucceed(() => false)
  )
}
