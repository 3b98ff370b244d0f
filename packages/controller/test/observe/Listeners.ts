/**
 * Ports of this machine to be connected to, and what connections leave behind.
 */
import { createServer, type Server, type Socket } from "node:net"
import * as NodePort from "@netcup-failover/testing/stage/NodePort"
import * as Effect from "effect/Effect"

/** A listener, and what became of the connections to it. */
export const listener = Effect.fnUntraced(function* (host: string, greet: (socket: Socket) => void = () => {}) {
  const ended: Array<string> = []
  let accepted = 0
  const server = yield* Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const one = createServer((socket) => {
        accepted++
        let how = "closed"
        socket.on("error", (error) => {
          how = "code" in error ? String(error.code) : "error"
        })
        socket.on("close", () => ended.push(how))
        socket.resume()
        greet(socket)
      })
      one.listen({ host, port: 0 }, () => resume(Effect.succeed(one)))
    }),
    (one) =>
      Effect.callback<void>((resume) => {
        one.close(() => resume(Effect.void))
      })
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    port,
    ended,
    accepted: () => accepted,
    open: Effect.callback<number>((resume) => {
      server.getConnections((_, n) => resume(Effect.succeed(n)))
    })
  }
})

/** A port on which nobody listens. */
export const deaf = (host: string) => Effect.map(Effect.scoped(listener(host)), ({ port }) => port)

/** What keeps the event loop busy, of the kinds that a connect has. */
export const held = (): ReadonlyArray<string> =>
  process.getActiveResourcesInfo().filter((kind) => /^TCP(Socket|Connect)Wrap$/u.test(kind))

/** A port on `host` that swallows: whoever connects hears nothing. Until the scope ends. */
export const swallowingPort = (host: string) =>
  Effect.gen(function* () {
    const port = yield* NodePort.make(host)
    yield* port.set("swallows")
    // What that was tried with goes.
    yield* Effect.sleep("50 millis")
    return port.port
  })
