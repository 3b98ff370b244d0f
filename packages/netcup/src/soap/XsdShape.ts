/**
 * How the webservice puts its types together: objects, lists within them, and the `<return>` elements of an answer.
 */
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Struct from "effect/Struct"

/** What was read, put right before a schema looks at it. */
const readAs = (put: (value: unknown) => unknown) =>
  Schema.Unknown.pipe(
    Schema.decodeTo(Schema.Unknown, { decode: SchemaGetter.transform(put), encode: SchemaGetter.passthrough() })
  )

// An element without any children reads as text.
const objectLike = readAs((value) => (typeof value === "string" && value.trim() === "" ? {} : value))

// A child that occurs once does not look like a list.
const listLike = readAs((value) => (Array.isArray(value) ? value : [value]))

/**
 * One of netcup's types, `identifier` being its name in the schema. Any field may be absent, as recorded answers lack even those that the
 * schema demands; elements that are not named here are skipped.
 */
export const object = <const F extends Schema.Struct.Fields>(identifier: string, fields: F) =>
  objectLike.pipe(
    Schema.decodeTo(
      Schema.Struct(fields).mapFields(Struct.map(Schema.optionalKey)).annotate({ identifier }),
      SchemaTransformation.passthrough({ strict: false })
    )
  )

/** A field that is repeated for each item. */
export const list = <S extends Schema.Constraint>(item: S) =>
  listLike.pipe(Schema.decodeTo(Schema.Array(item), SchemaTransformation.passthrough({ strict: false })))

/** An answer of one `<return>`: `undefined` when there is none. */
export const one = <S extends Schema.Constraint>(value: S) =>
  Schema.Array(value)
    .check(Schema.isMaxLength(1, { expected: "no more than one" }))
    .pipe(
      Schema.decodeTo(Schema.UndefinedOr(Schema.toType(value)), {
        decode: SchemaGetter.transform((values) => values[0]),
        encode: SchemaGetter.transform((value) => (value === undefined ? [] : [value]))
      })
    )

/** An answer of a `<return>` for each item. */
export const many = <S extends Schema.Constraint>(item: S) => Schema.Array(item)
