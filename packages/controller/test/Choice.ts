import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"

/** A whole number between two, both included; shrinks towards the lower one. */
export const between = (minimum: number, maximum: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

/** One of the choices; shrinks towards the first. */
export const oneOf = <A>(first: A, ...others: ReadonlyArray<A>): Arbitrary.Arbitrary<A> => {
  // Boxed, since `undefined` is a choice too.
  const start = { value: first }
  const boxes = [start, ...others.map((value) => ({ value }))]
  return Arbitrary.map(between(0, others.length), (i) => (boxes[i] ?? start).value)
}
