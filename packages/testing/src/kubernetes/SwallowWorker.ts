/**
 * The thread of {@link file://./Swallow.ts}: listens, and stands still until it is told to leave.
 */
import { createServer } from "node:net"
import { parentPort, workerData } from "node:worker_threads"

const { host, port, leave } = workerData
const server = createServer((socket) => socket.destroy())
server.listen({ host, port, backlog: 1, reusePort: true }, () => {
  parentPort?.postMessage("listening")
  Atomics.wait(leave, 0, 0)
  process.exit()
})
