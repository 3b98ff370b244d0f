/**
 * `/healthz` (the process lives), `/readyz` (its watches are synced) and `/metrics` over `node:http`, which takes 9 MiB less
 * than Effect's HTTP server.
 */
import { createServer, type RequestListener } from "node:http"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { nameOf } from "./Setting.ts"
import type { SocketAddress } from "./SocketAddress.ts"

/** A port cannot be listened on; the message names the setting to change. */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", { message: Schema.String }) {}

const listen = (setting: string, { host, port }: SocketAddress, handler: RequestListener) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>, ListenError>((resume) => {
      const server = createServer(handler)
      server.once("error", ({ message }) =>
        resume(Effect.fail(new ListenError({ message: `${nameOf(setting)}: ${message}: choose another address` })))
      )
      server.listen(port, host, () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

type Answer = Effect.Effect<{ readonly status: number; readonly body: string }>

const serve = Effect.fnUntraced(function* (
  setting: string,
  address: SocketAddress,
  paths: Readonly<Record<string, Answer>>
) {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  yield* listen(setting, address, (request, response) => {
    const path = request.url?.split("?", 1)[0] ?? ""
    const answer = Object.hasOwn(paths, path) ? paths[path] : undefined
    const reply = ({ status, body }: { readonly status: number; readonly body: string }) =>
      Effect.sync(() => {
        response.writeHead(status, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(body)
      })
    run(Effect.flatMap(answer ?? Effect.succeed({ status: 404, body: "not found\n" }), reply))
  })
})

/**
 * Serves health until the scope ends.
 *
 * @param unready what is missing, as text; empty when ready
 */
export const health = (address: SocketAddress, unready: Effect.Effect<ReadonlyArray<string>>) =>
  serve("HEALTH_ADDR", address, {
    "/healthz": Effect.succeed({ status: 200, body: "ok\n" }),
    "/readyz": Effect.map(unready, (missing) =>
      missing.length === 0 ? { status: 200, body: "ok\n" } : { status: 503, body: `${missing.join("\n")}\n` }
    )
  })

/** Serves the metrics until the scope ends: `page`, made anew for each who asks. */
export const metrics = (address: SocketAddress, page: Effect.Effect<string>) =>
  serve("METRICS_ADDR", address, { "/metrics": Effect.map(page, (body) => ({ status: 200, body })) })
