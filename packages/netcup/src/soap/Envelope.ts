/**
 * SOAP 1.1 envelopes of netcup's webservice `WSEndUser`, document/literal wrapped: requests built, answers read. Pure.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as XmlText from "./XmlText.ts"
import { parse as parseXml, type XmlElement } from "./XmlTree.ts"

/** A parameter holds a character that XML 1.0 can't carry (`codePoint`, like `U+0007`): nothing was sent. */
class UnsendableText extends Schema.TaggedError<UnsendableText>()("UnsendableText", {
  element: Schema.String,
  codePoint: Schema.String
}) {}

/** netcup's own no, whatever HTTP status brought it. `text` is its fault string, untouched. */
export class SoapFault extends Schema.TaggedError<SoapFault>()("SoapFault", {
  code: Schema.String,
  text: Schema.String
}) {}

/** The text is no answer to the operation that was called. */
class MalformedEnvelope extends Schema.TaggedError<MalformedEnvelope>()("MalformedEnvelope", {
  message: Schema.String
}) {}

/** It looks the same but for its namespace, and its faults don't: whoever sends it is not the webservice. Others are let pass. */
const soap12 = "http://www.w3.org/2003/05/soap-envelope"

/** What a `<return>` holds: text, or its children by local name; a child that occurs more than once is a list, an empty one is absent. */
type XmlValue = string | { readonly [name: string]: XmlValue | ReadonlyArray<XmlValue> }

/**
 * A request. Only the wrapper element is in netcup's namespace, its children are in none: hence the prefix, as a default
 * namespace would take them along. The order of `parameters` is kept; the schema wants it (`xs:sequence`).
 */
export const build = (
  operation: string,
  parameters: ReadonlyArray<readonly [element: string, text: string]>
): Result.Result<string, UnsendableText> =>
  Result.all(
    parameters.map(([element, text]) =>
      XmlText.escape(text).pipe(
        Result.map((escaped) => `<${element}>${escaped}</${element}>`),
        Result.mapError((codePoint) => new UnsendableText({ element, codePoint }))
      )
    )
  ).pipe(
    Result.map(
      (elements) =>
        '<?xml version="1.0" encoding="UTF-8"?>' +
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"' +
        ' xmlns:ws="http://enduser.service.web.vcp.netcup.de/">' +
        `<soapenv:Body><ws:${operation}>${elements.join("")}</ws:${operation}></soapenv:Body></soapenv:Envelope>`
    )
  )

const child = (element: XmlElement, name: string) => element.children.find((candidate) => candidate.name === name)

const isEmpty = (element: XmlElement) => element.nil || (element.children.length === 0 && element.text.trim() === "")

const valueOf = (element: XmlElement): XmlValue => {
  if (element.children.length === 0) return element.text
  const values = Map.groupBy(
    element.children.filter((candidate) => !isEmpty(candidate)),
    ({ name }) => name
  )
  // `fromEntries` defines own properties, so that an element called `__proto__` is a field like any other.
  return Object.fromEntries(
    Array.from(values, ([name, [first, ...rest]]) => [
      name,
      first !== undefined && rest.length === 0
        ? valueOf(first)
        : [first, ...rest].flatMap((e) => (e ? [valueOf(e)] : []))
    ])
  )
}

/**
 * The `<return>` elements of an operation's answer: none, one or many, a nil one being none. Local names count, not prefixes,
 * and a header is skipped.
 */
export const parse = (
  operation: string,
  xml: string
): Result.Result<ReadonlyArray<XmlValue>, SoapFault | MalformedEnvelope> =>
  Result.gen(function* () {
    const envelope = yield* Result.mapError(
      parseXml(xml),
      (why) => new MalformedEnvelope({ message: `not usable as XML: ${why}` })
    )
    if (envelope.name === "Envelope" && envelope.namespace === soap12) {
      return yield* malformed("an envelope of SOAP 1.2, and netcup speaks SOAP 1.1")
    }
    const body = envelope.name === "Envelope" ? child(envelope, "Body") : undefined
    if (body === undefined) return yield* malformed("not a SOAP envelope with a body")
    const fault = child(body, "Fault")
    if (fault !== undefined) {
      return yield* Result.fail(
        new SoapFault({
          code: child(fault, "faultcode")?.text.trim() ?? "",
          text: child(fault, "faultstring")?.text ?? ""
        })
      )
    }
    const answer = child(body, `${operation}Response`)
    if (answer === undefined) return yield* malformed(`not an answer to ${operation}`)
    return answer.children.filter(({ name, nil }) => name === "return" && !nil).map(valueOf)
  })

const malformed = (message: string) => Result.fail(new MalformedEnvelope({ message }))
