/**
 * Listening on 127.0.0.1, as every simulator and proxy here does.
 */
import type * as Http from "node:http"
import type * as Https from "node:https"
import type * as Net from "node:net"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** The port is taken, or there are none left. */
export class CannotListen extends Schema.TaggedError<CannotListen>()("CannotListen", { cause: Schema.Defect() }) {}

/** Gives the port; 0 asks for a free one. */
export const listen = (server: Net.Server, port: number) =>
  Effect.callback<number, CannotListen>((resume) => {
    const refuse = (cause: Error) => resume(Effect.fail(new CannotListen({ cause })))
    server.once("error", refuse)
    server.listen(port, "127.0.0.1", () => {
      server.off("error", refuse)
      const address = server.address()
      resume(Effect.succeed(address !== null && typeof address === "object" ? address.port : port))
    })
  })

/** Refuses connections and drops those that are open; returns when that is done. */
export const close = (server: Http.Server | Https.Server) =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })
