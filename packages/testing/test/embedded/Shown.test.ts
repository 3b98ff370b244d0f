import { assert, describe, it } from "@effect/vitest"
import { age } from "@netcup-failover/testing/embedded/Age"
import * as ColumnPath from "@netcup-failover/testing/embedded/ColumnPath"
import * as ProtobufBody from "@netcup-failover/testing/embedded/ProtobufBody"
import * as Selector from "@netcup-failover/testing/embedded/Selector"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

describe("Age", () => {
  const now = Date.parse("2026-01-01T00:00:00Z")
  const hour = 3600
  for (const [seconds, shown] of [
    [0, "0s"],
    [119, "119s"],
    [120, "2m"],
    [599, "9m59s"],
    [600, "10m"],
    [3 * hour - 1, "179m"],
    [3 * hour, "3h"],
    [8 * hour - 60, "7h59m"],
    [8 * hour, "8h"],
    [48 * hour - 1, "47h"],
    [50 * hour, "2d2h"],
    [8 * 24 * hour, "8d"],
    [729 * 24 * hour, "729d"],
    [731 * 24 * hour, "2y1d"],
    [8 * 365 * 24 * hour, "8y"]
  ] as const) {
    it(`of ${seconds} seconds is ${shown}`, () =>
      assert.strictEqual(age(new Date(now - seconds * 1000).toISOString(), now), shown))
  }
  it("of what is no time is unknown, and of what is to come nothing", () => {
    assert.deepStrictEqual([age(undefined, now), age("soon", now)], ["<unknown>", "<unknown>"])
    assert.strictEqual(age("2026-01-01T00:00:05Z", now), "0s")
  })
})

describe("ColumnPath", () => {
  const value = {
    a: {
      "b.c": [1, 2],
      list: [
        { t: "x", v: 1 },
        { t: "y", v: 2 }
      ]
    }
  }
  for (const [path, found] of [
    [".a['b.c'][0]", [1]],
    [".a.b\\.c[*]", [1, 2]],
    [`.a.list[?(@.t=="y")].v`, [2]],
    [`.a.list[?(@.t!='y')].v`, [1]],
    [".a.list[-1].v", [2]],
    ["a.list[*].t", ["x", "y"]],
    [".a.none.v", []]
  ] as const) {
    it(`reads ${path}`, () => assert.deepStrictEqual(ColumnPath.parse(path)?.(value), [...found]))
  }
  it("does not read what it does not know", () => assert.isUndefined(ColumnPath.parse(".a[?(@.t>1)]")))
})

describe("Selector", () => {
  const holds = (text: string, labels: Readonly<Record<string, string>>) =>
    Result.map(Selector.labels(text), (selector) => selector(labels))
  const tier = Schema.Literals(["one", "two", "three"])

  it.prop(
    "sees a label in a set exactly when it is not outside of it",
    [tier, tier, tier],
    ([label, first, second]) => {
      const inside = holds(`tier in (${first},${second})`, { tier: label })
      const outside = holds(`tier notin (${first},${second})`, { tier: label })
      return Result.getOrThrow(inside) === !Result.getOrThrow(outside)
    }
  )

  for (const text of ["a===", "a in b", "=b", "a=b c", "!", "a in (b", "a,,=c"]) {
    it(`refuses ${text}`, () => assert.isTrue(Result.isFailure(Selector.labels(text))))
  }
})

describe("ProtobufBody", () => {
  const field = (number: number, value: Buffer) => Buffer.concat([Buffer.from([number * 8 + 2, value.length]), value])
  const said = (number: number, text: string) => field(number, Buffer.from(text))
  const envelope = (kind: string, object: Buffer) =>
    Buffer.concat([Buffer.from("k8s\0"), field(1, Buffer.concat([said(1, "v1"), said(2, kind)])), field(2, object)])

  it("reads metadata, maps and flags", () => {
    const entry = Buffer.concat([said(1, "k"), said(2, "v")])
    const body = Buffer.concat([field(1, said(1, "a")), field(2, entry), Buffer.from([4 * 8, 1])])
    assert.deepStrictEqual(Result.getOrUndefined(ProtobufBody.parse(envelope("ConfigMap", body))), {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a" },
      data: { k: "v" },
      immutable: true
    })
  })

  it("refuses other kinds, what is cut off, and what is no protobuf at all", () => {
    const whole = envelope("ConfigMap", field(1, said(1, "a")))
    for (const body of [envelope("Pod", Buffer.alloc(0)), whole.subarray(0, -1), Buffer.from("{}"), Buffer.alloc(0)]) {
      assert.isTrue(Result.isFailure(ProtobufBody.parse(body)))
    }
  })
})
