/**
 * An operation of the webservice, as data: everything that a call needs to know of it.
 */
import type * as Schema from "effect/Schema"

/** Encodes to the texts of the request's elements; the order of its fields is their order on the wire, an absent one is not sent. */
export type Parameters = Schema.ConstraintEncoder<{ readonly [element: string]: string | undefined }>

/** Decodes the list of an answer's `<return>` elements. */
export type Returns = Schema.ConstraintDecoder<unknown>

export interface Operation<P extends Parameters, R extends Returns> {
  /** The name of the request's wrapper element. */
  readonly name: string
  /** A `change` may be sent only once. */
  readonly kind: "read" | "change"
  /** What goes before the parameters. Two operations, both about the password itself, know no `password`. */
  readonly credentials: "login and password" | "login"
  readonly parameters: P
  readonly returns: R
}

/** Infers an operation's schemas. */
export const make = <P extends Parameters, R extends Returns>(operation: Operation<P, R>) => operation
