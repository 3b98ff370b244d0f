/**
 * One HTTP request and its answer over `node:http`, bound to a scope: closing the scope before the answer was read to its end
 * destroys the connection. Sets no limit to the whole: that is the caller's.
 */
import * as http from "node:http"
import * as https from "node:https"
import type { Socket, TcpSocketConnectOpts } from "node:net"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Unreachable } from "./KubeError.ts"

const describe = (cause: unknown): string => {
  // A name with several addresses fails with one error for each.
  if (cause instanceof AggregateError) return cause.errors.map(describe).join(", ")
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

/** No connection came about in time: nothing was sent. */
export class NotReached extends Schema.TaggedError<NotReached>()("NotReached", { message: Schema.String }) {}

interface Way {
  readonly secure: boolean
  /** Of TCP alone. */
  readonly reachTimeout: Duration.Duration
  /** Of TCP and TLS together. */
  readonly connectTimeout: Duration.Duration
  /** Told each address that a connection may go to, last the one that it goes to. */
  readonly onPeer: (address: string) => void
  /** Told each address that did not answer while another one of the name was still to be tried. */
  readonly onSilent: (address: string) => void
  /** Told the address to which a new connection stands. */
  readonly onUsed: (address: string) => void
}

/** Sends, and waits for the head of the answer. */
export const send = Effect.fnUntraced(function* (
  options: https.RequestOptions & Way,
  body: string | undefined
): Effect.fn.Return<http.IncomingMessage, Unreachable | NotReached, Scope.Scope> {
  const { secure, reachTimeout, connectTimeout, onPeer, onSilent, onUsed, ...rest } = options
  const to: https.RequestOptions & Pick<TcpSocketConnectOpts, "autoSelectFamilyAttemptTimeout"> = {
    ...rest,
    // Of each address of a name: Node's own 250 ms are soon over in a process that starts on a busy machine.
    autoSelectFamilyAttemptTimeout: Duration.toMillis(reachTimeout) / 2
  }
  const socket = Deferred.makeUnsafe<Connecting | undefined, Unreachable>()
  const answer = Deferred.makeUnsafe<http.IncomingMessage, Unreachable>()
  let received: http.IncomingMessage | undefined
  const fail = (cause: unknown) => {
    const failure = Effect.fail(new Unreachable({ message: describe(cause) }))
    Deferred.doneUnsafe(socket, failure)
    Deferred.doneUnsafe(answer, failure)
  }
  const sent = yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        const request = (secure ? https.request : http.request)(to)
        request.on("error", fail)
        request.on("close", () => fail(new Error("the connection was closed without an answer")))
        request.on("socket", (assigned) => {
          keepAlive(assigned)
          if (assigned.remoteAddress !== undefined) onPeer(assigned.remoteAddress)
          const connecting = assigned.connecting ? watch(assigned, { secure, onPeer, onSilent, onUsed }) : undefined
          Deferred.doneUnsafe(socket, Effect.succeed(connecting))
        })
        request.on("response", (response) => {
          received = response
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
    // An answer may be read to its end before Node has noticed that the request was sent: then the connection is about to be free.
    (request) => Effect.sync(() => (received?.readableEnded === true ? undefined : request.destroy()))
  )
  // Beside the answer, which is what an error while connecting fails.
  const within = (step: Effect.Effect<unknown, Unreachable | NotReached>, limit: Duration.Duration) =>
    Effect.raceFirst(step, Deferred.await(answer)).pipe(
      Effect.timeoutOrElse({
        duration: limit,
        orElse: () => {
          sent.destroy()
          return new NotReached({ message: `no connection within ${Duration.format(limit)}` })
        }
      })
    )
  const connecting = yield* Deferred.await(socket)
  if (connecting !== undefined) {
    const reached = within(Deferred.await(connecting.reached), reachTimeout)
    yield* within(Effect.andThen(reached, Deferred.await(connecting.ready)), connectTimeout)
  }
  return yield* Deferred.await(answer)
})

/**
 * TCP's own question whether the other machine lives: after 2 s of silence, then each second, and after three without an answer the
 * connection has failed. A quiet watch behind the address of a Service has no other way to learn of it: calls may go to another machine.
 * (A Node that does not know the last two arguments asks ten times.)
 */
const keepAlive = (socket: Socket) => socket.setKeepAlive(true, 2000, 1000, 3)

interface Connecting {
  /** TCP stands. */
  readonly reached: Deferred.Deferred<void>
  /** What is to be sent can be. */
  readonly ready: Deferred.Deferred<void>
}

const watch = (
  socket: Socket,
  { secure, onPeer, onSilent, onUsed }: Pick<Way, "secure" | "onPeer" | "onSilent" | "onUsed">
): Connecting => {
  const reached = Deferred.makeUnsafe<void>()
  const ready = Deferred.makeUnsafe<void>()
  socket.on("connectionAttempt", onPeer)
  socket.on("connectionAttemptTimeout", onSilent)
  socket.on("connectionAttemptFailed", onSilent)
  socket.once("connect", () => {
    keepAlive(socket)
    if (socket.remoteAddress !== undefined) {
      onPeer(socket.remoteAddress)
      onUsed(socket.remoteAddress)
    }
    Deferred.doneUnsafe(reached, Effect.void)
  })
  socket.once(secure ? "secureConnect" : "connect", () => Deferred.doneUnsafe(ready, Effect.void))
  return { reached, ready }
}

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
