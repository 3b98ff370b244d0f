/**
 * How the webservice happens to say a thing: dialects, statuses of faults and ways of success take turns, the same in every run.
 */
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { HttpAnswer } from "./HttpListener.ts"
import * as SoapAnswer from "./SoapAnswer.ts"
import { Outcome } from "./SoapJournal.ts"
import type { NotSoap } from "./SoapRequest.ts"

/** What is given here is said always; what is absent takes turns. */
export interface VoiceOptions {
  readonly dialect?: SoapAnswer.DialectName
  /** HTTP status of refusals; requests that are no good get 500 in any case. */
  readonly faultStatus?: 200 | 500
  /** How `changeIPRouting` says that it succeeded: `<return>true</return>` or no `<return>` at all. */
  readonly success?: "true" | "absent"
  /** Whether `getVServerInformation` leaves out what recorded answers leave out. */
  readonly information?: "full" | "sparse"
}

/** An answer and what the journal says of it. */
export interface Told {
  readonly answer: HttpAnswer & { readonly body: string }
  readonly outcome: Outcome
}

export interface SoapVoice {
  readonly success: (operation: string, nodes: ReadonlyArray<SoapAnswer.AnswerNode>) => Effect.Effect<Told>
  readonly routed: Effect.Effect<Told>
  readonly fault: (text: string) => Effect.Effect<Told>
  readonly notSoap: (refusal: NotSoap) => Effect.Effect<HttpAnswer>
  readonly sparse: Effect.Effect<boolean>
}

const takeTurns = <A>(items: Array.NonEmptyReadonlyArray<A>, fixed: A | undefined): Effect.Effect<Effect.Effect<A>> =>
  fixed !== undefined
    ? Effect.succeed(Effect.succeed(fixed))
    : Effect.map(Ref.make<Array.NonEmptyReadonlyArray<A>>(items), (ref) =>
        Ref.modify(ref, ([first, ...others]) => [first, Array.append(others, first)])
      )

/** The type of every SOAP 1.1 answer. */
export const soapType = "text/xml; charset=utf-8"

export const make = Effect.fn("SoapVoice.make")(function* (options: VoiceOptions): Effect.fn.Return<SoapVoice> {
  const dialect = yield* takeTurns<SoapAnswer.DialectName>(SoapAnswer.dialectNames, options.dialect)
  const faultStatus = yield* takeTurns<200 | 500>([500, 200], options.faultStatus)
  const successes = yield* takeTurns<"true" | "absent">(["true", "absent"], options.success)
  const information = yield* takeTurns<"full" | "sparse">(["sparse", "full"], options.information)

  const success: SoapVoice["success"] = (operation, nodes) =>
    Effect.map(dialect, (name) => ({
      answer: { status: 200, contentType: soapType, body: SoapAnswer.success(name, operation, nodes) },
      outcome: Outcome.Ok()
    }))

  return {
    success,
    routed: Effect.flatMap(successes, (way) => success("changeIPRouting", way === "true" ? [["return", "true"]] : [])),
    fault: (text) =>
      Effect.map(Effect.all([dialect, faultStatus]), ([name, status]) => ({
        answer: { status, contentType: soapType, body: SoapAnswer.fault(name, "Server", text) },
        outcome: Outcome.Fault({ text })
      })),
    notSoap: ({ message, status }) =>
      Effect.map(dialect, (name) =>
        status === 500
          ? { status, contentType: soapType, body: SoapAnswer.fault(name, "Client", message) }
          : { status, contentType: "text/plain; charset=utf-8", body: message }
      ),
    sparse: Effect.map(information, (way) => way === "sparse")
  }
})
