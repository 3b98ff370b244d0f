import { assert, describe, it } from "@effect/vitest"
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import { explain } from "@netcup-failover/core/Explain"
import { Explanation } from "@netcup-failover/core/Explanation"
import type { Group } from "@netcup-failover/core/Group"
import { plan, standard } from "@netcup-failover/core/Plan"
import * as Spread from "@netcup-failover/core/Spread"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { isSteady, loads, weightOf } from "./PlanMotives.ts"
import { destination, takers } from "./PlanReading.ts"
import { crowdedWorlds, openPolicyWorlds, policyWorlds } from "./PolicyWorlds.ts"
import { oneOf, type SmallWorld } from "./Worlds.ts"

const often = { arbitrary: { runs: 500 } }
/** Of each kind one. */
const kinds = Arbitrary.all([policyWorlds, openPolicyWorlds, crowdedWorlds])

type Entry = Explanation["others"][number]
interface Found {
  readonly explanation: Explanation
  readonly group: Group
  readonly other: Entry
  readonly node: Candidate
}

/** Each group with each of the nodes that it is not on. */
const entries = (world: SmallWorld): ReadonlyArray<Found> =>
  explain(world).flatMap((explanation) => {
    const group = world.groups.find(({ name }) => name === explanation.group)
    return explanation.others.flatMap((other) => {
      const node = world.nodes.find(({ name }) => name === other.node)
      return group === undefined || node === undefined ? [] : [{ explanation, group, other, node }]
    })
  })

const withGroup = (world: SmallWorld, group: Group, change: Partial<Group>) =>
  world.with({ groups: world.groups.map((one) => (one === group ? { ...one, ...change } : one)) })

const signs: Readonly<Record<string, (world: SmallWorld, node: Candidate) => boolean>> = {
  settled: ({ now = 0 }, { settledAt = 0 }) => settledAt <= now,
  unpressed: (_, { pressures = [] }) => pressures.length === 0,
  uncordoned: (_, { cordoned }) => cordoned !== true
}

