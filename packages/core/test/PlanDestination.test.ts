import { assert, describe, it } from "@effect/vitest"
import { hash32 } from "@netcup-failover/core/Fnv1a"
import { plan } from "@netcup-failover/core/Plan"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import * as Arbitrary from "effect/Arbitrary"
import { canTake, destination, freeGroups } from "./PlanReading.ts"
import { accountA, address, candidate, newGroup, node, oneOf, SmallWorld, server, worlds } from "./Worlds.ts"

const often = { arbitrary: { runs: 500 } }

/** One group whose addresses lie about on four nodes, of which one may have failed. */
const splits = Arbitrary.map(
  Arbitrary.all({
    name: oneOf("g1", "g2", "g3", "g4", "g5"),
    places: Arbitrary.array(oneOf(1, 2, 3, 4), { minLength: 2, maxLength: 4 }),
    current: oneOf(undefined, 1, 2, 3, 4),
    failed: oneOf(undefined, 1, 2)
  }),
  ({ name, places, current, failed }) => {
    const addresses = places.map((_, i) => address(`2001:db8:${i}::/64`))
    const routes = new Map(
      addresses.flatMap(({ prefix }, i) => {
        const at = places[i]
        return at === undefined ? [] : [[prefix, server(at)] as const]
      })
    )
    const dead = { verdict: fromDeclared({ ready: "Unknown", deleting: false }) }
    return new SmallWorld({
      nodes: [1, 2, 3, 4].map((id) => candidate(id, id === failed ? dead : {})),
      groups: [newGroup(name, { addresses, current: current === undefined ? undefined : node(current) })],
      accounts: new Map([[accountA, { servers: new Set([1, 2, 3, 4].map(server)), routes }]])
    })
  }
)

describe("plan, one group by itself", () => {
  it.prop(
    "chooses only nodes that may have the group",
    [worlds],
    ([world]) => {
      const decisions = plan(world)
      for (const { name } of world.groups) {
        const to = destination(decisions.get(name))
        if (to === undefined) continue
        const free = freeGroups(world, decisions).find(({ group }) => group.name === name)
        assert.isTrue(
          free?.eligible.some((one) => one.name === to),
          `${name} on ${to}`
        )
      }
    },
    often
  )

  it.prop(
    "gives up a group only if no node may have it, and then says for every node why not",
    [worlds],
    ([world]) => {
      const decisions = plan(world)
      for (const { group, account, eligible } of freeGroups(world, decisions)) {
        const decision = decisions.get(group.name)
        assert.strictEqual(decision?._tag === "Unplaceable", eligible.length === 0, group.name)
        if (decision?._tag !== "Unplaceable") continue
        assert.deepStrictEqual([...decision.reasons.keys()].sort(), world.nodes.map(({ name }) => name).sort())
        for (const one of world.nodes) {
          const tags = (decision.reasons.get(one.name) ?? []).map(({ _tag }) => _tag)
          assert.isFalse(canTake(group, one, account))
          assert.isNotEmpty(tags, one.name)
          assert.strictEqual(tags.includes("Failed"), one.verdict.state === "Failed")
          assert.strictEqual(tags.includes("MissingAnnotation"), one.server === undefined)
          assert.strictEqual(
            tags.includes("ForeignServer"),
            one.server !== undefined && !account.servers.has(one.server)
          )
        }
      }
    },
    often
  )

  it.prop(
    "finishes a way that netcup was told of, as long as its end may have the group",
    [worlds],
    ([world]) => {
      const decisions = plan(world)
      for (const { group, eligible } of freeGroups(world, decisions)) {
        if (group.target?.committed !== true) continue
        const open = eligible.some(({ name }) => name === group.target?.node)
        assert.strictEqual(destination(decisions.get(group.name)) === group.target.node, open, group.name)
      }
    },
    often
  )

  it.prop(
    "gathers a split group where most of its addresses are, then on its current node, then by the pick",
    [worlds, splits],
    (both) => {
      for (const world of both) {
        const decisions = plan(world)
        for (const { group, eligible, holders } of freeGroups(world, decisions)) {
          const count = (name: string) => holders.filter((holder) => holder === name).length
          const most = Math.max(0, ...eligible.map(({ name }) => count(name)))
          if (most === 0 || group.target !== undefined) continue
          const fullest = eligible.filter(({ name }) => count(name) === most).map(({ name }) => name)
          const current = fullest.find((name) => name === group.current)
          const to = current ?? fullest[hash32(group.name) % fullest.length]
          assert.strictEqual(destination(decisions.get(group.name)), to, group.name)
        }
      }
    },
    often
  )

  it.prop(
    "brings a group that is on no eligible node back to its current one",
    [worlds],
    ([world]) => {
      const decisions = plan(world)
      for (const { group, eligible, holders } of freeGroups(world, decisions)) {
        if (group.target !== undefined || eligible.some(({ name }) => holders.includes(name))) continue
        const back = eligible.find(({ name }) => name === group.current)
        if (back !== undefined) assert.strictEqual(destination(decisions.get(group.name)), back.name, group.name)
      }
    },
    often
  )

  it("goes on to where a group was sent, though netcup was not told yet and others are free", () => {
    const account = { servers: new Set([1, 2, 3].map(server)), routes: new Map() }
    const nodes = [1, 2, 3].map((id) => candidate(id))
    for (const id of [1, 2, 3]) {
      const groups = [newGroup("g1", { target: { node: node(id), committed: false } }), newGroup("g2")]
      const decisions = plan({ nodes, groups, accounts: new Map([[accountA, account]]) })
      assert.strictEqual(destination(decisions.get("g1")), node(id))
    }
  })

  it("gathers a split group where most of its addresses are, whatever was intended before netcup was told", () => {
    const addresses = ["198.51.100.1/32", "198.51.100.2/32", "2001:db8::/64"].map(address)
    const [first, second, third] = addresses
    const routes = new Map(
      [first, second, third].flatMap((at, i) => (at === undefined ? [] : [[at.prefix, server(i < 2 ? 1 : 3)] as const]))
    )
    const group = newGroup("g1", { addresses, current: node(1), target: { node: node(2), committed: false } })
    const decisions = plan({
      nodes: [candidate(1), candidate(2), candidate(3)],
      groups: [group],
      accounts: new Map([[accountA, { servers: new Set([1, 2, 3].map(server)), routes }]])
    })
    assert.strictEqual(destination(decisions.get("g1")), node(1))
  })

  it("keeps a group on a server that two nodes claim while one of them is healthy", () => {
    const group = newGroup("g1", { current: node(2) })
    const routes = new Map(group.addresses.map(({ prefix }) => [prefix, server(1)] as const))
    const gone = candidate(1, { verdict: fromDeclared({ ready: "Unknown", deleting: false }) })
    const decisions = plan({
      // A machine that was set up anew under another name; its old Node object is still there.
      nodes: [gone, candidate(2, { server: server(1) }), candidate(3)],
      groups: [group],
      accounts: new Map([[accountA, { servers: new Set([1, 3].map(server)), routes }]])
    })
    assert.deepStrictEqual(decisions.get("g1"), { _tag: "Stay", node: node(2) })
  })
})
