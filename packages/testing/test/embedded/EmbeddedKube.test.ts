import { assert, describe, it } from "@effect/vitest"
import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import { KubeFault } from "@netcup-failover/testing/embedded/KubeInjection"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as KubeHttp from "@netcup-failover/testing/kubernetes/KubeHttp"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { at, configMap, configMaps, names, text, version } from "./Contract.ts"
import * as RawApi from "./RawApi.ts"

type Options = NonNullable<Parameters<typeof EmbeddedKube.layer>[0]>
type World = EmbeddedKube["Service"] & { readonly raw: RawApi.RawApi }

const patience = 60_000

const scenario = (
  name: string,
  body: (world: World) => Effect.Effect<void, unknown, Scope.Scope>,
  options: Options = {}
) =>
  it.live(
    name,
    () =>
      Effect.gen(function* () {
        const kube = yield* EmbeddedKube
        const raw = yield* RawApi.make(yield* kube.accessFor({ user: "jane", groups: [] }))
        yield* body({ ...kube, raw })
      }).pipe(Effect.scoped, Effect.provide(EmbeddedKube.layer(options))),
    patience
  )

const watchFrom = (resourceVersion: string) => `${configMaps}?watch=true&resourceVersion=${resourceVersion}`
const expired = { type: "ERROR", reason: "Expired", code: 410 }
const errorOf = ({ object, type }: RawApi.Frame) => ({ type, reason: at(object, "reason"), code: at(object, "code") })
const refusal =
  (path = configMaps) =>
  (world: World) =>
    Effect.flip(world.http.get(path))

describe("EmbeddedKube: what is too old", () => {
  scenario(
    "a watch from before the changes that are remembered is told so, and ends",
    ({ http, raw }) =>
      Effect.gen(function* () {
        const first = yield* http.create(configMaps, configMap("a"))
        for (const name of ["b", "c", "d"]) yield* http.create(configMaps, configMap(name))
        const watch = yield* raw.watch(watchFrom(version(first)))
        assert.deepStrictEqual(errorOf(yield* watch.next), expired)
        assert.deepStrictEqual(yield* watch.next, { type: "END", object: true })
        const near = yield* raw.watch(watchFrom(String(Number(version(first)) + 1)))
        assert.strictEqual(text((yield* near.next).object, "metadata", "name"), "c")
      }),
    { historyLength: 2 }
  )

  scenario("compacting makes every version before it too old, and the present one good", ({ compact, http, raw }) =>
    Effect.gen(function* () {
      const made = yield* http.create(configMaps, configMap("a"))
      const now = version(yield* http.create(configMaps, configMap("b")))
      yield* compact
      assert.deepStrictEqual(errorOf(yield* (yield* raw.watch(watchFrom(version(made)))).next), expired)
      const watch = yield* raw.watch(watchFrom(now))
      yield* http.create(configMaps, configMap("c"))
      assert.strictEqual(text((yield* watch.next).object, "metadata", "name"), "c")
      const exact = `${configMaps}?resourceVersion=${version(made)}&resourceVersionMatch=Exact`
      assert.deepInclude(yield* Effect.flip(http.get(exact)), { status: 410, reason: "Expired" })
    })
  )

  scenario(
    "a list that was begun before is refused, with a token to go on with what there is",
    ({ compact, http, raw }) =>
      Effect.gen(function* () {
        for (const name of ["a", "b", "c"]) yield* http.create(configMaps, configMap(name))
        const first = yield* http.get(`${configMaps}?limit=1`)
        yield* http.delete(`${configMaps}/b`)
        yield* compact
        const next = `${configMaps}?limit=5&continue=${text(first, "metadata", "continue")}`
        const refused = yield* raw.call("GET", next)
        assert.deepStrictEqual([refused.status, at(refused.json, "reason")], [410, "Expired"])
        const rest = yield* http.get(`${configMaps}?continue=${text(refused.json, "metadata", "continue")}`)
        assert.deepStrictEqual(names(rest), ["c"])
      })
  )

  scenario(
    "a bookmark names the newest version, so that a watch can resume over changes of other kinds",
    ({ compact, http, raw }) =>
      Effect.gen(function* () {
        const made = yield* http.create(configMaps, configMap("a"))
        const watch = yield* raw.watch(`${watchFrom(version(made))}&allowWatchBookmarks=true`)
        const other = yield* http.create("/api/v1/namespaces", {
          apiVersion: "v1",
          kind: "Namespace",
          metadata: { name: "other" }
        })
        let bookmark = yield* watch.next
        while (version(bookmark.object) !== version(other)) bookmark = yield* watch.next
        assert.strictEqual(bookmark.type, "BOOKMARK")
        assert.strictEqual(at(bookmark.object, "kind"), "ConfigMap")
        yield* compact
        const resumed = yield* raw.watch(watchFrom(version(bookmark.object)))
        yield* http.create(configMaps, configMap("b"))
        assert.strictEqual(text((yield* resumed.next).object, "metadata", "name"), "b")
      }),
    { bookmarkEvery: "50 millis" }
  )
})

