/**
 * What is heard of nodes, each at a moment: all that detection knows of the world.
 */
import * as Data from "effect/Data"
import type { NodeName } from "../Candidate.ts"
import type { Declared } from "../Verdict.ts"

/** When something was heard. Durations are reckoned by `at`; `wall` is for people. */
export interface Moment {
  /** Monotonic, in ms: nobody sets this clock. */
  readonly at: number
  /** In ms since the epoch. */
  readonly wall: number
}

export type Signal = Data.TaggedEnum<{
  /** What the Node object says now. */
  Declared: { readonly node: NodeName; readonly declared: Declared }
  /** There is no such Node any more. */
  Gone: { readonly node: NodeName }
  /** The node's Lease is another than it was: its kubelet renewed it. */
  Renewed: { readonly node: NodeName }
  /**
   * All that the server knew of Leases until now is heard: they were read, or watched anew, or the watch itself said so (a bookmark). Tell
   * what came with it first. A renewal alone is no such proof: others may be behind it.
   */
  LeasesHeard: {}
  /** The watch of Leases broke: what it does not tell means nothing until it is heard again. */
  LeasesLost: {}
  /** The server lives and lets us hear of no Lease any more: what was known of them tells nothing. */
  LeasesForbidden: {}
  /** A TCP connect was accepted or refused (RST): the host lives. */
  Answered: { readonly node: NodeName }
  /** A TCP connect that began at `startedAt` (monotonic ms) ran into its time-out, or found no route. */
  Unanswered: { readonly node: NodeName; readonly startedAt: number }
  /** The node is asked at another address or port from now on, or nowhere: what became of connects so far tells nothing of those to come. */
  Retargeted: { readonly node: NodeName }
  /** What netcup says of the node's server, in its own word (`offline`, `SHUTOFF`, …), asked for just now. */
  Provider: { readonly node: NodeName; readonly state: "Down" | "Running" | "Unknown"; readonly word: string }
  /** Nothing but that time passes for this process, too. At least one a second. */
  Tick: {}
}>
export const Signal = Data.taggedEnum<Signal>()
