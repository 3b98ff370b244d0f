/**
 * Keep-alive agents of our own, made anew when the certificates change. Calls and watches have one each, so that watches,
 * which hold their connection for minutes, never take the calls' places.
 */
import * as http from "node:http"
import * as https from "node:https"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Credentials } from "./Credentials.ts"

export interface Agents {
  readonly agentFor: (credentials: Credentials) => http.Agent
  /** Closes what is idle: after a silence nothing proves those connections alive. */
  readonly dropIdle: () => void
}

const text = (part: unknown): string =>
  part === undefined ? "" : Buffer.isBuffer(part) ? part.toString("base64") : JSON.stringify(part)

const closeIdle = (agent: http.Agent) => {
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy()
  }
}

export const make = (options: {
  readonly secure: boolean
  readonly maxConnections: number
}): Effect.Effect<Agents, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        let current: { readonly key: string; readonly agent: http.Agent } | undefined
        const agentFor = ({ tls }: Credentials): http.Agent => {
          const key = [tls.ca, tls.cert, tls.key, tls.rejectUnauthorized, tls.servername].map(text).join(" ")
          if (current?.key === key) return current.agent
          // What is under way on the old agent may end.
          if (current !== undefined) closeIdle(current.agent)
          const shared = {
            keepAlive: true,
            // TCP's own: on a connection that is silent for so long the other machine is asked each second whether it lives, and given up
            // after ten. A quiet watch has no other way to learn that its machine died while calls go to another.
            keepAliveMsecs: 3_000,
            // Below the 90 s after which the API server closes an idle connection, so that we don't write into a closing one.
            timeout: 30_000,
            maxSockets: options.maxConnections,
            maxFreeSockets: 4
          }
          const agent = options.secure ? new https.Agent({ ...shared, ...tls }) : new http.Agent(shared)
          current = { key, agent }
          return agent
        }
        return {
          agentFor,
          dropIdle: () => (current === undefined ? undefined : closeIdle(current.agent)),
          destroy: () => current?.agent.destroy()
        }
      }),
      (agents) => Effect.sync(agents.destroy)
    ),
    ({ agentFor, dropIdle }) => ({ agentFor, dropIdle })
  )