describe("EmbeddedKube: faults", () => {
  scenario("refuses so many requests as it is told, with the wait that it is told", ({ http, inject, raw }) =>
    Effect.gen(function* () {
      const fault = KubeFault.Refuse({ code: 429, retryAfter: "2 seconds" })
      yield* inject({ verb: "list", path: configMaps, times: 2, fault })
      yield* http.create(configMaps, configMap("a"))
      const first = yield* raw.call("GET", configMaps)
      assert.deepStrictEqual(
        [first.status, first.headers["retry-after"], at(first.json, "reason")],
        [429, "2", "TooManyRequests"]
      )
      assert.strictEqual((yield* raw.call("GET", `${configMaps}/a`)).status, 200)
      assert.strictEqual((yield* raw.call("GET", configMaps)).status, 429)
      assert.strictEqual((yield* raw.call("GET", configMaps)).status, 200)
    })
  )

  scenario("a rule ends when it is removed, and touches only whom it names", (world) =>
    Effect.gen(function* () {
      const rule = yield* world.inject({
        path: /configmaps/,
        user: "test-admin",
        fault: KubeFault.Refuse({ code: 500 })
      })
      assert.deepInclude(yield* refusal()(world), { status: 500, reason: "InternalError" })
      assert.strictEqual((yield* world.raw.call("GET", configMaps)).status, 200)
      yield* rule.remove
      yield* world.http.get(configMaps)
    })
  )

  scenario("says that somebody else wrote first, and leaves the object as it is", ({ http, inject }) =>
    Effect.gen(function* () {
      yield* http.create(configMaps, configMap("a", { k: "old" }))
      yield* inject({ verb: "patch", times: 1, fault: KubeFault.Conflict() })
      const patch = http.patch(`${configMaps}/a`, { data: { k: "new" } })
      assert.deepInclude(yield* Effect.flip(patch), { status: 409, reason: "Conflict" })
      assert.strictEqual(at(yield* http.get(`${configMaps}/a`), "data", "k"), "old")
      yield* patch
    })
  )

  scenario("breaks a connection before or after it did what was asked", ({ http, inject }) =>
    Effect.gen(function* () {
      for (const applied of [true, false]) {
        const name = `applied-${applied}`
        yield* inject({ verb: "create", times: 1, fault: KubeFault.Reset({ applied }) })
        const broken = yield* Effect.flip(http.create(configMaps, configMap(name)))
        assert.isUndefined(broken.status)
        const found = yield* Effect.result(http.get(`${configMaps}/${name}`))
        assert.strictEqual(found._tag, applied ? "Success" : "Failure")
      }
    })
  )

  scenario("leaves a sender without an answer, also one whose request it carried out", ({ http, inject, journal }) =>
    Effect.gen(function* () {
      yield* inject({ verb: "create", times: 1, fault: KubeFault.Hang({ applied: true }) })
      const sending = yield* Effect.forkChild(http.create(configMaps, configMap("a")))
      yield* http.waitUntil(`${configMaps}/a`, Schema.Json, () => true)
      assert.isUndefined(sending.pollUnsafe())
      yield* Fiber.interrupt(sending)
      const [entry] = yield* journal.requests({ verb: "create", path: configMaps })
      assert.isUndefined(entry?.status)
    })
  )

  scenario("delays what it is told to delay", ({ http, inject, journal }) =>
    Effect.gen(function* () {
      yield* inject({ verb: "create", delay: Duration.infinity })
      const sending = yield* Effect.forkChild(http.create(configMaps, configMap("a")))
      while ((yield* journal.count({ verb: "create", path: configMaps })) === 0) yield* Effect.sleep("10 millis")
      assert.deepInclude(yield* Effect.flip(http.get(`${configMaps}/a`)), { status: 404 })
      yield* Fiber.interrupt(sending)
    })
  )

  scenario("opens a watch that errs, one that breaks after a line, and one that is silent", ({ http, inject, raw }) =>
    Effect.gen(function* () {
      for (const name of ["a", "b"]) yield* http.create(configMaps, configMap(name))
      const open = raw.watch(`${configMaps}?watch=true`)
      yield* inject({ verb: "watch", times: 1, fault: KubeFault.WatchError({}) })
      assert.deepStrictEqual(errorOf(yield* (yield* open).next), expired)
      yield* inject({ verb: "watch", times: 1, fault: KubeFault.Cut({ lines: 1 }) })
      const cut = yield* open
      assert.strictEqual((yield* cut.next).type, "ADDED")
      assert.deepStrictEqual(yield* cut.next, { type: "END", object: false })
      yield* inject({ verb: "watch", times: 1, fault: KubeFault.Stall() })
      const stalled = yield* open
      assert.strictEqual(stalled.status, 200)
      const other = yield* open
      yield* other.next
      yield* other.next
      assert.strictEqual(yield* stalled.waiting, 0)
    })
  )

  scenario("breaks open watches, or holds them back until they may go on", ({ http, raw, watches }) =>
    Effect.gen(function* () {
      const nodes = yield* raw.watch("/api/v1/nodes?watch=true")
      const objects = yield* raw.watch(`${configMaps}?watch=true`)
      assert.sameMembers([...(yield* watches.open)], ["/api/v1/nodes", configMaps])
      yield* watches.cut("/api/v1/nodes")
      assert.deepStrictEqual(yield* nodes.next, { type: "END", object: false })
      const { resume } = yield* watches.stall(/configmaps/)
      const later = yield* raw.watch(`${configMaps}?watch=true`)
      yield* http.create(configMaps, configMap("a"))
      yield* later.next
      assert.strictEqual(yield* objects.waiting, 0)
      yield* resume
      assert.strictEqual((yield* objects.next).type, "ADDED")
    })
  )
})

