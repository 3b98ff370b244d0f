import { assert, describe, it } from "@effect/vitest"
import type { NodeName } from "@netcup-failover/core/Candidate"
import { hash32 } from "@netcup-failover/core/Fnv1a"
import { HoldReason } from "@netcup-failover/core/Group"
import { conflicts, type Policy, plan, standard } from "@netcup-failover/core/Plan"
import { by } from "@netcup-failover/core/Preference"
import { destination, type Free, freeGroups } from "./PlanReading.ts"
import { chosen, Problem } from "./Wishes.ts"
import { accountA, candidate, newGroup, node, oneOf, openWorlds, type SmallWorld, server, worlds } from "./Worlds.ts"

const often = { arbitrary: { runs: 500 } }
const idle = (...ids: ReadonlyArray<number>) =>
  new Map([[accountA, { servers: new Set(ids.map(server)), routes: new Map() }]])

/** A group that nothing ties to a node: it was nowhere and is on its way nowhere. */
const isNew = ({ group, eligible, holders }: Free): boolean =>
  eligible.every(({ name }) => name !== group.current && name !== group.target?.node && !holders.includes(name))

const loads = (world: SmallWorld, places: ReadonlyArray<NodeName | undefined>): Map<NodeName, number> =>
  new Map(world.nodes.map(({ name }) => [name, places.filter((place) => place === name).length]))

/** The lowest highest load that any assignment of the pools leads to, by trying all. */
const lowestPeak = (
  load: ReadonlyMap<NodeName, number>,
  [pool, ...others]: ReadonlyArray<ReadonlyArray<NodeName>>
): number =>
  pool === undefined
    ? Math.max(0, ...load.values())
    : Math.min(...pool.map((name) => lowestPeak(new Map(load).set(name, (load.get(name) ?? 0) + 1), others)))

/** What the seed system's `hash(name) % n` is for n = 1..7, printed by a Go program with hash/fnv's New32a. */
const goPicks: ReadonlyArray<readonly [string, ReadonlyArray<number>]> = [
  ["primary", [0, 1, 1, 1, 3, 1, 2]],
  ["secondary", [0, 1, 1, 1, 2, 1, 3]],
  ["group-a", [0, 0, 1, 2, 3, 4, 0]],
  ["group-b", [0, 1, 2, 3, 4, 5, 2]],
  ["g1", [0, 1, 0, 1, 2, 3, 4]],
  ["g2", [0, 0, 0, 0, 0, 0, 3]],
  ["g3", [0, 1, 2, 3, 4, 5, 1]]
]

/** Prefers nodes with the role `edge`. */
const edgeFirst = by("edge", ({ labels }) => (labels.role === "edge" ? 1 : 0))
const preferring: Policy = { ...standard, preference: edgeFirst }

