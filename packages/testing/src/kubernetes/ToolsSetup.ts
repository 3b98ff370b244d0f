/**
 * A `globalSetup` of vitest: has helm and promtool ready before any test file is read, so that a build counts against no
 * test's time-out.
 */
import * as Effect from "effect/Effect"
import * as HelmBinary from "./HelmBinary.ts"
import * as PromtoolBinary from "./PromtoolBinary.ts"

/** Rejects in CI when one can't be had; elsewhere it warns, and the tests that need it are skipped by name. */
export const setup = (): Promise<void> => Effect.runPromise(Effect.andThen(HelmBinary.setup, PromtoolBinary.setup))
