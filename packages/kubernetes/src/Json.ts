/** JSON from outside: parsed without an exception, then decoded by a schema, with failures that fit into a message. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { MalformedAnswer, oneLine } from "./KubeError.ts"

export const parse = (text: string): Result.Result<unknown, MalformedAnswer> =>
  Result.try({
    try: (): unknown => JSON.parse(text),
    catch: () => new MalformedAnswer({ message: `not JSON: ${oneLine(text.slice(0, 200))}` })
  })

/** Keys that the schema does not name are ignored: a schema is a projection. */
export const decode = <A>(
  schema: Schema.ConstraintDecoder<A>
): ((value: unknown) => Result.Result<A, MalformedAnswer>) => {
  const decodeResult = Schema.decodeUnknownResult(schema)
  return (value) =>
    Result.mapError(decodeResult(value), (error) => new MalformedAnswer({ message: oneLine(error.message) }))
}
