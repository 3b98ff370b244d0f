/**
 * The listener of a {@link NodePort}, alone on a thread: while that stands still, nobody takes connections out of the kernel's queue,
 * and once the queue is full the kernel drops what asks for one more, as if the host were off.
 */
import { createServer, type Server } from "node:net"
import { parentPort, workerData } from "node:worker_threads"

/** At {@link wakeAt} 0 while the thread is to stand still; then how many connections were taken, and how many are open. */
const wakeAt = 0
const takenAt = 1
const openAt = 2

const { host, shared }: { readonly host: string; readonly shared: SharedArrayBuffer } = workerData
const cells = new Int32Array(shared)

const makeServer = () =>
  createServer((socket) => {
    Atomics.add(cells, takenAt, 1)
    Atomics.add(cells, openAt, 1)
    // Whoever connects may say what he likes, or hang up rudely.
    socket.on("error", () => {})
    socket.on("close", () => Atomics.sub(cells, openAt, 1))
    socket.resume()
  })

let server: Server | undefined
let port = 0

/** So many connections may wait to be taken: more than come at once, and soon filled. */
const backlog = 15

const listening = (then: () => void) => {
  if (server !== undefined) return then()
  const next = makeServer()
  next.listen({ host, port, backlog }, () => {
    const address = next.address()
    if (address !== null && typeof address === "object") port = address.port
    server = next
    then()
  })
}

const closed = (then: () => void) => {
  const before = server
  if (before === undefined) return then()
  server = undefined
  before.close()
  then()
}

const done = () => parentPort?.postMessage(port)

/** Until the thread is woken by whoever has a new message for it. */
const standStill = () => {
  Atomics.store(cells, wakeAt, 0)
  done()
  Atomics.wait(cells, wakeAt, 0)
  // What has filled the queue goes with it: taken one by one, it would make the port swallow for a while after it is told to accept.
  closed(() => {})
}

parentPort?.on("message", (mode: unknown) => {
  if (mode === "refuses") closed(done)
  else listening(mode === "swallows" ? standStill : done)
})
