/**
 * TCP ports on loopback for servers that must be told theirs.
 */
import { createServer } from "node:net"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"

class PortTaken extends Schema.TaggedError<PortTaken>()("PortTaken", { port: Schema.Int }) {}

const probe = (port: number) =>
  Effect.callback<number, PortTaken>((resume) => {
    const server = createServer()
    server.once("error", () => resume(Effect.fail(new PortTaken({ port }))))
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resume(Effect.succeed(port))))
  })

/**
 * A port of 127.0.0.1 that nobody listens on now. From below the ranges that systems give to outgoing connections
 * (Linux: from 32768), so that it is still free when its server stops and starts again.
 */
export const freePort: Effect.Effect<number> = Random.nextIntBetween(20_000, 32_000).pipe(
  Effect.flatMap(probe),
  Effect.retry({ times: 100 }),
  Effect.orDie
)
