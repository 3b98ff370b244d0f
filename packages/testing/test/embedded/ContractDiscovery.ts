import { assert } from "@effect/vitest"
import * as KubeHttp from "@netcup-failover/testing/kubernetes/KubeHttp"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { at, type Expectation, list, text } from "./Contract.ts"

export const define = (expect: Expectation): void => {
  expect("says that it is well, without asking who wants to know the version", ({ raw }) =>
    Effect.gen(function* () {
      for (const path of ["/healthz", "/readyz", "/livez"]) {
        const answer = yield* raw.call("GET", path)
        assert.deepStrictEqual([answer.status, answer.text], [200, "ok"])
      }
      assert.strictEqual(at((yield* raw.call("GET", "/version")).json, "major"), "1")
    })
  )

  expect("names groups, versions, kinds, verbs and short names", ({ raw }) =>
    Effect.gen(function* () {
      const page = (path: string) => Effect.map(raw.call("GET", path), ({ json }) => json)
      assert.deepStrictEqual(at(yield* page("/api"), "versions"), ["v1"])
      const groups = list(yield* page("/apis"), "groups").map((one) => text(one, "name"))
      assert.includeMembers(groups, ["coordination.k8s.io", "apiextensions.k8s.io", "shop.example"])
      assert.deepStrictEqual(at(yield* page("/apis/shop.example"), "preferredVersion"), {
        groupVersion: "shop.example/v1",
        version: "v1"
      })
      const resource = (document: Parameters<typeof list>[0], name: string) => {
        const found = list(document, "resources").find((one) => text(one, "name") === name)
        const keys = ["namespaced", "kind", "singularName", "shortNames", "categories"]
        return [...keys.map((key) => at(found, key) ?? null), list(found, "verbs").toSorted()]
      }
      const all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
      const core = yield* page("/api/v1")
      assert.deepStrictEqual(resource(core, "configmaps"), [true, "ConfigMap", "configmap", ["cm"], null, all])
      assert.deepStrictEqual(resource(core, "nodes"), [false, "Node", "node", ["no"], null, all])
      assert.deepStrictEqual(resource(core, "nodes/status"), [
        false,
        "Node",
        "",
        null,
        null,
        ["get", "patch", "update"]
      ])
      const own = yield* page("/apis/shop.example/v1")
      assert.deepStrictEqual(resource(own, "widgets"), [true, "Widget", "widget", ["wd"], null, all])
      assert.deepStrictEqual(resource(yield* page("/apis/apiextensions.k8s.io/v1"), "customresourcedefinitions"), [
        false,
        "CustomResourceDefinition",
        "customresourcedefinition",
        ["crd", "crds"],
        ["api-extensions"],
        all
      ])
    })
  )

  expect("refuses whoever it does not know", ({ cluster }) =>
    Effect.gen(function* () {
      const access = yield* cluster.accessFor({ user: "any", groups: [] })
      const stranger = yield* KubeHttp.make({ ...access, credentials: { token: Redacted.make("made-up") } })
      assert.deepInclude(yield* Effect.flip(stranger.get("/api/v1/nodes")), { status: 401, reason: "Unauthorized" })
    })
  )

  expect(
    "tells a path that nobody serves from a resource that its group lacks, and both from a wrong method",
    ({ raw }) =>
      Effect.gen(function* () {
        for (const path of ["/apis/nope.example/v1/foos", "/nope", "/apis/nope"]) {
          const answer = yield* raw.call("GET", path)
          assert.deepStrictEqual([answer.status, answer.text], [404, "404 page not found\n"])
        }
        for (const path of ["/api/v1/foos", "/api/v1/nodes/a/nothing", "/api/v1/configmaps/a"]) {
          const { json, status } = yield* raw.call("GET", path)
          assert.deepStrictEqual([status, at(json, "reason"), at(json, "details")], [404, "NotFound", {}])
        }
        const objects = "/api/v1/namespaces/default/configmaps"
        for (const [method, path] of [
          ["POST", `${objects}/a`],
          ["PUT", objects],
          ["PATCH", objects],
          ["POST", "/api/v1/configmaps"]
        ] as const) {
          const { json, status } = yield* raw.call(method, path, { body: {} })
          assert.deepStrictEqual([method, status, at(json, "reason")], [method, 405, "MethodNotAllowed"])
        }
      })
  )
}
