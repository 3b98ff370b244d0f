/**
 * One HTTP request and its answer over `node:http`, bound to a scope: closing the scope before the answer was read to its end
 * destroys the connection. Sets no limit to the whole: that is the caller's.
 */
import * as http from "node:http"
import * as https from "node:https"
import type { Socket } from "node:net"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Unreachable } from "./KubeError.ts"

const describe = (cause: unknown): string => {
  // A name with several addresses fails with one error for each.
  if (cause instanceof AggregateError) return cause.errors.map(describe).join(", ")
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

/** Sends, and waits for the head of the answer. */
export const send = Effect.fnUntraced(function* (
  options: https.RequestOptions & { readonly secure: boolean; readonly connectTimeout: Duration.Duration },
  body: string | undefined
): Effect.fn.Return<http.IncomingMessage, Unreachable, Scope.Scope> {
  const { secure, connectTimeout, ...rest } = options
  const socket = Deferred.makeUnsafe<Socket, Unreachable>()
  const answer = Deferred.makeUnsafe<http.IncomingMessage, Unreachable>()
  const fail = (cause: unknown) => {
    const failure = Effect.fail(new Unreachable({ message: describe(cause) }))
    Deferred.doneUnsafe(socket, failure)
    Deferred.doneUnsafe(answer, failure)
  }
  yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        const request = (secure ? https.request : http.request)(rest)
        request.on("error", fail)
        request.on("close", () => fail(new Error("the connection was closed without an answer")))
        request.on("socket", (assigned) => Deferred.doneUnsafe(socket, Effect.succeed(assigned)))
        request.on("response", (response) => {
          // Between two reads nobody listens, and an 'error' without a listener would end the process.
          response.on("error", () => {})
          response.setEncoding("utf8")
          Deferred.doneUnsafe(answer, Effect.succeed(response))
        })
        request.end(body)
        return request
      },
      catch: (cause) => new Unreachable({ message: describe(cause) })
    }),
    (request) => Effect.sync(() => request.destroy())
  )
  // Beside the answer, which is what an error while connecting fails.
  const ready = Effect.raceFirst(Effect.flatMap(Deferred.await(socket), connected(secure)), Deferred.await(answer))
  yield* Effect.timeoutOrElse(ready, {
    duration: connectTimeout,
    orElse: () => new Unreachable({ message: `no connection within ${Duration.format(connectTimeout)}` })
  })
  return yield* Deferred.await(answer)
})

const connected = (secure: boolean) => (socket: Socket) =>
  socket.connecting
    ? Effect.callback<void>((resume) => {
        const event = secure ? "secureConnect" : "connect"
        const done = () => resume(Effect.void)
        socket.once(event, done)
        return Effect.sync(() => socket.off(event, done))
      })
    : Effect.void

/**
 * The answer's text as it comes, read only when asked for. Not by Node's async iterator: its `return` waits behind the pending
 * read, so that on a silent connection an interrupt would hang. Fails when nothing comes for `idleLimit`.
 */
export const chunks = (
  answer: http.IncomingMessage,
  idleLimit: Duration.Duration = Duration.infinity
): Stream.Stream<string, Unreachable> => {
  const next = Effect.callback<readonly [string], Unreachable | Cause.Done>((resume) => {
    const events = ["readable", "end", "error", "close"] as const
    const stop = () => {
      for (const event of events) answer.off(event, look)
    }
    const settle = (result: Effect.Effect<readonly [string], Unreachable | Cause.Done>) => {
      stop()
      resume(result)
    }
    const look = () => {
      const chunk: unknown = answer.read()
      if (typeof chunk === "string") return settle(Effect.succeed([chunk]))
      if (answer.errored) return settle(Effect.fail(new Unreachable({ message: describe(answer.errored) })))
      if (answer.readableEnded) return settle(Cause.done())
      if (answer.destroyed) return settle(Effect.fail(new Unreachable({ message: "the connection was closed" })))
    }
    for (const event of events) answer.on(event, look)
    look()
    return Effect.sync(stop)
  })
  return Stream.fromPull(
    Effect.succeed(
      Effect.timeoutOrElse(next, {
        duration: idleLimit,
        orElse: () => new Unreachable({ message: `silent for ${Duration.format(idleLimit)}` })
      })
    )
  )
}
