/**
 * Small problems for the laws of spreads, and all that an assignment can be, by trying each: written from the documentation
 * and apart from the strategies.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import { hash32 } from "@netcup-failover/core/Fnv1a"
import type { Loads, Wish } from "@netcup-failover/core/Spread"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { node, oneOf } from "./Worlds.ts"

/** Groups that wish, and nodes that carry; prints as a few lines. */
export class Problem {
  readonly wishes: ReadonlyArray<Wish>
  readonly loads: Loads

  constructor(wishes: ReadonlyArray<Wish>, loads: Loads) {
    this.wishes = wishes
    this.loads = loads
  }

  toString(): string {
    return [
      "",
      `carried: ${[...this.loads].map(([name, load]) => `${name} ${load}`).join(", ")}`,
      ...this.wishes.map(({ name, tiers }) => `${name}: ${tiers.map((tier) => tier.join(" ")).join(" > ")}`)
    ].join("\n  ")
  }
}

const ids = [1, 2, 3, 4, 5]
const level = oneOf(0, 0, 0, 1, 1, 2, 3)
/** The tier in which a group has a node; none where it may not have it. */
const standing = oneOf<number | undefined>(0, undefined, 0, undefined, 0, 1, 2)
const perNode = <A>(one: Arbitrary.Arbitrary<A>) => Arbitrary.all([one, one, one, one, one])

const wish = Arbitrary.map(
  Arbitrary.all({
    name: oneOf("g1", "g2", "g3", "g4", "g5", "web", "mail", "shop"),
    standings: perNode(standing)
  }),
  ({ name, standings }): Wish => ({
    name,
    tiers: [0, 1, 2]
      .map((tier) => ids.filter((_, i) => standings[i] === tier).map(node))
      .filter((tier) => tier.length > 0)
  })
)

/** Up to 5 groups with their own wishes on 5 nodes, some of which carry something. */
export const problems: Arbitrary.Arbitrary<Problem> = Arbitrary.map(
  Arbitrary.all({ wishes: Arbitrary.array(wish, { maxLength: 5 }), levels: perNode(level) }),
  ({ wishes, levels }) =>
    new Problem(
      [...new Map(wishes.map((one) => [one.name, one])).values()],
      new Map(ids.map((id, i) => [node(id), levels[i] ?? 0]))
    )
)

export type Assignment = ReadonlyArray<NodeName>

export const allowed = ({ tiers }: Wish): ReadonlyArray<NodeName> => tiers.flat()

/** The wishes that can be met, in the order of their names. */
export const grantable = ({ wishes }: Problem): ReadonlyArray<Wish> =>
  wishes.filter((one) => allowed(one).length > 0).toSorted((a, b) => (a.name < b.name ? -1 : 1))

const everyAssignment = ([first, ...others]: ReadonlyArray<Wish>): ReadonlyArray<Assignment> => {
  if (first === undefined) return [[]]
  const rest = everyAssignment(others)
  return allowed(first).flatMap((at) => rest.map((assignment) => [at, ...assignment]))
}

/** The loads of all nodes, the highest first. */
export const descending = ({ loads }: Problem, assignment: Assignment): ReadonlyArray<number> =>
  [...loads].map(([name, load]) => load + assignment.filter((at) => at === name).length).toSorted((a, b) => b - a)

/** How many tiers above it each group left unused, summed. */
export const totalRank = (wishes: ReadonlyArray<Wish>, assignment: Assignment): number =>
  wishes.reduce((sum, { tiers }, i) => sum + tiers.findIndex((tier) => tier.some((name) => name === assignment[i])), 0)

/** Negative if `a` comes first, number by number. */
export const lexicographically = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number =>
  a.map((number, i) => number - (b[i] ?? 0)).find((difference) => difference !== 0) ?? 0

const best = <A>(items: ReadonlyArray<A>, cost: (item: A) => ReadonlyArray<number>): ReadonlyArray<A> => {
  const costs = items.map(cost)
  const least = costs.toSorted(lexicographically)[0] ?? []
  return items.filter((_, i) => lexicographically(costs[i] ?? [], least) === 0)
}

/** The most even of all assignments. */
export const mostEven = (problem: Problem): ReadonlyArray<Assignment> =>
  best(everyAssignment(grantable(problem)), (assignment) => descending(problem, assignment))

/** Of the most even those with the least total rank. */
export const optima = (problem: Problem): ReadonlyArray<Assignment> =>
  best(mostEven(problem), (assignment) => [totalRank(grantable(problem), assignment)])

/** Of the optima the one that the groups choose in the order of their names, by their hashes. */
export const chosen = (problem: Problem): ReadonlyMap<string, NodeName> => {
  let left = optima(problem)
  const answer = new Map<string, NodeName>()
  grantable(problem).forEach(({ name }, i) => {
    const pool = [...new Set(left.map((assignment) => assignment[i]))].toSorted()
    const at = pool[hash32(name) % pool.length]
    left = left.filter((assignment) => assignment[i] === at)
    if (at !== undefined) answer.set(name, at)
  })
  return answer
}

/** Up to 80 groups on 70 nodes: too many to try all, and more than fit one machine word. */
export const wideProblems: Arbitrary.Arbitrary<Problem> = Arbitrary.map(
  Arbitrary.all({
    seed: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))),
    groups: oneOf(40, 80, 10),
    sparse: oneOf(20, 5, 40),
    tiers: oneOf(1, 2, 3)
  }),
  ({ seed, groups, sparse, tiers }) => {
    const ids = Array.from({ length: 70 }, (_, i) => i)
    /** A number of its own for each pair and seed (the finalizer of MurmurHash3). */
    const chance = (a: number, b: number) => {
      const mixed = Math.imul((seed + a * 7919 + b * 104_729) ^ (a << 16), 0x85ebca6b)
      return (Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 0) >>> 9
    }
    const wishes = Array.from({ length: groups }, (_, g): Wish => {
      const mine = ids.filter((id) => chance(g, id) % sparse === 0)
      const inTier = (tier: number) => mine.filter((id) => chance(id, g + 100) % tiers === tier)
      return {
        name: `g${g}`,
        tiers: [0, 1, 2].map((tier) => inTier(tier).map(node)).filter(({ length }) => length > 0)
      }
    })
    return new Problem(wishes, new Map(ids.map((id) => [node(id), chance(id, 200) % 3])))
  }
)

/**
 * The nodes to which a chain of shifts leads from `start`: a group of it goes to another of its nodes, one from there to the next.
 * An assignment is the most even one exactly if none leads to a node with two less (no cost-reducing path, in the words of Harvey et al.).
 */
export const withinShifts = (
  wishes: ReadonlyArray<Wish>,
  assignment: Assignment,
  start: NodeName
): ReadonlySet<NodeName> => {
  const reached = new Set([start])
  const movable = new Map<NodeName, Array<Wish>>()
  wishes.forEach((one, i) => {
    const at = assignment[i]
    if (at !== undefined) movable.set(at, [...(movable.get(at) ?? []), one])
  })
  for (const at of reached) for (const one of movable.get(at) ?? []) for (const next of allowed(one)) reached.add(next)
  return reached
}
