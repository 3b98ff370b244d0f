/**
 * A call of the API, as data: everything that has to be known to make it and to read what comes back.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { NetcupErrorReason } from "../NetcupError.ts"
import * as Json from "./Json.ts"

/** An answer of a status from 200 to 299. */
export interface Accepted {
  readonly status: number
  readonly text: string
}

export interface RestCall<A> {
  /** Its name in spans, metrics and logs: one of few. */
  readonly operation: string
  /** A change is sent only once, unless it was refused for its token. */
  readonly kind: "read" | "change"
  /** A read that is not worth a second try. */
  readonly once?: boolean
  readonly method: "GET" | "PATCH" | "PUT"
  /** Below the API's URL. `userId` is that of the login. */
  readonly path: (userId: number) => string
  /** What is undefined is not sent. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  /** Sent as JSON merge patch. */
  readonly body?: Readonly<Record<string, string | number | boolean>>
  /** The failure says what the answer is not. */
  readonly decode: (answer: Accepted) => Result.Result<A, string>
  /** What a status from 400 to 499, or 503, means for this call; `undefined` where it means nothing of its own. `message` may be empty. */
  readonly refusal?: (status: number, message: string) => NetcupErrorReason | undefined
}

/** Reads a JSON body. What does not fit is not repeated: it may be long, and hold anything. */
export const json = <S extends Schema.ConstraintDecoder<unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownResult(schema)
  return ({ text }: Accepted): Result.Result<S["Type"], string> =>
    Result.flatMap(Json.parse(text), (value) => Result.mapError(decode(value), () => "an answer of another shape"))
}
