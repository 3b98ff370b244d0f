import { assert, describe, it } from "@effect/vitest"
import { type Declared, fromDeclared, renderSign, Sign } from "@netcup-failover/core/Verdict"

/** What the Node object declares, and the signs against the node that follow. */
const cases: ReadonlyArray<readonly [Declared["ready"], boolean, ReadonlyArray<Sign["_tag"]>]> = [
  ["True", false, []],
  ["False", false, ["NotReady"]],
  ["Unknown", false, ["Silent"]],
  [undefined, false, ["NeverReady"]],
  ["True", true, ["Deleting"]],
  ["False", true, ["Deleting", "NotReady"]],
  ["Unknown", true, ["Deleting", "Silent"]],
  [undefined, true, ["Deleting", "NeverReady"]]
]

describe("the verdict by what the Node object declares", () => {
  for (const [ready, deleting, signs] of cases) {
    const name = `Ready=${ready ?? "(none)"}${deleting ? ", being deleted" : ""}`
    it(`is ${signs.length === 0 ? "Healthy" : "Failed"} for ${name}`, () => {
      const verdict = fromDeclared({ ready, deleting })
      assert.strictEqual(verdict.state, signs.length === 0 ? "Healthy" : "Failed")
      assert.deepStrictEqual(verdict.reasons.map(({ _tag }) => _tag).sort(), [...signs].sort())
    })

    it(`does not change by time alone for ${name}`, () => {
      assert.isUndefined(fromDeclared({ ready, deleting }).changesAt)
    })
  }

  it("is Failed for a node that somebody says is down, however ready it is", () => {
    const taint = "node.kubernetes.io/out-of-service"
    const { state, reasons } = fromDeclared({ ready: "True", deleting: false, outOfService: [taint] })
    assert.strictEqual(state, "Failed")
    assert.deepStrictEqual(reasons.map(renderSign), ["is out of service (taint node.kubernetes.io/out-of-service)"])
    assert.strictEqual(fromDeclared({ ready: "True", deleting: false, outOfService: [] }).state, "Healthy")
  })

  it("is Failed for a node that operators mean to be left, however ready it is", () => {
    const well = { ready: "True", deleting: false } as const
    const words = (more: Partial<Declared>) => fromDeclared({ ...well, ...more }).reasons.map(renderSign)
    assert.deepStrictEqual(words({ maintenance: "new disk" }), ["is in maintenance (new disk)"])
    assert.deepStrictEqual(words({ draining: true }), ["is being drained"])
    assert.strictEqual(fromDeclared({ ...well, maintenance: "x" }).state, "Failed")
    assert.strictEqual(fromDeclared({ ...well, draining: false }).state, "Healthy")
  })

  it("puts every sign into words of its own", () => {
    const signs = [...fromDeclared({ ready: "False", deleting: true }).reasons]
    for (const ready of ["Unknown", undefined] as const) signs.push(...fromDeclared({ ready, deleting: false }).reasons)
    signs.push(Sign.Maintenance({ note: "x" }), Sign.Draining(), Sign.OutOfService({ taint: "x" }))
    signs.push(Sign.LeaseStale({ since: 0 }), Sign.Unanswering({ since: 0 }), Sign.Recovering({ since: 0 }))
    signs.push(Sign.ServerDown({ word: "offline", since: 0 }))
    const words = signs.map(renderSign)
    assert.strictEqual(new Set(words).size, 11)
    for (const text of words) assert.match(text, /^(is|has) /u)
  })
})
