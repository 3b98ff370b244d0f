import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { at, configMap, configMaps, type Expectation, list, names, text } from "./Contract.ts"

const query = (parameters: Readonly<Record<string, string>>) => `${configMaps}?${new URLSearchParams(parameters)}`

export const define = (expect: Expectation): void => {
  expect("selects by labels, in all forms of a selector", ({ raw }) =>
    Effect.gen(function* () {
      for (const [name, labels] of [
        ["sel-a", { set: "sel", tier: "one" }],
        ["sel-b", { set: "sel", tier: "two" }],
        ["sel-c", { set: "sel" }]
      ] as const) {
        yield* raw.call("POST", configMaps, { body: { ...configMap(name), metadata: { name, labels } } })
      }
      for (const [selector, expected] of [
        ["set=sel", ["sel-a", "sel-b", "sel-c"]],
        ["set==sel,tier=one", ["sel-a"]],
        ["set=sel,tier!=one", ["sel-b", "sel-c"]],
        ["set=sel,tier in (one, two)", ["sel-a", "sel-b"]],
        ["set=sel,tier notin (one)", ["sel-b", "sel-c"]],
        ["set=sel,tier", ["sel-a", "sel-b"]],
        ["set=sel,!tier", ["sel-c"]]
      ] as const) {
        const { json } = yield* raw.call("GET", query({ labelSelector: selector }))
        assert.deepStrictEqual([selector, names(json)], [selector, [...expected]])
      }
      const { status } = yield* raw.call("GET", query({ labelSelector: "a===" }))
      assert.strictEqual(status, 400)
    })
  )

  expect("selects by the fields that a kind has, and no others", ({ raw }) =>
    Effect.gen(function* () {
      yield* raw.call("POST", configMaps, { body: configMap("field-a") })
      const found = yield* raw.call(
        "GET",
        `/api/v1/configmaps?fieldSelector=${encodeURIComponent("metadata.name=field-a,metadata.namespace=default")}`
      )
      assert.deepStrictEqual(names(found.json), ["field-a"])
      const others = yield* raw.call("GET", query({ fieldSelector: "metadata.name!=field-a" }))
      assert.notInclude(names(others.json), "field-a")
      for (const fieldSelector of ["spec.x=a", "bad"]) {
        const { json, status } = yield* raw.call("GET", query({ fieldSelector }))
        assert.deepStrictEqual([status, at(json, "reason")], [400, "BadRequest"])
      }
    })
  )

  expect("lists in pages, all of them as of the first", ({ raw }) =>
    Effect.gen(function* () {
      const { json: made } = yield* raw.call("POST", "/api/v1/namespaces", {
        body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "paged" } }
      })
      assert.strictEqual(text(made, "metadata", "name"), "paged")
      const path = "/api/v1/namespaces/paged/configmaps"
      for (const name of ["a", "b", "c", "d"]) yield* raw.call("POST", path, { body: configMap(name) })
      const first = yield* raw.call("GET", `${path}?limit=2`)
      assert.deepStrictEqual(names(first.json), ["a", "b"])
      assert.strictEqual(at(first.json, "metadata", "remainingItemCount"), 2)
      assert.strictEqual(at(first.json, "kind"), "ConfigMapList")
      assert.isUndefined(at(list(first.json, "items")[0], "kind"))
      yield* raw.call("DELETE", `${path}/c`)
      yield* raw.call("POST", path, { body: configMap("e") })
      const rest = yield* raw.call("GET", `${path}?limit=2&continue=${text(first.json, "metadata", "continue")}`)
      assert.deepStrictEqual(names(rest.json), ["c", "d"])
      assert.strictEqual(at(rest.json, "metadata", "resourceVersion"), at(first.json, "metadata", "resourceVersion"))
      assert.isUndefined(at(rest.json, "metadata", "continue"))
      assert.deepStrictEqual(names((yield* raw.call("GET", path)).json), ["a", "b", "d", "e"])
      const selected = yield* raw.call("GET", `${path}?limit=2&labelSelector=${encodeURIComponent("!x")}`)
      assert.isUndefined(at(selected.json, "metadata", "remainingItemCount"))
      for (const parameters of ["limit=x", "continue=xxx"]) {
        assert.strictEqual((yield* raw.call("GET", `${path}?${parameters}`)).status, 400)
      }
    })
  )

  expect("lists as of a version that is known, and none that is to come", ({ raw }) =>
    Effect.gen(function* () {
      const { json: made } = yield* raw.call("POST", configMaps, { body: configMap("versioned") })
      const at1 = text(made, "metadata", "resourceVersion")
      yield* raw.call("DELETE", `${configMaps}/versioned`)
      const exact = yield* raw.call("GET", query({ resourceVersion: at1, resourceVersionMatch: "Exact" }))
      assert.include(names(exact.json), "versioned")
      assert.strictEqual(at(exact.json, "metadata", "resourceVersion"), at1)
      const newer = yield* raw.call("GET", query({ resourceVersion: at1, resourceVersionMatch: "NotOlderThan" }))
      assert.notInclude(names(newer.json), "versioned")
      const future = yield* raw.call("GET", query({ resourceVersion: "999999999" }))
      assert.deepStrictEqual([future.status, at(future.json, "reason")], [504, "Timeout"])
      assert.strictEqual(at(future.json, "details", "causes", 0, "reason"), "ResourceVersionTooLarge")
      assert.strictEqual((yield* raw.call("GET", query({ resourceVersion: "abc" }))).status, 400)
      const lone = yield* raw.call("GET", query({ resourceVersionMatch: "Exact" }))
      assert.strictEqual(lone.status, 422)
      const nowhere = yield* raw.call("GET", "/api/v1/namespaces/missing/configmaps")
      assert.deepStrictEqual([nowhere.status, names(nowhere.json)], [200, []])
    })
  )

  expect("deletes a collection as far as it is selected", ({ raw }) =>
    Effect.gen(function* () {
      for (const [name, set] of [
        ["col-a", "x"],
        ["col-b", "x"],
        ["col-c", "y"]
      ] as const) {
        yield* raw.call("POST", configMaps, { body: { ...configMap(name), metadata: { name, labels: { col: set } } } })
      }
      const { json } = yield* raw.call("DELETE", query({ labelSelector: "col=x" }))
      assert.deepStrictEqual(names(json), ["col-a", "col-b"])
      assert.deepStrictEqual(names((yield* raw.call("GET", query({ labelSelector: "col" }))).json), ["col-c"])
    })
  )
}
