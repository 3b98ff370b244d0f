/**
 * The types of the webservice's XML schema, between text on the wire and values. Those with a name of XML schema's bear it as
 * their `identifier`; the others are `string` there.
 */
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"

/** A name, address or keyword: white space around it is layout. */
export const Token = Schema.Trim

/** A token that must not get into logs. */
export const SecretToken = Schema.RedactedFromValue(Token)

/** `xs:boolean`, which has four spellings. */
export const Boolean = Token.pipe(
  Schema.decodeTo(Schema.Literals(["true", "false", "1", "0"])),
  Schema.decodeTo(Schema.Boolean.annotate({ identifier: "boolean" }), {
    decode: SchemaGetter.transform((text) => text === "true" || text === "1"),
    encode: SchemaGetter.transform((value) => (value ? "true" : "false"))
  })
)

const integer = (identifier: string, expected: string, minimum: number, maximum: number) =>
  Token.check(Schema.isPattern(/^[+-]?[0-9]+$/u, { expected })).pipe(
    Schema.decodeTo(Schema.Int.check(Schema.isBetween({ minimum, maximum }, { expected })).annotate({ identifier }), {
      // No negative zero.
      decode: SchemaGetter.transform((text) => Number(text) + 0),
      encode: SchemaGetter.transform(String)
    })
  )

/** `xs:int`, 32 bits. */
export const Int = integer("int", "an integer of 32 bits", -2_147_483_648, 2_147_483_647)

/**
 * `xs:long`, as far as a number is exact: beyond 2^53 - 1 (8 PiB in bytes), which XML schema allows, it is refused rather than
 * rounded.
 */
export const Long = integer("long", "an integer of at most 2^53 - 1", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)

const dateTime =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))?$/u

/** `NaN` for what is no date. */
const toMillis = (text: string): number => {
  const [, date = "", time = "", fraction = "", sign, hours = "0", minutes = "0"] = dateTime.exec(text) ?? []
  const midnight = Date.parse(`${date}T00:00:00Z`)
  // The clock's own parser takes February 30 for March 2.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date)) return Number.NaN
  const offset = Number(hours) * 60 + Number(minutes)
  if (offset > 14 * 60 || Number(minutes) > 59) return Number.NaN
  const local = Date.parse(`${date}T${time}.${fraction.slice(0, 3).padEnd(3, "0")}Z`)
  return local - (sign === "-" ? -offset : offset) * 60_000
}

/** `xs:dateTime` in a year of four digits, as ms since the epoch; finer fractions are cut off. Without an offset it is taken for UTC. */
export const DateTime = Token.check(Schema.isPattern(dateTime, { expected: "a date and time" })).pipe(
  Schema.decodeTo(
    Schema.Finite.check(
      Schema.isBetween(
        { minimum: Date.parse("0000-01-01T00:00:00Z"), maximum: Date.parse("9999-12-31T23:59:59.999Z") },
        { expected: "a date and time" }
      )
    ).annotate({ identifier: "dateTime" }),
    {
      decode: SchemaGetter.transform(toMillis),
      encode: SchemaGetter.transform((millis) => new Date(millis).toISOString())
    }
  )
)
