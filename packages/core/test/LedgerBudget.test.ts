import { assert, describe, it } from "@effect/vitest"
import * as Allowance from "@netcup-failover/core/Allowance"
import { Prefix } from "@netcup-failover/core/FailoverAddress"
import * as Ledger from "@netcup-failover/core/Ledger"
import * as MoveLimits from "@netcup-failover/core/MoveLimits"
import { ServerName } from "@netcup-failover/core/ServerName"
import * as Schema from "effect/Schema"

const now = 1_800_000_000_000
const rest = MoveLimits.restLimits(301_000)
const soap = MoveLimits.soapLimits(301_000)
const server = ServerName.make("v1")

/** A ledger after moves of so many addresses, each of which netcup took. */
const after = (purposes: ReadonlyArray<MoveLimits.Purpose>, limits = rest, from = Ledger.empty) => {
  const requests = purposes.map((purpose, i) => ({ prefix: Prefix.make(`198.51.100.${i}/32`), server, purpose }))
  const { ledger, granted } = Allowance.intend(from, limits, requests, now)
  return granted.reduce((all, { id }) => Ledger.done(all, id, now), ledger)
}
const times = (n: number, purpose: MoveLimits.Purpose) => Array.from({ length: n }, () => purpose)
const left = (ledger: Ledger.Ledger, at = now) => Allowance.budget(ledger, rest, at).windows.map((one) => one.left)

describe("what is left of an account's limits", () => {
  it("is all of them when nothing was moved", () => {
    assert.deepStrictEqual(Allowance.budget(Ledger.empty, rest, now), {
      windows: [
        { window: rest.perAccount[0] ?? assert.fail(), left: { Failover: 10, Upkeep: 4 } },
        { window: rest.perAccount[1] ?? assert.fail(), left: { Failover: 20, Upkeep: 8 } }
      ],
      opensAt: { Failover: now, Upkeep: now },
      resting: 0
    })
  })

  it("shrinks with each move of whatever purpose, and what can wait has its share only", () => {
    assert.deepStrictEqual(left(after(times(3, "Failover"))), [
      { Failover: 7, Upkeep: 4 },
      { Failover: 17, Upkeep: 8 }
    ])
    assert.deepStrictEqual(left(after(times(3, "Upkeep"))), [
      { Failover: 7, Upkeep: 1 },
      { Failover: 17, Upkeep: 5 }
    ])
    assert.deepStrictEqual(left(after(times(8, "Failover")))[0], { Failover: 2, Upkeep: 2 })
  })

  it("is nothing when a window is full, and says when that ends", () => {
    const full = after(times(10, "Failover"))
    assert.deepStrictEqual(left(full)[0], { Failover: 0, Upkeep: 0 })
    const { opensAt } = Allowance.budget(full, rest, now + 1_000)
    assert.deepStrictEqual(opensAt, { Failover: now + 301_000, Upkeep: now + 301_000 })
    assert.deepStrictEqual(left(full, now + 301_000)[0], { Failover: 10, Upkeep: 4 })
  })

  it("counts what others moved", () => {
    assert.deepStrictEqual(left(Ledger.learn(Ledger.empty, [now - 1, now - 2], now))[0], { Failover: 8, Upkeep: 2 })
  })

  it("of SOAP, which has no windows, is how many addresses rest", () => {
    const moved = after(times(2, "Failover"), soap)
    assert.deepStrictEqual(Allowance.budget(moved, soap, now + 300_999), {
      windows: [],
      opensAt: { Failover: now + 300_999, Upkeep: now + 300_999 },
      resting: 2
    })
    assert.strictEqual(Allowance.budget(moved, soap, now + 301_000).resting, 0)
  })

  it("of an account that netcup has closed opens when that ends, and its addresses are not said to rest for it", () => {
    const closed = Ledger.close(after(times(1, "Failover"), soap), undefined, now + 60_000, now)
    const { opensAt, resting } = Allowance.budget(closed, soap, now + 1)
    assert.isAtLeast(opensAt.Failover, now + 60_000)
    assert.strictEqual(resting, 1)
    const one = Ledger.close(Ledger.empty, Prefix.make("198.51.100.9/32"), now + 60_000, now)
    assert.strictEqual(Allowance.budget(one, soap, now + 1).resting, 1)
    assert.strictEqual(Allowance.budget(one, soap, now + 1).opensAt.Failover, now + 1)
  })

  it.prop(
    "is what would be granted now, to the last move",
    [Schema.Array(MoveLimits.Purpose), MoveLimits.Purpose],
    ([moved, purpose]) => {
      const ledger = after(moved)
      const share = purpose === "Failover" ? "Failover" : "Upkeep"
      const most = Math.min(...left(ledger).map((one) => one[share]))
      const requests = Array.from({ length: 25 }, (_, i) => ({
        prefix: Prefix.make(`203.0.113.${i}/32`),
        server,
        purpose
      }))
      assert.lengthOf(Allowance.intend(ledger, rest, requests, now).granted, most)
      const opensAt = Allowance.budget(ledger, rest, now).opensAt[share]
      assert.strictEqual(opensAt > now, most === 0)
    }
  )
})
