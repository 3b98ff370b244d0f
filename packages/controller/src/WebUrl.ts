import * as Schema from "effect/Schema"

/** A URL of something that speaks HTTP. */
export const WebUrl = Schema.URLFromString.check(
  Schema.makeFilter(({ protocol }) => /^https?:$/u.test(protocol) || "Expected a URL with http or https")
)
