import { assert, describe, it } from "@effect/vitest"
import * as Wording from "@netcup-failover/controller/report/Wording"
import type { NodeName } from "@netcup-failover/core/Candidate"
import { reasons as knownReasons } from "@netcup-failover/core/Condition"
import { HoldReason } from "@netcup-failover/core/Group"
import { Ineligibility } from "@netcup-failover/core/Ineligibility"
import { MoveReason } from "@netcup-failover/core/Plan"
import { Sign } from "@netcup-failover/core/Verdict"
import * as Arbitrary from "effect/Arbitrary"
import { oneOf } from "../Choice.ts"
import { address, node } from "../Given.ts"

const v4 = address("198.51.100.1/32").prefix
const v6 = address("2001:db8::2/64").prefix
const failed = Ineligibility.Failed({ signs: [Sign.Silent()] })
const noAnnotation = Ineligibility.MissingAnnotation()
const foreign = Ineligibility.ForeignServer({ server: "v9" })
const notSelected = Ineligibility.NotSelected({ unmet: ["role In (edge)"] })

describe("why a group moves", () => {
  const cases: ReadonlyArray<readonly [MoveReason, string]> = [
    [MoveReason.FirstPlacement(), "the group had no node"],
    [MoveReason.Begun(), "the move had begun"],
    [MoveReason.LeftNode({ from: node(1), reasons: [] }), "node-1 is gone"],
    [MoveReason.LeftNode({ from: node(1), reasons: [failed] }), "node-1 is silent (Ready=Unknown)"],
    [
      MoveReason.LeftNode({ from: node(1), reasons: [failed, notSelected] }),
      "node-1 is silent (Ready=Unknown), is not selected (role In (edge))"
    ],
    [MoveReason.Incomplete({ missing: [v4] }), "198.51.100.1/32 was elsewhere"],
    [MoveReason.Incomplete({ missing: [v4, v6] }), "198.51.100.1/32, 2001:db8::/64 were elsewhere"],
    [MoveReason.Drifted({ missing: [v6] }), "2001:db8::/64 had been moved away"],
    [MoveReason.Pinned(), "the annotation netcup.digilol.net/move-to names it"],
    [MoveReason.Preferred({ over: node(1) }), "the group's preferences weigh it more than node-1"],
    [MoveReason.Uneven({ from: node(1), load: 3, other: 1 }), "it had 1 group and node-1 had 3"],
    [MoveReason.Uneven({ from: node(1), load: 2, other: 0 }), "it had 0 groups and node-1 had 2"]
  ]
  for (const [because, text] of cases) {
    it(`${because._tag}: because ${text}`, () => {
      assert.strictEqual(Wording.moveReason(because), text)
    })
  }
})

describe("why a group is held", () => {
  const cases: ReadonlyArray<readonly [HoldReason, Wording.Wording]> = [
    [HoldReason.InvalidSpec({ message: "m" }), { reason: "InvalidSpec", message: "m" }],
    [HoldReason.CredentialsError({ message: "m" }), { reason: "CredentialsError", message: "m" }],
    [HoldReason.AccountUnknown({ message: "m" }), { reason: "RoutingFailed", message: "netcup cannot be asked: m" }],
    [
      HoldReason.ServerUnknown({ server: "v2" }),
      {
        reason: "RoutingFailed",
        message: "netcup does not tell what is routed to v2, where the addresses may be"
      }
    ],
    [
      HoldReason.Conflict({ prefix: v4, holder: "older" }),
      {
        reason: "Conflict",
        message: "198.51.100.1/32 belongs to the older older of the same account: remove it from one of them"
      }
    ],
    [HoldReason.Paused({}), { reason: "Paused", message: "nothing is moved while spec.paused is true" }]
  ]
  for (const [because, wording] of cases) {
    it(`${because._tag}: ${wording.message}`, () => {
      assert.deepStrictEqual(Wording.hold(because), wording)
    })
  }
})

describe("why no node can take a group", () => {
  const against = oneOf<Ineligibility>(failed, noAnnotation, foreign, notSelected)
  const verdicts = Arbitrary.map(
    Arbitrary.array(Arbitrary.array(against, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
    (all): ReadonlyMap<NodeName, ReadonlyArray<Ineligibility>> => new Map(all.map((one, i) => [node(i), one]))
  )

  it("is that there is none, in a cluster without nodes", () => {
    assert.deepStrictEqual(Wording.unplaceable(new Map()), {
      reason: "NoEligibleNodes",
      message: "the cluster has no nodes"
    })
  })

  it("names for each node all that speaks against it", () => {
    const wording = Wording.unplaceable(
      new Map([
        [node(1), [failed, notSelected]],
        [node(2), [foreign]]
      ])
    )
    assert.deepStrictEqual(wording, {
      reason: "NoEligibleNodes",
      message:
        "no node can take the group: node-1 is silent (Ready=Unknown), is not selected (role In (edge)); " +
        "node-2 is server v9, which the account does not list"
    })
  })

  it.prop("is MissingAnnotation exactly where an annotation would make a node fit", [verdicts], ([reasons]) => {
    const { reason, message } = Wording.unplaceable(reasons)
    const wouldFit = [...reasons.values()].some((all) => all.every(({ _tag }) => _tag === "MissingAnnotation"))
    assert.strictEqual(reason, wouldFit ? "MissingAnnotation" : "NoEligibleNodes")
    for (const name of reasons.keys()) assert.include(message, name)
    assert.include(knownReasons, reason)
  })
})
