import { assert, describe, it } from "@effect/vitest"
import { everything, LabelSelector, problems, toQuery, unmet } from "@netcup-failover/core/LabelSelector"
import * as Schema from "effect/Schema"
import { selectorCases } from "./LabelSelectorCases.ts"
import { oneOf } from "./Worlds.ts"

const labels = Schema.Record(Schema.Literals(["role", "zone", "constructor"]), Schema.Literals(["", "a", "b"]))
const expression = (
  operator: "In" | "NotIn" | "Exists" | "DoesNotExist",
  key: string,
  values?: ReadonlyArray<string>
) => ({
  matchExpressions: [values === undefined ? { key, operator } : { key, operator, values }]
})

describe("a label selector", () => {
  for (const { name, selector, labels, matches } of selectorCases) {
    if (matches === "refused")
      it(`is reported as Kubernetes refuses it: ${name}`, () => assert.isNotEmpty(problems(selector)))
    else
      it(`${matches ? "matches" : "does not match"} as in Kubernetes: ${name}`, () => {
        assert.deepStrictEqual(problems(selector), [])
        assert.strictEqual(unmet(selector, labels).length === 0, matches)
      })
  }

  it.prop("that is empty matches all labels", [labels], ([labels]) => {
    assert.deepStrictEqual(unmet(everything, labels), [])
    assert.deepStrictEqual(problems(everything), [])
  })

  it.prop(
    "means the opposite with the opposite operator",
    [labels, oneOf("role", "zone", "constructor", "toString"), Schema.NonEmptyArray(Schema.Literals(["", "a", "b"]))],
    ([labels, key, values]) => {
      const holds = (operator: "In" | "NotIn" | "Exists" | "DoesNotExist", values?: ReadonlyArray<string>) =>
        unmet(expression(operator, key, values), labels).length === 0
      assert.notStrictEqual(holds("In", values), holds("NotIn", values))
      assert.notStrictEqual(holds("Exists"), holds("DoesNotExist"))
    }
  )

  it("is asked for as the API writes it, the same whatever the order", () => {
    const selector: LabelSelector = {
      matchLabels: { role: "edge", app: "" },
      matchExpressions: [
        { key: "disk", operator: "In", values: ["ssd", "nvme", "ssd"] },
        { key: "zone", operator: "NotIn", values: ["b", "", "a"] },
        { key: "size", operator: "NotIn", values: ["s"] },
        { key: "gpu", operator: "Exists" },
        { key: "example.org/old", operator: "DoesNotExist" }
      ]
    }
    const query = "!example.org/old,app=,disk in (nvme,ssd),gpu,role=edge,size!=s,zone notin (,a,b)"
    assert.strictEqual(toQuery(selector), query)
    const reversed = {
      matchLabels: { app: "", role: "edge" },
      matchExpressions: (selector.matchExpressions ?? []).toReversed()
    }
    assert.strictEqual(toQuery(reversed), query)
    assert.strictEqual(toQuery(everything), "")
  })

  it("names the field that it is in where something is wrong with it", () => {
    assert.deepStrictEqual(problems({ matchLabels: { "a b": "" } }, "workload.selector"), [
      'workload.selector: "a b" is no label key'
    ])
  })

  it("tells every requirement that is not met, as a text for people", () => {
    const selector: LabelSelector = {
      matchLabels: { role: "edge", zone: "a" },
      matchExpressions: [
        { key: "disk", operator: "In", values: ["ssd", "nvme"] },
        { key: "role", operator: "NotIn", values: ["core", "db"] },
        { key: "gpu", operator: "Exists" },
        { key: "zone", operator: "DoesNotExist" }
      ]
    }
    assert.deepStrictEqual(unmet(selector, { role: "core", zone: "a" }), [
      "role In (edge)",
      "disk In (ssd, nvme)",
      "role NotIn (core, db)",
      "gpu Exists",
      "zone DoesNotExist"
    ])
  })

  it("reports every problem, not only the first", () => {
    const selector: LabelSelector = {
      matchExpressions: [
        { key: "role", operator: "In" },
        { key: "zone", operator: "Exists", values: ["a"] }
      ]
    }
    const [first, second, ...others] = problems(selector)
    assert.include(first, "role")
    assert.include(second, "zone")
    assert.deepStrictEqual(others, [])
  })

  it("with an operator that Kubernetes does not know is not decoded", () => {
    for (const operator of ["in", "Gt", "Lt", ""]) {
      const decode = Schema.decodeUnknownResult(LabelSelector)
      assert.strictEqual(
        decode(JSON.parse(JSON.stringify({ matchExpressions: [{ key: "role", operator }] })))._tag,
        "Failure"
      )
    }
  })

  it("keeps labels with the names of inherited properties when it is decoded", () => {
    const text = '{"matchLabels":{"constructor":"a","hasOwnProperty":"b"}}'
    const selector = Schema.decodeUnknownSync(LabelSelector)(JSON.parse(text))
    assert.deepStrictEqual(unmet(selector, { constructor: "a" }), ["hasOwnProperty In (b)"])
  })
})
