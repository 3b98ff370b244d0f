/**
 * The port of a node's kubelet, on an address of loopback that is the node's own (127.0.1.N). It needs no rights to look dead.
 */
import { connect } from "node:net"
import { Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"

/**
 * `accepts`: the kubelet is there. `refuses`: the host is there, and nobody listens (RST). `swallows`: the host is off, or a firewall drops
 * what comes: connects run into their time-out. `slow`: most connects lose their first packet, and are answered when TCP has sent
 * it again, a second later or three.
 */
export type Mode = "accepts" | "refuses" | "swallows" | "slow"

export interface NodePort {
  readonly host: string
  readonly port: number
  /** When it returns, the port is so. What was under way meanwhile may have seen either. */
  readonly set: (mode: Mode) => Effect.Effect<void>
  /** How many connections it has accepted so far; what is swallowed is not seen. */
  readonly taken: Effect.Effect<number>
  /** How many of them are open now. */
  readonly open: Effect.Effect<number>
}

const Port = Schema.decodeUnknownEffect(Schema.Int)

/** Nothing on this machine takes so long to answer but a port that swallows. In ms. */
const unanswered = 150

/**
 * Connects once; whether it was answered. What nobody takes stays in the kernel's queue though it is given up here. Timers come before
 * sockets in a turn of the event loop: when the time is over, the answer may lie there unheard, and a port that is taken for one that
 * swallows too soon answers once a probe until its queue is full.
 */
const isAnswered = (host: string, port: number) =>
  Effect.callback<boolean>((resume) => {
    const socket = connect({ host, port })
    const end = (answered: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resume(Effect.succeed(answered))
    }
    const timer = setTimeout(() => setImmediate(() => setImmediate(end, false)), unanswered)
    socket.once("connect", () => end(true))
    socket.once("error", () => end(false))
    return Effect.sync(() => end(false))
  })

/** Listens on `host` and a free port until the scope ends. Accepts at first. */
export const make = Effect.fn("NodePort.make")(function* (host: string) {
  const shared = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT)
  const cells = new Int32Array(shared)
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(new URL("./NodePortThread.ts", import.meta.url), { workerData: { host, shared } })),
    (worker) => Effect.promise(() => worker.terminate())
  )
  const turning = yield* Semaphore.make(1)

  /** The thread does as it is told, awake or not. Gives the port. */
  const tell = (mode: Exclude<Mode, "slow">) =>
    Effect.callback<unknown, Error>((resume) => {
      const fail = (cause: Error) => resume(Effect.fail(cause))
      worker.once("error", fail)
      worker.once("message", (port: unknown) => {
        worker.off("error", fail)
        resume(Effect.succeed(port))
      })
      Atomics.store(cells, 0, 1)
      Atomics.notify(cells, 0)
      worker.postMessage(mode)
    }).pipe(Effect.flatMap(Port), Effect.orDie)

  const port = yield* tell("accepts")

  const turn = Effect.fnUntraced(function* (mode: Exclude<Mode, "slow">) {
    yield* tell(mode)
    if (mode !== "swallows") return
    while (yield* isAnswered(host, port)) {}
  }, turning.withPermit)

  const slow = Effect.gen(function* () {
    yield* turn("swallows")
    yield* Effect.sleep("700 millis")
    yield* turn("accepts")
    yield* Effect.sleep("600 millis")
  }).pipe(Effect.forever)

  const swinging = yield* Ref.make<Fiber.Fiber<never> | undefined>(undefined)
  const scope = yield* Effect.scope
  const nodePort: NodePort = {
    host,
    port,
    set: Effect.fn("NodePort.set")(function* (mode: Mode) {
      const before = yield* Ref.getAndSet(swinging, undefined)
      if (before !== undefined) yield* Fiber.interrupt(before)
      if (mode === "slow") yield* Ref.set(swinging, yield* Effect.forkIn(slow, scope))
      else yield* turn(mode)
    }),
    taken: Effect.sync(() => Atomics.load(cells, 1)),
    open: Effect.sync(() => Atomics.load(cells, 2))
  }
  return nodePort
})
