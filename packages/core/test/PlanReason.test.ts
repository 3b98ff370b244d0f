import { assert, describe, it } from "@effect/vitest"
import type { Decision, MoveReason } from "@netcup-failover/core/Plan"
import { plan } from "@netcup-failover/core/Plan"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import { type Free, freeGroups } from "./PlanReading.ts"
import { accountA, candidate, newGroup, node, type SmallWorld, server, worlds } from "./Worlds.ts"

const often = { arbitrary: { runs: 500 } }

const moves = (world: SmallWorld): ReadonlyArray<Free & { readonly to: string; readonly because: MoveReason }> => {
  const decisions = plan(world)
  return freeGroups(world, decisions).flatMap((free) => {
    const decision: Decision | undefined = decisions.get(free.group.name)
    return decision?._tag === "Move" ? [{ ...free, to: decision.to, because: decision.because }] : []
  })
}

describe("plan, why a group moves", () => {
  it.prop(
    "names exactly the addresses that are not there yet",
    [worlds],
    ([world]) => {
      for (const { group, holders, to, because } of moves(world)) {
        if (because._tag !== "Incomplete" && because._tag !== "Drifted") continue
        const missing = group.addresses.filter((_, i) => holders[i] !== to).map(({ prefix }) => prefix)
        assert.deepStrictEqual(because.missing, missing, group.name)
        assert.isNotEmpty(missing)
        if (because._tag === "Incomplete") assert.isBelow(missing.length, group.addresses.length)
        else assert.strictEqual(to, group.current)
      }
    },
    often
  )

  it.prop(
    "says that a group left its node when that node cannot keep it, and names what speaks against the node",
    [worlds],
    ([world]) => {
      for (const { group, eligible, holders, to, because } of moves(world)) {
        const mayKeep = eligible.some(({ name }) => name === group.current)
        if (group.current !== undefined && !mayKeep) assert.strictEqual(because._tag, "LeftNode", group.name)
        if (because._tag !== "LeftNode") continue
        assert.notStrictEqual(because.from, to)
        assert.include([group.current, ...holders], because.from)
        assert.isFalse(eligible.some(({ name }) => name === because.from))
        const exists = world.nodes.some(({ name }) => name === because.from)
        assert.strictEqual(because.reasons.length > 0, exists, group.name)
      }
    },
    often
  )

  it.prop(
    "speaks of a first placement only where nothing is known of an earlier place",
    [worlds],
    ([world]) => {
      for (const { group, holders, because } of moves(world)) {
        const unknown = group.current === undefined && holders.every((holder) => holder === undefined)
        if (because._tag === "FirstPlacement") assert.isTrue(unknown, group.name)
        if (unknown) assert.strictEqual(because._tag, "FirstPlacement", group.name)
      }
    },
    often
  )

  it("does not speak of a first placement when a group goes on from its healthy node to a committed target", () => {
    const group = newGroup("g1", { current: node(1), target: { node: node(2), committed: true } })
    const routes = new Map(group.addresses.map(({ prefix }) => [prefix, server(1)] as const))
    const account = { servers: new Set([1, 2].map(server)), routes }
    const nodes = [candidate(1), candidate(2)]
    const decision = plan({ nodes, groups: [group], accounts: new Map([[accountA, account]]) }).get("g1")
    assert.strictEqual(decision?._tag, "Move")
    if (decision?._tag === "Move") assert.notStrictEqual(decision.because._tag, "FirstPlacement")
  })

  it("says that a group left a node that is not ready, with the reason of the node", () => {
    const group = newGroup("g1", { current: node(1) })
    const account = { servers: new Set([1, 2].map(server)), routes: new Map() }
    const dead = candidate(1, { verdict: fromDeclared({ ready: "False", deleting: false }) })
    const decisions = plan({ nodes: [dead, candidate(2)], groups: [group], accounts: new Map([[accountA, account]]) })
    assert.deepStrictEqual(decisions.get("g1"), {
      _tag: "Move",
      to: node(2),
      because: { _tag: "LeftNode", from: node(1), reasons: [{ _tag: "Failed", signs: [{ _tag: "NotReady" }] }] }
    } as unknown)
  })
})
