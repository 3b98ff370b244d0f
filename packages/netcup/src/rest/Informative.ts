import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * A field that nothing is decided by. Where it is of another shape than was agreed on it counts as absent: no failover fails because
 * netcup tells the progress of a task in another way.
 */
export const informative = <S extends Schema.Constraint>(schema: S) =>
  Schema.optionalKey(schema).pipe(Schema.catchDecoding(() => Effect.succeedNone))
