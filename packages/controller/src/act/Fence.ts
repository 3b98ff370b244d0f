import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/**
 * Whether we may act at this moment: a leader that stood still may have been replaced without having noticed. Asked directly
 * before each change is sent. Open where nobody says otherwise.
 */
export const Fence = Context.Reference<Effect.Effect<boolean>>("@netcup-failover/controller/act/Fence", {
  defaultValue: () => Effect.succeed(true)
})
