import { assert, describe, it } from "@effect/vitest"
import type { Candidate } from "@netcup-failover/core/Candidate"
import type { Group } from "@netcup-failover/core/Group"
import { type Plan, plan, standard } from "@netcup-failover/core/Plan"
import { indifferent } from "@netcup-failover/core/Preference"
import * as Steadiness from "@netcup-failover/core/Steadiness"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import { atEase, isSteady, loads, objection, unevenness, weightOf } from "./PlanMotives.ts"
import { carryOut, destination, freeGroups } from "./PlanReading.ts"
import { crowdedWorlds, now, openPolicyWorlds, policyWorlds } from "./PolicyWorlds.ts"
import { accountA, address, candidate, newGroup, node, oneOf, type SmallWorld, server, worlds } from "./Worlds.ts"

const often = { arbitrary: { runs: 500 } }
/** Of each kind one. */
const kinds = Arbitrary.all([policyWorlds, openPolicyWorlds, crowdedWorlds])

const turn = <A>(items: ReadonlyArray<A>, by: number): ReadonlyArray<A> =>
  [...items.slice(by), ...items.slice(0, by)].reverse()

const unlike = (world: SmallWorld, change: (group: Group) => Group) => world.with({ groups: world.groups.map(change) })

/** Without what asks for moves that nothing forces. */
const sticky = ({ failback: _, rebalance: __, ...group }: Group): Group => group

const unforced = (decisions: Plan, tag: "Preferred" | "Uneven"): ReadonlyArray<string> =>
  [...decisions].flatMap(([name, decision]) =>
    decision._tag === "Move" && decision.because._tag === tag ? [name] : []
  )

/** Plans carried out one after the other until one moves nothing. */
const rest = (world: SmallWorld, patience = 100): SmallWorld => {
  const decisions = plan(world)
  if (patience === 0) return assert.fail("the plans do not come to rest")
  return [...decisions.values()].some(({ _tag }) => _tag === "Move")
    ? rest(carryOut(world, decisions), patience - 1)
    : world
}

