import { assert, describe, it } from "@effect/vitest"
import * as JsonPatching from "@netcup-failover/testing/embedded/JsonPatching"
import * as Json from "@netcup-failover/testing/embedded/JsonValue"
import * as MergePatching from "@netcup-failover/testing/embedded/MergePatching"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const patched = (value: Schema.Json, patch: Schema.Json) =>
  Result.getOrUndefined(
    Result.flatMap(
      Result.mapError(JsonPatching.decode(patch), () => undefined),
      (operations) => Result.mapError(JsonPatching.apply(value, operations), () => undefined)
    )
  )

describe("JsonPatching", () => {
  // The examples of RFC 6902, appendix A.
  for (const [title, before, operation, after] of [
    ["adds a member", { foo: "bar" }, { op: "add", path: "/baz", value: "qux" }, { baz: "qux", foo: "bar" }],
    ["adds to a list", { a: ["x", "z"] }, { op: "add", path: "/a/1", value: "y" }, { a: ["x", "y", "z"] }],
    ["appends to a list", { a: ["x"] }, { op: "add", path: "/a/-", value: ["y"] }, { a: ["x", ["y"]] }],
    ["removes a member", { a: 1, b: 2 }, { op: "remove", path: "/a" }, { b: 2 }],
    ["removes from a list", { a: ["x", "y", "z"] }, { op: "remove", path: "/a/1" }, { a: ["x", "z"] }],
    ["replaces", { a: [1, 2] }, { op: "replace", path: "/a/0", value: 3 }, { a: [3, 2] }],
    ["replaces what is not there", { a: 1 }, { op: "replace", path: "/b", value: 3 }, { a: 1, b: 3 }],
    ["replaces all", { a: 1 }, { op: "replace", path: "", value: { b: 2 } }, { b: 2 }],
    ["moves a member", { a: { b: 1 }, c: {} }, { op: "move", from: "/a/b", path: "/c/d" }, { a: {}, c: { d: 1 } }],
    ["moves within a list", { a: [1, 2, 3] }, { op: "move", from: "/a/0", path: "/a/2" }, { a: [2, 3, 1] }],
    ["copies", { a: { b: 1 } }, { op: "copy", from: "/a", path: "/c" }, { a: { b: 1 }, c: { b: 1 } }],
    [
      "passes a test by value",
      { a: { x: 1, y: 2 } },
      { op: "test", path: "/a", value: { y: 2, x: 1 } },
      { a: { x: 1, y: 2 } }
    ],
    ["reads ~0 and ~1", { "/": 9, "~1": 10 }, { op: "replace", path: "/~01", value: 1 }, { "/": 9, "~1": 1 }],
    ["adds null", { a: 1 }, { op: "add", path: "/a", value: null }, { a: null }]
  ] as const) {
    it(title, () => {
      const given: Schema.Json = structuredClone<Schema.Json>(before)
      assert.deepStrictEqual(patched(given, [operation]), after)
      assert.deepStrictEqual(given, before, "what was given stays as it was")
    })
  }

  for (const [title, before, operation] of [
    ["a place whose parent is not there", { a: 1 }, { op: "add", path: "/b/c", value: 1 }],
    ["an index past the end", { a: [1] }, { op: "add", path: "/a/2", value: 1 }],
    ["an index with a leading zero", { a: [1, 2] }, { op: "remove", path: "/a/01" }],
    ["a failed test", { a: "10" }, { op: "test", path: "/a", value: 10 }],
    ["a pointer without its slash", { a: 1 }, { op: "remove", path: "a" }],
    ["an inherited name", {}, { op: "remove", path: "/toString" }],
    ["an unknown operation", { a: 1 }, { op: "spam", path: "/a" }],
    ["an operation without its value", { a: 1 }, { op: "add", path: "/a" }]
  ] as const) {
    it(`refuses ${title}`, () => assert.isUndefined(patched(before, [operation])))
  }
})

describe("MergePatching", () => {
  // The test cases of RFC 7386, appendix A.
  for (const [before, patch, after] of [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"]
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }]
  ] as const) {
    it(`merges ${JSON.stringify(patch)} into ${JSON.stringify(before)}`, () =>
      assert.deepStrictEqual(MergePatching.merge(before, patch), after))
  }

  it.prop("leaves everything as it was when nothing is asked", [Schema.Record(Schema.String, Schema.Json)], ([value]) =>
    Json.equal(MergePatching.merge(value, {}), value)
  )

  it("strategically merges lists by their key, and forgets those that are to be deleted", () => {
    const before = { status: { conditions: [{ type: "A", x: 1 }, { type: "B" }] }, spec: { taints: [{ key: "a" }] } }
    const patch = {
      status: {
        "$setElementOrder/conditions": [{ type: "A" }],
        conditions: [{ type: "A", y: 2 }, { $patch: "delete", type: "B" }, { type: "C" }]
      },
      spec: { taints: [{ key: "b" }] }
    }
    assert.deepStrictEqual(MergePatching.strategic(before, patch), {
      status: { conditions: [{ type: "A", x: 1, y: 2 }, { type: "C" }] },
      spec: { taints: [{ key: "b" }] }
    })
  })

  it("strategically adds to and removes from sets of texts, and replaces what says so", () => {
    const before = { metadata: { finalizers: ["a", "b"] }, data: { x: "1" } }
    const patch = {
      metadata: { finalizers: ["c"], "$deleteFromPrimitiveList/finalizers": ["a"] },
      data: { $patch: "replace", y: "2" }
    }
    assert.deepStrictEqual(MergePatching.strategic(before, patch), {
      metadata: { finalizers: ["b", "c"] },
      data: { y: "2" }
    })
  })
})
