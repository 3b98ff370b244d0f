/**
 * The npm package `soap` as a server of netcup's WSDL, which tells what it understood.
 */
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { listen } from "soap"

/** Not part of the project, used where it lies beside it. */
export const wsdl = fileURLToPath(
  new URL("../../../../../shared/reference/contracts/soap/WSEndUser.wsdl", import.meta.url)
)

/** What the layer asks of it. */
export const operations = ["getVServers", "getVServerIPs", "getVServerInformation", "changeIPRouting"] as const

/** What the peer understood: an operation, and its parameters by the names in the WSDL. */
interface Call {
  readonly operation: (typeof operations)[number]
  readonly parameters: unknown
}

/** What an operation's response element holds; a rejection becomes a fault. */
export type Answers = Partial<Record<Call["operation"], () => unknown>>

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
        operations.map((operation) => [
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
          xml: readFileSync(wsdl, "utf8"),
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
