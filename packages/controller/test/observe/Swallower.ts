/**
 * A port that swallows: whoever connects hears nothing. A thread listens and never accepts, and its queue is full.
 */
import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"

/** Listens, tells its port, and stands still from then on. */
const thread = `
  const { parentPort, workerData } = require("node:worker_threads")
  const server = require("node:net").createServer()
  server.listen({ host: workerData, port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
  })
`

/** Gives the port, until the scope ends. */
export const listen = (host: string) =>
  Effect.gen(function* () {
    const worker = yield* Effect.acquireRelease(
      Effect.sync(() => new Worker(thread, { eval: true, workerData: host })),
      (one) => Effect.promise(() => one.terminate())
    )
    const [port] = yield* Effect.promise(() => once(worker, "message"))
    const fillers: Array<Socket> = []
    yield* Effect.addFinalizer(() => Effect.sync(() => fillers.forEach((one) => void one.destroy())))
    yield* Effect.sleep("50 millis")
    for (let n = 0; n < 4; n++) fillers.push(connect({ host, port: Number(port) }).on("error", () => {}))
    yield* Effect.sleep("50 millis")
    return Number(port)
  })
