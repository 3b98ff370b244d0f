/**
 * A path to a server that can die as a machine does: packets are swallowed, nobody says RST or FIN. Open connections stay open and
 * silent, new ones are never answered. Several paths to one server differ by their loopback address.
 */
import * as Net from "node:net"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { CannotListen } from "../Loopback.ts"
import * as Swallow from "./Swallow.ts"

interface Place {
  readonly host: string
  readonly port: number
}

export interface TcpPath extends Place {
  /** From now on nothing passes; returns when a new connection would hang. */
  readonly blacken: Effect.Effect<void>
  /** As at first: what was held back on connections that are still open passes now. */
  readonly heal: Effect.Effect<void>
  /** How many are open on the near side, as far as this end was told: a FIN into a black path is not heard. */
  readonly connections: Effect.Effect<number>
}

/** Listens until the scope closes; port 0 asks for a free one. */
export const make = Effect.fn("TcpPath.make")(function* (options: {
  readonly listen: Place
  readonly to: Place
}): Effect.fn.Return<TcpPath, CannotListen, Scope.Scope> {
  const { listen, to } = options
  const scope = yield* Effect.scope
  const near = new Set<Net.Socket>()
  const far = new Set<Net.Socket>()
  let black = false

  /** Ends that were reached while black, of which the other side learns later. */
  let unsaid: Array<() => void> = []
  const say = (end: () => void) => (black ? void unsaid.push(end) : end())

  /** One direction. By hand, since a pipe that drains would resume what was paused. */
  const pump = (from: Net.Socket, to: Net.Socket) => {
    from.on("data", (chunk) => {
      if (!to.write(chunk)) from.pause()
    })
    to.on("drain", () => (black ? undefined : from.resume()))
    from.on("end", () => say(() => to.end()))
    from.on("error", () => {})
    from.on("close", () => say(() => to.destroy()))
  }
  const hold = (sockets: Set<Net.Socket>, socket: Net.Socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
    if (black) socket.pause()
  }
  const accept = (socket: Net.Socket) => {
    const onward = Net.connect({ ...to, allowHalfOpen: true, noDelay: true })
    pump(socket, onward)
    pump(onward, socket)
    hold(near, socket)
    hold(far, onward)
  }

  const open = (port: number) =>
    Effect.acquireRelease(
      Effect.callback<Net.Server, CannotListen>((resume) => {
        const server = Net.createServer({ allowHalfOpen: true, noDelay: true }, accept)
        server.once("error", (cause) => resume(Effect.fail(new CannotListen({ cause }))))
        // Shared, so that whoever swallows has the port before this one leaves it: between them nobody is refused.
        server.listen({ host: listen.host, port, reusePort: true }, () => resume(Effect.succeed(server)))
      }),
      // Without waiting for its connections, which live on.
      (server) => Effect.sync(() => server.close())
    )
  const aside = yield* Scope.fork(scope)
  const first = yield* Scope.provide(open(listen.port), aside)
  const address = first.address()
  const port = address !== null && typeof address === "object" ? address.port : listen.port
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const socket of [...near, ...far]) socket.destroy()
    })
  )

  const turning = yield* Semaphore.make(1)
  const listening = yield* Ref.make<Scope.Closeable>(aside)
  /** The next way to listen is there before the one before leaves. */
  const change = Effect.fnUntraced(function* <A>(next: Effect.Effect<A, CannotListen, Scope.Scope>) {
    const scopeOfNext = yield* Scope.fork(scope)
    const listener = yield* Effect.orDie(Scope.provide(next, scopeOfNext))
    yield* Scope.close(yield* Ref.getAndSet(listening, scopeOfNext), Exit.void)
    return listener
  })

  const turn = (value: boolean, then: Effect.Effect<void>) =>
    Effect.suspend(() => {
      if (black === value) return Effect.void
      black = value
      return then
    }).pipe(turning.withPermit)

  return {
    host: listen.host,
    port,
    blacken: turn(
      true,
      Effect.suspend(() => {
        for (const socket of [...near, ...far]) socket.pause()
        return Effect.flatten(change(Swallow.listen({ host: listen.host, port })))
      })
    ),
    heal: turn(
      false,
      Effect.andThen(
        change(open(port)),
        Effect.sync(() => {
          for (const socket of [...near, ...far]) socket.resume()
          for (const end of unsaid) end()
          unsaid = []
        })
      )
    ),
    connections: Effect.sync(() => near.size)
  }
})
