/**
 * What an {@link InjectedFault} does to a connection.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Exchange, HttpAnswer } from "./HttpListener.ts"
import { success } from "./SoapAnswer.ts"
import type { InjectedFault } from "./SoapInjection.ts"
import { type SoapVoice, soapType, type Told } from "./SoapVoice.ts"

export type SoapFailure = Data.TaggedEnum<{
  Answer: { readonly answer: HttpAnswer }
  Hang: {}
  Reset: {}
}>
const SoapFailure = Data.taggedEnum<SoapFailure>()

/** Whether the call is carried out in spite of the fault. */
export const applies = (fault: InjectedFault): boolean => "applied" in fault && fault.applied

const page = "<!DOCTYPE html><html><head><title>503</title></head><body><h1>Service Unavailable</h1><br></body></html>"

function* huge(operation: string, bytes: number) {
  const [head = "", tail = ""] = success("jaxws", operation, [["return", "|"]]).split("|")
  const piece = `${"v".repeat(1022)}</return>\n<return>`
  yield head
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece
  yield tail
}

const answer = (status: number, body: HttpAnswer["body"], contentType = soapType) =>
  SoapFailure.Answer({ answer: { status, contentType, body } })

/** `truth` is the answer that the sender should have got: absent when the call was not carried out. */
export const make = Effect.fn("SoapFailure.make")(function* (
  fault: InjectedFault,
  operation: string,
  truth: Told | undefined,
  voice: SoapVoice
): Effect.fn.Return<SoapFailure> {
  switch (fault._tag) {
    case "Hang":
      return SoapFailure.Hang()
    case "Reset":
      return SoapFailure.Reset()
    case "Unavailable":
      return answer(503, page, "text/html")
    case "EmptyError":
      return answer(500, "")
    case "Garbage":
      return answer(200, "\u0000\u0001 <<< & this is no XML }{")
    case "Truncated": {
      const { body } = (truth ?? (yield* voice.success(operation, []))).answer
      return answer(200, body.slice(0, body.length / 2))
    }
    case "Huge":
      return answer(200, huge(operation, fault.bytes))
    case "WrongEnvelope":
      return answer(200, success("jaxws", operation, [["return", "true"]], "http://www.w3.org/2003/05/soap-envelope"))
    case "Refuse":
      return SoapFailure.Answer({ answer: (yield* voice.fault(fault.text)).answer })
    case "SayFalse":
      return SoapFailure.Answer({ answer: (yield* voice.success(operation, [["return", "false"]])).answer })
  }
})

export const enact = (exchange: Exchange, failure: SoapFailure): Effect.Effect<void> =>
  SoapFailure.$match(failure, {
    Answer: (told) => exchange.send(told.answer),
    Hang: () => exchange.closed,
    Reset: () => exchange.reset
  })