describe("plan, new groups", () => {
  it("places a group alone where the Go controller does", () => {
    for (const [name, picks] of goPicks)
      picks.forEach((pick, i) => {
        const ids = Array.from({ length: i + 1 }, (_, k) => k + 1)
        const nodes = ids.map((id) => candidate(id)).reverse()
        const decisions = plan({ nodes, groups: [newGroup(name)], accounts: idle(...ids) })
        assert.strictEqual(destination(decisions.get(name)), node(pick + 1), `${name} on ${ids.length} nodes`)
      })
  })

  it.prop(
    "places a group alone by the hash of its name over the sorted eligible nodes",
    [worlds, oneOf("primary", "secondary", "group-a", "group-b", "g1")],
    ([world, name]) => {
      const template = world.groups[0]
      const group = newGroup(name, { selector: template?.selector ?? {} })
      const alone = world.with({ groups: [group] })
      const decisions = plan(alone)
      for (const { eligible } of freeGroups(alone, decisions)) {
        const to = eligible.length === 0 ? undefined : eligible[hash32(name) % eligible.length]?.name
        assert.strictEqual(destination(decisions.get(name)), to)
      }
    },
    often
  )

  it.prop(
    "spreads groups that may use every node so that the highest load is the lowest possible",
    [openWorlds],
    ([world]) => {
      const decisions = plan(world)
      const free = freeGroups(world, decisions)
      const at = ({ group }: Free) => destination(decisions.get(group.name))
      const kept = loads(world, free.filter((one) => !isNew(one)).map(at))
      const pools = free.filter(isNew).map(({ eligible }) => eligible.map(({ name }) => name))
      const peak = Math.max(0, ...loads(world, free.map(at)).values())
      assert.strictEqual(peak, lowestPeak(kept, pools))
    },
    often
  )

  it.prop(
    "places the new groups as trying all assignments does, whatever they select and prefer",
    [worlds, oneOf(false, true)],
    ([world, prefers]) => {
      const decisions = plan(world, prefers ? preferring : standard)
      const free = freeGroups(world, decisions)
      const fresh = free.filter((one) => isNew(one) && one.eligible.length > 0)
      // One that is held, too, and has no claim to its addresses, is no load.
      const losers = conflicts(world.groups)
      const carried = world.groups
        .filter(({ name }) => fresh.every(({ group }) => group.name !== name))
        .map(({ name, current }) => {
          const decision = decisions.get(name)
          const stays = decision?._tag === "Hold" && !losers.has(name)
          return stays ? current : destination(decision)
        })
      const wishes = fresh.map(({ group, eligible }) => {
        const isFirst = ({ labels }: (typeof eligible)[number]) => !prefers || labels.role === "edge"
        const tiers = [eligible.filter(isFirst), eligible.filter((one) => !isFirst(one))]
        return {
          name: group.name,
          tiers: tiers.filter((tier) => tier.length > 0).map((tier) => tier.map(({ name }) => name))
        }
      })
      const wanted = chosen(new Problem(wishes, loads(world, carried)))
      assert.deepStrictEqual(
        fresh.map(({ group }) => [group.name, destination(decisions.get(group.name))]).toSorted(),
        [...wanted].map(([name, at]) => [name, at])
      )
    },
    often
  )

  it.prop(
    "doubles up a new group only when no node is free",
    [openWorlds],
    ([world]) => {
      const decisions = plan(world)
      const free = freeGroups(world, decisions)
      const load = loads(
        world,
        free.map(({ group }) => destination(decisions.get(group.name)))
      )
      for (const { group } of free.filter(isNew)) {
        const to = destination(decisions.get(group.name))
        const shared = to !== undefined && (load.get(to) ?? 0) > 1
        if (shared) assert.notInclude([...load.values()], 0, group.name)
      }
    },
    often
  )

  it.prop(
    "picks by the hash among the free nodes when others are taken",
    [oneOf("primary", "secondary", "group-a", "group-b", "g1"), oneOf(1, 2, 3, 4)],
    ([name, taken]) => {
      const kept = newGroup("kept", { current: node(taken) })
      const accounts = idle(1, 2, 3, 4)
      const nodes = [1, 2, 3, 4].map((id) => candidate(id))
      const rest = [1, 2, 3, 4].filter((id) => id !== taken)
      const decisions = plan({ nodes, groups: [newGroup(name), kept], accounts })
      assert.strictEqual(destination(decisions.get(name)), node(rest[hash32(name) % 3] ?? 0))
    }
  )

  it("counts a held group as load of the node that it is on", () => {
    const held = { because: HoldReason.CredentialsError({ message: "refused" }), until: undefined }
    const groups = [newGroup("g2"), newGroup("held", { held, current: node(1) })]
    const world = { nodes: [candidate(1), candidate(2)], groups, accounts: idle(1, 2) }
    assert.strictEqual(destination(plan({ ...world, groups: [newGroup("g2")] }).get("g2")), node(1))
    assert.strictEqual(destination(plan(world).get("g2")), node(2))
  })

  it.prop(
    "lets a preference narrow the pool of a group alone, and never moves what is placed for it",
    [worlds],
    ([world]) => {
      const group = newGroup("primary")
      const alone = world.with({ groups: [group] })
      const decisions = plan(alone, preferring)
      for (const { eligible } of freeGroups(alone, decisions)) {
        const edge = eligible.filter(({ labels }) => labels.role === "edge")
        const pool = edge.length > 0 ? edge : eligible
        const to = pool.length === 0 ? undefined : pool[hash32("primary") % pool.length]?.name
        assert.strictEqual(destination(decisions.get("primary")), to)
      }
      const plain = plan(world)
      const preferred = plan(world, preferring)
      for (const [name, decision] of plain)
        if (decision._tag === "Stay") assert.deepStrictEqual(preferred.get(name), decision, name)
    },
    often
  )

  it("spreads before it prefers, and by the hash where either group could have the preferred node", () => {
    const nodes = [candidate(1, { labels: { role: "edge" } }), candidate(2)]
    const groups = [newGroup("g1"), newGroup("g2")]
    const decisions = plan({ nodes, groups, accounts: idle(1, 2) }, preferring)
    const places = groups.map(({ name }) => destination(decisions.get(name)))
    // The pick of "g1" among two is the second.
    assert.deepStrictEqual(places, [node(2), node(1)])
  })
})
