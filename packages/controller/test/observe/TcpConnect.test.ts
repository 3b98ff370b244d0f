import { execFileSync } from "node:child_process"
import type { Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { connect, Outcome } from "@netcup-failover/controller/observe/TcpConnect"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { deaf, held, listener, swallowingPort } from "./Listeners.ts"

const standStill = (millis: number) =>
  Effect.sync(() => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)
  })

/** Lets sockets that are closing be gone. */
const aMoment = Effect.sleep("50 millis")

describe("a TCP connect", () => {
  for (const host of ["127.0.1.1", "::1"]) {
    it.live(`that ${host} accepts is an answer, and is reset at once`, () =>
      Effect.gen(function* () {
        const { port, ended, open } = yield* listener(host)
        assert.deepStrictEqual(yield* connect({ host, port }, 1_000), Outcome.Answered())
        yield* aMoment
        assert.deepStrictEqual(ended, ["ECONNRESET"])
        assert.strictEqual(yield* open, 0)
      }).pipe(Effect.scoped)
    )

    it.live(`that ${host} refuses is an answer`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* connect({ host, port: yield* deaf(host) }, 1_000), Outcome.Answered())
      })
    )
  }

  for (const [what, greet] of [
    ["closes", (socket: Socket) => void socket.end()],
    ["resets", (socket: Socket) => void socket.resetAndDestroy()],
    ["greets", (socket: Socket) => void socket.write("220 hello\r\n")]
  ] as const) {
    it.live(`whose listener ${what} at once is an answer`, () =>
      Effect.gen(function* () {
        const { port } = yield* listener("127.0.1.2", greet)
        for (let n = 0; n < 20; n++) {
          assert.deepStrictEqual(yield* connect({ host: "127.0.1.2", port }, 1_000), Outcome.Answered())
        }
      }).pipe(Effect.scoped)
    )
  }

  it.live("that is swallowed has no answer when its time is over", () =>
    Effect.gen(function* () {
      const host = "127.0.1.3"
      const port = yield* swallowingPort(host)
      const before = yield* Monotonic.now
      const outcome = yield* connect({ host, port }, 300)
      const after = yield* Monotonic.now
      assert.strictEqual(outcome._tag, "Unanswered")
      if (outcome._tag !== "Unanswered") return
      assert.isAtLeast(outcome.startedAt, before)
      // Node's timers may be a millisecond early.
      assert.isAtLeast(after - outcome.startedAt, 298)
    }).pipe(Effect.scoped)
  )

  it.live("to which there is no way has no answer", () =>
    Effect.gen(function* () {
      // TCP to a group of hosts is ENETUNREACH by definition.
      assert.strictEqual((yield* connect({ host: "224.0.0.1", port: 9 }, 1_000))._tag, "Unanswered")
    })
  )

  it("that our own machine refuses to make tells nothing", () => {
    const source = new URL("../../src/observe/TcpConnect.ts", import.meta.url).href
    const script = `
      import { openSync } from "node:fs"
      import { runPromise } from "effect/Effect"
      import { connect } from "${source}"
      try { while (true) openSync("/dev/null") } catch {}
      const outcome = await runPromise(connect({ host: "127.0.1.1", port: 9 }, 1_000))
      process.stdout.write(JSON.stringify(outcome))
    `
    const out = execFileSync("sh", ["-c", 'ulimit -n 100; exec "$0" --input-type=module', process.execPath], {
      cwd: import.meta.dirname,
      input: script,
      encoding: "utf8"
    })
    assert.deepStrictEqual(JSON.parse(out), { _tag: "Unasked", code: "EMFILE" })
  })

  for (const [what, target] of [
    ["accepted", Effect.map(listener("127.0.1.4"), ({ port }) => port)],
    ["refused", deaf("127.0.1.4")],
    ["swallowed", swallowingPort("127.0.1.4")]
  ] as const) {
    it.live(`that was ${what} tells nothing when this process stood still meanwhile`, () =>
      Effect.gen(function* () {
        const port = yield* target
        const fiber = yield* Effect.forkChild(connect({ host: "127.0.1.4", port }, 200), { startImmediately: true })
        yield* standStill(400)
        assert.deepStrictEqual(yield* Fiber.join(fiber), Outcome.Unasked({ code: "LATE" }))
      }).pipe(Effect.scoped)
    )
  }

  it.live("whose answer lay there when the time was over is answered, however busy this process was", () =>
    Effect.gen(function* () {
      const { port } = yield* listener("127.0.1.5")
      for (let n = 0; n < 5; n++) {
        const fiber = yield* Effect.forkChild(connect({ host: "127.0.1.5", port }, 200), { startImmediately: true })
        yield* standStill(230)
        assert.deepStrictEqual(yield* Fiber.join(fiber), Outcome.Answered())
      }
    }).pipe(Effect.scoped)
  )

  it.live("leaves no socket, whatever comes of it", () =>
    Effect.gen(function* () {
      const host = "127.0.1.6"
      const { port, open } = yield* listener(host)
      const swallowing = yield* swallowingPort(host)
      const before = held()
      yield* Effect.all(
        [
          connect({ host, port }, 60_000),
          connect({ host, port: yield* deaf(host) }, 60_000),
          connect({ host, port: swallowing }, 100),
          connect({ host: "224.0.0.1", port: 9 }, 60_000)
        ],
        { concurrency: "unbounded" }
      )
      const fibers = yield* Effect.forEach([port, swallowing], (port) =>
        Effect.forkChild(connect({ host, port }, 60_000), { startImmediately: true })
      )
      assert.isAbove(held().length, before.length)
      yield* Effect.forEach(fibers, Fiber.interrupt)
      yield* aMoment
      assert.deepStrictEqual(held(), before)
      assert.strictEqual(yield* open, 0)
    }).pipe(Effect.scoped)
  )
})
