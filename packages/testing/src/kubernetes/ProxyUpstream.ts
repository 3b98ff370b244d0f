/**
 * The proxy's own side towards the API server: its requests carry the credentials of one client, whoever sent them.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http"
import { Agent, request as httpsRequest } from "node:https"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { KubeAccess } from "./Kubeconfig.ts"
import type { ProxyExchange } from "./ProxyListener.ts"

/** The API server did not answer, or not to the end. */
export class UpstreamLost extends Schema.TaggedError<UpstreamLost>()("UpstreamLost", { cause: Schema.Defect() }) {}

export interface ProxyUpstream {
  /** Passes a request on and gives the head of the answer; closing the scope before its end drops the connection. */
  readonly pass: (exchange: ProxyExchange) => Effect.Effect<IncomingMessage, UpstreamLost, Scope.Scope>
}

/** Those of a connection, not of what goes over it (RFC 9110, section 7.6.1), and the length, which is told anew. */
const ofConnection = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "host",
  "authorization"
])

export const passing = (headers: OutgoingHttpHeaders): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.has(name)))

export const make = Effect.fn("ProxyUpstream.make")(function* ({ server, authority, credentials }: KubeAccess) {
  const byToken = "token" in credentials
  const agent = yield* Effect.acquireRelease(
    Effect.sync(
      () =>
        new Agent({
          keepAlive: true,
          ca: authority,
          ...(byToken ? {} : { cert: credentials.cert, key: Redacted.value(credentials.key) })
        })
    ),
    (agent) => Effect.sync(() => agent.destroy())
  )
  const authorization = byToken ? { authorization: `Bearer ${Redacted.value(credentials.token)}` } : {}

  const upstream: ProxyUpstream = {
    pass: Effect.fnUntraced(function* ({ method, target, headers, body }) {
      const length = body.byteLength === 0 ? {} : { "content-length": body.byteLength }
      const options = { method, agent, headers: { ...passing(headers), ...authorization, ...length } }
      const request = yield* Effect.acquireRelease(
        Effect.sync(() => httpsRequest(new URL(target, server), options)),
        (request) => Effect.sync(() => request.destroy())
      )
      return yield* Effect.callback<IncomingMessage, UpstreamLost>((resume) => {
        request.on("error", (cause) => resume(Effect.fail(new UpstreamLost({ cause }))))
        request.on("response", (answer) => {
          // Between two reads nobody listens, and an 'error' without a listener would end the process.
          answer.on("error", () => {})
          resume(Effect.succeed(answer))
        })
        request.end(body)
      })
    })
  }
  return upstream
})
