import { assert, describe, it } from "@effect/vitest"
import { type Account, AccountKey } from "@netcup-failover/core/Account"
import type { Group } from "@netcup-failover/core/Group"
import { plan } from "@netcup-failover/core/Plan"
import { address, candidate, newGroup, server } from "./Worlds.ts"

const account: Account = { servers: new Set([server(1), server(2)]), routes: new Map() }

/** What becomes of two groups with one address, the older first. */
const decide = (...keys: readonly [string, string]) => {
  const groups = keys.map((key, i): Group => {
    const shared = { createdAt: i, addresses: [address("198.51.100.1/32")] }
    return newGroup(`g${i + 1}`, { ...shared, account: AccountKey.make(key) })
  })
  const accounts = new Map(keys.map((key) => [AccountKey.make(key), account]))
  const decisions = plan({ nodes: [candidate(1), candidate(2)], groups, accounts })
  return ["g1", "g2"].map((name) => {
    const decision = decisions.get(name)
    return decision?._tag === "Hold" ? decision.because._tag : decision?._tag
  })
}

describe("one address in two groups", () => {
  it("is the older's, also where one account is asked by two APIs: netcup has the address once", () => {
    assert.deepStrictEqual(decide("soap:12345", "rest:555001"), ["Move", "Conflict"])
    assert.deepStrictEqual(decide("rest:555001", "soap:12345"), ["Move", "Conflict"])
  })

  it("is each one's in two accounts of one API", () => {
    assert.deepStrictEqual(decide("soap:1", "soap:2"), ["Move", "Move"])
  })
})
