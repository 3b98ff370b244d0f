/**
 * What an {@link InjectedFault} does to a connection.
 */
import { STATUS_CODES } from "node:http"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { Json } from "../embedded/JsonValue.ts"
import type { Exchange, HttpAnswer } from "./HttpListener.ts"
import type { InjectedFault } from "./RestInjection.ts"
import type { TextAnswer } from "./RestVoice.ts"

export type RestFailure = Data.TaggedEnum<{
  Answer: { readonly answer: HttpAnswer }
  Hang: {}
  Reset: {}
}>
const RestFailure = Data.taggedEnum<RestFailure>()

/** Whether the call is carried out in spite of the fault. */
export const applies = ({ applied = false }: InjectedFault): boolean => applied

const page = "<!DOCTYPE html><html><head><title>503</title></head><body><h1>Service Unavailable</h1><br></body></html>"

const json = "application/json"

function* huge(bytes: number) {
  const piece = `{"id":1,"name":"${"v".repeat(1000)}"},\n`
  yield "["
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece
  yield '{"id":2,"name":"the last"}]'
}

const answer = (status: number, body: HttpAnswer["body"], contentType: string | undefined = json) =>
  RestFailure.Answer({ answer: { status, contentType, body } })

/** What the API says with that status, or the login server with its own kind of body. */
const usual = (status: number, login: boolean): Json | undefined => {
  if (status === 401 && !login) return undefined
  const text = STATUS_CODES[status] ?? "Unknown"
  return login ? { error: "unknown_error", error_description: text } : { code: null, message: text }
}

const ofStatus = ({ body, headers = {}, status }: InjectedFault & { readonly _tag: "Status" }, login: boolean) => {
  const said = body === undefined ? usual(status, login) : body
  return RestFailure.Answer({
    answer:
      said === undefined
        ? { status, headers, contentType: undefined, body: "" }
        : { status, headers, contentType: json, body: JSON.stringify(said) }
  })
}

/** `truth` is the answer that the sender should have got: absent when the call was not carried out. */
export const make = (fault: InjectedFault, truth: TextAnswer | undefined, login: boolean): RestFailure => {
  switch (fault._tag) {
    case "Hang":
      return RestFailure.Hang()
    case "Reset":
      return RestFailure.Reset()
    case "Unavailable":
      return answer(503, page, "text/html")
    case "EmptyError":
      return RestFailure.Answer({ answer: { status: 500, contentType: undefined, body: "" } })
    case "Garbage":
      return answer(200, "\u0000\u0001 <<< & this is no JSON }{")
    case "Truncated": {
      const { body, status } = truth ?? { status: 200, body: '{"uuid":"00000000-0000-4000-8000-000000000001","state":' }
      return answer(status, body.slice(0, body.length / 2))
    }
    case "Huge":
      return answer(200, huge(fault.bytes))
    case "Status":
      return ofStatus(fault, login)
  }
}

export const enact = (exchange: Exchange, failure: RestFailure): Effect.Effect<void> =>
  RestFailure.$match(failure, {
    Answer: (told) => exchange.send(told.answer),
    Hang: () => exchange.closed,
    Reset: () => exchange.reset
  })
