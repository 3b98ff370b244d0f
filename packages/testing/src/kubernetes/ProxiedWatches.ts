/**
 * The watches that run through the proxy, and what can be done to them while they run.
 */
import type { IncomingMessage } from "node:http"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { ProxyExchange } from "./ProxyListener.ts"
import * as RequestMatch from "./RequestMatch.ts"

/** How a watch ends before its time. */
type Fate = { readonly _tag: "Cut" } | { readonly _tag: "Error"; readonly line: string }

interface Running {
  readonly head: RequestMatch.RequestHead
  readonly fate: Deferred.Deferred<Fate>
  stalled: boolean
}

/** Each acts on the running watches that match, and gives their number; watches to come are not touched. */
export interface ProxiedWatches {
  /** Their connections are reset. */
  readonly cut: (match?: RequestMatch.RequestMatch) => Effect.Effect<number>
  /** Nothing more comes on their connections, which stay open. */
  readonly stall: (match?: RequestMatch.RequestMatch) => Effect.Effect<number>
  /** An event `ERROR` with a `Status` of that code and reason, and the end. */
  readonly fail: (status: number, reason: string, match?: RequestMatch.RequestMatch) => Effect.Effect<number>
}

/** A `Status` as the API server writes it. */
export const failure = (code: number, reason: string) => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: `injected: ${reason}`,
  reason,
  code
})

/** The line of a watch that says so. */
export const errorLine = (code: number, reason: string): string =>
  `${JSON.stringify({ type: "ERROR", object: failure(code, reason) })}\n`

export const make = Effect.sync(() => {
  const running = new Set<Running>()

  const all = (match: RequestMatch.RequestMatch = {}) =>
    [...running].filter(({ head }) => RequestMatch.matches(match, head))
  const doom = (fate: Fate, match?: RequestMatch.RequestMatch) =>
    Effect.map(
      Effect.forEach(all(match), (one) => Deferred.succeed(one.fate, fate)),
      (done) => done.length
    )

  /** Returns when the API server ended the watch (`true`: properly). */
  const pump = (answer: IncomingMessage, exchange: ProxyExchange, watch: Running) =>
    Effect.callback<boolean>((resume) => {
      answer.on("data", (piece: Uint8Array) => {
        if (!watch.stalled) exchange.write(piece)
      })
      answer.on("end", () => resume(Effect.succeed(true)))
      answer.on("close", () => resume(Effect.succeed(answer.readableEnded)))
    })

  const watches: ProxiedWatches = {
    cut: (match) => Effect.suspend(() => doom({ _tag: "Cut" }, match)),
    stall: (match) =>
      Effect.sync(() => {
        const chosen = all(match)
        for (const one of chosen) one.stalled = true
        return chosen.length
      }),
    fail: (status, reason, match) =>
      Effect.suspend(() => doom({ _tag: "Error", line: errorLine(status, reason) }, match))
  }
  return {
    ...watches,
    /** Relays a watch whose head was sent, until its end. `stalled`: from its beginning. */
    relay: Effect.fnUntraced(function* (
      head: RequestMatch.RequestHead,
      answer: IncomingMessage,
      exchange: ProxyExchange,
      stalled: boolean
    ) {
      const watch: Running = { head, fate: yield* Deferred.make<Fate>(), stalled }
      running.add(watch)
      const ended = Effect.flatMap(pump(answer, exchange, watch), (properly) => {
        // Who is cut off does not hear the end either.
        if (watch.stalled) return exchange.closed
        return properly ? exchange.end : exchange.reset
      })
      const doomed = Effect.flatMap(Deferred.await(watch.fate), (fate) => {
        if (fate._tag === "Cut") return exchange.reset
        exchange.write(fate.line)
        return exchange.end
      })
      yield* Effect.raceAllFirst([ended, doomed, exchange.closed]).pipe(
        Effect.ensuring(Effect.sync(() => running.delete(watch)))
      )
    })
  }
})
