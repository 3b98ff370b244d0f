/**
 * netcup as a test lets it be: a login that always succeeds, and an API that answers whatever the test says.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { RestCredentials } from "@netcup-failover/netcup/Credentials"
import * as MemoryTokenStore from "@netcup-failover/netcup/login/MemoryTokenStore"
import * as RestClient from "@netcup-failover/netcup/rest/RestClient"
import type { RestOptions } from "@netcup-failover/netcup/rest/RestOptions"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

export interface Received {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Answers the `nth` request to the API, from 0; logins are not among them. */
export type Reply = (response: ServerResponse, request: Received, nth: number) => void

export const send = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
) => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(typeof body === "string" ? body : JSON.stringify(body))
}

export const userId = 555001
export const refreshToken = "r3fresh.t0ken-of_the+login"
export const credentials = new RestCredentials({ refreshToken: Redacted.make(refreshToken) })

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** The nth access token that a login gives, from 0. */
export const accessToken = (nth: number) =>
  `${base64({ alg: "RS256" })}.${base64({ id: String(userId), preferred_username: "100000", nth })}.s1gnature`

/** Serves on loopback; `received` grows with each complete request to the API, `logins` with each to the login. */
export const endpoint = (reply: Reply) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly url: string
      readonly issuer: string
      readonly received: Array<Received>
      readonly logins: Array<string>
      readonly close: () => void
    }>((resume) => {
      const received: Array<Received> = []
      const logins: Array<string> = []
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const body = Buffer.concat(chunks).toString("utf8")
          const { headers, method = "", url: path = "" } = request
          if (path.startsWith("/realms/")) {
            logins.push(body)
            const granted = { access_token: accessToken(logins.length - 1), expires_in: 300, token_type: "Bearer" }
            return send(response, 200, granted)
          }
          received.push({ method, path, headers, body })
          reply(response, { method, path, headers, body }, received.length - 1)
        })
      })
      const close = () => {
        server.close()
        server.closeAllConnections()
      }
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : undefined}`
        resume(Effect.succeed({ url: `${origin}/scp-core`, issuer: `${origin}/realms/scp`, received, logins, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

/** Waits long for an answer, as no test is about that, and hardly between tries and looks. */
export const quick: RestOptions = {
  readTimeout: "5 seconds",
  changeTimeout: "5 seconds",
  retryDelay: "1 millis",
  taskPoll: { first: "1 millis", longest: "5 millis" }
}

/** A connection for each request: one kept alive may be found closed only after a change was sent. */
export const world = Layer.mergeAll(NodeHttpClient.layerNodeHttpOptions(), MemoryTokenStore.layer)

/** Where to find an endpoint. */
export const at = (
  { issuer, url }: { readonly url: string; readonly issuer: string },
  options: RestOptions = {}
): RestOptions => ({ ...quick, url, login: { issuer, retryDelay: "1 millis" }, ...options })

/** A client before an endpoint. */
export const client = Effect.fnUntraced(function* (reply: Reply, options: RestOptions = {}) {
  const end = yield* endpoint(reply)
  return { ...end, client: yield* RestClient.make(credentials, at(end, options)) }
})

/** Answers every request by the same. */
export const always =
  (status: number, body: unknown, headers?: Readonly<Record<string, string>>): Reply =>
  (response) =>
    send(response, status, body, headers)

/** Answers by method and path, without the query; what is not there is 404. */
export const routes = (
  answers: Readonly<Record<string, (nth: number, request: Received) => readonly [number, unknown] | undefined>>
): Reply => {
  const counts = new Map<string, number>()
  return (response, request) => {
    const key = `${request.method} ${request.path.replace("/scp-core/api", "").replace(/\?.*/, "")}`
    const nth = counts.get(key) ?? 0
    counts.set(key, nth + 1)
    const answer = answers[key]
    if (answer === undefined) return send(response, 404, { code: null, message: `nothing at ${key}` })
    const said = answer(nth, request)
    if (said !== undefined) send(response, said[0], said[1])
  }
}
