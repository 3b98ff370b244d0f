/**
 * Strategies that distribute groups over nodes, all of them at once. What is placed already is load, and stays.
 *
 * Laws (each a property test): the order of wishes, nodes and loads does not matter; only nodes that a group wishes for
 * are chosen; once the first groups by name are placed and count as load, the others get what they get together with them.
 */
import type { NodeName } from "./Candidate.ts"
import * as Fnv1a from "./Fnv1a.ts"
import * as SpreadFlow from "./SpreadFlow.ts"
import * as SpreadPick from "./SpreadPick.ts"

/** A group to be placed, and what it may have. */
export interface Wish {
  readonly name: string
  /** The nodes that may take the group, the most preferred first; those of one tier are as good as each other. */
  readonly tiers: ReadonlyArray<ReadonlyArray<NodeName>>
}

/** How many groups a node carries already; a node that is absent carries none. */
export type Loads = ReadonlyMap<NodeName, number>

/** `place` gives a node to each group that has one to wish for. Assumption: names of groups are unique. */
export interface Spread {
  readonly name: string
  readonly place: (wishes: ReadonlyArray<Wish>, loads: Loads) => ReadonlyMap<string, NodeName>
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byName = (a: Wish, b: Wish): number => compare(a.name, b.name)

/** Does not spread: each group goes where it would if it were the only one, to the pick of its first tier. */
export const anywhere: Spread = {
  name: "anywhere",
  place: (wishes) => {
    const places = new Map<string, NodeName>()
    for (const { name, tiers } of [...wishes].sort(byName)) {
      const pool = [...(tiers.find((tier) => tier.length > 0) ?? [])].sort(compare)
      const node = pool[Fnv1a.hash32(name) % pool.length]
      if (node !== undefined) places.set(name, node)
    }
    return places
  }
}

/**
 * Loads as even as can be: the highest is the lowest possible, then the second highest, and so on. Of all such
 * placements one with the fewest steps down the tiers, summed over the groups. Of those that are left the deterministic
 * one: group by group in the order of names, the node at FNV-1a(name) modulo the number of nodes, sorted by name, that
 * the group has in any of them. The answer is unique, so it is the same on every replica.
 *
 * Flow: groups with the same tiers are one class; {@link SpreadFlow.solve} finds one optimum and the prices that tell
 * all others, {@link SpreadPick.pick} chooses among those.
 */
export const even: Spread = {
  name: "even",
  place: (wishes, loads) => {
    const sorted = wishes.filter(({ tiers }) => tiers.some((tier) => tier.length > 0)).sort(byName)
    const nodes = [...new Set(sorted.flatMap(({ tiers }) => tiers.flat()))].sort(compare)
    const indexOf = new Map(nodes.map((name, i) => [name, i]))
    const classes = new Map<string, number>()
    const ranks: Array<Int32Array> = []
    const sizes: Array<number> = []
    const members = sorted.map(({ name, tiers }) => {
      const row = new Int32Array(nodes.length).fill(SpreadFlow.barred)
      tiers
        .filter((tier) => tier.length > 0)
        .forEach((tier, rank) => {
          for (const node of tier) row[indexOf.get(node) ?? -1] = rank
        })
      const key = row.join()
      const kind = classes.get(key) ?? ranks.length
      if (kind === ranks.length) {
        classes.set(key, kind)
        ranks.push(row)
      }
      sizes[kind] = (sizes[kind] ?? 0) + 1
      return { kind, seed: Fnv1a.hash32(name) }
    })
    const flow = SpreadFlow.solve({ ranks, sizes, loads: nodes.map((name) => loads.get(name) ?? 0) })
    const picked = SpreadPick.pick(flow, members)
    return new Map(
      sorted.flatMap(({ name }, i): Array<[string, NodeName]> => {
        const node = nodes[picked[i] ?? -1]
        return node === undefined ? [] : [[name, node]]
      })
    )
  }
}
