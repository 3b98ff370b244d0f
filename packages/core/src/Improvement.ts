/**
 * Moves that nothing forces: a group that is well placed goes where the user prefers it (failback), or where there is more room
 * (rebalance), if its policy asks for that.
 *
 * They come to an end. Each move of a failback raises what the user's weights say of the group and makes no load less even; each move
 * of a rebalance makes the loads more even. So no two moves can undo each other, whatever the groups' policies are.
 */
import type { Candidate, NodeName } from "./Candidate.ts"
import type { Group } from "./Group.ts"
import * as Pick from "./Pick.ts"
import type { Preference } from "./Preference.ts"
import * as Steadiness from "./Steadiness.ts"
import * as Weights from "./Weights.ts"

/** A group that is wholly on a node that may keep it. */
export interface Placed {
  readonly group: Group
  readonly at: Candidate
  readonly eligible: ReadonlyArray<Candidate>
}

export interface Improvement {
  readonly group: string
  readonly from: Candidate
  readonly to: Candidate
}

/** What is weighed: `load` counts the groups that each node has, or is to have. */
export interface Scales {
  readonly load: ReadonlyMap<NodeName, number>
  readonly preference: Preference
  readonly now: number | undefined
}

const loadOf = (load: ReadonlyMap<NodeName, number>, { name }: Candidate): number => load.get(name) ?? 0

/** Those with the lowest value. */
const least = (nodes: ReadonlyArray<Candidate>, valueOf: (node: Candidate) => number): ReadonlyArray<Candidate> => {
  const values = nodes.map(valueOf)
  const lowest = Math.min(...values)
  return nodes.filter((_, i) => values[i] === lowest)
}

/** Of a node that is on its way out, or that may fail again, nobody takes what does well elsewhere. */
const steadyOf = ({ group, eligible }: Placed, now: number | undefined) =>
  eligible.filter((node) => Steadiness.isSteady(node, now)).map((node) => ({ node, weight: Weights.of(group, node) }))

/**
 * Failback: every group that wants it goes to the steady node that the user prefers most, unless that had as many groups as the one it
 * leaves. A place that one of them leaves may be what another waits for, so they are asked until nobody moves any more.
 */
export const preferred = (placed: ReadonlyArray<Placed>, scales: Scales): ReadonlyArray<Improvement> => {
  const load = new Map(scales.load)
  const movable = placed
    .filter(({ group }) => group.failback === "WhenPreferred")
    .flatMap((one) => {
      const weight = Weights.of(one.group, one.at)
      const better = steadyOf(one, scales.now).filter((other) => other.weight > weight)
      return better.length === 0 ? [] : [{ ...one, better, to: { node: one.at, weight } }]
    })
  let moves = true
  while (moves) {
    moves = false
    for (const one of movable) {
      const open = one.better.filter(
        ({ node, weight }) => weight > one.to.weight && loadOf(load, node) < loadOf(load, one.to.node)
      )
      const most = Math.max(...open.map(({ weight }) => weight))
      const best = open.filter(({ weight }) => weight === most).map(({ node }) => node)
      const emptiest = least(best, (node) => loadOf(load, node))
      const to = Pick.best(one.group, emptiest, scales.preference, scales.now)
      if (to === undefined) continue
      load.set(one.to.node.name, loadOf(load, one.to.node) - 1)
      load.set(to.name, loadOf(load, to) + 1)
      one.to = { node: to, weight: most }
      moves = true
    }
  }
  return movable.flatMap(({ group, at, to }) => (to.node === at ? [] : [{ group: group.name, from: at, to: to.node }]))
}

/** Rebalance: the one group whose move makes the loads most even, from a node with at least two more than the steady one it goes to. */
export const evening = (placed: ReadonlyArray<Placed>, scales: Scales): Improvement | undefined => {
  const choices = placed
    .filter(({ group }) => group.rebalance === "WhenUneven")
    .flatMap((one) => {
      const steady = steadyOf(one, scales.now).map(({ node }) => node)
      const emptiest = least(steady, (node) => loadOf(scales.load, node))
      const to = Pick.best(one.group, emptiest, scales.preference, scales.now)
      const difference = to === undefined ? 0 : loadOf(scales.load, one.at) - loadOf(scales.load, to)
      if (to === undefined || difference < 2) return []
      const gain = Weights.of(one.group, to) - Weights.of(one.group, one.at)
      return [{ move: { group: one.group.name, from: one.at, to }, difference, gain }]
    })
  // What the user's weights lose least by; of equals the first by name, whatever the order of the input.
  return choices.sort(
    (a, b) => b.difference - a.difference || b.gain - a.gain || (a.move.group < b.move.group ? -1 : 1)
  )[0]?.move
}
