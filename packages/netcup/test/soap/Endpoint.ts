import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

export interface Received {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Answers the `nth` request, from 0. */
export type Reply = (response: ServerResponse, request: Received, nth: number) => void

/** A server of the test's own on loopback; `received` grows with each complete request. */
export const endpoint = (reply: Reply) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly received: Array<Received>; readonly close: () => void }>(
      (resume) => {
        const received: Array<Received> = []
        const server = createServer((request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk: Buffer) => chunks.push(chunk))
          request.on("end", () => {
            const body = Buffer.concat(chunks).toString("utf8")
            received.push({ method: request.method ?? "", headers: request.headers, body })
            reply(response, { method: request.method ?? "", headers: request.headers, body }, received.length - 1)
          })
        })
        const close = () => {
          server.close()
          server.closeAllConnections()
        }
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = typeof address === "object" ? address?.port : undefined
          resume(Effect.succeed({ url: `http://127.0.0.1:${port}/WSEndUser`, received, close }))
        })
      }
    ),
    ({ close }) => Effect.sync(close)
  )

/** A connection for each request: one kept alive may be found closed only after a change was sent. */
export const http = NodeHttpClient.layerNodeHttpOptions()

export const credentials = new SoapCredentials({ loginName: "12345", password: Redacted.make("s3<c&et") })

export const envelope = (body: string) =>
  `<?xml version='1.0' encoding='UTF-8'?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>${body}</S:Body></S:Envelope>`

export const answer = (operation: string, returns: string) =>
  envelope(
    `<ns2:${operation}Response xmlns:ns2="http://enduser.service.web.vcp.netcup.de/">${returns}</ns2:${operation}Response>`
  )

export const fault = (text: string) =>
  envelope(`<S:Fault><faultcode>S:Server</faultcode><faultstring>${text}</faultstring></S:Fault>`)

export const send = (response: ServerResponse, status: number, body: string, type = "text/xml;charset=utf-8") => {
  response.writeHead(status, { "content-type": type })
  response.end(body)
}

/** Which operation a request calls, by its wrapper element. */
export const operationOf = ({ body }: Received) => /<ws:(\w+)>/.exec(body)?.[1] ?? "none"
