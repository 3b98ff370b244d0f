/**
 * The types of the webservice's XML schema, between text on the wire and values.
 */
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"

/** A name, address or keyword: white space around it is layout. */
export const Token = Schema.Trim

/** `xs:boolean`, which has four spellings. */
export const XsdBoolean = Token.pipe(
  Schema.decodeTo(Schema.Literals(["true", "false", "1", "0"])),
  Schema.decodeTo(Schema.Boolean, {
    decode: SchemaGetter.transform((text) => text === "true" || text === "1"),
    encode: SchemaGetter.transform((value) => (value ? "true" : "false"))
  })
)

/** An answer's `<return>` elements where there may be one: decodes to `[]` or `[value]`. */
export const atMostOne = <S extends Schema.Constraint>(schema: S) =>
  Schema.Union([Schema.Tuple([]), Schema.Tuple([schema])])
