/**
 * What is heard, told by hand: signals at moments in seconds.
 */
import { NodeName } from "@netcup-failover/core/Candidate"
import { type Judged, judge } from "@netcup-failover/core/detect/Detection"
import { type Evidence, fold, none } from "@netcup-failover/core/detect/Evidence"
import { type Moment, Signal } from "@netcup-failover/core/detect/Signal"
import { standard, type Thresholds } from "@netcup-failover/core/detect/Thresholds"
import { type Declared, renderSign } from "@netcup-failover/core/Verdict"

export const a = NodeName.make("a")
export const b = NodeName.make("b")
export const c = NodeName.make("c")
export const d = NodeName.make("d")

export const epoch = Date.parse("2026-11-23T12:00:00Z")
export const moment = (seconds: number): Moment => ({ at: seconds * 1_000, wall: epoch + seconds * 1_000 })

export interface Story {
  readonly evidence: Evidence
  readonly judged: Judged
  /** Goes on at a moment. Nothing else was heard until then but ticks; with `asleep`, not even those. */
  readonly at: (seconds: number, ...signals: ReadonlyArray<Signal>) => Story
  readonly asleep: (seconds: number, ...signals: ReadonlyArray<Signal>) => Story
  /** Connects that begin at each second from there until there, and time out after one. */
  readonly silent: (node: NodeName, from: number, to: number) => Story
  /** The node's state, `guarded` if it is, and the signs, in words. */
  readonly of: (node: NodeName) => string
}

interface Teller {
  readonly self?: NodeName | undefined
  readonly thresholds?: Thresholds
}

const make = (evidence: Evidence, before: Judged | undefined, now: number, teller: Teller): Story => {
  const options = { thresholds: teller.thresholds ?? standard, self: teller.self }
  const judged = judge(before, evidence, options, moment(now))
  const tell = (seconds: number, signals: ReadonlyArray<Signal>, ticking: boolean): Story => {
    let [known, last] = [evidence, judged]
    const hear = (time: number, signal: Signal) => {
      known = fold(known, moment(time), signal)
      last = judge(last, known, options, moment(time))
    }
    if (ticking) for (let time = now + 1; time <= seconds; time += 1) hear(time, Signal.Tick())
    for (const signal of signals) hear(seconds, signal)
    return make(known, last, seconds, teller)
  }
  return {
    evidence,
    judged,
    at: (seconds, ...signals) => tell(seconds, signals, true),
    asleep: (seconds, ...signals) => tell(seconds, signals, false),
    silent: (node, from, to) => {
      let story = make(evidence, judged, now, teller)
      for (let start = from; start < to; start += 1) story = story.at(start + 1, unanswered(node, start))
      return story
    },
    of: (node) => {
      const verdict = judged.verdicts.get(node)
      if (verdict === undefined) return "unknown"
      const words = [
        verdict.state,
        ...(verdict.guarded === true ? ["guarded"] : []),
        ...verdict.reasons.map(renderSign)
      ]
      return words.join(", ")
    }
  }
}

export const declared = (node: NodeName, more: Partial<Declared> = {}): Signal =>
  Signal.Declared({ node, declared: { ready: "True", deleting: false, ...more } })
export const renewed = (node: NodeName): Signal => Signal.Renewed({ node })
export const answered = (node: NodeName): Signal => Signal.Answered({ node })
/** A connect that began at that second. */
export const unanswered = (node: NodeName, start: number): Signal =>
  Signal.Unanswered({ node, startedAt: start * 1_000 })
export const retargeted = (node: NodeName): Signal => Signal.Retargeted({ node })
export const heard = Signal.LeasesHeard()
export const lost = Signal.LeasesLost()
export const forbidden = Signal.LeasesForbidden()
export const says = (node: NodeName, state: "Down" | "Running" | "Unknown", word = "offline"): Signal =>
  Signal.Provider({ node, state, word })

/** Nodes that are well: ready, renewed and answering at second 0. */
export const well = (nodes: ReadonlyArray<NodeName>, teller: Teller = { self: nodes[0] }): Story =>
  make(none, undefined, 0, teller).at(
    0,
    ...nodes.flatMap((node) => [declared(node), renewed(node), answered(node)]),
    heard
  )

/** Nobody was heard of yet. */
export const blank = (teller: Teller = {}): Story => make(none, undefined, 0, teller)
