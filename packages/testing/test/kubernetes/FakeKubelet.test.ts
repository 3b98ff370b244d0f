import { assert, describe, layer } from "@effect/vitest"
import { type FakeKubelet, start } from "@netcup-failover/testing/kubernetes/FakeKubelet"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const kube = await Effect.runPromise(KubeBinaries.forTests)
const patience = 120_000
const within = "60 seconds"

const Node = Schema.Struct({
  metadata: Schema.Struct({
    uid: Schema.String,
    labels: Schema.Record(Schema.String, Schema.String),
    annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
  }),
  spec: Schema.Struct({ taints: Schema.optionalKey(Schema.Array(Schema.Struct({ key: Schema.String }))) }),
  status: Schema.Struct({
    addresses: Schema.Array(Schema.Struct({ type: Schema.String, address: Schema.String })),
    daemonEndpoints: Schema.Struct({ kubeletEndpoint: Schema.Struct({ Port: Schema.Int }) }),
    conditions: Schema.Array(
      Schema.Struct({
        type: Schema.String,
        status: Schema.String,
        reason: Schema.String,
        lastHeartbeatTime: Schema.String,
        lastTransitionTime: Schema.String
      })
    )
  })
})
const Lease = Schema.Struct({
  spec: Schema.Struct({ holderIdentity: Schema.String, renewTime: Schema.String, leaseDurationSeconds: Schema.Int })
})

const readyOf = (node: typeof Node.Type) => node.status.conditions.find(({ type }) => type === "Ready")
const says =
  (status: string, reason?: string) =>
  (node: typeof Node.Type): boolean =>
    readyOf(node)?.status === status && (reason === undefined || readyOf(node)?.reason === reason)
const leasePath = (name: string) => `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`

const kubelet = Effect.fnUntraced(function* (name: string) {
  const { http } = yield* KubeCluster
  return yield* start(http, { name, internalIp: "127.0.1.1", kubeletPort: 40_250, labels: { zone: "a" } })
})

/** Passes when the node shows another heartbeat than it did: the kubelet surely wrote since. */
const beatsAgain = Effect.fnUntraced(function* ({ path }: FakeKubelet) {
  const { http } = yield* KubeCluster
  const before = readyOf(yield* http.get(path, Node))?.lastHeartbeatTime
  return yield* http.waitUntil(path, Node, (node) => readyOf(node)?.lastHeartbeatTime !== before, within)
})

const cluster = KubeCluster.layer({ nodeLifecycle: { gracePeriod: "4 seconds", monitorPeriod: "500 millis" } })

