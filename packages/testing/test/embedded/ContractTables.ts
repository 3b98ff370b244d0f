import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { at, configMap, configMaps, type Expectation, list, merge, text } from "./Contract.ts"
import type { RawApi } from "./RawApi.ts"
import { crdPath, widget, widgets } from "./Widget.ts"

const asTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
const isAge = /^\d+[smhdy]/

const columnsOf = (table: Parameters<typeof list>[0]) =>
  list(table, "columnDefinitions").map((one) => `${text(one, "name")}${at(one, "priority") === 0 ? "" : " (wide)"}`)

const tableOf = (raw: RawApi, path: string, name: string) =>
  Effect.map(raw.call("GET", path, { accept: asTable }), ({ json }) => {
    const row = list(json, "rows").find((one) => text(one, "object", "metadata", "name") === name)
    const cells = list(row, "cells").map((cell) => (typeof cell === "string" && isAge.test(cell) ? "AGE" : cell))
    return { kind: at(json, "kind"), columns: columnsOf(json), cells, object: at(row, "object") }
  })

export const define = (expect: Expectation): void => {
  expect("shows each kind as a table, with the columns that people know", ({ raw }) =>
    Effect.gen(function* () {
      yield* raw.call("POST", configMaps, { body: configMap("shown", { a: "1", b: "2" }) })
      yield* raw.call("POST", "/api/v1/namespaces/default/secrets", {
        body: { apiVersion: "v1", kind: "Secret", metadata: { name: "shown" }, stringData: { a: "1" } }
      })
      yield* raw.call("POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases", {
        body: {
          apiVersion: "coordination.k8s.io/v1",
          kind: "Lease",
          metadata: { name: "shown" },
          spec: { holderIdentity: "me" }
        }
      })
      yield* raw.call("POST", "/api/v1/namespaces/default/events", {
        body: {
          apiVersion: "v1",
          kind: "Event",
          metadata: { name: "shown" },
          involvedObject: { kind: "Node", name: "n" },
          reason: "Why",
          message: "What",
          type: "Warning",
          count: 3,
          source: { component: "c" },
          firstTimestamp: "2026-01-01T00:00:00Z",
          lastTimestamp: "2026-01-01T00:00:00Z"
        }
      })
      for (const [path, columns, cells] of [
        [configMaps, ["Name", "Data", "Age"], ["shown", 2, "AGE"]],
        ["/api/v1/namespaces/default/secrets", ["Name", "Type", "Data", "Age"], ["shown", "Opaque", 1, "AGE"]],
        ["/apis/coordination.k8s.io/v1/namespaces/default/leases", ["Name", "Holder", "Age"], ["shown", "me", "AGE"]],
        [
          "/api/v1/namespaces/default/events",
          [
            "Last Seen",
            "Type",
            "Reason",
            "Object",
            "Subobject (wide)",
            "Source (wide)",
            "Message",
            "First Seen (wide)",
            "Count (wide)",
            "Name (wide)"
          ],
          ["AGE", "Warning", "Why", "node/n", "", "c", "What", "AGE", 3, "shown"]
        ]
      ] as const) {
        const table = yield* tableOf(raw, path, "shown")
        assert.deepStrictEqual([table.kind, table.columns, table.cells], ["Table", [...columns], [...cells]])
        assert.strictEqual(at(table.object, "kind"), "PartialObjectMetadata")
      }
      const namespaces = yield* tableOf(raw, "/api/v1/namespaces", "default")
      assert.deepStrictEqual(
        [namespaces.columns, namespaces.cells],
        [
          ["Name", "Status", "Age"],
          ["default", "Active", "AGE"]
        ]
      )
      const definitions = yield* tableOf(raw, crdPath, "widgets.shop.example")
      assert.deepStrictEqual(definitions.columns, ["Name", "Created At"])
      assert.match(String(definitions.cells[1]), /^\d{4}-.*Z$/)
    })
  )

  expect("shows a node's state, roles and addresses", ({ raw }) =>
    Effect.gen(function* () {
      const path = "/api/v1/nodes/tabled"
      const labels = { "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/edge": "" }
      yield* raw.call("POST", "/api/v1/nodes", {
        body: { apiVersion: "v1", kind: "Node", metadata: { name: "tabled", labels }, spec: { unschedulable: true } }
      })
      const cells = Effect.map(tableOf(raw, "/api/v1/nodes", "tabled"), (table) => table)
      const before = yield* cells
      assert.deepStrictEqual(before.columns, [
        "Name",
        "Status",
        "Roles",
        "Age",
        "Version",
        "Internal-IP (wide)",
        "External-IP (wide)",
        "OS-Image (wide)",
        "Kernel-Version (wide)",
        "Container-Runtime (wide)"
      ])
      assert.deepStrictEqual(before.cells, [
        "tabled",
        "Unknown,SchedulingDisabled",
        "edge,worker",
        "AGE",
        "",
        "<none>",
        "<none>",
        "<unknown>",
        "<unknown>",
        "<unknown>"
      ])
      for (const [status, expected] of [
        ["True", "Ready,SchedulingDisabled"],
        ["Unknown", "NotReady,SchedulingDisabled"]
      ] as const) {
        const addresses = [{ type: "InternalIP", address: "192.0.2.9" }]
        const body = { status: { conditions: [{ type: "Ready", status }], addresses } }
        yield* raw.call("PATCH", `${path}/status`, { body, type: merge })
        const after = yield* cells
        assert.deepStrictEqual([after.cells[1], after.cells[5]], [expected, "192.0.2.9"])
      }
      yield* raw.call("DELETE", path)
    })
  )

  expect("shows custom objects by the columns of their definition", ({ raw }) =>
    Effect.gen(function* () {
      yield* raw.call("POST", widgets, { body: widget("tabled", { size: 3 }) })
      const bare = yield* tableOf(raw, widgets, "tabled")
      assert.deepStrictEqual(bare.columns, ["Name", "Size", "Ready", "Color (wide)", "Age"])
      assert.deepStrictEqual(bare.cells, ["tabled", 3, null, "red", "AGE"])
      const conditions = [
        { type: "Other", status: "False" },
        { type: "Ready", status: "True" }
      ]
      yield* raw.call("PATCH", `${widgets}/tabled/status`, { body: { status: { conditions } }, type: merge })
      const one = yield* tableOf(raw, `${widgets}/tabled`, "tabled")
      assert.strictEqual(one.cells[2], "True")
    })
  )

  expect("streams tables, and says their columns once", ({ raw }) =>
    Effect.gen(function* () {
      const watch = yield* raw.watch(`${configMaps}?watch=true&labelSelector=streamed`, asTable)
      for (const name of ["streamed-a", "streamed-b"]) {
        yield* raw.call("POST", configMaps, {
          body: { ...configMap(name), metadata: { name, labels: { streamed: "" } } }
        })
      }
      const [first, second] = [yield* watch.next, yield* watch.next]
      assert.deepStrictEqual([first.type, columnsOf(first.object)], ["ADDED", ["Name", "Data", "Age"]])
      assert.deepStrictEqual([at(second.object, "kind"), columnsOf(second.object)], ["Table", []])
      assert.strictEqual(at(second.object, "rows", 0, "cells", 0), "streamed-b")
    })
  )

  expect("answers in the form that is asked for, or not at all", ({ raw }) =>
    Effect.gen(function* () {
      yield* raw.call("POST", configMaps, { body: configMap("formed", { a: "1" }) })
      const path = `${configMaps}/formed`
      const partial = yield* raw.call("GET", path, {
        accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
      })
      assert.deepStrictEqual([at(partial.json, "kind"), at(partial.json, "data")], ["PartialObjectMetadata", undefined])
      const unheard = yield* raw.call("GET", path, { accept: "application/xml" })
      assert.deepStrictEqual([unheard.status, at(unheard.json, "reason")], [406, "NotAcceptable"])
      const either = yield* raw.call("GET", path, { accept: "application/xml, application/json" })
      assert.strictEqual(at(either.json, "kind"), "ConfigMap")
      const full = yield* raw.call("GET", `${path}?includeObject=Object`, { accept: asTable })
      assert.deepStrictEqual(at(full.json, "rows", 0, "object", "data"), { a: "1" })
    })
  )
}
