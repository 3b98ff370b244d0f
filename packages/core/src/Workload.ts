/**
 * On which nodes a group's workload serves, told by its Pods with hysteresis: a Pod that is restarted shall not make a group wander.
 *
 * Flow: pods and a moment are folded into what is remembered of each node, from which follows who serves, and when time alone changes it.
 * Guarantees: a node comes in only with a ready Pod, and goes out only after it had none for a while; looking more often changes
 * nothing; time in which nothing could be heard (the watch was down, or this process stood still) counts for nothing.
 */
import type { NodeName } from "./Candidate.ts"

/** A Pod of the workload that is on a node. */
export interface Pod {
  readonly name: string
  readonly node: NodeName
  /** It is ready, and not being deleted. */
  readonly ready: boolean
  readonly deleting: boolean
  /** A DaemonSet's: when it is deleted, another one comes to the same node. */
  readonly daemon: boolean
}

/** In ms. */
export interface Times {
  /** How long a node has no ready Pod until it no longer counts. */
  readonly unreadyAfter: number
  /** The same where a DaemonSet's Pod is being replaced. */
  readonly replacedAfter: number
  /** How long a node has a ready Pod until it counts, while others do. */
  readonly readyAfter: number
  /** Who looks so much later than it was due stood still meanwhile. */
  readonly standstill: number
}

interface Standing {
  readonly ready: boolean
  /** Since when, monotonic ms. */
  readonly since: number
  /** It is not ready since a DaemonSet's Pod went, which is replaced. */
  readonly replacing: boolean
  /** The DaemonSets' Pods that were ready there last. */
  readonly daemons: ReadonlyArray<string>
}

export interface Memory {
  readonly serving: ReadonlySet<NodeName>
  /** When to look again though nothing was heard, monotonic ms. */
  readonly changesAt: number | undefined
  readonly standings: ReadonlyMap<NodeName, Standing>
  readonly lookedAt: number
  readonly isLive: boolean
}

export interface Moment {
  /** Monotonic ms. */
  readonly now: number
  /** Whether what is known of the Pods is as new as that. */
  readonly isLive: boolean
}

/** Time that counts for nothing. */
const gapOf = (before: Memory, { now, isLive }: Moment, { standstill }: Times): number => {
  const isLate = before.changesAt !== undefined && now - before.changesAt > standstill
  return isLive && before.isLive && !isLate ? 0 : Math.max(0, now - before.lookedAt)
}

const standingOf = (before: Standing | undefined, pods: ReadonlyArray<Pod>, since: number): Standing => {
  const up = pods.filter(({ ready }) => ready)
  if (up.length > 0) {
    const daemons = up.flatMap(({ daemon, name }) => (daemon ? [name] : []))
    return { ready: true, since: before?.ready === true ? before.since : since, replacing: false, daemons }
  }
  const daemons = before?.daemons ?? []
  const isReplaced =
    pods.some(({ daemon, deleting }) => daemon && deleting) ||
    daemons.some((daemon) => !pods.some(({ name }) => name === daemon))
  return {
    ready: false,
    since: before?.ready === false ? before.since : since,
    replacing: isReplaced || before?.replacing === true,
    daemons
  }
}

/** Looks at the Pods there are. Without a memory all that is ready counts at once. */
export const look = (before: Memory | undefined, pods: Iterable<Pod>, moment: Moment, times: Times): Memory => {
  const { now, isLive } = moment
  const gap = before === undefined ? 0 : gapOf(before, moment, times)
  const patience = ({ replacing }: Standing) =>
    replacing ? Math.max(times.unreadyAfter, times.replacedAfter) : times.unreadyAfter
  const byNode = new Map<NodeName, Array<Pod>>()
  for (const node of before?.standings.keys() ?? []) byNode.set(node, [])
  for (const pod of pods) byNode.set(pod.node, [...(byNode.get(pod.node) ?? []), pod])

  const all = new Map<NodeName, Standing>()
  for (const [node, there] of byNode) {
    const last = before?.standings.get(node)
    const known = last === undefined ? undefined : { ...last, since: last.since + gap }
    all.set(node, standingOf(known, there, before === undefined ? Number.NEGATIVE_INFINITY : now))
  }
  const counts = (node: NodeName, standing: Standing): boolean => {
    const was = before?.serving.has(node) === true
    const lasted = now - standing.since
    return standing.ready ? was || lasted >= times.readyAfter : was && lasted < patience(standing)
  }
  const counted = [...all].filter(([node, standing]) => counts(node, standing))
  const ready = [...all].filter(([, standing]) => standing.ready)
  const serving = new Set((counted.length > 0 ? counted : ready).map(([node]) => node))

  const standings = new Map([...all].filter(([node, { ready }]) => ready || serving.has(node)))
  const ends = [...standings].flatMap(([node, standing]) => {
    if (standing.ready) return serving.has(node) ? [] : [standing.since + times.readyAfter]
    return [standing.since + patience(standing)]
  })
  const changesAt = isLive && ends.length > 0 ? Math.min(...ends) : undefined
  return { serving, changesAt, standings, lookedAt: now, isLive }
}
