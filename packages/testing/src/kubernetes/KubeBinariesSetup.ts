/**
 * A `globalSetup` of vitest: has the Kubernetes binaries ready before any test file is read, so that a build counts
 * against no test's time-out.
 */
import * as Effect from "effect/Effect"
import * as KubeBinaries from "./KubeBinaries.ts"

/** Rejects in CI when the binaries can't be had; elsewhere it warns, and the tests that need them are skipped by name. */
export const setup = (): Promise<void> => Effect.runPromise(KubeBinaries.setup)
