/**
 * netcup's times: RFC 3339 with any number of decimals, six to nine being usual.
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** Without an offset a time would be read as local time. */
const withOffset = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/iu

/** A time as ms since the epoch; what is finer is cut off. */
export const RestTime = Schema.String.check(Schema.isPattern(withOffset)).pipe(
  Schema.decodeTo(
    Schema.Finite,
    SchemaTransformation.transform({
      decode: (text) => Date.parse(text),
      encode: (millis) => new Date(millis).toISOString()
    })
  )
)