describe("explain", () => {
  it.prop(
    "passes over no node silently: every one but the chosen has its reason, and none is empty",
    [kinds],
    ([all]) => {
      for (const world of all) {
        const explanations = explain(world)
        assert.deepStrictEqual(
          explanations.map(({ group }) => group),
          world.groups.map(({ name }) => name).sort()
        )
        for (const { node, others } of explanations) {
          const expected = world.nodes.map(({ name }) => name).filter((name) => name !== node)
          assert.deepStrictEqual(
            others.map((other) => other.node),
            expected.sort()
          )
          for (const { against, wouldChange } of others) {
            if (against._tag === "Ineligible") assert.isNotEmpty(against.reasons)
            assert.isNotEmpty(wouldChange)
            for (const change of wouldChange) assert.isNotEmpty(change)
          }
        }
      }
    },
    often
  )

  it.prop(
    "agrees with the plan: the same node, the same reason",
    [kinds],
    ([all]) => {
      for (const world of all) {
        const decisions = plan(world)
        const known = new Map(world.groups.map(({ name }) => [name, 7]))
        for (const { group, node, because, since, unpinned, setAside } of explain(world, { since: known })) {
          const decision = decisions.get(group)
          const current = world.groups.find(({ name }) => name === group)?.current
          const isThere = because._tag !== "Move" && node !== undefined && node === current
          assert.strictEqual(since, isThere ? 7 : undefined)
          assert.strictEqual(because._tag, decision?._tag)
          if (decision?._tag !== "Hold") assert.strictEqual(node, destination(decision))
          if (because._tag === "Move" && decision?._tag === "Move") {
            assert.deepStrictEqual<unknown>(because.reason, { ...decision.because })
          }
          if (decision?._tag === "Stay" || decision?._tag === "Move")
            assert.deepStrictEqual([unpinned, setAside], [decision.unpinned, decision.setAside])
        }
      }
    },
    often
  )

  it.prop(
    "says of a node that it cannot have a group exactly if the rules say so",
    [kinds],
    ([all]) => {
      for (const world of all)
        for (const { explanation, group, other, node } of entries(world)) {
          const account = world.accountOf(group)
          if (account === undefined) assert.strictEqual(other.against._tag, "Held")
          else assert.strictEqual(other.against._tag !== "Ineligible", takers(world, group, account).includes(node))
          const isHeld = explanation.because._tag === "Hold"
          assert.isTrue(other.against._tag === "Ineligible" || (other.against._tag === "Held") === isHeld)
        }
    },
    often
  )

  it.prop(
    "counts right where it says that a node carries more, and never says so of one that carries less",
    [kinds],
    ([all]) => {
      for (const world of all) {
        const decisions = plan(world)
        for (const { explanation, group, other } of entries(world)) {
          const { because } = explanation
          const isUnforced = because._tag === "Move" && ["Preferred", "Uneven"].includes(because.reason._tag)
          const load = loads(world, decisions, isUnforced ? "after" : "before")
          const of = (name: NodeName | undefined) => (name === undefined ? 0 : (load.get(name) ?? 0))
          const [there, chosen] = [of(other.node), of(explanation.node) - 1]
          if (other.against._tag === "Fuller") {
            assert.deepStrictEqual<unknown>(other.against, { _tag: "Fuller", load: there, chosen })
            assert.isAbove(there, chosen)
          }
          // Who is placed anew, and neither sent by name nor on a way, is where there is most room.
          const isSpread = because._tag === "Move" && because.reason._tag === "FirstPlacement"
          if (isSpread && ["LessPreferred", "AsGood"].includes(other.against._tag) && group.target === undefined)
            assert.strictEqual(there, chosen)
        }
      }
    },
    often
  )

  it.prop(
    "says of a node that it is less preferred only if it is, by that preference and not by one before it",
    [kinds],
    ([all]) => {
      for (const world of all)
        for (const { explanation, group, other, node } of entries(world)) {
          const { against } = other
          const chosen = world.nodes.find(({ name }) => name === explanation.node)
          if (against._tag === "Unsteady") {
            assert.isFalse(isSteady(world, node.name))
            assert.isFalse(signs[against.preference]?.(world, node))
          }
          if (against._tag !== "LessPreferred" || chosen === undefined) continue
          if (against.preference === "weighted") {
            assert.isBelow(weightOf(world, group, node.name), weightOf(world, group, chosen.name))
            continue
          }
          const names = Object.keys(signs)
          for (const before of names.slice(0, names.indexOf(against.preference)))
            assert.strictEqual(signs[before]?.(world, node), signs[before]?.(world, chosen))
          assert.isFalse(signs[against.preference]?.(world, node))
          assert.isTrue(signs[against.preference]?.(world, chosen))
        }
    },
    often
  )

  it.prop(
    "offers what does it: a policy that it names brings the group there, and so does a pin",
    [kinds],
    ([all]) => {
      for (const world of all)
        for (const { group, other } of entries(world)) {
          const { against, wouldChange } = other
          if (against._tag === "Ineligible" || against._tag === "Held") continue
          const goesWith = (change: Partial<Group>) =>
            destination(plan(withGroup(world, group, change)).get(group.name))
          if (wouldChange.some((change) => change.startsWith("kubectl annotate netcupfailoverip")))
            assert.strictEqual(goesWith({ pin: other.node }), other.node)
          else if (against._tag !== "SameServer")
            assert.isTrue(wouldChange.some((change) => change.startsWith("once it has arrived on ")))
          if (against._tag !== "Stays") continue
          const offers = (policy: string) => wouldChange.some((change) => change.startsWith(policy))
          const may = (change: Partial<Group>) => goesWith(change) === other.node
          assert.strictEqual(offers("spec.failback"), may({ failback: "WhenPreferred" }))
          assert.strictEqual(offers("spec.rebalance"), may({ rebalance: "WhenUneven" }))
        }
    },
    often
  )

  it.prop(
    "says of each node that a group did not fail back to or even loads with what was against it",
    [kinds],
    ([all]) => {
      for (const world of all)
        for (const { explanation, group, other, node } of entries(world)) {
          const { because, node: chosen } = explanation
          const tag = other.against._tag
          if (because._tag !== "Move" || chosen === undefined || tag === "Ineligible") continue
          const { reason } = because
          const steady = isSteady(world, node.name)
          if (reason._tag === "Uneven") {
            if (reason.from === node.name) assert.strictEqual(tag, "Fuller")
            else assert.strictEqual(tag === "Unsteady", !steady, tag)
            assert.include(["Fuller", "Unsteady", "LessPreferred", "AsGood"], tag)
          }
          if (reason._tag === "Preferred") {
            const more = weightOf(world, group, node.name) - weightOf(world, group, chosen)
            if (reason.over === node.name) assert.isBelow(more, 0)
            if (more < 0)
              assert.deepStrictEqual<unknown>(other.against, { _tag: "LessPreferred", preference: "weighted" })
            else assert.strictEqual(tag === "Unsteady", !steady, tag)
            if (more > 0) assert.include(["Unsteady", "Fuller"], tag)
          }
        }
    },
    often
  )

  it.prop(
    "tells what holds: where the addresses are, where the group was, and where it is on its way to",
    [kinds],
    ([all]) => {
      for (const world of all)
        for (const { explanation, group, other, node } of entries(world)) {
          const { against } = other
          const chosen = world.nodes.find(({ name }) => name === explanation.node)
          const routes = world.accountOf(group)?.routes
          const has = (one: Candidate | undefined) =>
            group.addresses.filter(({ prefix }) => one?.server !== undefined && routes?.get(prefix) === one.server)
              .length
          if (against._tag === "FewerAddresses") {
            assert.deepStrictEqual([against.count, against.chosen], [has(node), has(chosen)])
            assert.isBelow(against.count, against.chosen)
          }
          if (against._tag === "Stays") assert.strictEqual(has(chosen), group.addresses.length)
          if (against._tag === "SameServer") assert.strictEqual(node.server, chosen?.server)
          if (against._tag === "NotLast") assert.strictEqual(chosen?.name, group.current)
          if (against._tag === "NotTarget") assert.strictEqual(chosen?.name, group.target?.node)
          if (against._tag === "Pinned") assert.strictEqual(chosen?.name, group.pin)
          if (against._tag === "Begun") assert.deepStrictEqual(group.target, { node: chosen?.name, committed: true })
          if (against._tag !== "AsGood" || chosen === undefined || has(chosen) > 0) continue
          assert.strictEqual(standard.preference.order(group, world.now)(node, chosen), 0)
        }
    },
    often
  )

  it.prop(
    "needs no way out under the standard policy, and has one for another spread",
    [kinds],
    ([all]) => {
      for (const world of all) {
        for (const { other } of entries(world)) assert.notStrictEqual(other.against._tag, "Strategy")
        const policy = { ...standard, spread: Spread.anywhere }
        for (const { because, others } of explain(world, { policy })) {
          if (because._tag !== "Move" || because.reason._tag !== "FirstPlacement") continue
          for (const { against } of others) assert.notStrictEqual(against._tag, "Fuller")
        }
      }
    },
    often
  )

  it.prop("does not depend on the order of nodes and groups", [kinds, oneOf(1, 2, 3)], ([all, by]) => {
    const turn = <A>(items: ReadonlyArray<A>) => [...items.slice(by), ...items.slice(0, by)].reverse()
    for (const world of all) {
      const turned = world.with({ nodes: turn(world.nodes), groups: turn(world.groups) })
      assert.deepStrictEqual(explain(turned), explain(world))
    }
  })

  it.prop("is data: nothing is lost on the way through JSON", [kinds], ([all]) => {
    const Json = Schema.fromJsonString(Schema.Array(Explanation))
    for (const world of all) {
      const text = Schema.encodeSync(Json)(explain(world))
      const again = Schema.decodeUnknownSync(Json)(text)
      assert.strictEqual(Schema.encodeSync(Json)(again), text)
      assert.deepStrictEqual<unknown>(JSON.parse(text), JSON.parse(JSON.stringify(explain(world))))
    }
  })
})
