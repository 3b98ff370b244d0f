/**
 * A small world whose nodes live and die as a script says, and that tells of it what the sources of detection would: leases that kubelets
 * renew every 10 s, an API server that marks nodes after 50 s and is asked something every 2 s, connects each second, netcup's word for
 * suspects. The first node is ours.
 */
import { NodeName } from "@netcup-failover/core/Candidate"
import { type Judged, judge } from "@netcup-failover/core/detect/Detection"
import { type Evidence, fold, none } from "@netcup-failover/core/detect/Evidence"
import { type Moment, Signal } from "@netcup-failover/core/detect/Signal"
import { standard, type Thresholds } from "@netcup-failover/core/detect/Thresholds"
import type { Declared, Verdict } from "@netcup-failover/core/Verdict"

const names = Array.from({ length: 10 }, (_, node) => NodeName.make(`n${node}`))
export const name = (node: number): NodeName => names[node] ?? NodeName.make(`n${node}`)

export type Deed =
  | { readonly do: "power" | "kubelet" | "port"; readonly node: number; readonly on: boolean }
  /** `api`: the API server hangs; `watch`: our connection to it breaks, and cannot be made anew; `netcup`: it does not answer. */
  | { readonly do: "api" | "watch" | "netcup"; readonly on: boolean }
  /** Only nodes of a block reach each other; the API server is in one, too. */
  | { readonly do: "cut"; readonly blocks: ReadonlyArray<number>; readonly api: number }
  /** Our process stands still for so long. */
  | { readonly do: "freeze"; readonly for: number }
  | { readonly do: "declare"; readonly node: number; readonly declared: Partial<Declared> }

export interface Script {
  readonly nodes: number
  /** In ms. */
  readonly lasts: number
  readonly deeds: ReadonlyArray<readonly [at: number, deed: Deed]>
  /** When each kubelet renews first and when each connect begins, in ms; of none: by its number. */
  readonly phases?: ReadonlyArray<number>
  readonly firewalled?: ReadonlyArray<number>
  readonly self?: "known" | "unknown"
  readonly thresholds?: Thresholds
}

export interface Frame {
  readonly moment: Moment
  readonly signal: Signal
  readonly judged: Judged
}

export const epoch = Date.parse("2026-11-23T12:00:00Z")
const step = 100
const renewEvery = 10_000
const graceful = 50_000
const probeTimeout = 1_000
const askEvery = 2_000
/** Without an answer, or a renewal that is told, for so long the API server is taken for one that hangs. */
const hangs = 4_000

interface Node {
  power: boolean
  kubelet: boolean
  port: boolean
  /** Ever since. */
  readonly open: boolean
  block: number
  renewAt: number
  lease: number
  beatAt: number
  declared: Declared
  told: { lease: number; declared: Declared | undefined }
  probeAt: number
  pending: { readonly startedAt: number; readonly endsAt: number; readonly answered: boolean } | undefined
}

