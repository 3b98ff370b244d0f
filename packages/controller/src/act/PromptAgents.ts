/**
 * Connections for calls that must not come late: each is for one request, which goes out on it promptly or not at all.
 *
 * Why: whether we may act is asked directly before a request is made, and what is made waits a few round trips for its connection. A
 * process that stands still meanwhile, and goes on when another leads, would send it then.
 */
import * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import type { Duplex } from "node:stream"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

type Created = (error: Error | null, stream: Duplex) => void

/** Gives a connection once it stands, unless that took longer than `limit` in ms, were it since we stood still ourselves. */
const promptly = (
  socket: Duplex | null | undefined,
  stands: "connect" | "secureConnect",
  limit: number,
  clock: Clock.Clock,
  created: Created | undefined
): undefined => {
  if (!(socket instanceof Net.Socket)) return
  const since = clock.monotonicTimeNanosUnsafe()
  const giveUp = () => {
    const message = `no connection within ${Duration.format(Duration.millis(limit))}`
    // As of a connect that the system gave up: nothing was sent.
    socket.destroy(Object.assign(new Error(message), { code: "ETIMEDOUT", syscall: "connect" }))
  }
  const failed = (error: Error) => created?.(error, socket)
  socket.setTimeout(limit, giveUp)
  socket.once("error", failed)
  socket.once(stands, () => {
    // The timer may come after this one.
    if (Number(clock.monotonicTimeNanosUnsafe() - since) / 1e6 > limit) return giveUp()
    socket.setTimeout(0, giveUp)
    socket.off("error", failed)
    created?.(null, socket)
  })
}

/** Until the scope closes. `limit`: how long after it may go out at the latest somebody else may act. */
export const make = Effect.fnUntraced(function* (limit: Duration.Duration) {
  const millis = Duration.toMillis(limit)
  const clock = yield* Clock.Clock
  class PlainAgent extends Http.Agent {
    override createConnection(options: Http.ClientRequestArgs, created?: Created) {
      return promptly(super.createConnection(options), "connect", millis, clock, created)
    }
  }
  class SecureAgent extends Https.Agent {
    override createConnection(options: Https.RequestOptions, created?: Created) {
      return promptly(super.createConnection(options), "secureConnect", millis, clock, created)
    }
  }
  // Kept ones might have been closed by netcup, with a change lost in them unseen.
  return yield* Effect.acquireRelease(
    Effect.sync(() => ({ http: new PlainAgent({ keepAlive: false }), https: new SecureAgent({ keepAlive: false }) })),
    ({ http, https }) =>
      Effect.sync(() => {
        http.destroy()
        https.destroy()
      })
  )
})
