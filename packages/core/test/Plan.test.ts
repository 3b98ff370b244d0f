import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import type { Eligibility } from "@netcup-failover/core/Eligibility"
import { plan, standard } from "@netcup-failover/core/Plan"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import { printed } from "./PlanPrinted.ts"
import { carryOut, destination, freeGroups, placeOf } from "./PlanReading.ts"
import { accountA, candidate, newGroup, node, oneOf, server, worlds } from "./Worlds.ts"

const often = { arbitrary: { runs: 500 } }
const turn = <A>(items: ReadonlyArray<A>, by: number): ReadonlyArray<A> =>
  [...items.slice(by), ...items.slice(0, by)].reverse()

/** A world in which everything that can be placed is. */
const settled = Arbitrary.map(worlds, (world) => carryOut(world, plan(world)))

describe("plan", () => {
  it.prop(
    "does not depend on the order of nodes, groups and accounts",
    [worlds, oneOf(0, 1, 2, 3)],
    ([world, by]) => {
      const turned = world.with({
        nodes: turn(world.nodes, by),
        groups: turn(world.groups, by),
        accounts: new Map([...world.accounts].reverse())
      })
      assert.deepStrictEqual(plan(turned), plan(world))
    },
    often
  )

  it.prop(
    "decides for each group of the world and for no other",
    [worlds],
    ([world]) => {
      assert.deepStrictEqual([...plan(world).keys()].sort(), world.groups.map(({ name }) => name).sort())
    },
    often
  )

  it.prop(
    "once carried out, plans nothing more: what moved stays where it went, the rest is as it was",
    [worlds],
    ([world]) => {
      const first = plan(world)
      const second = plan(carryOut(world, first))
      for (const [name, before] of first) {
        const after = second.get(name)
        // What is wholly on a suspect is not held against that any more, so that less may have yielded.
        if (before._tag === "Move") assert.deepInclude(after, { _tag: "Stay", node: before.to }, name)
        else assert.deepStrictEqual(after, before, name)
      }
    },
    often
  )

  it.prop(
    "sends each group to the same node again once its target is written down, sent or not",
    [worlds, oneOf(false, true)],
    ([world, committed]) => {
      const first = plan(world)
      const groups = world.groups.map((group) => {
        const decision = first.get(group.name)
        const sent = committed || group.target?.committed === true
        return decision?._tag === "Move" ? { ...group, target: { node: decision.to, committed: sent } } : group
      })
      const second = plan(world.with({ groups }))
      for (const [name, before] of first) assert.strictEqual(destination(second.get(name)), destination(before), name)
    },
    often
  )

  it.prop(
    "never moves a group that is wholly on an eligible node and not on its way elsewhere",
    [worlds],
    ([world]) => {
      const decisions = plan(world)
      for (const free of freeGroups(world, decisions)) {
        const at = placeOf(free)
        if (at === undefined || free.group.target?.committed === true) continue
        assert.deepInclude(decisions.get(free.group.name), { _tag: "Stay", node: at }, free.group.name)
      }
    },
    often
  )

  it.prop(
    "says Stay only where every address is on that node",
    [worlds],
    ([world]) => {
      const decisions = plan(world)
      for (const free of freeGroups(world, decisions)) {
        const decision = decisions.get(free.group.name)
        if (decision?._tag === "Stay") assert.isTrue(free.holders.every((at) => at === decision.node))
      }
    },
    often
  )

  it.prop(
    "moves only the groups of a node that fails or vanishes",
    [settled, oneOf(1, 2, 3, 4, 5), oneOf(false, true)],
    ([world, lost, vanishes]) => {
      const failed = fromDeclared({ ready: "Unknown", deleting: false })
      const nodes = vanishes
        ? world.nodes.filter(({ name }) => name !== node(lost))
        : world.nodes.map((one) => (one.name === node(lost) ? { ...one, verdict: failed } : one))
      const before = plan(world)
      const after = plan(world.with({ nodes }))
      for (const [name, decision] of before) {
        const now = after.get(name)
        if (decision._tag === "Stay" && decision.node === node(lost)) {
          assert.notStrictEqual(destination(now), node(lost), name)
          if (now?._tag !== "Move") assert.strictEqual(now?._tag, "Unplaceable", name)
          else {
            const reasons = vanishes ? [] : [{ _tag: "Failed", signs: failed.reasons }]
            assert.deepStrictEqual(now.because, { _tag: "LeftNode", from: node(lost), reasons } as unknown, name)
          }
        } else if (decision._tag === "Unplaceable") assert.strictEqual(now?._tag, "Unplaceable", name)
        else assert.deepStrictEqual(now, decision, name)
      }
    },
    often
  )

  it.prop(
    "moves nothing that is placed when a node joins or recovers",
    [worlds, oneOf(0, 1, 2, 3, 4, 5, 9), oneOf<number | undefined>(undefined, undefined, 1, 2, 3, 4, 5)],
    ([world, id, claimed]) => {
      const known = world.nodes.find(({ name }) => name === node(id))
      // One that joins may say that it is a server that another node says it is.
      const own = server(known === undefined && claimed !== undefined ? claimed : id)
      const others = world.nodes.filter(({ name }) => name !== node(id))
      const isTwin = others.some((other) => other.server === own)
      const nodes = [...others, candidate(id, { labels: known?.labels ?? {}, server: own })]
      const accounts = new Map(
        [...world.accounts].map(([key, account]) => [key, { ...account, servers: new Set([...account.servers, own]) }])
      )
      const before = plan(world)
      const after = plan(world.with({ nodes, accounts }))
      for (const { name, target, current } of world.groups) {
        const decision = before.get(name)
        // A group that was told to go to this very node is on its way, not placed.
        const awaited = target?.committed === true && target.node === node(id)
        // Nor is one well placed for which a rule yielded: the node may be the first that passes it.
        if (decision?._tag !== "Stay" || decision.setAside !== undefined || awaited) continue
        // Which of two names of a server a group is on is for its history to say, if it has one.
        if (isTwin && current !== decision.node) assert.strictEqual(after.get(name)?._tag, "Stay", name)
        else assert.deepStrictEqual(after.get(name), decision, name)
      }
    },
    often
  )

  it.prop(
    "moves nothing that is placed when another group goes",
    [worlds, oneOf(1, 2, 3, 4, 5)],
    ([world, id]) => {
      const before = plan(world)
      const after = plan(world.with({ groups: world.groups.filter(({ name }) => name !== `g${id}`) }))
      for (const [name, now] of after) {
        const decision = before.get(name)
        if (decision?._tag === "Stay") assert.deepStrictEqual(now, decision, name)
      }
    },
    often
  )

  it("asks about every node only for the groups of the node that failed: the others are where they may be", () => {
    const ids = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    const groups = ids.map((id) => newGroup(`g${id}`, { current: node(id) }))
    const routes = new Map(groups.flatMap(({ addresses }, i) => addresses.map(({ prefix }) => [prefix, server(i + 1)])))
    const failed = { verdict: fromDeclared({ ready: "Unknown", deleting: false }) }
    const nodes = ids.map((id) => candidate(id, id === 4 ? failed : {}))
    const asked = new Map<string, Set<string>>()
    const counting: Eligibility = {
      name: "counting",
      judge: (question) => {
        const { group, node } = question
        asked.set(group.name, (asked.get(group.name) ?? new Set()).add(node.name))
        return standard.eligibility.judge(question)
      }
    }
    const accounts = new Map([[accountA, { servers: new Set(ids.map(server)), routes }]])
    plan({ nodes, groups, accounts }, { ...standard, eligibility: counting })
    assert.strictEqual(asked.size, 9)
    for (const [name, names] of asked) assert.strictEqual(names.size, name === "g4" ? 9 : 1, name)
  })

  it.effect(
    "decides alike in another process that runs other machine code and is given the world the other way round",
    () =>
      Effect.gen(function* () {
        const script = fileURLToPath(new URL("./PlanPrinted.ts", import.meta.url))
        const options = { encoding: "utf8", env: { PATH: process.env.PATH } } as const
        const there = execFileSync(process.execPath, ["--no-opt", "--random-seed=7", script], options)
        const here = yield* printed(false)
        assert.deepStrictEqual(there.split("\n"), here.split("\n"))
        assert.isAbove(here.split(" Move ").length, 150)
      }),
    60_000
  )

  it.effect("is tested on worlds that lead to every kind of decision and reason", () =>
    Effect.gen(function* () {
      const sample = yield* Arbitrary.sampleEffect(worlds, { count: 400, seed: 1 })
      const kinds = sample.flatMap((world) =>
        [...plan(world).values()].map((decision) =>
          decision._tag === "Move" || decision._tag === "Hold"
            ? `${decision._tag} ${decision.because._tag}`
            : decision._tag
        )
      )
      assert.deepStrictEqual([...new Set(kinds)].sort(), [
        "Hold AccountUnknown",
        "Hold Conflict",
        "Hold CredentialsError",
        "Hold InvalidSpec",
        "Move Begun",
        "Move Drifted",
        "Move FirstPlacement",
        "Move Incomplete",
        "Move LeftNode",
        "Stay",
        "Unplaceable"
      ])
    })
  )
})
