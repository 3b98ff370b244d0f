import { fileURLToPath } from "node:url"
import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Helm from "../../helm/Helm.ts"
import { helmOn, suite } from "../Cluster.ts"
import { at } from "./Rendered.ts"

const standIn = fileURLToPath(new URL("./stand-in-chart", import.meta.url))
const release = "netcup-failover-controller"
const deploymentPath = (namespace = "netcup-system") => `/apis/apps/v1/namespaces/${namespace}/deployments/${release}`
const crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/netcupfailoverips.netcup.digilol.net"
const groupsPath = "/apis/netcup.digilol.net/v1alpha1/netcupfailoverips"
const ourImage = "ghcr.io/netcup-failover/netcup-failover-controller:v0.1.0"
const theirImage = "ghcr.io/digilolnet/netcup-failover-controller:1.0.0"

const get = (path: string) => Effect.flatMap(KubeCluster, ({ http }) => http.get(path))
const image = Effect.map(get(deploymentPath()), (found) =>
  at(found, "spec", "template", "spec", "containers", 0, "image")
)
const isThere = (path: string) => Effect.isSuccess(get(path))

/** What users have: the Go controller's release, a Secret and a group. */
const before = Effect.fn(function* (...args: ReadonlyArray<string>) {
  const { http, kubectl } = yield* KubeCluster
  yield* helmOn("install", release, standIn, ...args)
  yield* kubectl(["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"])
  yield* http.apply("/api/v1/namespaces/netcup-system/secrets/netcup-credentials", {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "netcup-credentials" },
    stringData: { loginName: "12345", password: "word" }
  })
  yield* http.apply(`${groupsPath}/primary`, {
    apiVersion: "netcup.digilol.net/v1alpha1",
    kind: "NetcupFailoverIP",
    metadata: { name: "primary" },
    spec: {
      ips: ["198.51.100.1/32", "2001:db8::/64"],
      credentialsSecret: { name: "netcup-credentials", namespace: "netcup-system" }
    }
  })
  const uid = at(yield* get(`${groupsPath}/primary`), "metadata", "uid")
  // What the release leaves on purpose must not be there for the next test. Namespaces stay: nothing here would finish their end.
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      yield* Effect.ignore(helmOn("uninstall", release))
      yield* http.delete(`${groupsPath}/primary`)
      yield* http.delete(crdPath)
      yield* http.waitUntil(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        Schema.Json,
        (crds) => at(crds, "items", 0) === undefined
      )
      yield* http.delete("/api/v1/namespaces/netcup-system/secrets/netcup-credentials")
    }).pipe(Effect.orDie)
  )
  return Effect.gen(function* () {
    assert.strictEqual(at(yield* get(`${groupsPath}/primary`), "metadata", "uid"), uid)
    assert.isTrue(yield* isThere("/api/v1/namespaces/netcup-system/secrets/netcup-credentials"))
    const found = yield* get("/api/v1/namespaces/netcup-system")
    assert.isUndefined(at(found, "metadata", "deletionTimestamp"))
  })
})

