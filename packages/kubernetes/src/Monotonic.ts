import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Milliseconds of the clock that nobody sets; only differences mean anything. */
export const now: Effect.Effect<number> = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)
