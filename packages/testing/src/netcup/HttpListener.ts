/**
 * An HTTP server on 127.0.0.1 that can do what no well-behaved one does: reset a connection, vanish and come back.
 */
import * as Http from "node:http"
import { Readable } from "node:stream"
import { buffer } from "node:stream/consumers"
import { pipeline } from "node:stream/promises"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { close, listen } from "../Loopback.ts"

export interface HttpAnswer {
  readonly status: number
  /** `undefined`: the answer names none, as one without a body. */
  readonly contentType: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Pieces are sent chunked, at the pace of the reader. */
  readonly body: string | Iterable<string>
}

/** One request and the ways to end it. All of them succeed also when the sender is gone. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: Uint8Array
  readonly send: (answer: HttpAnswer) => Effect.Effect<void>
  readonly reset: Effect.Effect<void>
  /** Completes when the connection is closed by the other side. */
  readonly closed: Effect.Effect<void>
}

export interface HttpListener {
  readonly port: number
  /** Refuses connections from now on and drops those that are open. Requests that are being handled go on unheard. */
  readonly stop: Effect.Effect<void>
  /** Listens again on the same port. */
  readonly start: Effect.Effect<void>
  /** TCP connections so far. */
  readonly connections: Effect.Effect<number>
  /** The highest number of requests that were being handled together. */
  readonly mostAtOnce: Effect.Effect<number>
}

const closed = (response: Http.ServerResponse) =>
  Effect.callback<void>((resume) => {
    const done = () => resume(Effect.void)
    if (response.destroyed || response.writableFinished) return done()
    response.once("close", done)
    return Effect.sync(() => response.off("close", done))
  })

const send = (response: Http.ServerResponse, answer: HttpAnswer) =>
  Effect.suspend(() => {
    if (response.destroyed) return Effect.void
    const type = answer.contentType === undefined ? {} : { "content-type": answer.contentType }
    response.writeHead(answer.status, { ...type, ...answer.headers })
    if (typeof answer.body !== "string") {
      const pieces = Readable.from(answer.body)
      return Effect.ignore(Effect.tryPromise(() => pipeline(pieces, response)))
    }
    response.end(answer.body)
    return closed(response)
  })

const read = (request: Http.IncomingMessage, response: Http.ServerResponse) =>
  Effect.map(
    Effect.tryPromise(() => buffer(request)),
    (body): Exchange => ({
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body,
      send: (answer) => send(response, answer),
      reset: Effect.sync(() => {
        request.socket.resetAndDestroy()
      }),
      closed: closed(response)
    })
  )

/**
 * Listens until the scope closes. `handle` runs on a fiber of its own, which outlives its sender's connection but not the scope.
 * `port` 0 takes a free one. Dies when the port is taken.
 */
export const make = Effect.fn("HttpListener.make")(function* (
  port: number,
  handle: (exchange: Exchange) => Effect.Effect<void>
): Effect.fn.Return<HttpListener, never, Scope.Scope> {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const connections = yield* Ref.make(0)
  const load = yield* Ref.make({ now: 0, most: 0 })
  const enter = Ref.update(load, ({ most, now }) => ({ now: now + 1, most: Math.max(most, now + 1) }))
  const leave = Ref.update(load, ({ most, now }) => ({ now: now - 1, most }))

  const serve = (request: Http.IncomingMessage, response: Http.ServerResponse) =>
    Effect.flatMap(read(request, response), handle).pipe(
      // A sender that leaves before its request is complete has asked for nothing.
      Effect.catchTag("UnknownError", () => Effect.void),
      Effect.tapCause((cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError("simulator failed", cause)
      ),
      Effect.onError(() => Effect.sync(() => response.destroy())),
      (handled) =>
        Effect.acquireUseRelease(
          enter,
          () => handled,
          () => leave
        )
    )

  const server = Http.createServer((request, response) => {
    run(serve(request, response))
  })
  server.on("connection", () => {
    run(Ref.update(connections, (count) => count + 1))
  })
  const bound = yield* Effect.acquireRelease(Effect.orDie(listen(server, port)), () => close(server))
  const one = yield* Semaphore.make(1)
  return {
    port: bound,
    stop: one.withPermit(Effect.suspend(() => (server.listening ? close(server) : Effect.void))),
    start: one.withPermit(
      Effect.suspend(() => (server.listening ? Effect.void : Effect.asVoid(Effect.orDie(listen(server, bound)))))
    ),
    connections: Ref.get(connections),
    mostAtOnce: Effect.map(Ref.get(load), ({ most }) => most)
  }
})
