import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it, layer } from "@effect/vitest"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import * as KubeCluster from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as KubeHttp from "@netcup-failover/testing/kubernetes/KubeHttp"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { gone, isAlive } from "./ProcessGroup.ts"

const kube = await Effect.runPromise(KubeBinaries.forTests)
const minutes = (n: number) => n * 60_000

const configMap = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { kept: "yes" } })
const configMaps = "/api/v1/namespaces/default/configmaps"
const Data = Schema.Struct({ data: Schema.Struct({ kept: Schema.String }) })

const WhoAmI = Schema.fromJsonString(
  Schema.Struct({
    status: Schema.Struct({
      userInfo: Schema.Struct({ username: Schema.String, groups: Schema.Array(Schema.String) })
    })
  })
)

describe.skipIf(kube.skip)(`KubeCluster${kube.note}`, () => {
  layer(KubeCluster.KubeCluster.layer(), { excludeTestServices: true, timeout: minutes(2) })(
    "a running cluster",
    (it) => {
      it.effect(
        "takes manifests from kubectl and shows them to its own client",
        () =>
          Effect.gen(function* () {
            const { http, kubectl } = yield* KubeCluster.KubeCluster
            yield* kubectl(["apply", "-f", "-"], JSON.stringify(configMap("by-kubectl")))
            const { data } = yield* http.get(`${configMaps}/by-kubectl`, Data)
            assert.deepStrictEqual(data, { kept: "yes" })
          }),
        minutes(2)
      )

      it.effect(
        "fails with what kubectl wrote to stderr",
        () =>
          Effect.gen(function* () {
            const { kubectl } = yield* KubeCluster.KubeCluster
            const failure = yield* Effect.flip(kubectl(["get", "configmap", "missing"]))
            assert.strictEqual(failure._tag, "KubectlFailed")
            assert.include(failure.message, `configmaps "missing" not found`)
          }),
        minutes(2)
      )

      it.effect(
        "reports the API's own reason for a refusal",
        () =>
          Effect.gen(function* () {
            const { http } = yield* KubeCluster.KubeCluster
            yield* http.create(configMaps, configMap("twice"))
            const again = yield* Effect.flip(http.create(configMaps, configMap("twice")))
            assert.deepInclude(again, { status: 409, reason: "AlreadyExists" })
            const missing = yield* Effect.flip(http.get(`${configMaps}/missing`))
            assert.deepInclude(missing, { status: 404, reason: "NotFound" })
          }),
        minutes(2)
      )

      it.effect(
        "says the last answer when what it waits for does not come",
        () =>
          Effect.gen(function* () {
            const { http } = yield* KubeCluster.KubeCluster
            const absent = yield* Effect.flip(http.waitUntil(`${configMaps}/absent`, Data, () => true, "300 millis"))
            assert.instanceOf(absent, KubeHttp.KubeWaitTimeout)
            assert.include(absent.message, "not found")
            yield* http.create(configMaps, configMap("other"))
            const other = yield* Effect.flip(
              http.waitUntil(`${configMaps}/other`, Data, ({ data }) => data.kept === "no", "300 millis")
            )
            assert.include(other.message, `{"data":{"kept":"yes"}}`)
          }),
        minutes(2)
      )

      it.effect(
        "lets a minted user do nothing until a role is bound to one of its groups",
        () =>
          Effect.gen(function* () {
            const { accessFor, kubectl, kubeconfigFor } = yield* KubeCluster.KubeCluster
            const client = { user: "jane", groups: ["readers", "others"] }
            const jane = yield* KubeHttp.make(yield* accessFor(client))
            assert.deepInclude(yield* Effect.flip(jane.get(configMaps)), { status: 403, reason: "Forbidden" })
            yield* kubectl(["create", "clusterrole", "reader", "--verb=list", "--resource=configmaps"])
            yield* kubectl(["create", "clusterrolebinding", "readers", "--clusterrole=reader", "--group=readers"])
            yield* jane.waitUntil(configMaps, Schema.Json, () => true)

            const file = yield* kubeconfigFor(client)
            const whoami = yield* kubectl(["--kubeconfig", file, "auth", "whoami", "-o", "json"])
            const { userInfo } = (yield* Schema.decodeEffect(WhoAmI)(whoami)).status
            assert.strictEqual(userInfo.username, "jane")
            assert.includeMembers([...userInfo.groups], ["readers", "others"])
          }).pipe(Effect.scoped),
        minutes(2)
      )

      it.effect(
        "gives a ServiceAccount the identity that a pod of it would have",
        () =>
          Effect.gen(function* () {
            const { accessFor, kubectl, kubeconfigFor } = yield* KubeCluster.KubeCluster
            const client = { serviceAccount: { namespace: "kube-system", name: "controller" } }
            const file = yield* kubeconfigFor(client)
            const whoami = yield* kubectl(["--kubeconfig", file, "auth", "whoami", "-o", "json"])
            const { userInfo } = (yield* Schema.decodeEffect(WhoAmI)(whoami)).status
            assert.strictEqual(userInfo.username, "system:serviceaccount:kube-system:controller")
            assert.include(userInfo.groups, "system:serviceaccounts:kube-system")
            assert.strictEqual(JSON.stringify((yield* accessFor(client)).credentials), `{"token":"<redacted>"}`)
          }),
        minutes(2)
      )

      it.effect(
        "refuses a client without credentials of the cluster's authority",
        () =>
          Effect.gen(function* () {
            const { accessFor } = yield* KubeCluster.KubeCluster
            const { authority, server } = yield* accessFor({ user: "any", groups: [] })
            const stranger = yield* KubeHttp.make({
              authority,
              server,
              credentials: { token: Redacted.make("made-up") }
            })
            assert.deepInclude(yield* Effect.flip(stranger.get(configMaps)), { status: 401 })
          }).pipe(Effect.scoped),
        minutes(2)
      )

      it.effect(
        "keeps its data and address while the API server is stopped and started again",
        () =>
          Effect.gen(function* () {
            const { http, kubectl, processGroups, startApiServer, stopApiServer } = yield* KubeCluster.KubeCluster
            yield* http.create(configMaps, configMap("survivor"))
            const before = yield* processGroups
            yield* stopApiServer
            const refused = yield* Effect.flip(http.get(`${configMaps}/survivor`))
            assert.isUndefined(refused.status)
            assert.strictEqual((yield* processGroups).length, before.length - 1)
            yield* startApiServer
            assert.strictEqual((yield* http.get(`${configMaps}/survivor`, Data)).data.kept, "yes")
            assert.include(yield* kubectl(["get", "configmap", "survivor"]), "survivor")
          }),
        minutes(3)
      )
    }
  )

  it.live(
    "leaves no process and no file behind when its scope ends",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const binaries = yield* KubeBinaries.locate
        const nodeLifecycle = { gracePeriod: "4 seconds", monitorPeriod: "1 second" } as const
        const { groups, kubeconfig } = yield* Effect.scoped(
          Effect.gen(function* () {
            const cluster = yield* KubeCluster.start(binaries, { nodeLifecycle })
            const groups = yield* cluster.processGroups
            assert.strictEqual(groups.length, 3)
            assert.deepStrictEqual(groups.map(isAlive), [true, true, true])
            assert.isTrue(yield* fs.exists(cluster.kubeconfig))
            return { groups, kubeconfig: cluster.kubeconfig }
          })
        )
        yield* Effect.forEach(groups, gone)
        assert.isFalse(yield* fs.exists(kubeconfig))
        assert.isFalse(yield* fs.exists((yield* Path.Path).dirname(kubeconfig)))
      }).pipe(Effect.provide(NodeServices.layer)),
    minutes(3)
  )

  it.live(
    "names the process and shows its log when a binary is the wrong one",
    () =>
      Effect.gen(function* () {
        const binaries = yield* KubeBinaries.locate
        const failure = yield* Effect.flip(
          KubeCluster.start({ ...binaries, "kube-apiserver": binaries.etcd }).pipe(Effect.scoped)
        )
        assert.deepInclude(failure, { _tag: "ProcessFailed", process: "kube-apiserver" })
        assert.match(failure.message, /ended with code \d+; its log:\n.*flag.*not defined/)
      }),
    minutes(2)
  )
})