describe("plan, with policies", () => {
  it.prop(
    "does not depend on the order of nodes and groups",
    [kinds, oneOf(1, 2, 3)],
    ([all, by]) => {
      for (const world of all) {
        const turned = world.with({ nodes: turn(world.nodes, by), groups: turn(world.groups, by) })
        assert.deepStrictEqual(plan(turned), plan(world))
      }
    },
    often
  )

  it.prop(
    "is what it is without preferences where there are no weak signs and no weights",
    [worlds],
    ([world]) => {
      assert.deepStrictEqual(plan(world.with({ now })), plan(world, { ...standard, preference: indifferent }))
    },
    often
  )

  it.prop(
    "moves what does well only for a policy of its own that the world calls for",
    [kinds],
    ([all]) => {
      for (const world of all) {
        const decisions = plan(world)
        for (const group of world.groups) assert.isUndefined(objection(world, decisions, group), group.name)
        for (const { group, at } of atEase(world, decisions)) {
          const decision = decisions.get(group.name)
          if (decision?._tag === "Move") assert.include(["Preferred", "Uneven"], decision.because._tag, group.name)
          else assert.strictEqual(destination(decision), at, group.name)
        }
      }
    },
    often
  )

  it.prop(
    "moves at most one group to even loads, and none while another moves",
    [kinds],
    ([all]) => {
      for (const world of all) {
        const decisions = plan(world)
        const moves = [...decisions.values()].filter(({ _tag }) => _tag === "Move")
        if (unforced(decisions, "Uneven").length > 0) assert.lengthOf(moves, 1)
      }
    },
    often
  )

  it.prop(
    "never leaves loads less even for what nothing forces, and more even for a rebalance",
    [kinds],
    ([all]) => {
      for (const world of all) {
        const decisions = plan(world)
        const [before, after] = [loads(world, decisions, "before"), loads(world, decisions, "after")]
        assert.isAtMost(unevenness(after), unevenness(before))
        assert.isAtMost(Math.max(0, ...after.values()), Math.max(0, ...before.values()))
        if (unforced(decisions, "Uneven").length > 0) assert.isBelow(unevenness(after), unevenness(before))
      }
    },
    often
  )

  it.prop(
    "decides for what must be placed as if nobody had asked for anything else",
    [kinds],
    ([all]) => {
      for (const world of all) {
        const plain = plan(unlike(world, sticky))
        for (const [name, decision] of plan(world)) {
          const isForced = decision._tag !== "Move" || !["Preferred", "Uneven"].includes(decision.because._tag)
          if (isForced) assert.deepStrictEqual(decision, plain.get(name), name)
          else assert.strictEqual(plain.get(name)?._tag, "Stay", name)
        }
      }
    },
    often
  )

  it.prop(
    "comes to rest, and leaves nothing undone then that a policy asks for",
    [kinds],
    ([all]) => {
      for (const world of all) {
        const quiet = rest(world)
        const decisions = plan(quiet)
        const load = loads(quiet, decisions, "after")
        const isPending = quiet.groups.some(({ target }) => target?.committed === true)
        for (const { group, at, eligible } of atEase(quiet, decisions)) {
          for (const { name } of eligible.filter((one) => isSteady(quiet, one.name))) {
            const difference = (load.get(at) ?? 0) - (load.get(name) ?? 0)
            if (group.failback === "WhenPreferred" && difference > 0)
              assert.isAtMost(weightOf(quiet, group, name), weightOf(quiet, group, at), `${group.name} to ${name}`)
            if (group.rebalance === "WhenUneven" && !isPending)
              assert.isAtMost(difference, 1, `${group.name} to ${name}`)
          }
        }
      }
    },
    often
  )

  it.prop(
    "fails all groups back at once: carried out, none is left that wants to",
    [kinds],
    ([all]) => {
      for (const unsent of all) {
        // No call is on its way to elsewhere.
        const world = unlike(unsent, (group) => ({ ...group, target: undefined }))
        const decisions = plan(world)
        const isForced = [...decisions].some(
          ([name, { _tag }]) => _tag === "Move" && !unforced(decisions, "Preferred").includes(name)
        )
        if (isForced) continue
        assert.isEmpty(unforced(plan(carryOut(world, decisions)), "Preferred"))
      }
    },
    often
  )

  it.prop(
    "keeps to a move that nothing forced once its target is written down, sent or not",
    [kinds, oneOf(false, true)],
    ([all, committed]) => {
      for (const world of all) {
        const first = plan(world)
        const second = plan(
          unlike(world, (group) => {
            const decision = first.get(group.name)
            const sent = committed || group.target?.committed === true
            return decision?._tag === "Move" ? { ...group, target: { node: decision.to, committed: sent } } : group
          })
        )
        for (const name of [...unforced(first, "Preferred"), ...unforced(first, "Uneven")])
          assert.strictEqual(destination(second.get(name)), destination(first.get(name)), name)
      }
    },
    often
  )

  it.prop(
    "sends a pinned group to its node if that may have it, and keeps it there",
    [kinds],
    ([all]) => {
      for (const world of all) {
        const decisions = plan(world)
        for (const { group, eligible } of freeGroups(world, decisions)) {
          const isOpen = eligible.some(({ name }) => name === group.pin)
          const isSent = group.target?.committed === true && eligible.some(({ name }) => name === group.target?.node)
          if (group.pin === undefined || !isOpen || isSent) continue
          assert.strictEqual(destination(decisions.get(group.name)), group.pin, group.name)
        }
      }
    },
    often
  )

  it.prop(
    "treats a group whose pin cannot be followed as one without, and says why for that node",
    [kinds],
    ([all]) => {
      for (const world of all) {
        const decisions = plan(world)
        const open = new Map(freeGroups(world, decisions).map((free) => [free.group.name, free.eligible]))
        const followable = ({ name, pin }: Group) => open.get(name)?.some((one) => one.name === pin) === true
        const unpinned = plan(
          unlike(world, (group) => {
            const { pin: _, ...rest } = group
            return followable(group) ? group : rest
          })
        )
        for (const group of world.groups) {
          const decision = decisions.get(group.name)
          if (decision?._tag !== "Stay" && decision?._tag !== "Move") continue
          const { unpinned: word, ...plain } = decision
          assert.deepStrictEqual<unknown>(plain, unpinned.get(group.name), group.name)
          assert.strictEqual(word?.node, followable(group) ? undefined : group.pin, group.name)
          const isNode = world.nodes.some(({ name }) => name === group.pin)
          if (word !== undefined) assert.strictEqual(word.reasons.length > 0, isNode, group.name)
        }
      }
    },
    often
  )

  it.prop(
    "makes no node ineligible for a weak sign",
    [kinds],
    ([all]) => {
      for (const world of all) {
        const strong = world.with({
          nodes: world.nodes.map(({ settledAt: _, pressures: __, cordoned: ___, ...one }) => one)
        })
        const plain = plan(strong)
        for (const [name, decision] of plan(world))
          assert.strictEqual(decision._tag === "Unplaceable", plain.get(name)?._tag === "Unplaceable", name)
      }
    },
    often
  )

  it.prop(
    "changes by time alone only when it said so",
    [kinds],
    ([all]) => {
      for (const world of all) {
        const next = Steadiness.changesAt(world.nodes, now)
        assert.isTrue(next === undefined || next > now)
        const last = next === undefined ? now + 1_000_000 : next - 1
        assert.deepStrictEqual(plan(world.with({ now: last })), plan(world))
      }
    },
    often
  )

  /** Nodes with the role of their number, and groups that are on them, in their order, and prefer a role. */
  const arranged = (nodes: number, ...wants: ReadonlyArray<readonly [at: number, role: number]>) => {
    const groups = wants.map(([at, role], i) =>
      newGroup(`g${i + 1}`, {
        addresses: [address(`198.51.100.${i + 1}/32`)],
        current: node(at),
        preferences: [{ weight: 1, nodeSelector: { matchLabels: { role: `${role}` } } }],
        failback: "WhenPreferred"
      })
    )
    const routes = new Map(
      groups.flatMap(({ addresses }, i) => addresses.map(({ prefix }) => [prefix, server(wants[i]?.[0] ?? 0)] as const))
    )
    const ids = Array.from({ length: nodes }, (_, i) => i + 1)
    const decisions = plan({
      nodes: ids.map((id) => candidate(id, { labels: { role: `${id}` } })),
      groups,
      accounts: new Map([[accountA, { servers: new Set(ids.map(server)), routes }]])
    })
    return groups.map(({ name }) => destination(decisions.get(name)))
  }

  it("gives a group the place that another one leaves, in one plan", () => {
    assert.deepStrictEqual(arranged(3, [2, 1], [1, 3]), [node(1), node(3)])
    assert.deepStrictEqual(arranged(4, [1, 2], [2, 3], [3, 4]), [node(2), node(3), node(4)])
  })

  it("fails nothing back to a node with as many groups, and swaps nobody", () => {
    assert.deepStrictEqual(arranged(2, [2, 1], [1, 1]), [node(2), node(1)])
    assert.deepStrictEqual(arranged(2, [1, 2], [2, 1]), [node(1), node(2)])
    assert.deepStrictEqual(arranged(2, [2, 1], [2, 1], [1, 1]), [node(1), node(2), node(1)])
  })

  const idle = { servers: new Set([1, 2, 3, 4].map(server)), routes: new Map() }
  const toOne = [{ weight: 1, nodeSelector: { matchLabels: { role: "1" } } }]
  const rolled = (id: number, more: Partial<Candidate> = {}) => candidate(id, { labels: { role: `${id}` }, ...more })

  it("places a new group by its user's weights, but rather where nothing speaks against the node", () => {
    const place = (first: Partial<Candidate>) =>
      ["a", "b", "c", "d"].map((name) => {
        const groups = [newGroup(name, { preferences: toOne })]
        const nodes = [rolled(1, first), rolled(2)]
        return destination(plan({ now, nodes, groups, accounts: new Map([[accountA, idle]]) }).get(name))
      })
    const all = (n: number) => [node(n), node(n), node(n), node(n)]
    assert.deepStrictEqual(place({}), all(1))
    assert.deepStrictEqual(place({ settledAt: now }), all(1))
    assert.deepStrictEqual(place({ settledAt: now + 1 }), all(2))
    assert.deepStrictEqual(place({ pressures: ["DiskPressure"] }), all(2))
    assert.deepStrictEqual(place({ cordoned: true }), all(2))
  })

  /** One group on the first of four nodes, that may prefer the others by their number. */
  const single = (more: Partial<Group>, others: ReadonlyArray<Group> = []) => {
    const group = newGroup("g1", {
      current: node(1),
      preferences: [2, 3, 4].map((n) => ({ weight: n, nodeSelector: { matchLabels: { role: `${n}` } } })),
      ...more
    })
    const routes = new Map(
      [group, ...others].flatMap(({ addresses }) => addresses.map(({ prefix }) => [prefix, server(1)] as const))
    )
    const nodes = [1, 2, 3, 4].map((id) => rolled(id))
    const accounts = new Map([[accountA, { ...idle, routes }]])
    return destination(plan({ nodes, groups: [group, ...others], accounts }).get("g1"))
  }

  it("fails a group back to the node of the highest weight", () => {
    assert.strictEqual(single({ failback: "WhenPreferred" }), node(4))
  })

  it("moves a group nowhere else that has arrived where it was sent, and goes to its pin next", () => {
    const arrived = { target: { node: node(1), committed: true }, pin: node(2) }
    const others = ["g2", "g3"].map((name) => newGroup(name, { current: node(1) }))
    assert.strictEqual(single({ ...arrived, failback: "WhenPreferred" }, others), node(1))
    assert.strictEqual(single({ ...arrived, rebalance: "WhenUneven" }, others), node(1))
  })

  it("evens out the widest gap first, by the group that gives up least", () => {
    const at = (name: string, n: number, more: Partial<Group> = {}): Group =>
      newGroup(name, { addresses: [address(`198.51.100.${name.charCodeAt(0)}/32`)], current: node(n), ...more })
    const groups = [
      at("a", 1, { rebalance: "WhenUneven" }),
      at("b", 1),
      at("c", 1),
      at("d", 2, {
        rebalance: "WhenUneven",
        preferences: [{ weight: 1, nodeSelector: { matchLabels: { role: "2" } } }]
      }),
      at("e", 2, { rebalance: "WhenUneven" }),
      at("f", 2),
      at("g", 2)
    ]
    const routes = new Map(
      groups.flatMap(({ addresses, current }) =>
        addresses.map(({ prefix }) => [prefix, server(current === node(1) ? 1 : 2)] as const)
      )
    )
    const nodes = [rolled(1), rolled(2), rolled(3)]
    const decisions = plan({ nodes, groups, accounts: new Map([[accountA, { ...idle, routes }]]) })
    assert.deepStrictEqual<unknown>(decisions.get("e"), {
      _tag: "Move",
      to: node(3),
      because: { _tag: "Uneven", from: node(2), load: 4, other: 0 }
    })
    assert.deepStrictEqual(unforced(decisions, "Uneven"), ["e"])
  })

  it.effect("is tested on worlds in which policies and pins do something", () =>
    Effect.gen(function* () {
      const seen = new Set<string>()
      for (const all of yield* Arbitrary.sampleEffect(kinds, { count: 300, seed: 1 })) {
        for (const world of all) {
          for (const decision of plan(world).values()) {
            if (decision._tag === "Move") seen.add(decision.because._tag)
            if (decision._tag === "Stay" || decision._tag === "Move") {
              if (decision.unpinned !== undefined)
                seen.add(decision.unpinned.reasons.length > 0 ? "unpinned" : "pinned to nothing")
            }
          }
        }
      }
      assert.includeMembers([...seen], ["Preferred", "Uneven", "Pinned", "unpinned", "pinned to nothing"])
    })
  )
})
