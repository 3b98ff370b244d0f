import { assert, describe, it } from "@effect/vitest"
import type { NodeName } from "@netcup-failover/core/Candidate"
import { hash32 } from "@netcup-failover/core/Fnv1a"
import { anywhere, even, type Wish } from "@netcup-failover/core/Spread"
import {
  allowed,
  chosen,
  descending,
  grantable,
  mostEven,
  optima,
  Problem,
  problems,
  totalRank,
  wideProblems,
  withinShifts
} from "./Wishes.ts"
import { node, oneOf } from "./Worlds.ts"

const often = { arbitrary: { runs: 1000 } }

const place = ({ wishes, loads }: Problem, spread = even) => spread.place(wishes, loads)

/** The places in the order of the groups' names. */
const assignmentOf = (problem: Problem, places = place(problem)): ReadonlyArray<NodeName> =>
  grantable(problem).flatMap(({ name }) => places.get(name) ?? [])

const turned = ({ wishes, loads }: Problem): Problem =>
  new Problem(
    wishes.map(({ name, tiers }) => ({ name, tiers: tiers.map((tier) => tier.toReversed()) })).reverse(),
    new Map([...loads].reverse())
  )

/** `g3` may have n1 and n2; no tier is before another. */
const wish = (name: string, ...nodes: ReadonlyArray<number>): Wish => ({ name, tiers: [nodes.map(node)] })

describe("an even spread", () => {
  it.prop(
    "gives each group that wishes for a node one of those, and no other group any",
    [problems],
    ([problem]) => {
      const places = place(problem)
      assert.deepStrictEqual(
        [...places.keys()],
        grantable(problem).map(({ name }) => name)
      )
      for (const one of grantable(problem)) assert.include(allowed(one), places.get(one.name))
    },
    often
  )

  it.prop(
    "makes the loads as even as any assignment does, the highest first",
    [problems],
    ([problem]) => {
      const [other = []] = mostEven(problem)
      assert.deepStrictEqual(descending(problem, assignmentOf(problem)), descending(problem, other))
    },
    often
  )

  it.prop(
    "of the most even assignments has one of the least total rank",
    [problems],
    ([problem]) => {
      const wishes = grantable(problem)
      const [other = []] = optima(problem)
      assert.strictEqual(totalRank(wishes, assignmentOf(problem)), totalRank(wishes, other))
    },
    often
  )

  it.prop(
    "of the optima has the one that the groups choose by their hashes, in the order of their names",
    [problems],
    ([problem]) => assert.deepStrictEqual([...place(problem)], [...chosen(problem)]),
    often
  )

  it.prop(
    "does not depend on the order of wishes, of nodes in a tier, and of loads",
    [problems],
    ([problem]) => assert.deepStrictEqual([...place(turned(problem))], [...place(problem)]),
    often
  )

  it.prop(
    "is the same when the first groups are placed and then, with those as load, the others",
    [problems, oneOf(1, 2, 3, 4)],
    ([problem, count]) => {
      const places = place(problem)
      const first = grantable(problem).slice(0, count)
      const loads = new Map(problem.loads)
      for (const { name } of first) {
        const at = places.get(name)
        if (at !== undefined) loads.set(at, (loads.get(at) ?? 0) + 1)
      }
      const later = place(new Problem(grantable(problem).slice(count), loads))
      for (const [name, at] of later) assert.strictEqual(at, places.get(name), name)
    },
    often
  )

  it.prop(
    "gives a group by itself the pick of the free nodes if any, and of all if all carry the same",
    [problems],
    ([{ wishes, loads }]) => {
      for (const { name, tiers } of wishes) {
        const nodes = tiers.flat().toSorted()
        const free = nodes.filter((at) => loads.get(at) === 0)
        const alike = new Set(nodes.map((at) => loads.get(at))).size === 1
        if (free.length === 0 && !alike) continue
        const pool = free.length > 0 ? free : nodes
        const places = even.place([{ name, tiers: [nodes] }], loads)
        assert.strictEqual(places.get(name), pool[hash32(name) % pool.length])
      }
    },
    often
  )

  it.prop(
    "leaves no chain of shifts that would even the loads, where there are too many assignments to try",
    [wideProblems],
    ([problem]) => {
      const wishes = grantable(problem)
      const assignment = assignmentOf(problem)
      const load = new Map(problem.loads)
      for (const at of assignment) load.set(at, (load.get(at) ?? 0) + 1)
      for (const start of new Set(assignment))
        for (const end of withinShifts(wishes, assignment, start))
          assert.isAtMost((load.get(start) ?? 0) - (load.get(end) ?? 0), 1, `${start} ${end}`)
      assert.deepStrictEqual([...place(turned(problem))], [...place(problem)])
    },
    { arbitrary: { runs: 300 } }
  )

  it("doubles no node where a walk from group to group would: the example of the README", () => {
    const wishes = [wish("dns", 1, 2), wish("mail", 2, 3), wish("web", 1)]
    // The pick of "dns" is node 1, which is the only one for "web", and that of "mail" is node 2.
    assert.strictEqual(anywhere.place(wishes, new Map()).get("dns"), node(1))
    assert.strictEqual(anywhere.place(wishes, new Map()).get("mail"), node(2))
    assert.deepStrictEqual(Object.fromEntries(even.place(wishes, new Map())), {
      dns: node(2),
      mail: node(3),
      web: node(1)
    })
  })

  it("answers from version to version alike: replicas of two may meet", () => {
    const names = ["blog", "dns", "files", "mail", "shop", "web"]
    const open = names.map((name) => wish(name, 1, 2, 3, 4, 5))
    const choosy = names.map((name, i) => ({ name, tiers: [[node(1 + (i % 2))], [node(3)], [node(4), node(5)]] }))
    const answer = (wishes: ReadonlyArray<Wish>, ...loads: ReadonlyArray<readonly [NodeName, number]>) =>
      [...even.place(wishes, new Map(loads))].map(([name, at]) => `${name} ${at}`).join(", ")
    assert.strictEqual(answer(open), "blog n2, dns n5, files n2, mail n3, shop n4, web n1")
    assert.strictEqual(answer(open, [node(1), 2], [node(4), 1]), "blog n3, dns n2, files n2, mail n4, shop n5, web n5")
    assert.strictEqual(answer(choosy, [node(3), 1]), "blog n1, dns n2, files n1, mail n4, shop n5, web n2")
  })

  it("evens the lower loads too when the highest cannot be helped", () => {
    const loads = new Map([[node(9), 5]])
    const wishes = ["a", "b", "c", "d"].map((name) => wish(name, 1, 2))
    const places = [...even.place([...wishes, wish("e", 9)], loads).values()]
    for (const id of [1, 2]) assert.strictEqual(places.filter((at) => at === node(id)).length, 2)
  })

  it("takes any number of groups on a chain that all have to shift, without recursion", () => {
    const count = 1000
    const chain = Array.from({ length: count }, (_, i) => wish(`g${String(i).padStart(4, "0")}`, i, i + 1))
    const places = even.place([...chain, wish("last", 0)], new Map())
    assert.strictEqual(new Set(places.values()).size, count + 1)
  })
})

describe("anywhere", () => {
  it.prop(
    "places each group as if it were the only one on empty nodes",
    [problems],
    ([problem]) => {
      const places = place(problem, anywhere)
      assert.deepStrictEqual(
        [...places.keys()],
        grantable(problem).map(({ name }) => name)
      )
      for (const one of grantable(problem))
        assert.strictEqual(places.get(one.name), even.place([one], new Map()).get(one.name), one.name)
    },
    often
  )
})
