import { assert, describe, it } from "@effect/vitest"
import { NodeName } from "@netcup-failover/core/Candidate"
import { keyOf, resolve, verdictFor } from "@netcup-failover/core/detect/DetectionChoice"
import * as Thresholds from "@netcup-failover/core/detect/Thresholds"
import { fromDeclared } from "@netcup-failover/core/Verdict"

const standard = { mode: "Fast", thresholds: Thresholds.standard } as const

describe("what a group chooses for detection", () => {
  it("is the controller's setting for all that it leaves open", () => {
    assert.deepStrictEqual(resolve({}, standard), standard)
    assert.deepStrictEqual(resolve({ mode: "NodeConditions" }, standard), { ...standard, mode: "NodeConditions" })
    assert.deepStrictEqual(resolve({}, { ...standard, mode: "NodeConditions" }).mode, "NodeConditions")
    assert.deepStrictEqual(
      resolve({ leaseStaleAfterSeconds: 20, silentAfterSeconds: 4, recoveredAfterSeconds: 0 }, standard).thresholds,
      { ...Thresholds.standard, leaseStaleAfter: 20_000, silentAfter: 4_000, recoveredAfter: 0 }
    )
  })

  it("has one key for the same choice, another for each other one, and none for no choice", () => {
    assert.isUndefined(keyOf(undefined))
    assert.isUndefined(keyOf({}))
    const choices = [
      { mode: "Fast" },
      { mode: "NodeConditions" },
      { leaseStaleAfterSeconds: 20 },
      { silentAfterSeconds: 20 },
      { recoveredAfterSeconds: 20 },
      { recoveredAfterSeconds: 0 },
      { leaseStaleAfterSeconds: 2, silentAfterSeconds: 0 },
      { mode: "Fast", leaseStaleAfterSeconds: 20 }
    ] as const
    assert.strictEqual(new Set(choices.map(keyOf)).size, choices.length)
    for (const choice of choices) assert.strictEqual(keyOf({ ...choice }), keyOf(choice))
  })

  it("picks its verdict on a node, and without a choice the controller's", () => {
    const verdict = fromDeclared({ ready: "True", deleting: false })
    const other = fromDeclared({ ready: "False", deleting: false })
    const key = keyOf({ mode: "NodeConditions" })
    const node = {
      name: NodeName.make("node-1"),
      server: undefined,
      labels: {},
      verdict,
      verdicts: new Map(key === undefined ? [] : [[key, other]])
    }
    assert.strictEqual(verdictFor({}, node), verdict)
    assert.strictEqual(key && verdictFor({ detection: key }, node), other)
    const unknown = keyOf({ silentAfterSeconds: 9 })
    assert.strictEqual(unknown && verdictFor({ detection: unknown }, node), verdict)
  })
})
