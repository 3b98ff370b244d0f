import * as Schema from "effect/Schema"
import { informative } from "./Informative.ts"

/** The user whose login this is. `username` is the customer number; ids in paths are `id`. */
export const User = Schema.Struct({
  id: Schema.Int,
  username: informative(Schema.String),
  firstname: informative(Schema.String),
  lastname: informative(Schema.String),
  email: informative(Schema.String),
  company: informative(Schema.String),
  language: informative(Schema.String),
  timeZone: informative(Schema.String),
  showNickname: informative(Schema.Boolean),
  passwordlessMode: informative(Schema.Boolean),
  /** From which addresses the API may be logged in to; absent or blank: from all. */
  apiIpLoginRestrictions: Schema.optionalKey(Schema.String)
})
export type User = typeof User.Type
