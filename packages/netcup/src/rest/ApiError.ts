/**
 * The body of an answer that says no.
 */
import * as Schema from "effect/Schema"
import { informative } from "./Informative.ts"

/** `errors` is there when fields of the request were not valid. */
export const ApiError = Schema.Struct({
  code: informative(Schema.String),
  message: informative(Schema.String),
  errors: informative(
    Schema.Array(
      Schema.Struct({ field: Schema.optionalKey(Schema.String), message: Schema.optionalKey(Schema.String) })
    )
  )
})
type ApiError = typeof ApiError.Type

/** netcup's words in one line: the message, else the code, and what is wrong with each field. Empty when there are none. */
export const describe = ({ code, errors = [], message }: ApiError): string => {
  const said = message?.trim() || code?.trim() || ""
  const fields = errors
    .map(({ field, message }) => [field, message].filter((text) => text?.trim()).join(": "))
    .filter((text) => text !== "")
  return fields.length === 0
    ? said
    : [said, fields.join("; ")]
        .filter((text) => text !== "")
        .join(" (")
        .concat(said === "" ? "" : ")")
}
