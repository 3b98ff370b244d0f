/**
 * When we learned that nodes are lost, for how long a failover took. Each replica keeps it: a leader that takes over was told
 * before its term began.
 */
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"

/** When the node's verdict turned, or the node went (monotonic ms); `undefined`: it is well, or nobody knows it. */
export type LostAt = (node: NodeName) => number | undefined

/** For so long one that went is remembered, in ms: names of nodes need not come again. */
const memory = 3_600_000

export const make = () => {
  const losses = new Map<NodeName, number | undefined>()
  const lostAt: LostAt = (node) => losses.get(node)
  return {
    lostAt,
    /** @param now monotonic ms */
    learn: (nodes: ReadonlyArray<Candidate>, now: number): void => {
      const present = new Set(nodes.map(({ name }) => name))
      for (const { name, verdict } of nodes) {
        losses.set(name, verdict.state === "Healthy" ? undefined : (losses.get(name) ?? now))
      }
      for (const [name, at = now] of losses) {
        if (present.has(name)) continue
        if (now - at < memory) losses.set(name, at)
        else losses.delete(name)
      }
    }
  }
}
