import { assert, describe, it } from "@effect/vitest"
import { NodeName } from "@netcup-failover/core/Candidate"
import * as Evidence from "@netcup-failover/core/detect/Evidence"
import { Signal } from "@netcup-failover/core/detect/Signal"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"

const node = NodeName.make("node-1")

describe("connects that nobody answers", () => {
  it("are dated in whole ms of the wall clock, though clocks tell more: the status and the trace say the same", () => {
    const told = [
      [0, Signal.Declared({ node, declared: { ready: "True", deleting: false } })],
      [0.25, Signal.Answered({ node })],
      [1_000.25, Signal.Unanswered({ node, startedAt: 700.75 })]
    ] as const
    const evidence = told.reduce(
      (all, [at, signal]) => Evidence.fold(all, { at, wall: 1_795_413_130_000 + Math.floor(at) }, signal),
      Evidence.none
    )
    const row = Option.map(HashMap.get(evidence.nodes, node), (known) => Evidence.rowOf(evidence, known))
    assert.strictEqual(Option.getOrUndefined(row)?.since, 1_795_413_130_701)
  })
})
