import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { at, causes, type Expectation, list, merge, text, version } from "./Contract.ts"
import { crdPath, definition, widget, widgets } from "./Widget.ts"

const secrets = "/api/v1/namespaces/default/secrets"
const leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
const events = "/api/v1/namespaces/default/events"

export const define = (expect: Expectation): void => {
  expect("stores what is good of a custom object: no unknown fields, no status, defaults at every depth", ({ raw }) =>
    Effect.gen(function* () {
      const spec = {
        size: 1,
        junk: 1,
        extra: { x: { y: 1 } },
        list: [{ k: "a", junk: 1 }],
        optional: null,
        port: "http"
      }
      const body = { ...widget("stored", spec), status: { phase: "x" }, other: 2 }
      const { json, status } = yield* raw.call("POST", widgets, { body })
      assert.strictEqual(status, 201)
      assert.deepStrictEqual(at(json, "spec"), {
        size: 1,
        color: "red",
        extra: { x: { y: 1 } },
        list: [{ k: "a", v: "d" }],
        optional: null,
        port: "http"
      })
      assert.deepStrictEqual([at(json, "status"), at(json, "other")], [undefined, undefined])
      assert.strictEqual(at(json, "metadata", "generation"), 1)
      const strict = yield* raw.call("POST", `${widgets}?fieldValidation=Strict`, {
        body: widget("s", { size: 1, junk: 1 })
      })
      assert.deepStrictEqual(
        [strict.status, at(strict.json, "message")],
        [400, `Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.junk"`]
      )
    })
  )

  expect("judges a custom object by its schema, field by field", ({ raw }) =>
    Effect.gen(function* () {
      for (const [spec, wrong] of [
        [{ size: 0 }, ["spec.size FieldValueInvalid"]],
        [{ size: 10 }, ["spec.size FieldValueInvalid"]],
        [{ size: "1" }, ["spec.size FieldValueTypeInvalid"]],
        [{}, ["spec.size FieldValueRequired"]],
        [{ size: null }, ["spec.size FieldValueRequired"]],
        [{ size: 1, color: "green" }, ["spec.color FieldValueNotSupported"]],
        [{ size: 1, name: "a" }, ["spec.name FieldValueInvalid"]],
        [{ size: 1, name: "abcde" }, ["spec.name FieldValueTooLong"]],
        [{ size: 1, name: "AB" }, ["spec.name FieldValueInvalid"]],
        [{ size: 1, tags: [] }, ["spec.tags FieldValueInvalid"]],
        [{ size: 1, tags: ["a", "b", "c"] }, ["spec.tags FieldValueTooMany"]],
        [{ size: 1, tags: {} }, ["spec.tags FieldValueTypeInvalid"]],
        [{ size: 1, tags: [1] }, ["spec.tags[0] FieldValueTypeInvalid"]],
        [{ size: 1, port: true }, ["spec.port FieldValueTypeInvalid"]],
        [{ size: 1, at: "noon" }, ["spec.at FieldValueTypeInvalid"]],
        [{ size: 1, labels: { a: 1 } }, ["spec.labels.a FieldValueTypeInvalid"]],
        [{ size: 1, list: [{ v: "x" }] }, ["spec.list[0].k FieldValueRequired"]],
        [{ size: 1, list: [{ k: "a" }, { k: "a" }] }, ["spec.list[1] FieldValueDuplicate"]],
        [{ size: 11, color: "green" }, ["spec.color FieldValueNotSupported", "spec.size FieldValueInvalid"]]
      ] as const) {
        const body: Schema.Json = { ...widget("judged", {}), spec }
        const { json, status } = yield* raw.call("POST", widgets, { body })
        assert.deepStrictEqual([spec, status, causes(json)], [spec, 422, [...wrong]])
      }
      const { json } = yield* raw.call("POST", widgets, { body: widget("judged", { size: 0 }) })
      assert.strictEqual(
        at(json, "message"),
        `Widget.shop.example "judged" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1`
      )
      const { spec: _, ...bare } = widget("judged", {})
      assert.deepStrictEqual(causes((yield* raw.call("POST", widgets, { body: bare })).json), [
        "spec FieldValueRequired"
      ])
      const versioned = { ...widget("judged", { size: 1 }), apiVersion: "shop.example/v2" }
      assert.strictEqual((yield* raw.call("POST", widgets, { body: versioned })).status, 400)
    })
  )

  expect("keeps spec and status apart, and counts generations of the spec", ({ raw }) =>
    Effect.gen(function* () {
      yield* raw.call("POST", widgets, { body: widget("parted", { size: 1 }) })
      const patch = (path: string, body: Schema.Json) =>
        raw.call("PATCH", `${widgets}/parted${path}`, { body, type: merge })
      const seen = (json: Schema.Json) => [
        at(json, "metadata", "generation"),
        at(json, "spec", "size"),
        at(json, "status")
      ]
      const both = { spec: { size: 2 }, status: { phase: "y", junk: 1 } }
      assert.deepStrictEqual(seen((yield* patch("", both)).json), [2, 2, undefined])
      const status = yield* patch("/status", { ...both, spec: { size: 3 }, metadata: { labels: { a: "b" } } })
      assert.deepStrictEqual(seen(status.json), [2, 2, { phase: "y" }])
      assert.isUndefined(at(status.json, "metadata", "labels"))
      const labelled = yield* patch("", { metadata: { labels: { a: "b" } } })
      assert.deepStrictEqual(seen(labelled.json), [2, 2, { phase: "y" }])
      const stale = yield* patch("/status", {
        metadata: { resourceVersion: version(status.json) },
        status: { phase: "z" }
      })
      assert.deepInclude(stale.json, {
        code: 409,
        message: `Operation cannot be fulfilled on widgets.shop.example "parted": the object has been modified; please apply your changes to the latest version and try again`
      })
      assert.deepStrictEqual(causes((yield* patch("/status", { status: { phase: 1 } })).json), [
        "status.phase FieldValueTypeInvalid"
      ])
      const put = yield* raw.call("PUT", `${widgets}/parted`, { body: widget("parted", { size: 1 }) })
      assert.deepStrictEqual(causes(put.json), ["metadata.resourceVersion FieldValueInvalid"])
      const strategic = yield* raw.call("PATCH", `${widgets}/parted`, {
        body: {},
        type: "application/strategic-merge-patch+json"
      })
      assert.strictEqual(strategic.status, 415)
      assert.strictEqual((yield* raw.call("GET", `${widgets}/parted/status`)).status, 200)
    })
  )

  expect(
    "serves a kind from its definition on, until that is deleted, and its objects with it",
    ({ cluster: { http }, raw }) =>
      Effect.gen(function* () {
        const text = JSON.stringify(definition).replaceAll("shop.example", "gone.example")
        const body: Schema.Json = JSON.parse(text)
        const collection = "/apis/gone.example/v1/namespaces/default/widgets"
        assert.strictEqual((yield* raw.call("GET", collection)).status, 404)
        yield* http.create(crdPath, body)
        const established = yield* http.waitUntil(`${crdPath}/widgets.gone.example`, Schema.Json, (crd) =>
          list(crd, "status", "conditions").some(
            (one) => at(one, "type") === "Established" && at(one, "status") === "True"
          )
        )
        assert.strictEqual(at(established, "status", "acceptedNames", "listKind"), "WidgetList")
        assert.strictEqual(at(established, "spec", "names", "singular"), "widget")
        yield* http.waitUntil(collection, Schema.Json, () => true)
        yield* http.create(collection, { ...widget("w", { size: 1 }), apiVersion: "gone.example/v1" })
        const twice = yield* raw.call("POST", crdPath, { body })
        assert.strictEqual(at(twice.json, "reason"), "AlreadyExists")
        const rescoped = yield* raw.call("PATCH", `${crdPath}/widgets.gone.example`, {
          body: { spec: { scope: "Cluster" } },
          type: merge
        })
        assert.deepStrictEqual(causes(rescoped.json), ["spec.scope FieldValueInvalid"])
        const deleted = yield* raw.call("DELETE", `${crdPath}/widgets.gone.example`)
        assert.deepStrictEqual(at(deleted.json, "metadata", "finalizers"), [
          "customresourcecleanup.apiextensions.k8s.io"
        ])
        yield* Effect.flip(http.get(`${crdPath}/widgets.gone.example`)).pipe(Effect.eventually)
        yield* Effect.flip(http.get(collection)).pipe(Effect.eventually)
        const bad = { ...definition, metadata: { name: "bad" } }
        assert.deepStrictEqual(causes((yield* raw.call("POST", crdPath, { body: bad })).json), [
          "metadata.name FieldValueInvalid"
        ])
      })
  )

  expect("keeps a Secret's texts as base64, and its type for good", ({ raw }) =>
    Effect.gen(function* () {
      const secret = (name: string, more: Schema.JsonObject) => ({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name },
        ...more
      })
      const body = secret("told", { stringData: { a: "ü" }, data: { a: "eA==", c: "ZA==" } })
      const { json } = yield* raw.call("POST", secrets, { body })
      assert.deepStrictEqual([at(json, "data"), at(json, "type")], [{ a: "w7w=", c: "ZA==" }, "Opaque"])
      assert.isUndefined(at(json, "stringData"))
      const garbled = yield* raw.call("POST", secrets, { body: secret("garbled", { data: { c: "!" } }) })
      assert.strictEqual(garbled.status, 400)
      const patch = (body: Schema.Json) => raw.call("PATCH", `${secrets}/told`, { body, type: merge })
      assert.deepStrictEqual(causes((yield* patch({ type: "x/y" })).json), ["type FieldValueInvalid"])
      yield* patch({ immutable: true })
      assert.deepStrictEqual(causes((yield* patch({ stringData: { a: "new" } })).json), ["data FieldValueForbidden"])
    })
  )

  expect("wants Leases with times of six digits and durations above zero", ({ raw }) =>
    Effect.gen(function* () {
      const lease = (spec: Schema.JsonObject) => ({
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: "held" },
        spec
      })
      const create = (spec: Schema.JsonObject) => raw.call("POST", leases, { body: lease(spec) })
      assert.strictEqual((yield* create({ renewTime: "2026-01-01T00:00:00Z" })).status, 400)
      assert.deepStrictEqual(causes((yield* create({ leaseDurationSeconds: 0 })).json), [
        "spec.leaseDurationSeconds FieldValueInvalid"
      ])
      const spec = { holderIdentity: "h", leaseDurationSeconds: 15, renewTime: "2026-01-01T00:00:00.000000Z" }
      const made = yield* create(spec)
      assert.deepStrictEqual([made.status, at(made.json, "spec")], [201, spec])
    })
  )

  expect("finds Events by what they are about", ({ raw }) =>
    Effect.gen(function* () {
      const event = (name: string, involvedObject: Schema.JsonObject) => ({
        apiVersion: "v1",
        kind: "Event",
        metadata: { name },
        involvedObject,
        reason: "R",
        message: "M",
        type: "Normal",
        firstTimestamp: "2026-01-01T00:00:00.123Z"
      })
      const create = (body: Schema.Json) => raw.call("POST", events, { body })
      const made = yield* create(event("about.1", { kind: "Widget", name: "w", uid: "u" }))
      assert.deepStrictEqual(
        [at(made.json, "firstTimestamp"), at(made.json, "eventTime"), at(made.json, "source")],
        ["2026-01-01T00:00:00Z", null, {}]
      )
      yield* create(event("about.2", { kind: "Widget", name: "other", uid: "u2" }))
      const selector = encodeURIComponent("involvedObject.name=w,involvedObject.kind=Widget,involvedObject.uid=u")
      const { json } = yield* raw.call("GET", `${events}?fieldSelector=${selector}`)
      assert.deepStrictEqual(
        list(json, "items").map((one) => text(one, "metadata", "name")),
        ["about.1"]
      )
      const misplaced = yield* create(event("about.3", { kind: "Pod", name: "p", namespace: "other" }))
      assert.deepStrictEqual(causes(misplaced.json), ["involvedObject.namespace FieldValueInvalid"])
    })
  )

  expect("merges a node's conditions and addresses by type, and only through its status", ({ raw }) =>
    Effect.gen(function* () {
      const path = "/api/v1/nodes/merged"
      yield* raw.call("POST", "/api/v1/nodes", {
        body: { apiVersion: "v1", kind: "Node", metadata: { name: "merged" } }
      })
      const patch = (where: string, body: Schema.Json) =>
        raw.call("PATCH", `${path}${where}`, { body, type: "application/strategic-merge-patch+json" })
      const ready = {
        type: "Ready",
        status: "True",
        reason: "R",
        message: "m",
        lastTransitionTime: "2026-01-01T00:00:00.5Z"
      }
      yield* patch("/status", {
        status: { conditions: [ready], addresses: [{ type: "InternalIP", address: "192.0.2.1" }] }
      })
      const { json } = yield* patch("/status", {
        status: {
          conditions: [
            { type: "Ready", status: "False" },
            { type: "Disk", status: "True" }
          ],
          addresses: [{ type: "Hostname", address: "merged" }]
        },
        spec: { unschedulable: true }
      })
      const conditions = new Map(list(json, "status", "conditions").map((one) => [at(one, "type"), one]))
      assert.deepStrictEqual(conditions.get("Ready"), {
        ...ready,
        status: "False",
        lastHeartbeatTime: null,
        lastTransitionTime: "2026-01-01T00:00:00Z"
      })
      assert.strictEqual(at(conditions.get("Disk"), "status"), "True")
      const addresses = list(json, "status", "addresses").map((one) => `${text(one, "type")} ${text(one, "address")}`)
      assert.sameMembers(addresses, ["InternalIP 192.0.2.1", "Hostname merged"])
      assert.isUndefined(at(json, "spec", "unschedulable"))
      const main = yield* raw.call("PATCH", path, { body: { status: { phase: "Running" } }, type: merge })
      assert.isUndefined(at(main.json, "status", "phase"))
      yield* raw.call("DELETE", path)
    })
  )

  expect("marks a deleted namespace as terminating", ({ raw }) =>
    Effect.gen(function* () {
      const made = yield* raw.call("POST", "/api/v1/namespaces", {
        body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "ending" } }
      })
      assert.strictEqual(at(made.json, "metadata", "labels", "kubernetes.io/metadata.name"), "ending")
      assert.strictEqual(at(made.json, "status", "phase"), "Active")
      yield* raw.call("POST", "/api/v1/namespaces/ending/configmaps", {
        body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "holding", finalizers: ["a.example/x"] } }
      })
      const { json } = yield* raw.call("DELETE", "/api/v1/namespaces/ending")
      assert.strictEqual(at(json, "status", "phase"), "Terminating")
      const late = yield* raw.call("POST", "/api/v1/namespaces/ending/configmaps", {
        body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "late" } }
      })
      assert.deepStrictEqual([late.status, causes(late.json)], [403, ["metadata.namespace NamespaceTerminating"]])
    })
  )
}