/** All that was heard, with what was judged after each. */
export const run = (script: Script): ReadonlyArray<Frame> => {
  const thresholds = script.thresholds ?? standard
  const self = script.self === "unknown" ? undefined : name(0)
  const phase = (n: number) => script.phases?.[n] ?? n * 1_370
  const nodes = Array.from({ length: script.nodes }, (_, n): Node => {
    const declared: Declared = { ready: "True", deleting: false }
    return {
      power: true,
      kubelet: true,
      port: true,
      open: script.firewalled?.includes(n) !== true,
      block: 0,
      renewAt: phase(n) % renewEvery,
      lease: 0,
      beatAt: 0,
      declared,
      told: { lease: 0, declared: undefined },
      probeAt: phase(n) % 1_000,
      pending: undefined
    }
  })
  const frames: Array<Frame> = []
  let evidence: Evidence = none
  let judged: Judged | undefined
  let [apiOn, watchOn, netcupOn, apiBlock] = [true, true, true, 0]
  let [isConnected, connectAt, quietSince, frozenUntil] = [false, 0, 0, 0]
  let reading: number | undefined
  let thaw = false
  let [answeredAt, isHanging] = [0, false]

  const hear = (at: number, signal: Signal) => {
    const moment = { at, wall: epoch + at }
    evidence = fold(evidence, moment, signal)
    judged = judge(judged, evidence, { thresholds, self }, moment)
    frames.push({ moment, signal, judged })
  }
  const reach = () => apiOn && watchOn && apiBlock === nodes[0]?.block

  const tellRenewals = (at: number, only: (node: NodeName) => boolean) => {
    for (const [n, { lease, told }] of nodes.entries()) {
      if (told.lease === lease || !only(name(n))) continue
      told.lease = lease
      quietSince = at
      hear(at, Signal.Renewed({ node: name(n) }))
    }
  }
  const tellDeclared = (at: number) => {
    for (const [n, { declared, told }] of nodes.entries()) {
      if (told.declared === declared) continue
      told.declared = declared
      hear(at, Signal.Declared({ node: name(n), declared }))
    }
  }
  const lose = (at: number) => {
    if (!isConnected) return
    isConnected = false
    hear(at, Signal.LeasesLost())
  }

  const live = (at: number) => {
    for (const node of nodes) {
      if (node.power && node.kubelet && at >= node.renewAt) {
        const isHeard = apiOn && node.block === apiBlock
        node.renewAt = at + (isHeard ? renewEvery : 2_000)
        if (isHeard) {
          node.lease += 1
          node.beatAt = at
        }
      }
      if (!apiOn || node.declared.ready === "False") continue
      const ready = at - node.beatAt > graceful ? "Unknown" : "True"
      if (node.declared.ready !== ready) node.declared = { ...node.declared, ready }
    }
  }

  const probe = (at: number, n: number, node: Node) => {
    const { pending } = node
    // What was under way while we stood still looks like a time-out to us, whatever came.
    const isLate = thaw && pending !== undefined
    if (pending !== undefined && (isLate || at >= pending.endsAt)) {
      node.pending = undefined
      if (pending.answered && !isLate) hear(at, Signal.Answered({ node: name(n) }))
      else hear(at, Signal.Unanswered({ node: name(n), startedAt: pending.startedAt }))
    }
    if (node.pending === undefined && at >= node.probeAt) {
      const answered = n === 0 || (node.power && node.port && node.open && node.block === nodes[0]?.block)
      node.pending = { startedAt: at, endsAt: at + (answered ? 20 : probeTimeout), answered }
      node.probeAt = at + 1_000
    }
  }

  const listen = (at: number) => {
    if (reach() && at % askEvery === 0) answeredAt = at
    const wasHanging = isHanging
    isHanging = at - Math.max(answeredAt, quietSince) > hangs
    if (isHanging && !wasHanging && isConnected) hear(at, Signal.LeasesLost())
    if (!reach()) {
      if (isConnected && (!watchOn || at - quietSince >= 12_000)) lose(at)
      connectAt = at + 500
    } else if (isConnected) {
      // Nodes first: what is marked is heard before the renewals that undo it.
      tellDeclared(at)
      tellRenewals(at, () => true)
    } else if (at >= connectAt) {
      isConnected = true
      quietSince = at
      tellDeclared(at)
      tellRenewals(at, () => true)
      hear(at, Signal.LeasesHeard())
    }
  }

  const read = (at: number) => {
    const whom = judged?.overdue ?? new Set()
    if (reading !== undefined && reach()) {
      reading = undefined
      tellRenewals(at, (node) => whom.has(node))
      quietSince = at
      hear(at, Signal.LeasesHeard())
    } else if (reading !== undefined && at - reading >= 5_000) {
      reading = undefined
      lose(at)
    } else if (reading === undefined && whom.size > 0 && isConnected) reading = at
  }

  const ask = (at: number) => {
    if (!netcupOn || at % 2_000 !== 0) return
    for (const [n, { power }] of nodes.entries()) {
      if (judged?.suspects.has(name(n)) !== true) continue
      const state = power ? "Running" : "Down"
      hear(at, Signal.Provider({ node: name(n), state, word: power ? "running" : "offline" }))
    }
  }

  const act = (at: number, deed: Deed) => {
    switch (deed.do) {
      case "api":
        apiOn = deed.on
        return
      case "watch":
        watchOn = deed.on
        return
      case "netcup":
        netcupOn = deed.on
        return
      case "cut":
        apiBlock = deed.api
        for (const [n, node] of nodes.entries()) node.block = deed.blocks[n] ?? 0
        return
      case "freeze":
        frozenUntil = Math.max(frozenUntil, at + deed.for)
        return
      case "declare": {
        const node = nodes[deed.node]
        if (node !== undefined) node.declared = { ...node.declared, ...deed.declared }
        return
      }
      default: {
        const node = nodes[deed.node]
        if (node !== undefined) node[deed.do] = deed.on
      }
    }
  }

  for (let at = 0; at <= script.lasts; at += step) {
    for (const [when, deed] of script.deeds) if (when >= at && when < at + step) act(at, deed)
    live(at)
    if (at < frozenUntil) {
      thaw = true
      continue
    }
    // What the server said before we stood still is the first that we read.
    if (thaw && isConnected) hear(at, Signal.LeasesHeard())
    if (at % 1_000 === 0) hear(at, Signal.Tick())
    for (const [n, node] of nodes.entries()) probe(at, n, node)
    thaw = false
    listen(at)
    read(at)
    ask(at)
  }
  return frames
}

export const verdictOf = ({ judged }: Frame, node: number): Verdict | undefined => judged.verdicts.get(name(node))

/** When the node was first in that state, after `from`, in ms; absent: never. */
export const firstAt = (
  frames: ReadonlyArray<Frame>,
  node: number,
  state: Verdict["state"],
  from = 0
): number | undefined =>
  frames.find((frame) => frame.moment.at >= from && verdictOf(frame, node)?.state === state)?.moment.at

/** The nodes that were ever failed. */
export const everFailed = (frames: ReadonlyArray<Frame>): ReadonlyArray<NodeName> => [
  ...new Set(
    frames.flatMap(({ judged }) =>
      [...judged.verdicts].flatMap(([node, { state }]) => (state === "Failed" ? [node] : []))
    )
  )
]
