/**
 * How a group wants its nodes judged, and which verdict it therefore reads.
 */
import * as Schema from "effect/Schema"
import type { Candidate } from "../Candidate.ts"
import type { Group } from "../Group.ts"
import type { Verdict } from "../Verdict.ts"
import type { Thresholds } from "./Thresholds.ts"

/** `Fast`: by all that is heard. `NodeConditions`: by what the Node object declares alone, as the seed system does. */
export const DetectionMode = Schema.Literals(["Fast", "NodeConditions"])
export type DetectionMode = typeof DetectionMode.Type

/** What is absent is as the controller is set. */
export interface DetectionChoice {
  readonly mode?: DetectionMode
  readonly leaseStaleAfterSeconds?: number
  readonly silentAfterSeconds?: number
  readonly recoveredAfterSeconds?: number
}

/** The same for choices that are the same. */
export const DetectionKey = Schema.String.pipe(Schema.brand("DetectionKey"))
export type DetectionKey = typeof DetectionKey.Type

/** `undefined`: nothing is chosen. */
export const keyOf = (choice: DetectionChoice = {}): DetectionKey | undefined => {
  const { mode, leaseStaleAfterSeconds, silentAfterSeconds, recoveredAfterSeconds } = choice
  const parts = [mode, leaseStaleAfterSeconds, silentAfterSeconds, recoveredAfterSeconds]
  return parts.every((part) => part === undefined) ? undefined : DetectionKey.make(parts.join("/"))
}

const millis = (seconds: number | undefined, otherwise: number) => (seconds === undefined ? otherwise : seconds * 1000)

/** What a choice comes to, with what the controller is set to for all that it leaves open. */
export const resolve = (
  { mode, leaseStaleAfterSeconds, silentAfterSeconds, recoveredAfterSeconds }: DetectionChoice,
  standard: { readonly mode: DetectionMode; readonly thresholds: Thresholds }
): { readonly mode: DetectionMode; readonly thresholds: Thresholds } => ({
  mode: mode ?? standard.mode,
  thresholds: {
    ...standard.thresholds,
    leaseStaleAfter: millis(leaseStaleAfterSeconds, standard.thresholds.leaseStaleAfter),
    silentAfter: millis(silentAfterSeconds, standard.thresholds.silentAfter),
    recoveredAfter: millis(recoveredAfterSeconds, standard.thresholds.recoveredAfter)
  }
})

/** The verdict on a node that a group goes by. */
export const verdictFor = ({ detection }: Pick<Group, "detection">, { verdict, verdicts }: Candidate): Verdict =>
  (detection === undefined ? undefined : verdicts?.get(detection)) ?? verdict