describe("EmbeddedKube: as a cluster", () => {
  scenario("keeps its data and address while it is stopped, and drops who is connected", (world) =>
    Effect.gen(function* () {
      const { http, raw, startApiServer, stopApiServer } = world
      yield* http.create(configMaps, configMap("survivor"))
      const watch = yield* raw.watch(`${configMaps}?watch=true`)
      yield* watch.next
      yield* stopApiServer
      assert.strictEqual((yield* watch.next).type, "END")
      assert.isUndefined((yield* refusal()(world)).status)
      yield* startApiServer
      assert.deepStrictEqual(names(yield* http.get(configMaps)), ["survivor"])
    })
  )

  scenario("notes every request with who, what and the answer", ({ http, journal, kubeconfig, raw }) =>
    Effect.gen(function* () {
      yield* raw.call("POST", `${configMaps}?dryRun=All`, { body: configMap("a") })
      yield* raw.call("GET", `${configMaps}/none`)
      yield* raw.watch(`${configMaps}?watch=true&timeoutSeconds=60`)
      const noted = yield* journal.requests({ user: "jane" })
      assert.deepStrictEqual(
        noted.map(({ path, query, status, verb }) => [verb, path, query, status]),
        [
          ["create", configMaps, "?dryRun=All", 201],
          ["get", `${configMaps}/none`, "", 404],
          ["watch", configMaps, "?watch=true&timeoutSeconds=60", 200]
        ]
      )
      assert.strictEqual(yield* journal.count({ verb: "get", path: /none$/ }), 1)
      assert.include(yield* http.text("/metrics"), `resource="configmaps",subresource="",verb="POST",version="v1"} 1`)
      assert.notStrictEqual(kubeconfig, "")
    })
  )

  scenario("is the cluster too, and fails in kubectl's way where there is no kubectl", () =>
    Effect.gen(function* () {
      const { kubectl } = yield* KubeCluster
      const failure = yield* Effect.flip(kubectl(["get", "nodes"]))
      assert.strictEqual(failure._tag, "KubectlFailed")
    }).pipe(Effect.provide(EmbeddedKube.layer({ kubectl: "/nowhere/kubectl" })))
  )

  scenario("lets clients in by the kubeconfig that it wrote for them, each by a name of its own", (kube) =>
    Effect.gen(function* () {
      const access = yield* kube.accessFor({ serviceAccount: { namespace: "n", name: "s" } })
      yield* (yield* KubeHttp.make(access)).get(configMaps)
      assert.strictEqual(yield* kube.journal.count({ user: "system:serviceaccount:n:s" }), 1)
      assert.deepStrictEqual(yield* kube.processGroups, [])
    })
  )

  scenario("takes a namespace away with all that is in it, once nothing is held any more", ({ http }) =>
    Effect.gen(function* () {
      const path = "/api/v1/namespaces/ending"
      yield* http.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "ending" } })
      const held = { name: "held", finalizers: ["a.example/x"] }
      yield* http.create(`${path}/configmaps`, { ...configMap("held"), metadata: held })
      yield* http.create(`${path}/configmaps`, configMap("free"))
      yield* http.delete(path)
      assert.deepStrictEqual(names(yield* http.get(`${path}/configmaps`)), ["held"])
      assert.strictEqual(at(yield* http.get(path), "status", "phase"), "Terminating")
      yield* http.patch(`${path}/configmaps/held`, { metadata: { finalizers: null } })
      assert.deepInclude(yield* Effect.flip(http.get(path)), { status: 404 })
    })
  )
})
