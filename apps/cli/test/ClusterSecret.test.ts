/**
 * Credentials from a Secret of a cluster, whose controller may be using them.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Scene from "./Scene.ts"

const namespaces = ["netcup-system", "apps", "elsewhere"]

const SecretData = Schema.Struct({ data: Schema.Record(Schema.String, Schema.StringFromBase64) })
const leaseName = "netcup-failover-controller.digilol.net"
const tokens = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets/netcup-failover-tokens`

const make = Effect.gen(function* () {
  const kube = yield* KubeCluster
  const scene = yield* Scene.make()
  const env = { KUBECONFIG: kube.kubeconfig }
  const gone = (path: string) => Effect.addFinalizer(() => Effect.ignore(kube.http.delete(path)))
  for (const namespace of namespaces) {
    yield* gone(tokens(namespace))
    yield* gone(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${leaseName}`)
  }
  return {
    ...scene,
    kube,
    env,
    put: Effect.fnUntraced(function* (name: string, stringData: Readonly<Record<string, string>>) {
      const path = `/api/v1/namespaces/apps/secrets/${name}`
      yield* gone(path)
      yield* kube.http.apply(path, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace: "apps" },
        stringData
      })
    }),
    /** A controller's Lease, renewed that many seconds ago. */
    lease: (namespace: string, holderIdentity: string, seconds: number) =>
      kube.http.apply(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${leaseName}`, {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: leaseName, namespace },
        spec: {
          holderIdentity,
          leaseDurationSeconds: 15,
          renewTime: new Date(Date.now() - seconds * 1000).toISOString().replace("Z", "000Z")
        }
      }),
    use: (...more: ReadonlyArray<string>) => scene.runWith(env, "servers", "--secret", "apps/netcup", ...more)
  }
})
type Stage = Effect.Success<typeof make>

const installed = Effect.gen(function* () {
  const { http } = yield* KubeCluster
  for (const name of namespaces) {
    yield* http.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } })
  }
})

layer(EmbeddedKube.layer(), { excludeTestServices: true, timeout: 60_000 })("with --secret", (it) => {
  const scenario = (
    title: string,
    play: (stage: Stage) => Effect.Effect<void, unknown, Scope.Scope>,
    api: "soap" | "rest" = "rest"
  ) =>
    it.effect(
      title,
      () =>
        Effect.ignore(installed).pipe(
          Effect.andThen(make),
          Effect.flatMap(play),
          Effect.scoped,
          Effect.provideService(NetcupStage.Api, api),
          Effect.provide(NodeServices.layer)
        ),
      60_000
    )

  scenario(
    "login name and password are used, whatever the controller does",
    ({ lease, put, use }) =>
      Effect.gen(function* () {
        yield* put("netcup", { loginName: `${Scene.loginName}\n`, password: Scene.password })
        yield* lease("netcup-system", "replica-a", 1)
        const ended = yield* use()
        assert.strictEqual(ended.code, 0, ended.stderr)
      }),
    "soap"
  )

  scenario("a rotated token is kept where the controller keeps its own, and the next run goes on from it", (stage) =>
    Effect.gen(function* () {
      const { credentials, kube, put, rest, use } = stage
      const given = yield* credentials(Scene.loginName)
      yield* put("netcup", given)
      for (let at = 1; at <= 2; at++) {
        const ended = yield* use()
        assert.strictEqual(ended.code, 0, ended.stderr)
      }
      const { data } = yield* kube.http.get(tokens("netcup-system"), SecretData)
      const [[key, value] = ["", ""], ...others] = Object.entries(data)
      assert.deepStrictEqual(others, [])
      const original = new TextEncoder().encode("refreshToken" in given ? given.refreshToken : "")
      const hash = Buffer.from(yield* Effect.promise(() => crypto.subtle.digest("SHA-256", original))).toString("hex")
      // As `KubeTokenStore` of the controller writes and reads it.
      assert.strictEqual(key, hash)
      assert.sameMembers(Object.keys(Object(Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Json))(value))), [
        "refreshToken",
        "keptAt"
      ])
      const own = yield* kube.http.get("/api/v1/namespaces/apps/secrets/netcup", SecretData)
      assert.deepStrictEqual(own.data, given)
      const refreshes = yield* rest.journal.callsOf("token.refresh")
      assert.deepStrictEqual(
        refreshes.map(({ status }) => status),
        [200, 200]
      )
    })
  )

  scenario("a login that a living controller goes by is left to it", ({ credentials, lease, put, rest, use }) =>
    Effect.gen(function* () {
      yield* put("netcup", yield* credentials(Scene.loginName))
      // Nothing is kept yet: nobody has rotated this login, so nobody is using it, or netcup doesn't rotate it.
      yield* lease("elsewhere", "replica-a", 1)
      const first = yield* use()
      assert.strictEqual(first.code, 0, first.stderr)
      const calls = (yield* rest.journal.calls).length

      const refused = yield* use()
      assert.strictEqual(refused.code, 3)
      assert.match(
        Scene.complaint(refused),
        /the controller in elsewhere is using the login of apps\/netcup.*netcup-failover login --save FILE/u
      )
      assert.strictEqual((yield* rest.journal.calls).length, calls)

      // Stopped as it should: nobody holds the Lease. Or dead for long.
      yield* lease("elsewhere", "", 1)
      assert.strictEqual((yield* use()).code, 0)
      yield* lease("elsewhere", "replica-a", 400)
      assert.strictEqual((yield* use()).code, 0)
      const refreshes = yield* rest.journal.callsOf("token.refresh")
      assert.isTrue(refreshes.every(({ status }) => status === 200))
    })
  )

  scenario("of several controllers one has to be named", ({ credentials, lease, put, rest, use }) =>
    Effect.gen(function* () {
      yield* put("netcup", yield* credentials(Scene.loginName))
      yield* lease("elsewhere", "replica-a", 1)
      yield* lease("netcup-system", "replica-b", 1)
      const ended = yield* use()
      assert.strictEqual(ended.code, 3)
      assert.match(Scene.complaint(ended), /controllers in elsewhere, netcup-system: .*--controller-namespace/u)
      assert.deepStrictEqual(yield* rest.journal.calls, [])
      const named = yield* use("--controller-namespace", "elsewhere")
      assert.strictEqual(named.code, 0, named.stderr)
    })
  )

  scenario("an unreadable store keeps us from using an older token", ({ credentials, kube, put, rest, use }) =>
    Effect.gen(function* () {
      yield* put("netcup", yield* credentials(Scene.loginName))
      assert.strictEqual((yield* use()).code, 0)
      const { data } = yield* kube.http.get(tokens("netcup-system"), SecretData)
      yield* kube.http.patch(tokens("netcup-system"), {
        stringData: Object.fromEntries(Object.keys(data).map((key) => [key, "garbage"]))
      })
      const calls = (yield* rest.journal.calls).length
      const ended = yield* use()
      assert.strictEqual(ended.code, 3)
      assert.match(Scene.complaint(ended), /Secret netcup-failover-tokens: the key [0-9a-f]{64} is unreadable/u)
      assert.strictEqual((yield* rest.journal.calls).length, calls)
    })
  )

  scenario("a Secret that is missing or lacks its keys is named", ({ put, runWith, env, use }) =>
    Effect.gen(function* () {
      const missing = yield* use()
      assert.strictEqual(missing.code, 3)
      assert.include(Scene.complaint(missing), "there is no Secret apps/netcup")
      yield* put("netcup", { loginName: "12345" })
      assert.include(Scene.complaint(yield* use()), "the Secret apps/netcup lacks credentials")
      yield* put("netcup", { token: "{}", loginName: "12345", password: "x" })
      assert.include(Scene.complaint(yield* use()), "has a key token that lacks the key refresh_token")
      const nowhere = yield* runWith({ ...env, KUBECONFIG: "/nonexistent" }, "servers", "--secret", "apps/netcup")
      assert.strictEqual(nowhere.code, 3)
      assert.include(Scene.complaint(nowhere), "set KUBECONFIG to a readable kubeconfig")
    })
  )

  scenario("a cluster that cannot be reached is code 4", ({ kube, use }) =>
    Effect.gen(function* () {
      yield* kube.stopApiServer
      const ended = yield* Effect.ensuring(use(), Effect.orDie(kube.startApiServer))
      assert.strictEqual(ended.code, 4)
      Scene.complaint(ended)
    })
  )

  scenario("logout ends the newest token too, even while a controller goes by it", (stage) =>
    Effect.gen(function* () {
      const { credentials, env, lease, put, runWith, use } = stage
      yield* put("netcup", yield* credentials(Scene.loginName))
      assert.strictEqual((yield* use()).code, 0)
      yield* lease("netcup-system", "replica-a", 1)
      const ended = yield* runWith(env, "logout", "--secret", "apps/netcup", "--json")
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.deepStrictEqual(Scene.json(ended), { loggedOut: true })
      yield* lease("netcup-system", "", 1)
      assert.strictEqual((yield* use()).code, 3)
    })
  )
})