suite("helm upgrade of the Go controller's release", (test) => {
  test(
    "replaces it in place, back, again, and loses nothing when it is uninstalled",
    Effect.gen(function* () {
      const nothingIsLost = yield* before()
      const uid = at(yield* get(deploymentPath()), "metadata", "uid")
      assert.strictEqual(yield* image, theirImage)

      const notes = yield* helmOn("upgrade", release, Helm.chart)
      assert.strictEqual(yield* image, ourImage)
      // The same Deployment: its selector was accepted.
      assert.strictEqual(at(yield* get(deploymentPath()), "metadata", "uid"), uid)
      const crd = yield* get(crdPath)
      assert.isDefined(
        at(crd, "spec", "versions", 0, "schema", "openAPIV3Schema", "properties", "spec", "properties", "ips")
      )
      yield* nothingIsLost
      for (const said of [
        "kubectl annotate node NODE netcup.digilol.net/server-name=",
        "netcup-failover login --apply --namespace netcup-system --name netcup-credentials",
        "kubectl get netcupfailoverips -w"
      ]) {
        assert.include(notes, said)
      }

      yield* helmOn("rollback", release)
      assert.strictEqual(yield* image, theirImage)
      assert.isFalse(yield* isThere(`/apis/policy/v1/namespaces/netcup-system/poddisruptionbudgets/${release}`))
      yield* nothingIsLost

      yield* helmOn("upgrade", release, Helm.chart)
      assert.strictEqual(yield* image, ourImage)
      yield* helmOn("uninstall", release)
      assert.isFalse(yield* isThere(deploymentPath()))
      assert.isFalse(yield* isThere(`/apis/rbac.authorization.k8s.io/v1/clusterroles/${release}`))
      yield* nothingIsLost

      // And is taken up again.
      yield* helmOn("install", release, Helm.chart)
      yield* nothingIsLost
    })
  )

  for (const how of ["--reuse-values", "--reset-then-reuse-values"]) {
    test(
      `takes the values that were chosen, with ${how}`,
      Effect.gen(function* () {
        const nothingIsLost = yield* before("--set", "replicaCount=3,image.tag=1.0.0,podAnnotations.a=b")
        const notes = yield* helmOn("upgrade", release, Helm.chart, how)
        const deployment = yield* get(deploymentPath())
        assert.strictEqual(at(deployment, "spec", "replicas"), 3)
        assert.strictEqual(at(deployment, "spec", "template", "metadata", "annotations", "a"), "b")
        assert.isTrue(yield* isThere(`/apis/policy/v1/namespaces/netcup-system/poddisruptionbudgets/${release}`))
        if (how === "--reuse-values") {
          assert.strictEqual(yield* image, ourImage)
          assert.include(notes, "the image of the Go controller's chart was replaced")
          assert.isUndefined(at(deployment, "spec", "template", "spec", "containers", 0, "resources", "limits", "cpu"))
        }
        yield* nothingIsLost
      })
    )
  }

  test(
    "stops before anything changes when groups have Secrets that could not be read",
    Effect.gen(function* () {
      const { http } = yield* KubeCluster
      yield* before()
      yield* http.patch(`${groupsPath}/primary`, { spec: { credentialsSecret: { namespace: "apps" } } })
      const failure = yield* Effect.flip(helmOn("upgrade", release, Helm.chart))
      assert.match(
        failure.message,
        /may not read: apps\. Nothing was changed; repeat with --set 'secretNamespaces=\{apps,netcup-system\}'/u
      )
      assert.strictEqual(yield* image, theirImage)
      yield* http.apply("/api/v1/namespaces/apps", { apiVersion: "v1", kind: "Namespace", metadata: { name: "apps" } })
      yield* helmOn("upgrade", release, Helm.chart, "--set", "secretNamespaces={apps,netcup-system}")
      assert.strictEqual(yield* image, ourImage)
    })
  )
})

suite("helm install", (test) => {
  test(
    "takes a namespace that is there already, with its groups at the second time",
    Effect.gen(function* () {
      const { http } = yield* KubeCluster
      const values = ["--set", "failoverIPs[0].name=primary,failoverIPs[0].ips={198.51.100.1/32}"]
      const notes = yield* helmOn(
        "install",
        release,
        Helm.chart,
        "-n",
        "netcup-system",
        "--create-namespace",
        ...values
      )
      assert.include(notes, "failoverIPs are not made yet")
      assert.isUndefined(
        at(yield* get("/api/v1/namespaces/netcup-system"), "metadata", "annotations", "helm.sh/resource-policy")
      )
      yield* http.waitUntil(
        crdPath,
        Schema.Json,
        (crd) =>
          JSON.stringify(crd).includes('"Established","status":"True"') ||
          JSON.stringify(at(crd, "status")).includes("Established")
      )
      const again = yield* helmOn("upgrade", release, Helm.chart, "-n", "netcup-system", ...values)
      assert.notInclude(again, "failoverIPs are not made yet")
      assert.strictEqual(at(yield* get(`${groupsPath}/primary`), "spec", "ips", 0), "198.51.100.1/32")
      yield* helmOn("uninstall", release, "-n", "netcup-system")
      assert.isTrue(yield* isThere(`${groupsPath}/primary`))
    })
  )

  test(
    "makes a PDB where the replicas have more than one node to be on: on a single one it would hold up its drain for ever",
    Effect.gen(function* () {
      const { http } = yield* KubeCluster
      const node = (name: string, labels: Readonly<Record<string, string>>) =>
        http.apply(`/api/v1/nodes/${name}`, { apiVersion: "v1", kind: "Node", metadata: { name, labels } })
      const isProtected = Effect.map(
        helmOn("install", "drained", Helm.chart, "--dry-run=server", "--set", "installCRD=false,createNamespace=false"),
        (output) => output.includes("kind: PodDisruptionBudget")
      )
      yield* Effect.addFinalizer(() =>
        Effect.forEach(["cp-1", "cp-2", "worker-1"], (name) => http.delete(`/api/v1/nodes/${name}`)).pipe(Effect.orDie)
      )
      const controlPlane = { "node-role.kubernetes.io/control-plane": "" }
      yield* node("cp-1", controlPlane)
      yield* node("worker-1", {})
      assert.isFalse(yield* isProtected)
      yield* node("cp-2", controlPlane)
      assert.isTrue(yield* isProtected)
    })
  )
})
