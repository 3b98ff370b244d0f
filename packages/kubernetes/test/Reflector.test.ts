import { assert, it } from "@effect/vitest"
import * as Reflector from "@netcup-failover/kubernetes/Reflector"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { type Answer, clientOf, inTurn, listAndWatch, quiet, start, status, until } from "./FakeApiServer.ts"
import { frame, page, stream, type Widget, widget, widgets } from "./Widget.ts"

const fast = { firstDelay: "2 millis", longestDelay: "20 millis" } as const

/** A watch whose lines the test writes one by one. */
const tap = () => {
  let write: (line: string) => void = () => {}
  const answer: Answer = (response) => {
    stream()(response, {
      method: "",
      path: "",
      query: new URLSearchParams(),
      headers: {},
      body: undefined,
      connection: 0
    })
    write = (line) => response.write(line)
  }
  return { answer, write: (line: string) => Effect.sync(() => write(line)) }
}

const reflect = (lists: Answer, watches: Answer) =>
  Effect.gen(function* () {
    const server = yield* start(listAndWatch(lists, watches))
    const reflector = yield* Effect.provide(Reflector.make(widgets, fast), clientOf(server))
    return { server, reflector }
  })

const versionOf = (reflector: Reflector.Reflector<Widget>, name: string) =>
  Effect.map(reflector.items, (items) => items.get(name)?.metadata.resourceVersion)

it.live("holds what the list and the watch tell, decoded", () =>
  Effect.gen(function* () {
    const { reflector } = yield* reflect(
      page("5", [widget("a", "3"), widget("b", "4", 7)]),
      stream(frame("ADDED", widget("c", "6", "blue")))
    )
    yield* reflector.awaitSynced
    assert.isTrue(yield* reflector.synced)
    yield* until(versionOf(reflector, "c"), (version) => version === "6")
    assert.deepStrictEqual([...(yield* reflector.items).keys()], ["a", "c"])
    assert.deepStrictEqual((yield* reflector.items).get("c")?.spec, { colour: "blue" })
    const undecodable = (yield* reflector.undecodable).get("b")
    assert.strictEqual(undecodable?.metadata.uid, "uid-b")
    assert.include(undecodable?.message, "colour")
  }).pipe(Effect.scoped, quiet)
)

it.live("is not synced before the first list", () =>
  Effect.gen(function* () {
    const { reflector, server } = yield* reflect(status(500, "InternalError", "no"), stream())
    yield* until(
      Effect.sync(() => server.asked.length),
      (n) => n > 1
    )
    assert.isFalse(yield* reflector.synced)
    assert.strictEqual((yield* reflector.health)._tag, "Failing")
  }).pipe(Effect.scoped, quiet)
)

it.live("a heartbeat, which the schema does not name, is no change, but its version is kept", () =>
  Effect.gen(function* () {
    const lines = tap()
    const { reflector } = yield* reflect(page("5", [widget("a", "3")]), lines.answer)
    yield* reflector.awaitSynced
    const signals = yield* Queue.unbounded<void>()
    yield* Effect.forkScoped(Stream.runForEach(reflector.changes, () => Queue.offer(signals, undefined)))
    yield* Queue.take(signals)
    yield* until(reflector.health, ({ _tag }) => _tag === "Live")

    for (const version of ["6", "7", "8"]) {
      yield* lines.write(frame("MODIFIED", widget("a", version, "red", { status: { heartbeat: version } })))
      yield* until(versionOf(reflector, "a"), (held) => held === version)
    }
    assert.strictEqual(yield* Queue.size(signals), 0)

    yield* lines.write(frame("MODIFIED", widget("a", "9", "blue")))
    yield* Queue.take(signals)
    assert.strictEqual(yield* versionOf(reflector, "a"), "9")
  }).pipe(Effect.scoped, quiet)
)

it.live("changes while nobody looks are one signal", () =>
  Effect.gen(function* () {
    const { reflector } = yield* reflect(
      page("5", []),
      stream(...Array.from({ length: 20 }, (_, n) => frame("ADDED", widget(`w${n}`, String(6 + n)))))
    )
    yield* until(reflector.items, (items) => items.size === 20)
    const signals = yield* Queue.unbounded<void>()
    yield* Effect.forkScoped(Stream.runForEach(reflector.changes, () => Queue.offer(signals, undefined)))
    yield* Queue.take(signals)
    yield* Effect.sleep("20 millis")
    assert.strictEqual(yield* Queue.size(signals), 0)
  }).pipe(Effect.scoped, quiet)
)

it.live("what vanished while the watch was away is gone after the next list", () =>
  Effect.gen(function* () {
    const { reflector } = yield* reflect(
      inTurn(page("5", [widget("a", "3"), widget("b", "4")]), page("9", [widget("b", "4")])),
      inTurn(status(410, "Expired", "too old"), stream())
    )
    yield* until(reflector.items, (items) => items.size === 1)
    assert.deepStrictEqual([...(yield* reflector.items).keys()], ["b"])
  }).pipe(Effect.scoped, quiet)
)
