/**
 * An HTTPS server on 127.0.0.1 that streams, can reset a connection, and can vanish and come back on its port.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:https"
import { buffer } from "node:stream/consumers"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { KeyPair } from "../kubernetes/KubePki.ts"
import { close, listen } from "../Loopback.ts"

type Headers = Readonly<Record<string, string>>

/** One request and the ways to answer it. All of them succeed also when the sender is gone. */
export interface Exchange {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly answer: (status: number, headers: Headers, body: string) => Effect.Effect<void>
  /** Sends the head of an answer whose body follows by {@link write}, until {@link end}. */
  readonly open: (status: number, headers: Headers) => Effect.Effect<void>
  readonly write: (text: string) => Effect.Effect<void>
  readonly end: Effect.Effect<void>
  readonly reset: Effect.Effect<void>
  /** Completes when the answer is over or its connection closed. */
  readonly closed: Effect.Effect<void>
}

export interface TlsListener {
  readonly port: number
  /** Refuses connections from now on and breaks those that are open. */
  readonly stop: Effect.Effect<void>
  /** Listens again on the same port. */
  readonly start: Effect.Effect<void>
}

const origin = "https://127.0.0.1"

const closed = (response: ServerResponse) =>
  Effect.callback<void>((resume) => {
    const done = () => resume(Effect.void)
    if (response.destroyed || response.writableFinished) return done()
    response.once("close", done)
    return Effect.sync(() => response.off("close", done))
  })

const send = (response: ServerResponse, sending: () => void) =>
  Effect.sync(() => {
    if (!response.destroyed) sending()
  })

const read = (request: IncomingMessage, response: ServerResponse) =>
  Effect.map(
    Effect.tryPromise(() => buffer(request)),
    (body): Exchange => ({
      method: request.method ?? "",
      // What is no path is nobody's.
      url: URL.parse(request.url ?? "/", origin) ?? new URL("/?", origin),
      headers: request.headers,
      body,
      answer: (status, headers, content) =>
        Effect.andThen(
          send(response, () => response.writeHead(status, headers).end(content)),
          closed(response)
        ),
      open: (status, headers) =>
        send(response, () => {
          response.writeHead(status, headers)
          response.flushHeaders()
        }),
      write: (chunk) => send(response, () => response.write(chunk)),
      end: send(response, () => response.end()),
      // After what was written is on its way, and without the end of the answer.
      reset: Effect.sync(() => {
        request.socket.destroySoon()
      }),
      closed: closed(response)
    })
  )

/** Listens until the scope closes. `handle` runs on a fiber of its own. Dies when the port is taken. */
export const make = Effect.fn("TlsListener.make")(function* (
  port: number,
  pair: KeyPair,
  handle: (exchange: Exchange) => Effect.Effect<void>
): Effect.fn.Return<TlsListener, never, Scope.Scope> {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const serve = (request: IncomingMessage, response: ServerResponse) =>
    Effect.flatMap(read(request, response), handle).pipe(
      // A sender that leaves before its request is complete has asked for nothing.
      Effect.catchTag("UnknownError", () => Effect.void),
      Effect.tapCause((cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError("embedded API failed", cause)
      ),
      Effect.onError(() => Effect.sync(() => response.destroy()))
    )
  const server = createServer({ cert: pair.cert, key: Redacted.value(pair.key) }, (request, response) => {
    run(serve(request, response))
  })
  // Clients keep connections; a server that closes an idle one races with their next request.
  server.keepAliveTimeout = 0
  yield* Effect.acquireRelease(Effect.orDie(listen(server, port)), () => close(server))
  const one = yield* Semaphore.make(1)
  return {
    port,
    stop: one.withPermit(Effect.suspend(() => (server.listening ? close(server) : Effect.void))),
    start: one.withPermit(
      Effect.suspend(() => (server.listening ? Effect.void : Effect.asVoid(Effect.orDie(listen(server, port)))))
    )
  }
})
