import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/**
 * How far the clock that all replicas have in common, the API server's, is ahead of ours, in ms: what one leader writes down, another
 * with a wrong clock reckons with. 0 where nobody says otherwise.
 */
export const CommonClock = Context.Reference<Effect.Effect<number>>("@netcup-failover/controller/act/CommonClock", {
  defaultValue: () => Effect.succeed(0)
})
