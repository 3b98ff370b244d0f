/** A client that knows no SOAP: it sends what a test wrote by hand and tells what came over the wire. */
import * as Http from "node:http"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export interface RawAnswer {
  readonly status: number
  readonly contentType: string
  readonly contentLength: string | undefined
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

/** No answer, or not a whole one; `code` is the system's, like `ECONNRESET`. */
export class NoAnswer extends Schema.TaggedError<NoAnswer>()("NoAnswer", { code: Schema.String }) {}

export interface RawOptions {
  readonly method?: string
  readonly path?: string
  /** `undefined` leaves a header out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly agent?: Http.Agent
}

const usual = { "content-type": "text/xml; charset=utf-8", soapaction: '""' }

/** Interrupting it cuts the connection. */
export const send = (url: string, body: string | Uint8Array, options: RawOptions = {}) =>
  Effect.callback<RawAnswer, NoAnswer>((resume, signal) => {
    const headers = Object.fromEntries(
      Object.entries({ ...usual, "content-length": String(Buffer.byteLength(body)), ...options.headers }).flatMap(
        ([name, value]) => (value === undefined ? [] : [[name, value] as const])
      )
    )
    const fail = (error: Error) =>
      resume(Effect.fail(new NoAnswer({ code: "code" in error ? String(error.code) : error.message })))
    const target = new URL(options.path ?? "", url)
    const request = Http.request(target, {
      method: options.method ?? "POST",
      headers,
      agent: options.agent ?? false,
      signal
    })
    request.on("error", fail)
    request.on("response", (response) => {
      const pieces: Array<Buffer> = []
      response.on("data", (piece: Buffer) => pieces.push(piece))
      response.on("error", fail)
      response.on("end", () =>
        resume(
          Effect.succeed({
            status: response.statusCode ?? 0,
            contentType: response.headers["content-type"] ?? "",
            contentLength: response.headers["content-length"],
            headers: response.headers,
            body: Buffer.concat(pieces).toString("utf8")
          })
        )
      )
    })
    request.end(body)
  })
