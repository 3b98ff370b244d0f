/**
 * An operation of the webservice, as data: everything that a call needs to know of it.
 */
import * as Schema from "effect/Schema"

/** Encodes to the texts of the request's elements; the order of its fields is their order on the wire, an absent one is not sent. */
export interface Parameters extends Schema.ConstraintEncoder<{ readonly [element: string]: string | undefined }> {
  readonly fields: Schema.Struct.Fields
}

/** Decodes the list of an answer's `<return>` elements. */
export type Returns = Schema.ConstraintDecoder<unknown>

/** An operation: what is sent, and what comes back. */
export interface Operation<P extends Parameters, R extends Returns> {
  /** The name of the request's wrapper element. */
  readonly name: string
  /** A `read` may be repeated when its answer is lost; a `change` is sent only once. */
  readonly kind: "read" | "change"
  /** What goes before the parameters. Two operations, both about the password itself, know no `password`. */
  readonly credentials: "login and password" | "login"
  readonly parameters: P
  readonly returns: R
}

/** The elements of a request by their names, in their order. */
interface Elements {
  readonly [element: PropertyKey]: Schema.ConstraintEncoder<string | undefined>
}

const make =
  <K extends "read" | "change", C extends "login and password" | "login">(kind: K, credentials: C) =>
  <const N extends string, const E extends Elements, R extends Returns>(name: N, elements: E, returns: R) => ({
    name,
    kind,
    credentials,
    parameters: Schema.Struct(elements),
    returns
  })

/** Only looks. */
export const read = make("read", "login and password")

/** Does something, or may. */
export const change = make("change", "login and password")

/** Does something about the password, with the login alone. */
export const changeByLogin = make("change", "login")
