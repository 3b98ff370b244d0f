/**
 * A port that swallows packets, without root: a listener whose queue is full, and that takes nobody out of it. The kernel drops every
 * SYN that comes then, so that a connect hangs until its own time-out.
 */
import * as Net from "node:net"
import { Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { CannotListen } from "../Loopback.ts"

interface Place {
  readonly host: string
  readonly port: number
}

/** Node takes connections as they come; a thread that stands still doesn't. */
const standing = (place: Place) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly worker: Worker; readonly leave: Int32Array<SharedArrayBuffer> }, CannotListen>(
      (resume) => {
        const leave = new Int32Array(new SharedArrayBuffer(4))
        const worker = new Worker(new URL("./SwallowWorker.ts", import.meta.url), { workerData: { ...place, leave } })
        worker.once("message", () => resume(Effect.succeed({ worker, leave })))
        worker.once("error", (cause) => resume(Effect.fail(new CannotListen({ cause }))))
      }
    ),
    ({ worker, leave }) =>
      Effect.callback<void>((resume) => {
        worker.once("exit", () => resume(Effect.void))
        Atomics.store(leave, 0, 1)
        Atomics.notify(leave, 0)
      })
  )

/** Connects, and stays so until the scope ends; false when nobody answered in time. */
const connects = (place: Place) =>
  Effect.acquireRelease(
    Effect.sync(() => Net.connect(place).on("error", () => {})),
    (socket) => Effect.sync(() => socket.destroy())
  ).pipe(
    Effect.flatMap((socket) =>
      Effect.callback<boolean>((resume) => {
        socket.once("connect", () => resume(Effect.succeed(true)))
        socket.setTimeout(200, () => resume(Effect.succeed(false)))
      })
    )
  )

/**
 * Listens until the scope closes, and swallows once what it gives has run. Who listened there before shared the port (`reusePort`), and
 * leaves in between: so nobody is ever refused.
 */
export const listen = Effect.fn("Swallow.listen")(function* (place: Place) {
  yield* standing(place)
  const scope = yield* Effect.scope
  return Effect.repeat(connects(place), { while: (connected) => connected, times: 8 }).pipe(Scope.provide(scope))
})
