import { assert, describe, it } from "@effect/vitest"
import { type Claim, Condition, conditionTypes, reasons, set } from "@netcup-failover/core/Condition"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { oneOf } from "./Worlds.ts"

const statuses = oneOf<Condition["status"]>("True", "False", "Unknown")
const claims: Arbitrary.Arbitrary<Claim> = Arbitrary.all({
  type: oneOf(...conditionTypes),
  status: statuses,
  reason: oneOf(...reasons),
  message: oneOf("", "a", "b")
})
const foreign: Condition = {
  type: "Other",
  status: "True",
  reason: "SomeoneElse",
  message: "",
  lastTransitionTime: "2020-01-01T00:00:00Z"
}
const at = (second: number) => `2026-11-22T10:00:${String(second).padStart(2, "0")}Z`

/** Conditions after claims were made one second after another, upon one that another controller wrote. */
const history = (list: ReadonlyArray<Claim>): ReadonlyArray<Condition> =>
  list.reduce<ReadonlyArray<Condition>>((conditions, claim, i) => set(conditions, claim, i + 1, at(i)), [foreign])

describe("set", () => {
  it.prop(
    "says what was claimed last, of the generation that it was claimed for",
    [Arbitrary.array(claims), claims],
    ([list, last]) => {
      const now = at(30)
      const conditions = set(history(list), last, 7, now)
      const mine = conditions.filter(({ type }) => type === last.type)
      assert.strictEqual(mine.length, 1)
      const { lastTransitionTime, ...rest } = mine[0] ?? foreign
      assert.deepStrictEqual(rest, { ...last, observedGeneration: 7 })
      assert.isString(lastTransitionTime)
    }
  )

  it.prop(
    "moves the transition time exactly when the status changes",
    [Arbitrary.array(claims), claims],
    ([list, last]) => {
      const before = history(list).find(({ type }) => type === last.type)
      const after = set(history(list), last, 7, at(30)).find(({ type }) => type === last.type)
      const expected = before?.status === last.status ? before.lastTransitionTime : at(30)
      assert.strictEqual(after?.lastTransitionTime, expected)
    },
    { arbitrary: { runs: 300 } }
  )

  it.prop(
    "leaves the other conditions and their order as they were",
    [Arbitrary.array(claims), claims],
    ([list, last]) => {
      const before = history(list)
      const after = set(before, last, 7, at(30))
      assert.deepStrictEqual(
        after.filter(({ type }) => type !== last.type),
        before.filter(({ type }) => type !== last.type)
      )
      const types = before.map(({ type }) => type)
      assert.deepStrictEqual(
        after.map(({ type }) => type),
        types.includes(last.type) ? types : [...types, last.type]
      )
    }
  )

  it.prop("changes nothing when the same is claimed again later", [Arbitrary.array(claims), claims], ([list, last]) => {
    const once = set(history(list), last, 7, at(30))
    assert.deepStrictEqual(set(once, last, 7, at(40)), once)
  })

  it.prop("names no generation where none is known", [Arbitrary.array(claims), claims], ([list, last]) => {
    const mine = set(history(list), last, undefined, at(30)).find(({ type }) => type === last.type)
    assert.notProperty(mine, "observedGeneration")
  })

  it.prop("makes conditions that Kubernetes' own schema of a condition accepts", [claims], ([claim]) => {
    for (const condition of set([], claim, 1, at(0))) {
      assert.deepStrictEqual(Schema.decodeUnknownSync(Condition)(condition), condition)
      assert.match(condition.type, /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/u)
      assert.match(condition.reason, /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/u)
    }
  })
})

describe("reasons", () => {
  it("keeps the seed system's reasons, and names none twice", () => {
    for (const reason of ["NodeSelected", "NoEligibleNodes", "MissingAnnotation", "CredentialsError", "RoutingFailed"])
      assert.include(reasons, reason)
    assert.strictEqual(new Set(reasons).size, reasons.length)
    assert.include(conditionTypes, "Routed")
  })
})

describe("a condition", () => {
  it("of another version of the controller, with a reason unknown here, is decoded", () => {
    const condition = { ...foreign, type: "Routed", reason: "Contested", observedGeneration: 3 }
    assert.deepStrictEqual(Schema.decodeUnknownSync(Condition)(condition), condition)
  })

  it("with another status than True, False or Unknown is not", () => {
    const decode = Schema.decodeUnknownResult(Condition)
    for (const status of ["true", "Yes", true, null, ""])
      assert.strictEqual(decode({ ...foreign, status })._tag, "Failure", String(status))
  })

  it("without a transition time is not", () => {
    const { lastTransitionTime: _, ...rest } = foreign
    assert.strictEqual(Schema.decodeUnknownResult(Condition)(rest)._tag, "Failure")
  })
})
