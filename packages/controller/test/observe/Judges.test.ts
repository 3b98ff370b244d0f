import { assert, describe, it } from "@effect/vitest"
import * as Judges from "@netcup-failover/controller/observe/Judges"
import { type Candidate, NodeName } from "@netcup-failover/core/Candidate"
import { Signal } from "@netcup-failover/core/detect/Signal"
import { standard } from "@netcup-failover/core/detect/Thresholds"
import { fromDeclared } from "@netcup-failover/core/Verdict"

const name = NodeName.make("node-1")
const well = { ready: "True", deleting: false } as const
const settlePeriod = 300_000

/** Wall time runs with the other, an hour ahead of it. */
const moment = (second: number) => ({ at: second * 1_000, wall: 3_600_000 + second * 1_000 })

const candidate = (settledAt?: number): Candidate => ({
  name,
  server: undefined,
  labels: {},
  verdict: fromDeclared(well),
  ...(settledAt === undefined ? {} : { settledAt })
})

/** A node that netcup calls down while it does not answer, from second 10 to `until`, and that answers again from then on. */
const failed = (until: number, mode: "Fast" | "NodeConditions" = "Fast") => {
  const judges = Judges.make({ mode, thresholds: standard }, undefined, moment(0), settlePeriod)
  const hear = (second: number, signal: Signal) => judges.hear(moment(second), signal)
  hear(0, Signal.Declared({ node: name, declared: well }))
  for (let second = 1; second <= until + 20; second++) {
    if (second < 10 || second >= until) hear(second, Signal.Answered({ node: name }))
    else {
      hear(second, Signal.Unanswered({ node: name, startedAt: (second - 1) * 1_000 }))
      hear(second, Signal.Provider({ node: name, state: "Down", word: "SHUTOFF" }))
    }
    hear(second, Signal.Tick())
  }
  return judges
}

describe("a node that had failed while its conditions were well", () => {
  it("counts as settled only a while after it recovered, not by how long it is Ready", () => {
    const judges = failed(20)
    const { settledAt, verdict } = judges.apply(candidate())
    assert.strictEqual(verdict.state, "Healthy")
    // It answers at second 20, and recovers for ten.
    assert.strictEqual(settledAt, moment(30).wall + settlePeriod)
    assert.strictEqual(judges.apply(candidate(moment(1).wall)).settledAt, moment(30).wall + settlePeriod)
  })

  it("is settled when it has been Ready for as long as that, if that is later", () => {
    assert.strictEqual(failed(20).apply(candidate(moment(9_000).wall)).settledAt, moment(9_000).wall)
  })

  it("is not remembered once it is gone", () => {
    const judges = failed(20)
    judges.hear(moment(60), Signal.Gone({ node: name }))
    judges.hear(moment(61), Signal.Declared({ node: name, declared: well }))
    assert.isUndefined(judges.apply(candidate()).settledAt)
  })

  it("is not held to what nobody goes by, where conditions alone count", () => {
    assert.isUndefined(failed(20, "NodeConditions").apply(candidate()).settledAt)
  })

  it("that has never failed has nothing added", () => {
    const judges = failed(10)
    assert.deepStrictEqual(judges.apply(candidate()), { ...candidate(), verdict: judges.apply(candidate()).verdict })
  })
})
