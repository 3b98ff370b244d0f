/**
 * An API server that says what a test tells it to, over real connections, and remembers what it was asked.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { KubeClient, type KubeClientSettings } from "@netcup-failover/kubernetes/KubeClient"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"

interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
  /** Which TCP connection it came on, counted from 0. */
  readonly connection: number
}

export type Answer = (response: ServerResponse, asked: Asked) => void

export interface FakeApiServer {
  readonly kubeconfig: string
  /** On 127.0.0.1. */
  readonly port: number
  readonly asked: ReadonlyArray<Asked>
  /** How many there were, and how many there are. */
  readonly connections: () => number
  readonly open: () => number
  /** Resets every connection. */
  readonly cut: Effect.Effect<void>
}

export const kubeconfigOf = (server: string, user: object = { token: "t0ken" }, cluster: object = {}) =>
  JSON.stringify({
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true, ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "ours" } }],
    "current-context": "x"
  })

export const temporaryFile = (content: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const directory = mkdtempSync(join(tmpdir(), "kube-"))
      const path = join(directory, "file")
      writeFileSync(path, content)
      return { path, directory }
    }),
    ({ directory }) => Effect.sync(() => rmSync(directory, { recursive: true }))
  ).pipe(Effect.map(({ path }) => path))

export const start = Effect.fnUntraced(function* (
  answer: Answer,
  prefix = ""
): Effect.fn.Return<FakeApiServer, never, Scope.Scope> {
  const asked: Array<Asked> = []
  const sockets = new Map<Socket, number>()
  let connections = 0
  const server = yield* Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const created = createServer((request, response) => {
        let text = ""
        request.on("data", (chunk) => {
          text += chunk
        })
        request.on("end", () => {
          const url = new URL(request.url ?? "", "http://fake")
          const body: unknown = text === "" ? undefined : JSON.parse(text)
          const entry = {
            method: request.method ?? "",
            path: url.pathname,
            query: url.searchParams,
            headers: request.headers,
            body,
            connection: sockets.get(request.socket) ?? -1
          }
          asked.push(entry)
          answer(response, entry)
        })
      })
      // Else it closes idle connections after 5 s, which a test could take for the client's doing.
      created.keepAliveTimeout = 0
      created.on("connection", (socket) => {
        sockets.set(socket, connections)
        connections += 1
        socket.on("close", () => sockets.delete(socket))
      })
      created.listen(0, "127.0.0.1", () => resume(Effect.succeed(created)))
    }),
    (created) =>
      Effect.callback<void>((resume) => {
        created.close(() => resume(Effect.void))
        created.closeAllConnections()
      })
  )
  const address: AddressInfo | string | null = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    kubeconfig: yield* temporaryFile(kubeconfigOf(`http://127.0.0.1:${port}${prefix}`)),
    port,
    asked,
    connections: () => connections,
    open: () => sockets.size,
    cut: Effect.sync(() => {
      for (const socket of sockets.keys()) socket.resetAndDestroy()
    })
  }
})

export const clientOf = (server: FakeApiServer, settings: KubeClientSettings = {}) =>
  KubeClient.layer({ kubeconfig: server.kubeconfig, ...settings })

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))
  }

export const status = (code: number, reason: string, message: string, headers: Record<string, string> = {}) =>
  json(code, { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message }, headers)

/** Accepts the request and never answers. */
export const silence: Answer = () => {}

/** The first answer to the first request, and so on; the last one to all that follow. */
export const inTurn = (...answers: ReadonlyArray<Answer>): Answer => {
  let next = 0
  return (response, asked) => {
    answers[Math.min(next, answers.length - 1)]?.(response, asked)
    next += 1
  }
}

/** Lists and watches have their own turns. */
export const listAndWatch =
  (lists: Answer, watches: Answer): Answer =>
  (response, asked) =>
    (asked.query.has("watch") ? watches : lists)(response, asked)

/** Without the logs, which tell of the failures that a test makes on purpose. */
export const quiet = Effect.provide(Logger.layer([]))

/** Looks again and again; a test's own time-out ends what never comes. */
export const until = <A, R>(effect: Effect.Effect<A, never, R>, done: (value: A) => boolean) =>
  Effect.repeat(Effect.delay(effect, "2 millis"), { until: done })
