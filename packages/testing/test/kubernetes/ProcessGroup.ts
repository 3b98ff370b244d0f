import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/** Whether any process of the group is left, zombies included. */
export const isAlive = (group: number): boolean => {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

/** Returns when no process of the group is left. */
export const gone = (group: number) =>
  Effect.suspend(() => (isAlive(group) ? Effect.fail("alive" as const) : Effect.void)).pipe(
    Effect.retry({ schedule: Schedule.spaced("50 millis") }),
    Effect.timeout("20 seconds")
  )
