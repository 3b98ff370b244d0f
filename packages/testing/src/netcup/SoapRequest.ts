/**
 * Reads a request as strictly as the webservice's contract allows: SOAP 1.1, document/literal wrapped, parameters unqualified.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { envelopeNamespace, targetNamespace } from "./SoapNamespace.ts"
import * as SoapOperation from "./SoapOperation.ts"
import * as XmlTree from "./XmlTree.ts"

/** A request as it came over HTTP. */
export interface RawRequest {
  readonly method: string
  readonly path: string
  readonly contentType: string | undefined
  readonly soapAction: string | undefined
  readonly body: Uint8Array
}

/** One understood call. `parameters` holds everything that was sent, passwords included. */
export interface SoapCall {
  readonly operation: string
  readonly parameters: ReadonlyMap<string, string>
}

/** What was sent by that name; the empty text when nothing was. */
export const parameter = (call: SoapCall, name: string): string => call.parameters.get(name) ?? ""

/** Refused before anybody looked at accounts. `status` 500 comes as a fault, others as plain HTTP. */
export class NotSoap extends Schema.TaggedError<NotSoap>()("NotSoap", {
  status: Schema.Finite,
  message: Schema.String,
  operation: Schema.optionalKey(Schema.String)
}) {}

const refuse = (status: number, message: string) => Effect.fail(new NotSoap({ status, message }))

const paths: ReadonlyArray<string> = ["/WSEndUser", "/SCP/WSEndUser"]

const checkHttp = ({ contentType, method, path, soapAction }: RawRequest) => {
  if (!paths.includes(path)) return refuse(404, `nothing is at ${path}`)
  if (method !== "POST") return refuse(405, `${method} is not POST`)
  const [mediaType = "", ...parameters] = (contentType ?? "").split(";").map((part) => part.trim().toLowerCase())
  if (mediaType !== "text/xml") return refuse(415, `the Content-Type "${contentType ?? ""}" is not text/xml`)
  if (!parameters.some((parameter) => parameter === "charset=utf-8" || parameter === 'charset="utf-8"')) {
    return refuse(415, `the Content-Type "${contentType}" does not say charset=utf-8`)
  }
  if (soapAction === undefined) return refuse(500, "the header SOAPAction is missing")
  if (soapAction !== '""') return refuse(500, `the header SOAPAction is ${soapAction}, not ""`)
  return Effect.void
}

const decodeUtf8 = (body: Uint8Array) =>
  Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(body),
    catch: () => new NotSoap({ status: 500, message: "the body is not UTF-8" })
  })

const isBlank = (text: string) => text.trim() === ""

/** The one element inside the envelope's one Body. */
const unwrap = Effect.fnUntraced(function* (envelope: XmlTree.XmlElement) {
  if (envelope.name !== "Envelope" || envelope.namespace !== envelopeNamespace) {
    return yield* refuse(500, `{${envelope.namespace}}${envelope.name} is not the envelope of SOAP 1.1`)
  }
  const parts = envelope.children[0]?.name === "Header" ? envelope.children.slice(1) : envelope.children
  const [body, ...others] = parts
  if (envelope.children.some(({ namespace }) => namespace !== envelopeNamespace) || !isBlank(envelope.text)) {
    return yield* refuse(500, "the envelope holds something that is not SOAP 1.1")
  }
  if (body?.name !== "Body" || others.length > 0) {
    return yield* refuse(500, "an envelope holds a Header, if any, and one Body")
  }
  const [wrapper, ...more] = body.children
  if (wrapper === undefined || more.length > 0 || !isBlank(body.text)) {
    return yield* refuse(500, `the Body holds ${body.children.length} elements, not one`)
  }
  return wrapper
})

const readParameters = Effect.fnUntraced(function* (wrapper: XmlTree.XmlElement) {
  const operation = wrapper.namespace === targetNamespace ? SoapOperation.find(wrapper.name) : undefined
  if (operation === undefined) {
    return yield* refuse(500, `Cannot find dispatch method for {${wrapper.namespace}}${wrapper.name}`)
  }
  const object = (message: string) => new NotSoap({ status: 500, message, operation: operation.name })
  const qualified = wrapper.children.find(({ namespace }) => namespace !== "")
  if (qualified !== undefined) {
    return yield* object(
      `unexpected element (uri:"${qualified.namespace}", local:"${qualified.name}"). Parameters are in no namespace`
    )
  }
  if (!isBlank(wrapper.text) || wrapper.children.some(({ children }) => children.length > 0)) {
    return yield* object(`${operation.name} takes elements that hold text, nothing else`)
  }
  const objection = SoapOperation.objection(
    operation,
    wrapper.children.map(({ name }) => name)
  )
  if (objection !== undefined) return yield* object(objection)
  const parameters = new Map(wrapper.children.map(({ name, text }) => [name, text]))
  return { operation: operation.name, parameters } satisfies SoapCall
})

/** Understands a request or tells what is wrong with it; messages never hold a parameter's value. */
export const decode = Effect.fn("SoapRequest.decode")(function* (request: RawRequest) {
  yield* checkHttp(request)
  const text = yield* decodeUtf8(request.body)
  const envelope = yield* XmlTree.parse(text).pipe(
    Effect.mapError(({ message }) => new NotSoap({ status: 500, message: `XML reader error: ${message}` }))
  )
  return yield* Effect.flatMap(unwrap(envelope), readParameters)
})
