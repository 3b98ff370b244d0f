import { assert, describe, it } from "@effect/vitest"
import type { Candidate } from "@netcup-failover/core/Candidate"
import * as Eligibility from "@netcup-failover/core/Eligibility"
import { explain } from "@netcup-failover/core/Explain"
import * as ExplainText from "@netcup-failover/core/ExplainText"
import { Ineligibility } from "@netcup-failover/core/Ineligibility"
import { type Policy, plan, standard, type World } from "@netcup-failover/core/Plan"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import * as Yielding from "@netcup-failover/core/Yielding"
import * as Arbitrary from "effect/Arbitrary"
import { destination, freeGroups } from "./PlanReading.ts"
import { accountA, candidate, newGroup, node, oneOf, server, suspected, worlds } from "./Worlds.ts"

const often = { arbitrary: { runs: 500 } }

/** Holds for the nodes with these numbers, and for what the group says of them. */
const only = (...ids: ReadonlyArray<number>): Eligibility.Eligibility => ({
  name: `only ${ids.join(" ")}`,
  judge: ({ node: { name } }) =>
    ids.some((id) => node(id) === name) ? [] : [Ineligibility.NotSelected({ unmet: [ids.join(" ")] })]
})
const never = Eligibility.not(Eligibility.always)
const rule = oneOf(
  Eligibility.always,
  Eligibility.serving,
  Eligibility.answering,
  only(1, 2, 3),
  only(2, 4),
  only(3),
  only(6),
  never
)
const rules = Arbitrary.array(rule, { maxLength: 4 })
const withRules = (...yielding: ReadonlyArray<Eligibility.Eligibility>): Policy => ({ ...standard, yielding })
const places = (world: World, policy: Policy) =>
  [...plan(world, policy)].map(([name, decision]) => [name, decision._tag, destination(decision)])

