/**
 * What an answer of the webservice, or none, means for the call that it is about. Pure.
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { MalformedAnswer, type NetcupErrorReason, UnknownOutcome, Unreachable } from "../NetcupError.ts"
import * as Envelope from "./Envelope.ts"
import * as Fault from "./Fault.ts"
import { misfits } from "./Misfit.ts"
import type { Operation, Parameters, Returns } from "./Operation.ts"

/** How one try failed, and whether another could go better. */
export class Failed extends Data.TaggedError("Failed")<{
  readonly reason: NetcupErrorReason
  readonly again: boolean
}> {}

/** Makes what others wrote fit to be shown. */
export type Say = (text: string) => string

/** Nothing usable came back. For a change the answer may be all that was lost. */
export const lost = (
  { kind }: { readonly kind: "read" | "change" },
  Reason: typeof Unreachable | typeof MalformedAnswer,
  message: string,
  again = true
) =>
  kind === "read"
    ? new Failed({ reason: new Reason({ message }), again })
    : new Failed({ reason: new UnknownOutcome({ message }), again: false })

/** Reads an answer of whatever HTTP status. */
export const read = <P extends Parameters, R extends Returns>(
  operation: Operation<P, R>,
  { status, text }: { readonly status: number; readonly text: string },
  say: Say
): Result.Result<R["Type"], Failed> => {
  const answer = Envelope.parse(operation.name, text)
  if (Result.isFailure(answer) && answer.failure._tag === "SoapFault") {
    return Result.fail(new Failed({ reason: Fault.classify(answer.failure.text, say), again: false }))
  }
  if (status >= 500) return Result.fail(lost(operation, Unreachable, `HTTP ${status} without a fault`))
  if (status < 200 || status >= 300) {
    return Result.fail(lost(operation, MalformedAnswer, `HTTP ${status} without a fault`, false))
  }
  return answer.pipe(
    Result.mapError(({ message }) => lost(operation, MalformedAnswer, message)),
    Result.flatMap((returns) =>
      Schema.decodeUnknownResult(operation.returns, { errors: "all" })(returns).pipe(
        Result.mapError(({ issue }) => {
          const message = `an answer to ${operation.name} of another shape, at ${misfits("return", issue)}`
          return lost(operation, MalformedAnswer, message)
        })
      )
    )
  )
}
