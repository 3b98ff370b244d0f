import * as Net from "node:net"
import { assert, it } from "@effect/vitest"
import * as TcpPath from "@netcup-failover/testing/kubernetes/TcpPath"
import { listen } from "@netcup-failover/testing/Loopback"
import * as Effect from "effect/Effect"

/** Says everything back. */
const echo = Effect.acquireRelease(
  Effect.sync(() => Net.createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).pipe(socket))),
  (server) => Effect.sync(() => server.close())
).pipe(Effect.flatMap((server) => listen(server, 0)))

const connect = ({ host, port }: { readonly host: string; readonly port: number }) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => Net.connect({ host, port })),
      (socket) => Effect.sync(() => socket.destroy())
    ),
    (socket) => {
      const seen: Array<string> = []
      socket.on("connect", () => seen.push("connect"))
      socket.on("data", (chunk) => seen.push(String(chunk)))
      socket.on("end", () => seen.push("end"))
      socket.on("error", ({ message }) => seen.push(message))
      return { socket, seen }
    }
  )

const until = (done: () => boolean) => Effect.repeat(Effect.sleep("2 millis"), { until: () => done() })

const made = Effect.gen(function* () {
  const to = { host: "127.0.0.1", port: yield* echo }
  const one = yield* TcpPath.make({ listen: { host: "127.0.2.1", port: 0 }, to })
  const other = yield* TcpPath.make({ listen: { host: "127.0.2.2", port: one.port }, to })
  return { one, other }
})

it.live("passes what is said on it, and the end", () =>
  Effect.gen(function* () {
    const { one, other } = yield* made
    for (const path of [one, other]) {
      const { seen, socket } = yield* connect(path)
      socket.end("hello")
      yield* until(() => seen.includes("end"))
      assert.deepStrictEqual(seen, ["connect", "hello", "end"])
    }
    yield* Effect.repeat(one.connections, { until: (open) => open === 0 })
  }).pipe(Effect.scoped)
)

it.live("once black it says nothing on connections that are open, and new ones hang; other paths live", () =>
  Effect.gen(function* () {
    const { one, other } = yield* made
    const before = yield* connect(one)
    before.socket.write("a")
    yield* until(() => before.seen.length === 2)
    yield* one.blacken
    before.socket.write("b")
    const after = yield* connect(one)
    const elsewhere = yield* connect(other)
    elsewhere.socket.write("c")
    yield* until(() => elsewhere.seen.length === 2)
    yield* Effect.sleep("300 millis")
    assert.deepStrictEqual(before.seen, ["connect", "a"])
    assert.deepStrictEqual(after.seen, [])
    assert.isTrue(after.socket.connecting)
    assert.strictEqual(yield* one.connections, 1)
  }).pipe(Effect.scoped)
)

it.live("healed it passes what was held back, and takes new connections", () =>
  Effect.gen(function* () {
    const { one } = yield* made
    const before = yield* connect(one)
    before.socket.write("a")
    yield* until(() => before.seen.length === 2)
    for (const round of ["b", "c"]) {
      yield* one.blacken
      before.socket.write(round)
      yield* Effect.sleep("20 millis")
      assert.notInclude(before.seen, round)
      yield* one.heal
      yield* until(() => before.seen.includes(round))
      const { seen, socket } = yield* connect(one)
      socket.write("d")
      yield* until(() => seen.includes("d"))
    }
  }).pipe(Effect.scoped)
)

it.live("a connection that was closed while its path was black is closed on the far side when it heals", () =>
  Effect.gen(function* () {
    const { one } = yield* made
    const { seen, socket } = yield* connect(one)
    socket.write("a")
    yield* until(() => seen.includes("a"))
    yield* one.blacken
    socket.destroy()
    yield* Effect.sleep("20 millis")
    assert.strictEqual(yield* one.connections, 1)
    yield* one.heal
    yield* Effect.repeat(one.connections, { until: (open) => open === 0 })
  }).pipe(Effect.scoped)
)
