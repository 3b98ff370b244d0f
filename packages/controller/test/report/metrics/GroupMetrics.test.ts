import { assert, describe, it } from "@effect/vitest"
import { sample } from "@netcup-failover/controller/report/metrics/Exposition"
import * as GroupMetrics from "@netcup-failover/controller/report/metrics/GroupMetrics"
import type { Status } from "@netcup-failover/core/FailoverIpResource"

const now = Date.parse("2026-11-22T12:00:00Z")
const condition = (status: "True" | "False" | "Unknown", reason: string, type = "Routed") => ({
  type,
  status,
  reason,
  message: "",
  lastTransitionTime: "2026-11-22T11:00:00Z"
})
const routed: Status = { currentNode: "node-1", conditions: [condition("True", "NodeSelected")] }

const of = (statuses: Readonly<Record<string, Status>>) => GroupMetrics.samples(new Map(Object.entries(statuses)), now)
const named = (name: string, statuses: Readonly<Record<string, Status>>) =>
  of(statuses).filter((one) => one.name === name)

describe("metrics of groups", () => {
  it("tell of a routed group where it is and since when", () => {
    assert.deepStrictEqual(
      of({ a: routed }).filter(({ labels }) => labels.group === "a"),
      [
        sample("netcup_failover_group_state", 1, { group: "a", state: "NodeSelected" }),
        sample("netcup_failover_group_routed", 1, { group: "a" }),
        sample("netcup_failover_group_node", 1, { group: "a", node: "node-1" }),
        sample("netcup_failover_group_routed_since_timestamp_seconds", now / 1000 - 3600, { group: "a" }),
        sample("netcup_failover_group_recent_moves", 0, { group: "a" })
      ]
    )
  })

  it("tell of one that is not routed its last node, and no time since when it is", () => {
    const status: Status = { currentNode: "node-1", conditions: [condition("False", "RoutingFailed")] }
    assert.deepStrictEqual(
      named("netcup_failover_group_routed", { a: status }).map(({ value }) => value),
      [0]
    )
    assert.lengthOf(named("netcup_failover_group_node", { a: status }), 1)
    assert.lengthOf(named("netcup_failover_group_routed_since_timestamp_seconds", { a: status }), 0)
  })

  it("count groups by state, also the states that none is in", () => {
    const statuses = {
      a: routed,
      b: routed,
      c: { conditions: [condition("False", "NoEligibleNodes")] },
      d: {},
      e: { conditions: [condition("True", "CredentialsAccepted", "CredentialsHealthy")] },
      f: { conditions: [condition("True", "SomeReasonOfAnotherVersion")] }
    }
    const counts = Object.fromEntries(
      named("netcup_failover_groups", statuses).map(({ labels, value }) => [labels.state, value])
    )
    assert.sameMembers(Object.keys(counts), [...GroupMetrics.states])
    assert.deepInclude(counts, { NodeSelected: 2, NoEligibleNodes: 1, Unknown: 3, Conflict: 0 })
    const all = named("netcup_failover_groups", {})
    assert.isTrue(all.every(({ value }) => value === 0))
    assert.lengthOf(all, GroupMetrics.states.length)
  })

  it("count the moves that began within the last hour", () => {
    const moves = ["2026-11-22T10:59:59Z", "2026-11-22T11:00:01Z", "2026-11-22T11:59:00Z"].map((at) => ({
      at,
      to: "node-1",
      reason: ""
    }))
    assert.deepStrictEqual(
      named("netcup_failover_group_recent_moves", { a: { ...routed, moves } }).map(({ value }) => value),
      [2]
    )
  })
})
