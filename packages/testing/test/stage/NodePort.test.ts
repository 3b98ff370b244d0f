import { connect } from "node:net"
import { assert, it } from "@effect/vitest"
import * as NodePort from "@netcup-failover/testing/stage/NodePort"
import * as Effect from "effect/Effect"

/** How a TCP connect ends within `patience`, in the system's own word. */
const probe = ({ host, port }: NodePort.NodePort, patience: number) =>
  Effect.callback<string>((resume) => {
    const socket = connect({ host, port, timeout: patience })
    const end = (word: string) => {
      socket.destroy()
      resume(Effect.succeed(word))
    }
    socket.once("connect", () => end("accepted"))
    socket.once("timeout", () => end("silence"))
    socket.once("error", (error) => end("code" in error ? String(error.code) : "error"))
    return Effect.sync(() => socket.destroy())
  })

it.live("a port accepts, refuses, swallows, and is back on the same port, in every order", () =>
  Effect.gen(function* () {
    const port = yield* NodePort.make("127.0.1.200")
    const answers = { accepts: "accepted", refuses: "ECONNREFUSED", swallows: "silence" } as const
    const modes = ["accepts", "refuses", "swallows"] as const
    for (const from of modes) {
      for (const to of modes) {
        yield* port.set(from)
        yield* port.set(to)
        for (const look of ["first", "second", "third"]) {
          assert.strictEqual(yield* probe(port, 300), answers[to], `${look} connect after ${from} and ${to}`)
        }
      }
    }
  })
)

it.live("a port that swallows does so for longer than TCP takes to ask again, and only on its own node", () =>
  Effect.gen(function* () {
    const dead = yield* NodePort.make("127.0.1.201")
    const alive = yield* NodePort.make("127.0.1.202")
    yield* dead.set("swallows")
    const [word, other] = yield* Effect.all([probe(dead, 3_500), probe(alive, 300)], { concurrency: 2 })
    assert.deepStrictEqual([word, other], ["silence", "accepted"])
  })
)

it.live("of a slow port most connects are answered late: after a second, not never", () =>
  Effect.gen(function* () {
    const port = yield* NodePort.make("127.0.1.203")
    yield* port.set("slow")
    const words = yield* Effect.forEach(Array.from({ length: 8 }), (_, i) =>
      Effect.delay(Effect.all([probe(port, 250), probe(port, 8_000)], { concurrency: 2 }), i * 10)
    )
    assert.include(
      words.map(([soon]) => soon),
      "silence"
    )
    assert.deepStrictEqual([...new Set(words.map(([, late]) => late))], ["accepted"])
  })
)

it.live("what a port was asked and what is still open can be counted", () =>
  Effect.gen(function* () {
    const port = yield* NodePort.make("127.0.1.204")
    for (const _ of [1, 2, 3]) yield* probe(port, 300)
    const held = connect({ host: port.host, port: port.port })
    yield* Effect.addFinalizer(() => Effect.sync(() => held.destroy()))
    yield* Effect.all({ taken: port.taken, open: port.open }).pipe(
      Effect.delay("20 millis"),
      Effect.repeat({ until: ({ open, taken }) => taken === 4 && open === 1 }),
      Effect.timeout("5 seconds")
    )
  })
)
