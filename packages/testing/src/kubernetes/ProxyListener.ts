/**
 * An HTTPS server on 127.0.0.1 that can do what a broken network does: reset a connection, refuse all, or take all and say nothing.
 */
import type * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import { buffer } from "node:stream/consumers"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { listen } from "../Loopback.ts"
import type { KeyPair } from "./KubePki.ts"

export interface ProxyAnswer {
  readonly status: number
  readonly headers: Http.OutgoingHttpHeaders
}

/** One request and the ways to answer it. All of them succeed also when the sender is gone. */
export interface ProxyExchange {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: Uint8Array
  readonly send: (answer: ProxyAnswer & { readonly body: Uint8Array | string }) => Effect.Effect<void>
  /** Begins an answer that is written piece by piece; {@link end} ends it. */
  readonly head: (answer: ProxyAnswer) => Effect.Effect<void>
  readonly write: (piece: Uint8Array | string) => void
  readonly end: Effect.Effect<void>
  readonly reset: Effect.Effect<void>
  /** Completes when the exchange is over or its connection is closed. */
  readonly closed: Effect.Effect<void>
}

interface ProxyListener {
  readonly port: number
  /** Refuses connections from now on and drops those that are open. */
  readonly stop: Effect.Effect<void>
  /** From now on accepts connections and requests, and never says a word; nothing more comes on open ones either. */
  readonly silence: Effect.Effect<void>
  /** As at first, on the same port. What connected or asked during a silence is dropped. */
  readonly start: Effect.Effect<void>
}

/**
 * Listens until the scope closes, on a free port. `handle` runs on a fiber of its own, which outlives its sender's connection but not
 * the scope.
 */
export const make = Effect.fn("ProxyListener.make")(function* (
  identity: KeyPair,
  handle: (exchange: ProxyExchange) => Effect.Effect<void>
): Effect.fn.Return<ProxyListener, never, Scope.Scope> {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  // By the sender's port, since a TLS socket does not tell what it runs on.
  const sockets = new Map<number, Net.Socket>()
  let silent = false

  const exchangeOf = (request: Http.IncomingMessage, response: Http.ServerResponse, body: Uint8Array) => {
    const aloud = (say: () => void) => Effect.sync(() => (silent || response.destroyed ? undefined : say()))
    const exchange: ProxyExchange = {
      method: request.method ?? "",
      target: request.url ?? "/",
      headers: request.headers,
      body,
      send: ({ status, headers, body }) => aloud(() => response.writeHead(status, headers).end(body)),
      head: ({ status, headers }) =>
        aloud(() => {
          response.writeHead(status, headers)
          response.flushHeaders()
        }),
      write: (piece) => {
        if (!silent && !response.destroyed) response.write(piece)
      },
      end: aloud(() => response.end()),
      reset: aloud(() => sockets.get(request.socket.remotePort ?? 0)?.resetAndDestroy()),
      closed: Effect.callback<void>((resume) => {
        const done = () => resume(Effect.void)
        if (response.destroyed || response.writableFinished) return done()
        response.once("close", done)
        return Effect.sync(() => response.off("close", done))
      })
    }
    return exchange
  }

  const serve = (request: Http.IncomingMessage, response: Http.ServerResponse) =>
    Effect.tryPromise(() => buffer(request)).pipe(
      Effect.map((body) => exchangeOf(request, response, body)),
      Effect.flatMap((exchange) => (silent ? Effect.void : handle(exchange))),
      // A sender that leaves before its request is complete has asked for nothing.
      Effect.catchTag("UnknownError", () => Effect.void),
      Effect.tapCause((cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError("proxy failed", cause)
      )
    )

  const https = Https.createServer({ cert: identity.cert, key: Redacted.value(identity.key) }, (request, response) => {
    run(serve(request, response))
  })
  // A sender may vanish at any time: that is nobody's failure.
  https.on("tlsClientError", () => {})
  const front = Net.createServer({ noDelay: true }, (socket) => {
    const port = socket.remotePort ?? 0
    sockets.set(port, socket)
    socket.on("error", () => {})
    socket.on("close", () => sockets.delete(port))
    if (silent) socket.resume()
    else https.emit("connection", socket)
  })

  const dropAll = Effect.sync(() => {
    for (const socket of sockets.values()) socket.destroy()
  })
  const close = Effect.suspend(() =>
    front.listening
      ? Effect.callback<void>((resume) => {
          front.close(() => resume(Effect.void))
          for (const socket of sockets.values()) socket.destroy()
        })
      : Effect.void
  )
  const port = yield* Effect.acquireRelease(Effect.orDie(listen(front, 0)), () => close)
  const one = yield* Semaphore.make(1)
  const setSilent = (value: boolean) =>
    Effect.sync(() => {
      silent = value
    })
  return {
    port,
    stop: one.withPermit(close),
    silence: setSilent(true),
    start: one.withPermit(
      Effect.gen(function* () {
        if (silent) yield* Effect.andThen(setSilent(false), dropAll)
        if (!front.listening) yield* Effect.orDie(listen(front, port))
      })
    )
  }
})