describe.skipIf(kube.skip)(`FakeKubelet${kube.note}`, () => {
  layer(cluster, { excludeTestServices: true, timeout: patience })("beside the node lifecycle controller", (it) => {
    it.effect(
      "shows its node Ready to kubectl, with address, port and labels, free of taints",
      () =>
        Effect.gen(function* () {
          const { http, kubectl } = yield* KubeCluster
          const { path } = yield* kubelet("alpha")
          assert.match(yield* kubectl(["get", "nodes"]), /^alpha\s+Ready\s/m)
          const node = yield* http.waitUntil(path, Node, ({ spec }) => (spec.taints ?? []).length === 0, within)
          assert.deepInclude(node.status.addresses, { type: "InternalIP", address: "127.0.1.1" })
          assert.strictEqual(node.status.daemonEndpoints.kubeletEndpoint.Port, 40_250)
          assert.strictEqual(node.metadata.labels.zone, "a")
        }),
      patience
    )

    it.effect(
      "renews its Lease and posts heartbeats without changing what it says",
      () =>
        Effect.gen(function* () {
          const { http } = yield* KubeCluster
          const beta = yield* kubelet("beta")
          const first = yield* http.get(leasePath("beta"), Lease)
          assert.strictEqual(first.spec.holderIdentity, "beta")
          const second = yield* http.waitUntil(
            leasePath("beta"),
            Lease,
            ({ spec }) => spec.renewTime !== first.spec.renewTime,
            within
          )
          assert.isAbove(Date.parse(second.spec.renewTime), Date.parse(first.spec.renewTime))
          const before = readyOf(yield* http.get(beta.path, Node))
          const after = readyOf(yield* beatsAgain(beta))
          assert.strictEqual(after?.lastTransitionTime, before?.lastTransitionTime)
        }),
      patience
    )

    it.effect(
      "turns Unknown when paused, while another node stays Ready, and Ready again when resumed",
      () =>
        Effect.gen(function* () {
          const { http } = yield* KubeCluster
          const dying = yield* kubelet("dying")
          const living = yield* kubelet("living")
          yield* dying.pause
          const frozen = yield* http.get(leasePath("dying"), Lease)
          const dead = yield* http.waitUntil(dying.path, Node, says("Unknown", "NodeStatusUnknown"), within)
          assert.deepStrictEqual(yield* http.get(leasePath("dying"), Lease), frozen)
          assert.isTrue(says("True")(yield* http.get(living.path, Node)))
          yield* http.waitUntil(
            dying.path,
            Node,
            ({ spec }) => (spec.taints ?? []).some(({ key }) => key === "node.kubernetes.io/unreachable"),
            within
          )
          yield* dying.resume
          const back = yield* http.waitUntil(dying.path, Node, says("True", "KubeletReady"), within)
          assert.isAtLeast(
            Date.parse(readyOf(back)?.lastTransitionTime ?? ""),
            Date.parse(readyOf(dead)?.lastTransitionTime ?? "")
          )
          yield* http.waitUntil(dying.path, Node, ({ spec }) => (spec.taints ?? []).length === 0, within)
        }),
      patience
    )

    it.effect(
      "says what it is told to say, and its later heartbeats keep saying it",
      () =>
        Effect.gen(function* () {
          const { http } = yield* KubeCluster
          const honest = yield* kubelet("honest")
          yield* honest.setReady("False", "ContainerRuntimeDown")
          assert.isTrue(says("False", "ContainerRuntimeDown")(yield* http.get(honest.path, Node)))
          assert.isTrue(says("False", "ContainerRuntimeDown")(yield* beatsAgain(honest)))
        }),
      patience
    )

    it.effect(
      "may have its condition written by hand while it is paused",
      () =>
        Effect.gen(function* () {
          const { http } = yield* KubeCluster
          const puppet = yield* kubelet("puppet")
          yield* puppet.pause
          yield* puppet.setReady("Unknown", "ByHand")
          assert.isTrue(says("Unknown", "ByHand")(yield* http.get(puppet.path, Node)))
        }),
      patience
    )

    it.effect(
      "changes and removes labels and annotations, which its heartbeats leave alone",
      () =>
        Effect.gen(function* () {
          const { http } = yield* KubeCluster
          const labelled = yield* kubelet("labelled")
          yield* labelled.setLabels({ zone: null, role: "edge" })
          yield* labelled.annotate({ "netcup.digilol.net/server-name": "v1" })
          const { metadata } = yield* beatsAgain(labelled)
          assert.isUndefined(metadata.labels.zone)
          assert.strictEqual(metadata.labels.role, "edge")
          assert.strictEqual(metadata.annotations?.["netcup.digilol.net/server-name"], "v1")
          yield* labelled.annotate({ "netcup.digilol.net/server-name": null })
          const bare = yield* http.get(labelled.path, Node)
          assert.isUndefined(bare.metadata.annotations?.["netcup.digilol.net/server-name"])
        }),
      patience
    )

    it.effect(
      "takes Node and Lease with it when deleted, and is another Node when it comes back",
      () =>
        Effect.gen(function* () {
          const { http } = yield* KubeCluster
          const leaving = yield* kubelet("leaving")
          const old = yield* http.get(leaving.path, Node)
          yield* leaving.delete
          assert.deepInclude(yield* Effect.flip(http.get(leaving.path)), { status: 404 })
          assert.deepInclude(yield* Effect.flip(http.get(leasePath("leaving"))), { status: 404 })
          yield* leaving.delete
          yield* leaving.resume
          const back = yield* http.waitUntil(leaving.path, Node, says("True"), within)
          assert.notStrictEqual(back.metadata.uid, old.metadata.uid)
        }),
      patience
    )

    it.effect(
      "goes on by itself after the API server was away",
      () =>
        Effect.gen(function* () {
          const { startApiServer, stopApiServer } = yield* KubeCluster
          const patient = yield* kubelet("patient")
          yield* stopApiServer
          yield* Effect.sleep("2500 millis")
          yield* startApiServer
          yield* beatsAgain(patient)
        }),
      patience
    )
  })
})
