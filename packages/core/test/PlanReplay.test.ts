import { assert, describe, it } from "@effect/vitest"
import type { Candidate } from "@netcup-failover/core/Candidate"
import type { Group } from "@netcup-failover/core/Group"
import { type Plan, plan } from "@netcup-failover/core/Plan"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import { objection } from "./PlanMotives.ts"
import { carryOut, takers } from "./PlanReading.ts"
import { crowdedWorlds, weaknesses, wishes } from "./PolicyWorlds.ts"
import { candidate, newGroup, node, oneOf, type SmallWorld } from "./Worlds.ts"

/** Something that happens from outside. */
type Event = (world: SmallWorld) => SmallWorld

const onNode =
  (n: number, change: (one: Candidate) => Candidate): Event =>
  (world) =>
    world.with({ nodes: world.nodes.map((one) => (one.name === node(n) ? change(one) : one)) })

const onGroup =
  (n: number, change: (one: Group) => Group): Event =>
  (world) =>
    world.with({ groups: world.groups.map((one) => (one.name === `g${n}` ? change(one) : one)) })

const joins =
  (n: number): Event =>
  (world) =>
    world.nodes.some(({ name }) => name === node(n))
      ? world
      : world.with({ nodes: [...world.nodes, candidate(n, { settledAt: (world.now ?? 0) + 3 })] })

const goes =
  (n: number): Event =>
  (world) =>
    world.with({ nodes: world.nodes.filter(({ name }) => name !== node(n)) })

const fails = (n: number) =>
  onNode(n, (one) => ({ ...one, verdict: fromDeclared({ ready: "Unknown", deleting: false }) }))

const recovers =
  (n: number): Event =>
  (world) =>
    onNode(n, (one) => {
      const { leaving: _, ...rest } = one
      const settledAt = (world.now ?? 0) + 3
      return { ...rest, settledAt, verdict: fromDeclared({ ready: "True", deleting: false }) }
    })(world)

const isCreated =
  (n: number): Event =>
  (world) =>
    world.groups.some(({ name }) => name === `g${n}`)
      ? world
      : world.with({ groups: [...world.groups, newGroup(`g${n}`)] })

const event: Arbitrary.Arbitrary<Event> = Arbitrary.map(
  Arbitrary.all({
    n: oneOf(1, 2, 3, 4, 5),
    wish: wishes,
    weakness: weaknesses,
    kind: oneOf("passes", "fails", "recovers", "joins", "goes", "weakens", "wishes", "leaves", "is created")
  }),
  ({ n, wish, weakness, kind }): Event => {
    switch (kind) {
      case "passes":
        return (world) => world.with({ now: (world.now ?? 0) + n })
      case "fails":
        return fails(n)
      case "recovers":
        return recovers(n)
      case "joins":
        return joins(n)
      case "goes":
        return goes(n)
      case "weakens":
        return onNode(n, ({ settledAt: _, pressures: __, cordoned: ___, leaving: ____, ...one }) => ({
          ...one,
          ...weakness
        }))
      case "wishes":
        return onGroup(n, ({ preferences: _, failback: __, rebalance: ___, pin: ____, ...one }) => ({
          ...one,
          ...wish
        }))
      case "leaves":
        return onNode(n, (one) => ({ ...one, leaving: "about-to-go" }))
      default:
        return isCreated(n)
    }
  }
)

/** What is wrong with a move; `undefined`: it had to be. All that was begun is done before the next plan. */
const complaint = (world: SmallWorld, decisions: Plan, group: Group): string | undefined => {
  const decision = decisions.get(group.name)
  if (decision?._tag !== "Move") return undefined
  const { because } = decision
  switch (because._tag) {
    case "FirstPlacement":
      return group.current === undefined ? undefined : "was placed before"
    case "LeftNode": {
      const left = world.nodes.find(({ name }) => name === because.from)
      const account = world.accountOf(group)
      const could = left !== undefined && account !== undefined && takers(world, group, account).includes(left)
      return because.from === group.current && !could ? undefined : `${because.from} could have kept it`
    }
    case "Pinned":
      return group.pin === decision.to && group.current !== group.pin ? undefined : "is not pinned"
    case "Preferred":
    case "Uneven":
      return objection(world, decisions, group)
    default:
      return `nothing was ${because._tag}`
  }
}

/** Carries out plans until nothing moves, each move for a reason. */
const rest = (world: SmallWorld, seen: Set<string> = new Set(), patience = 100): SmallWorld => {
  const decisions = plan(world)
  for (const decision of decisions.values()) if (decision._tag === "Move") seen.add(decision.because._tag)
  for (const group of world.groups) assert.isUndefined(complaint(world, decisions, group), `${group.name}: ${world}`)
  if (![...decisions.values()].some(({ _tag }) => _tag === "Move")) return world
  if (patience === 0) return assert.fail("the plans do not come to rest")
  return rest(carryOut(world, decisions), seen, patience - 1)
}

describe("a long replay", () => {
  it.prop(
    "of joins, failures, recoveries and changes of mind comes to rest after each, and no group ever moves without a reason",
    [crowdedWorlds, Arbitrary.array(event, { minLength: 20, maxLength: 60 })],
    ([world, events]) => {
      events.reduce((at, happens) => rest(happens(at)), rest(world))
    },
    { arbitrary: { runs: 200 } }
  )

  it.effect("has moves of every kind", () =>
    Effect.gen(function* () {
      const seen = new Set<string>()
      const replays = Arbitrary.all([crowdedWorlds, Arbitrary.array(event, { minLength: 20, maxLength: 20 })])
      for (const [world, events] of yield* Arbitrary.sampleEffect(replays, { count: 60, seed: 1 }))
        events.reduce((at, happens) => rest(happens(at), seen), rest(world, seen))
      assert.deepStrictEqual([...seen].sort(), ["FirstPlacement", "LeftNode", "Pinned", "Preferred", "Uneven"])
    })
  )
})
