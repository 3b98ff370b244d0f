/**
 * What every layer of `FailoverRouting` promises, in the words of the service: no API is mentioned, so that each is held to the
 * same.
 */
import { describe } from "@effect/vitest"
import { changes } from "./contract/Changes.ts"
import { losses } from "./contract/Losses.ts"
import { reads } from "./contract/Reads.ts"
import { refusals } from "./contract/Refusals.ts"
import type { Subject } from "./contract/Stage.ts"

/** Declares the tests for one API, or for one way in which it may speak. */
export const suite = <Refusal, Loss>(subject: Subject<Refusal, Loss>) => {
  describe(`FailoverRouting over ${subject.name}`, () => {
    reads(subject)
    changes(subject)
    refusals(subject)
    losses(subject)
  })
}