describe("rules that yield", () => {
  it.prop(
    "never make a group unplaceable that is placeable without them, and then only hard rules are named",
    [worlds, rules],
    ([world, yielding]) => {
      const [free, bound] = [plan(world, withRules()), plan(world, withRules(...yielding))]
      for (const [name, decision] of bound) {
        const before = free.get(name)
        assert.strictEqual(decision._tag === "Unplaceable", before?._tag === "Unplaceable", name)
        if (decision._tag === "Unplaceable") assert.deepStrictEqual(decision, before)
      }
    },
    often
  )

  it.prop(
    "where a node passes the first of them no other is chosen, and each next one chooses among what those before it left",
    [worlds, rules],
    ([world, yielding]) => {
      const decisions = plan(world, withRules(...yielding))
      for (const { group, account } of freeGroups(world, decisions)) {
        const ask = (one: Eligibility.Eligibility, at: Candidate) => one.judge({ group, node: at, account })
        let left = world.nodes.filter((at) => ask(standard.eligibility, at).length === 0)
        const yielded: Array<string> = []
        for (const one of yielding) {
          const passing = left.filter((at) => ask(one, at).length === 0)
          if (passing.length > 0) left = passing
          else yielded.push(one.name)
        }
        const decision = decisions.get(group.name)
        const to = destination(decision)
        assert.strictEqual(
          left.some(({ name }) => name === to),
          to !== undefined,
          `${group.name} on ${to}`
        )
        const told = decision?._tag === "Stay" || decision?._tag === "Move" ? (decision.setAside ?? []) : []
        if (to !== undefined) assert.deepStrictEqual(told, yielded, group.name)
      }
    },
    often
  )

  it.prop(
    "one that holds everywhere or nowhere is the identity, and one that comes again adds nothing",
    [worlds, rules, rule],
    ([world, yielding, one]) => {
      const as = (...list: ReadonlyArray<Eligibility.Eligibility>) => places(world, withRules(...list))
      assert.deepStrictEqual(as(Eligibility.always, ...yielding), as(...yielding))
      assert.deepStrictEqual(as(never, ...yielding), as(...yielding))
      assert.deepStrictEqual(as(one, one, ...yielding), as(one, ...yielding))
      assert.deepStrictEqual(as(one, ...yielding, one), as(one, ...yielding))
    },
    often
  )

  it.prop(
    "are, in a row, as strict as all of them together where a node passes all",
    [worlds, rule, rule],
    ([world, one, other]) => {
      for (const group of world.groups) {
        const account = world.accountOf(group)
        if (account === undefined) continue
        const passes = (it: Eligibility.Eligibility, at: Candidate) =>
          it.judge({ group, node: at, account }).length === 0
        const both = Eligibility.all(one, other)
        const row = Yielding.sift(world.nodes, [one, other], passes)
        const joined = Yielding.sift(world.nodes, [both], passes)
        if (world.nodes.some((at) => passes(both, at))) {
          assert.deepStrictEqual(row.nodes, joined.nodes)
          assert.deepStrictEqual(row.setAside, [])
        } else {
          assert.deepStrictEqual(joined.nodes, world.nodes)
          assert.strictEqual(
            row.setAside.length,
            world.nodes.length === 0 ? 0 : passing(world.nodes, [one, other], passes)
          )
        }
      }
    },
    often
  )

  it("ask about no other node where a group's own passes all of them", () => {
    const ids = [1, 2, 3, 4]
    const groups = ids.map((id) => newGroup(`g${id}`, { current: node(id), serving: new Set([node(1), node(2)]) }))
    const routes = new Map(groups.flatMap(({ addresses }, i) => addresses.map(({ prefix }) => [prefix, server(i + 1)])))
    const asked = new Map<string, Set<string>>()
    const counting: Eligibility.Eligibility = {
      name: "counting",
      judge: (question) => {
        asked.set(question.group.name, (asked.get(question.group.name) ?? new Set()).add(question.node.name))
        return Eligibility.serving.judge(question)
      }
    }
    const accounts = new Map([[accountA, { servers: new Set(ids.map(server)), routes }]])
    plan({ nodes: ids.map((id) => candidate(id)), groups, accounts }, withRules(counting))
    assert.deepStrictEqual(
      [...asked].map(([name, names]) => [name, names.size]),
      [
        ["g1", 1],
        ["g2", 1],
        ["g3", 4],
        ["g4", 4]
      ]
    )
  })

  const account = (...at: ReadonlyArray<number>) => {
    const routes = new Map(newGroup("g1").addresses.map(({ prefix }, i) => [prefix, server(at[i] ?? 1)] as const))
    return new Map([[accountA, { servers: new Set([1, 2, 3].map(server)), routes }]])
  }
  const dead = { verdict: fromDeclared({ ready: "False", deleting: false }) }
  const suspect = { verdict: suspected(false) }

  it("a group leaves a node whose Pod is not ready, for one whose Pod is, and stays where none is", () => {
    const nodes = [1, 2, 3].map((id) => candidate(id))
    const ask = (...served: ReadonlyArray<number>) => {
      const group = newGroup("g1", { current: node(1), serving: new Set(served.map(node)) })
      return plan({ nodes, groups: [group], accounts: account(1) }).get("g1")
    }
    assert.deepStrictEqual<unknown>(ask(3), {
      _tag: "Move",
      to: node(3),
      because: { _tag: "LeftNode", from: node(1), reasons: [{ _tag: "NotServing" }] }
    })
    assert.deepStrictEqual<unknown>(ask(1, 3), { _tag: "Stay", node: node(1) })
    assert.deepStrictEqual<unknown>(ask(), { _tag: "Stay", node: node(1), setAside: ["serving"] })
  })

  it("a group leaves a dead node for one that answers, else for a suspect with a ready Pod before one without, but for no guarded one", () => {
    const ask = (second: Partial<Candidate>, third: Partial<Candidate>, ...served: ReadonlyArray<number>) => {
      const group = newGroup("g1", { current: node(1), serving: new Set(served.map(node)) })
      const nodes = [candidate(1, dead), candidate(2, second), candidate(3, third)]
      return plan({ nodes, groups: [group], accounts: account(1) }).get("g1")
    }
    assert.strictEqual(destination(ask(suspect, {}, 2, 3)), node(3))
    assert.strictEqual(destination(ask(suspect, {}, 2)), node(2))
    assert.deepInclude(ask(suspect, suspect, 2, 3), { setAside: ["answering"] })
    const guarded = { verdict: suspected(true) }
    assert.strictEqual(ask(guarded, guarded, 2, 3)?._tag, "Unplaceable")
    assert.strictEqual(destination(ask(guarded, suspect)), node(3))
  })

  it("a group that is wholly on a suspect stays, also where netcup does not tell what is routed there", () => {
    const group = newGroup("g1", { current: node(1) })
    const nodes = [candidate(1, suspect), candidate(2)]
    assert.deepStrictEqual<unknown>(plan({ nodes, groups: [group], accounts: account(1) }).get("g1"), {
      _tag: "Stay",
      node: node(1)
    })
    const servers = new Set([1, 2].map(server))
    const unread = new Map([[accountA, { servers, routes: new Map(), unread: new Set([server(1)]) }]])
    for (const verdict of [suspected(false), suspected(true)]) {
      const decision = plan({ nodes: [candidate(1, { verdict }), candidate(2)], groups: [group], accounts: unread })
      assert.deepInclude(decision.get("g1"), { _tag: "Hold" })
    }
  })

  it("are told by an explanation: for each other node what it lacks, and that a rule was set aside", () => {
    const group = newGroup("g1", { current: node(1), serving: new Set([node(1)]) })
    const nodes = [candidate(1), candidate(2, dead), candidate(3, suspect)]
    const text = (changes: Partial<typeof group>) =>
      explain({ nodes, groups: [{ ...group, ...changes }], accounts: account(1) })
        .map(ExplainText.render)
        .join("\n")
    assert.strictEqual(
      text({}),
      `g1 is on n1: all its addresses are there, and it may keep them
  n2 is not ready, has no ready Pod that spec.workload selects
    needs: n2 is Ready again
    and: a Pod that spec.workload selects is ready on n2
  n3 has no ready Pod that spec.workload selects, is suspect, since it has not answered since 00:00:00Z
    needs: a Pod that spec.workload selects is ready on n3
    and: n3 answers again`
    )
    const aside = text({ serving: new Set() })
    assert.include(
      aside,
      "no node that could have it has a ready Pod that spec.workload selects: that rule is set aside"
    )
    assert.notInclude(aside, "n2 is not ready, has no ready Pod")
  })
})

/** How many of the rules were set aside, reckoned one by one. */
const passing = (
  nodes: ReadonlyArray<Candidate>,
  list: ReadonlyArray<Eligibility.Eligibility>,
  passes: (rule: Eligibility.Eligibility, at: Candidate) => boolean
): number => {
  const [first, ...rest] = list
  if (first === undefined) return 0
  const left = nodes.filter((at) => passes(first, at))
  return left.length === 0 ? 1 + passing(nodes, rest, passes) : passing(left, rest, passes)
}
