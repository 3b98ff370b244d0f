/**
 * An HTTP server on loopback that answers as a test tells it: what only real connections can do wrong.
 */
import { createServer, type ServerResponse } from "node:http"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type { LoginOptions } from "@netcup-failover/netcup/login/LoginOptions"
import * as Effect from "effect/Effect"

export interface Received {
  readonly method: string
  readonly url: string
  readonly contentType: string | undefined
  readonly authorization: string | undefined
  readonly body: string
}

export type Reply = (response: ServerResponse, request: Received, nth: number) => void

/** Listens until the scope closes. `received` grows with each complete request. */
export const listen = (reply: Reply) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly received: Array<Received>
      readonly options: LoginOptions
      readonly close: () => void
    }>((resume) => {
      const received: Array<Received> = []
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const got = {
            method: request.method ?? "",
            url: request.url ?? "",
            contentType: request.headers["content-type"],
            authorization: request.headers.authorization,
            body: Buffer.concat(chunks).toString("utf8")
          }
          received.push(got)
          reply(response, got, received.length - 1)
        })
      })
      const close = () => {
        server.close()
        server.closeAllConnections()
      }
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" ? address?.port : undefined
        const issuer = `http://127.0.0.1:${port}/realms/scp`
        resume(Effect.succeed({ received, close, options: { issuer, retryDelay: 1, timeout: "5 seconds" } }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

export const http = NodeHttpClient.layerNodeHttpOptions()

export const send = (response: ServerResponse, status: number, body: string, type = "application/json") => {
  response.writeHead(status, { "content-type": type })
  response.end(body)
}

export const sendJson = (response: ServerResponse, status: number, body: unknown) =>
  send(response, status, JSON.stringify(body))
