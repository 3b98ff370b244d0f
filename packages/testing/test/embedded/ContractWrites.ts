import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { at, causes, configMap, configMaps, type Expectation, merge, text, version } from "./Contract.ts"

const jsonPatch = "application/json-patch+json"
const isNow = (time: string) => Math.abs(Date.parse(time) - Date.now()) < 120_000

export const define = (expect: Expectation): void => {
  expect("gives a new object its identity, and drops what the kind does not know", ({ raw }) =>
    Effect.gen(function* () {
      const sent = { ...configMap("identity", { k: "v" }), bogus: 1 }
      const { json, status } = yield* raw.call("POST", configMaps, { body: sent })
      assert.strictEqual(status, 201)
      assert.match(text(json, "metadata", "uid"), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      assert.match(version(json), /^[1-9]\d*$/)
      assert.match(text(json, "metadata", "creationTimestamp"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      assert.isTrue(isNow(text(json, "metadata", "creationTimestamp")))
      assert.deepStrictEqual(
        [at(json, "metadata", "namespace"), at(json, "data"), at(json, "bogus"), at(json, "kind")],
        ["default", { k: "v" }, undefined, "ConfigMap"]
      )
      const again = yield* raw.call("POST", configMaps, { body: sent })
      assert.deepInclude(again.json, {
        kind: "Status",
        status: "Failure",
        reason: "AlreadyExists",
        code: 409,
        message: `configmaps "identity" already exists`,
        details: { name: "identity", kind: "configmaps" }
      })
      const strict = yield* raw.call("POST", `${configMaps}?fieldValidation=Strict`, {
        body: { ...configMap("strict"), bogus: 1 }
      })
      assert.strictEqual(strict.status, 400)
      assert.include(text(strict.json, "message"), `strict decoding error: unknown field "bogus"`)
    })
  )

  expect("makes up a name after a prefix", ({ cluster: { http } }) =>
    Effect.gen(function* () {
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "made-" } }
      const [first, second] = [yield* http.create(configMaps, body), yield* http.create(configMaps, body)]
      assert.match(text(first, "metadata", "name"), /^made-[a-z0-9]{5}$/)
      assert.notStrictEqual(text(first, "metadata", "name"), text(second, "metadata", "name"))
    })
  )

  expect("refuses what may not be created, naming each field", ({ raw }) =>
    Effect.gen(function* () {
      const create = (body: Schema.Json, path = configMaps) => raw.call("POST", path, { body })
      const named = (metadata: Schema.JsonObject) => ({ apiVersion: "v1", kind: "ConfigMap", metadata })
      for (const [body, cause] of [
        [named({ name: "A_b" }), "metadata.name FieldValueInvalid"],
        [named({}), "metadata.name FieldValueRequired"],
        [named({ name: "b", labels: { "bad key!": "v" } }), "metadata.labels FieldValueInvalid"],
        [named({ name: "b", labels: { a: "bad value!" } }), "metadata.labels FieldValueInvalid"],
        [configMap("b", { "bad key!": "v" }), "data[bad key!] FieldValueInvalid"]
      ] as const) {
        const { json, status } = yield* create(body)
        assert.deepStrictEqual([status, at(json, "reason"), causes(json)], [422, "Invalid", [cause]])
        assert.match(text(json, "message"), /^ConfigMap ".*" is invalid: /)
      }
      for (const body of [
        named({ name: "b", namespace: "other" }),
        { ...configMap("b"), kind: "Secret" },
        { ...configMap("b"), apiVersion: "v2" },
        { ...configMap("b"), data: { k: 1 } },
        "not json"
      ]) {
        const { json, status } = yield* create(body)
        assert.deepStrictEqual([status, at(json, "reason")], [400, "BadRequest"])
      }
      assert.strictEqual((yield* create(named({ name: "b", resourceVersion: "5" }))).status, 500)
      const type = yield* raw.call("POST", configMaps, { body: "x", type: "text/plain" })
      assert.deepStrictEqual([type.status, at(type.json, "reason")], [415, "UnsupportedMediaType"])
      const nowhere = yield* create(configMap("b"), "/api/v1/namespaces/missing/configmaps")
      assert.deepStrictEqual([nowhere.status, at(nowhere.json, "message")], [404, `namespaces "missing" not found`])
      const dots = yield* create(
        { apiVersion: "v1", kind: "Namespace", metadata: { name: "x.y" } },
        "/api/v1/namespaces"
      )
      assert.deepStrictEqual(causes(dots.json), ["metadata.name FieldValueInvalid"])
      assert.strictEqual((yield* raw.call("GET", `${configMaps}/b`)).status, 404)
    })
  )

  expect("merges a merge patch: null removes, lists and texts are replaced, a miss is a miss", ({ raw }) =>
    Effect.gen(function* () {
      yield* raw.call("POST", configMaps, { body: configMap("merged", { a: "1", b: "2" }) })
      const patch = (body: Schema.Json, name = "merged") =>
        raw.call("PATCH", `${configMaps}/${name}`, { body, type: merge })
      const { json } = yield* patch({ data: { a: null, c: "3" }, metadata: { labels: { x: "y" } } })
      assert.deepStrictEqual(at(json, "data"), { b: "2", c: "3" })
      assert.deepStrictEqual(at(json, "metadata", "labels"), { x: "y" })
      const same = yield* patch({ data: { c: "3" } })
      assert.strictEqual(version(same.json), version(json), "what changes nothing is not written")
      assert.strictEqual((yield* patch({}, "none")).status, 404)
      assert.strictEqual((yield* patch([1])).status, 400)
      const renamed = yield* patch({ metadata: { name: "other" } })
      assert.deepStrictEqual(
        [renamed.status, at(renamed.json, "message")],
        [400, "the name of the object (other) does not match the name on the URL (merged)"]
      )
      assert.deepStrictEqual(causes((yield* patch({ metadata: { uid: "other" } })).json), [
        "metadata.uid FieldValueInvalid"
      ])
      const typed = yield* raw.call("PATCH", `${configMaps}/merged`, { body: {}, type: "application/json" })
      assert.deepStrictEqual([typed.status, at(typed.json, "reason")], [415, "UnsupportedMediaType"])
    })
  )

  expect("applies a JSON patch wholly or not at all", ({ raw }) =>
    Effect.gen(function* () {
      yield* raw.call("POST", configMaps, { body: configMap("patched", { a: "1" }) })
      const patch = (body: Schema.Json) => raw.call("PATCH", `${configMaps}/patched`, { body, type: jsonPatch })
      const { json } = yield* patch([
        { op: "test", path: "/data/a", value: "1" },
        { op: "copy", from: "/data/a", path: "/data/b" },
        { op: "move", from: "/data/a", path: "/data/c" },
        { op: "replace", path: "/data/b", value: "9" },
        { op: "add", path: "/metadata/labels", value: {} },
        { op: "add", path: "/metadata/labels/a.example~1x", value: "y" }
      ])
      assert.deepStrictEqual(at(json, "data"), { b: "9", c: "1" })
      assert.deepStrictEqual(at(json, "metadata", "labels"), { "a.example/x": "y" })
      for (const bad of [
        { op: "test", path: "/data/b", value: "no" },
        { op: "remove", path: "/data/none" },
        { op: "replace", path: "/none/none", value: "x" },
        { op: "move", from: "/data/none", path: "/data/x" }
      ]) {
        const refused = yield* patch([{ op: "add", path: "/data/half", value: "done" }, bad])
        assert.deepStrictEqual([bad.op, refused.status, at(refused.json, "reason")], [bad.op, 422, "Invalid"])
      }
      assert.strictEqual((yield* patch({ a: 1 })).status, 400)
      assert.isUndefined(at((yield* raw.call("GET", `${configMaps}/patched`)).json, "data", "half"))
    })
  )

  expect("lets the second of two writers of one version know", ({ raw }) =>
    Effect.gen(function* () {
      const first = (yield* raw.call("POST", configMaps, { body: configMap("raced") })).json
      const path = `${configMaps}/raced`
      const body = {
        ...configMap("raced", { by: "first" }),
        metadata: { name: "raced", resourceVersion: version(first) }
      }
      const put = yield* raw.call("PUT", path, { body })
      assert.strictEqual(put.status, 200)
      assert.isAbove(Number(version(put.json)), Number(version(first)))
      const conflict = {
        code: 409,
        reason: "Conflict",
        details: { name: "raced", kind: "configmaps" },
        message: `Operation cannot be fulfilled on configmaps "raced": the object has been modified; please apply your changes to the latest version and try again`
      }
      const late = yield* raw.call("PUT", path, { body: { ...body, data: { by: "second" } } })
      assert.deepInclude(late.json, conflict)
      const patch = { metadata: { resourceVersion: version(first) }, data: { by: "third" } }
      assert.deepInclude((yield* raw.call("PATCH", path, { body: patch, type: merge })).json, conflict)
      const blind = yield* raw.call("PUT", path, { body: configMap("raced", { by: "blind" }) })
      assert.deepStrictEqual([blind.status, at(blind.json, "data")], [200, { by: "blind" }])
      assert.strictEqual((yield* raw.call("PUT", `${configMaps}/none`, { body: configMap("none") })).status, 404)
      const stranger = { ...configMap("raced"), metadata: { name: "raced", uid: "another" } }
      assert.strictEqual((yield* raw.call("PUT", path, { body: stranger })).status, 409)
    })
  )

  expect("deletes what the sender means, and says so", ({ raw }) =>
    Effect.gen(function* () {
      const made = (yield* raw.call("POST", configMaps, { body: configMap("doomed") })).json
      const path = `${configMaps}/doomed`
      const remove = (preconditions: Schema.JsonObject) => raw.call("DELETE", path, { body: { preconditions } })
      for (const preconditions of [{ uid: "x" }, { resourceVersion: "1" }]) {
        const { json, status } = yield* remove(preconditions)
        assert.deepStrictEqual([status, at(json, "reason")], [409, "Conflict"])
        assert.include(text(json, "message"), "in the precondition")
      }
      assert.strictEqual((yield* raw.call("DELETE", `${path}?dryRun=All`)).status, 200)
      const done = yield* remove({ uid: text(made, "metadata", "uid"), resourceVersion: version(made) })
      assert.deepInclude(done.json, {
        kind: "Status",
        status: "Success",
        details: { name: "doomed", kind: "configmaps", uid: at(made, "metadata", "uid") ?? null }
      })
      assert.deepInclude((yield* raw.call("DELETE", path)).json, { code: 404, reason: "NotFound" })
    })
  )

  expect("keeps what finalizers hold, marked, until the last one is gone", ({ raw }) =>
    Effect.gen(function* () {
      const path = `${configMaps}/held`
      const body = { ...configMap("held"), metadata: { name: "held", finalizers: ["a.example/x", "a.example/y"] } }
      yield* raw.call("POST", configMaps, { body })
      const marked = yield* raw.call("DELETE", path)
      assert.strictEqual(at(marked.json, "kind"), "ConfigMap")
      assert.isTrue(isNow(text(marked.json, "metadata", "deletionTimestamp")))
      const again = yield* raw.call("DELETE", path)
      assert.strictEqual(version(again.json), version(marked.json))
      const patch = (finalizers: Schema.Json) =>
        raw.call("PATCH", path, { body: { metadata: { finalizers, deletionTimestamp: null } }, type: merge })
      assert.deepStrictEqual(causes((yield* patch(["a.example/z"])).json), ["metadata.finalizers FieldValueForbidden"])
      const one = yield* patch(["a.example/y"])
      assert.deepStrictEqual(at(one.json, "metadata", "finalizers"), ["a.example/y"])
      assert.strictEqual(
        at(one.json, "metadata", "deletionTimestamp"),
        at(marked.json, "metadata", "deletionTimestamp")
      )
      assert.strictEqual((yield* patch(null)).status, 200)
      assert.strictEqual((yield* raw.call("GET", path)).status, 404)
    })
  )

  expect("writes nothing when asked to try only", ({ raw }) =>
    Effect.gen(function* () {
      const dry = yield* raw.call("POST", `${configMaps}?dryRun=All`, { body: configMap("dry") })
      assert.deepStrictEqual([dry.status, at(dry.json, "metadata", "name")], [201, "dry"])
      assert.strictEqual((yield* raw.call("GET", `${configMaps}/dry`)).status, 404)
    })
  )

  expect("creates by an apply what is missing, and merges into what is there", ({ cluster: { http }, raw }) =>
    Effect.gen(function* () {
      const path = `${configMaps}/applied`
      yield* http.apply(path, configMap("applied", { a: "1" }))
      yield* http.patch(path, { data: { b: "2" } })
      const after = yield* http.apply(path, configMap("applied", { a: "3" }))
      assert.deepStrictEqual(at(after, "data"), { a: "3", b: "2" })
      const type = "application/apply-patch+yaml"
      const nobody = yield* raw.call("PATCH", path, { body: configMap("applied"), type })
      assert.deepStrictEqual(causes(nobody.json), ["fieldManager FieldValueRequired"])
    })
  )
}
