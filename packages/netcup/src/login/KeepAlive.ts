/**
 * Uses a refresh token now and then though nobody asks: netcup lets one die that is unused for 30 days.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { NetcupError } from "../NetcupError.ts"

/** Timers stand still while a machine sleeps: the wall clock is looked at in between. */
const nap = Duration.hours(1)

/** The pause after the first failure; it doubles up to {@link nap}. */
const firstPause = Duration.minutes(1)

/**
 * Exercises within each interval, for ever.
 *
 * @param lastUse when the token was used last, by anyone, in ms since the epoch; none yet: undefined
 */
export const run = (
  exercise: Effect.Effect<unknown, NetcupError>,
  lastUse: Effect.Effect<number | undefined>,
  interval: Duration.Duration
): Effect.Effect<never> =>
  Effect.gen(function* () {
    const startedAt = yield* Clock.currentTimeMillis
    const every = Duration.toMillis(interval)
    let failures = 0
    while (true) {
      // Soon after the start, since nobody knows for how long the token had not been used before.
      const dueAt = ((yield* lastUse) ?? startedAt - (every / 24) * 23) + every
      const left = dueAt - (yield* Clock.currentTimeMillis)
      if (left > 0) {
        yield* Effect.sleep(Duration.min(Duration.millis(left), nap))
        continue
      }
      const outcome = yield* Effect.result(exercise)
      if (Result.isSuccess(outcome)) {
        failures = 0
        continue
      }
      const { message, reason } = outcome.failure
      if (reason._tag === "LoginExpired") {
        yield* Effect.logError("netcup's login is over", { message })
        yield* Effect.sleep(interval)
      } else {
        yield* Effect.logWarning("netcup's login could not be kept alive", { message })
        const pause = Duration.times(firstPause, 2 ** Math.min(failures, 10))
        yield* Effect.sleep(Duration.min(Duration.min(pause, nap), interval))
        failures += 1
      }
    }
  }).pipe(
    // A defect is a bug; a login that dies of one, unnoticed, would be a worse one.
    Effect.tapDefect(() => Effect.logError("keeping netcup's login alive starts again after a defect")),
    Effect.sandbox,
    Effect.retry(Schedule.spaced(firstPause)),
    Effect.orDie
  )
