/**
 * What has to run as long as its scope: a defect is a bug, and work that nobody does any more, unnoticed, would be a worse one.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/**
 * Runs it again, a second after each defect, and says so. Interruption ends it.
 *
 * @param what the beginning of a log line: "… starts again after a defect"
 */
export const afterDefects =
  (what: string) =>
  <A, R>(work: Effect.Effect<A, never, R>): Effect.Effect<void, never, R> =>
    work.pipe(
      Effect.tapDefect((defect) => Effect.logError(`${what} starts again after a defect`, defect)),
      Effect.sandbox,
      Effect.retry(Schedule.spaced("1 second")),
      Effect.ignore
    )
