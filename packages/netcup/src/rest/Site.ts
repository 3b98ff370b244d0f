import * as Schema from "effect/Schema"

/** A place of netcup's. Addresses are routed to servers of their own site only. */
export const Site = Schema.Struct({
  id: Schema.Int,
  city: Schema.optionalKey(Schema.String)
})
