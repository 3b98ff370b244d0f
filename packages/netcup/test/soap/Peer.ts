/**
 * The npm package `soap` as a server of the webservice, set up with our WSDL, which tells what it understood.
 */
import { createServer } from "node:http"
import * as Effect from "effect/Effect"
import { listen } from "soap"
import { operations, wsdl } from "./Wsdl.ts"

/** What the peer understood: an operation, and its parameters by the names in the WSDL. */
interface Call {
  readonly operation: string
  readonly parameters: unknown
}

/** What an operation's response element holds; a rejection becomes a fault. */
export type Answers = { readonly [operation: string]: () => unknown }

/** Rejects with a fault. */
export const fault = (faultstring: string, statusCode: number) =>
  Promise.reject({ Fault: { faultcode: "S:Server", faultstring, statusCode } })

/** Serves on loopback until the scope closes; `calls` and `requests` grow with each request. */
export const serve = (answers: Answers) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly url: string
      readonly calls: ReadonlyArray<Call>
      readonly requests: ReadonlyArray<string>
      readonly close: () => void
    }>((resume) => {
      const calls: Array<Call> = []
      const requests: Array<string> = []
      const port = Object.fromEntries(
        operations.map(({ name: operation }) => [
          operation,
          (parameters: unknown) => {
            calls.push({ operation, parameters })
            return answers[operation]?.() ?? fault("not arranged", 500)
          }
        ])
      )
      const server = createServer()
      const close = () => {
        server.close()
        server.closeAllConnections()
      }
      server.listen(0, "127.0.0.1", () => {
        const bound = server.address()
        const url = `http://127.0.0.1:${typeof bound === "object" ? bound?.port : undefined}/WSEndUser`
        const peer = listen(server, {
          path: "/WSEndUser",
          xml: wsdl,
          services: { WSEndUserService: { WSEndUserPort: port } },
          callback: () => resume(Effect.succeed({ url, calls, requests, close }))
        })
        peer.log = (type, text) => {
          if (type === "received") requests.push(String(text))
        }
      })
    }),
    ({ close }) => Effect.sync(close)
  )
