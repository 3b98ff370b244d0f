import { assert, describe, it } from "@effect/vitest"
import * as Watch from "@netcup-failover/kubernetes/Watch"
import type { WatchEvent } from "@netcup-failover/kubernetes/WatchEvent"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import {
  type Answer,
  clientOf,
  type FakeApiServer,
  inTurn,
  json,
  listAndWatch,
  quiet,
  silence,
  start,
  status,
  until
} from "./FakeApiServer.ts"
import { bookmark, closing, cut, frame, page, stream, type Widget, widget, widgets } from "./Widget.ts"

const fast = { firstDelay: "2 millis", longestDelay: "40 millis" } as const

/** An event in short, as in `+a@3` for a state of `a`, `-a` for its end. */
const short = (event: WatchEvent<Widget>): string => {
  switch (event._tag) {
    case "Listed":
      return `[${event.objects.map(short).join(" ")}]`
    case "Applied":
      return `+${event.object.metadata.name}@${event.object.metadata.resourceVersion}`
    case "Deleted":
      return `-${event.key}`
    case "Undecodable":
      return `?${event.metadata.name}@${event.metadata.resourceVersion}`
  }
}

const scenario = <A, E>(
  lists: Answer,
  watches: Answer,
  use: (watch: Watch.Watch<Widget>, server: FakeApiServer) => Effect.Effect<A, E>,
  settings: Watch.WatchSettings = {},
  requestTimeout = "300 millis" as const
) =>
  Effect.gen(function* () {
    const server = yield* start(listAndWatch(lists, watches))
    return yield* Effect.gen(function* () {
      const watch = yield* Watch.make(widgets, { ...fast, ...settings })
      return yield* use(watch, server)
    }).pipe(Effect.provide(clientOf(server, { requestTimeout })))
  }).pipe(Effect.scoped, quiet)

const first = (watch: Watch.Watch<Widget>, n: number) =>
  watch.events.pipe(Stream.take(n), Stream.map(short), Stream.runCollect)

const watched = (server: FakeApiServer) => server.asked.filter(({ query }) => query.has("watch"))
const versions = (server: FakeApiServer) => watched(server).map(({ query }) => query.get("resourceVersion"))
const listed = (server: FakeApiServer) => server.asked.filter(({ query }) => !query.has("watch"))

describe("a watch", () => {
  it.live("lists, then tells what changes", () =>
    scenario(
      page("5", [widget("a", "3")]),
      stream(frame("ADDED", widget("b", "6")), frame("MODIFIED", widget("a", "7")), frame("DELETED", widget("b", "8"))),
      (watch, server) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* first(watch, 4), ["[+a@3]", "+b@6", "+a@7", "-b"])
          assert.deepStrictEqual(versions(server), ["5"])
          assert.strictEqual(watched(server)[0]?.query.get("allowWatchBookmarks"), "true")
        })
    )
  )

  it.live("asks for what its settings select, in the list and in the watch", () =>
    scenario(
      page("5", []),
      stream(frame("ADDED", widget("b", "6"))),
      (watch, server) =>
        Effect.gen(function* () {
          yield* first(watch, 2)
          for (const { query } of server.asked) {
            assert.strictEqual(query.get("labelSelector"), "a=b")
            assert.strictEqual(query.get("fieldSelector"), "metadata.name=x")
          }
        }),
      { labelSelector: "a=b", fieldSelector: "metadata.name=x" }
    )
  )

  it.live("reads a list page by page and tells it as one", () =>
    scenario(
      (response, asked) =>
        (asked.query.get("continue") === "more"
          ? page("5", [widget("b", "4")])
          : page("5", [widget("a", "3")], "more"))(response, asked),
      silence,
      (watch, server) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* first(watch, 1), ["[+a@3 +b@4]"])
          assert.deepStrictEqual(
            listed(server).map(({ query }) => query.get("limit")),
            ["1", "1"]
          )
        }),
      { pageSize: 1 }
    )
  )

  it.live("begins a list anew whose continue token has expired", () =>
    scenario(
      inTurn(
        page("5", [widget("a", "3")], "more"),
        status(410, "Expired", "The provided continue parameter is too old"),
        page("9", [widget("c", "8")])
      ),
      silence,
      (watch) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* first(watch, 1), ["[+c@8]"])
        })
    )
  )

  it.live("an empty list that Go writes as null is an empty list", () =>
    scenario(json(200, { metadata: { resourceVersion: "5" }, items: null }), silence, (watch) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* first(watch, 1), ["[]"])
      })
    )
  )

  it.live("resumes from the last version after a clean close", () =>
    scenario(
      page("5", []),
      inTurn(closing(frame("ADDED", widget("a", "6"))), stream(frame("ADDED", widget("b", "7")))),
      (watch, server) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* first(watch, 3), ["[]", "+a@6", "+b@7"])
          assert.deepStrictEqual(versions(server), ["5", "6"])
          assert.strictEqual(listed(server).length, 1)
        })
    )
  )

  it.live("resumes from a bookmark's version", () =>
    scenario(
      page("5", []),
      inTurn(cut(frame("ADDED", widget("a", "6")), bookmark("50")), stream(frame("ADDED", widget("b", "51")))),
      (watch, server) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* first(watch, 3), ["[]", "+a@6", "+b@51"])
          assert.deepStrictEqual(versions(server), ["5", "50"])
        })
    )
  )

  it.live("a line that was cut in its middle is asked for again", () =>
    scenario(
      page("5", []),
      inTurn(
        cut(frame("ADDED", widget("a", "6")), frame("ADDED", widget("b", "7")).slice(0, 40)),
        stream(frame("ADDED", widget("b", "7")))
      ),
      (watch, server) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* first(watch, 3), ["[]", "+a@6", "+b@7"])
          assert.deepStrictEqual(versions(server), ["5", "6"])
        })
    )
  )

  it.live("a line in small pieces is one event", () =>
    scenario(
      page("5", []),
      (response) => {
        response.writeHead(200)
        const line = frame("ADDED", widget("a", "6", "grün"))
        const step = (at: number) => {
          if (at >= line.length) return
          response.write(line.slice(at, at + 20))
          setTimeout(() => step(at + 20), 1)
        }
        step(0)
      },
      (watch) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* first(watch, 2), ["[]", "+a@6"])
        })
    )
  )

  it.live("a line that is no event is a reason to reconnect", () =>
    scenario(
      page("5", []),
      inTurn(stream(frame("ADDED", widget("a", "6")), "{nonsense}\n"), stream(frame("ADDED", widget("b", "7")))),
      (watch, server) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* first(watch, 3), ["[]", "+a@6", "+b@7"])
          assert.deepStrictEqual(versions(server), ["5", "6"])
        })
    )
  )

  for (const [how, gone] of [
    ["an HTTP status", status(410, "Expired", "too old resource version")],
    ["an event", stream(frame("ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old" }))]
  ] as const) {
    it.live(`lists again after a 410 as ${how}`, () =>
      scenario(
        inTurn(page("5", [widget("a", "3")]), page("90", [widget("b", "80")])),
        inTurn(gone, stream(frame("ADDED", widget("c", "91")))),
        (watch, server) =>
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* first(watch, 3), ["[+a@3]", "[+b@80]", "+c@91"])
            assert.deepStrictEqual(versions(server), ["5", "90"])
          })
      )
    )
  }

  for (const [code, reason] of [
    [401, "Unauthorized"],
    [403, "Forbidden"],
    [429, "TooManyRequests"],
    [500, "InternalError"]
  ] as const) {
    it.live(`resumes without a list after a ${code}`, () =>
      scenario(
        page("5", []),
        inTurn(status(code, reason, "no"), stream(frame("ADDED", widget("a", "6")))),
        (watch, server) =>
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* first(watch, 2), ["[]", "+a@6"])
            assert.deepStrictEqual(versions(server), ["5", "5"])
            assert.strictEqual(listed(server).length, 1)
          })
      )
    )
  }

  it.live("lists again when the server keeps failing with a version", () =>
    scenario(
      inTurn(page("5", []), page("9", [widget("a", "8")])),
      status(504, "Timeout", "Too large resource version"),
      (watch, server) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* first(watch, 2), ["[]", "[+a@8]"])
          assert.deepStrictEqual(versions(server), ["5", "5", "5", "5"])
        })
    )
  )

  it.live("waits longer after each failure", () =>
    scenario(
      status(500, "InternalError", "broken"),
      silence,
      (watch, server) =>
        Effect.gen(function* () {
          yield* Effect.timeoutOption(Stream.runDrain(watch.events), "400 millis")
          // At least 20, 40, 80 and 160 ms, halved by chance: a hot loop would ask hundreds of times.
          assert.isAtMost(server.asked.length, 6)
          const health = yield* watch.health
          assert.strictEqual(health._tag === "Failing" && health.error.reason._tag, "ServerError")
        }),
      { firstDelay: "40 millis", longestDelay: "10 seconds" }
    )
  )

  it.live("a server that closes each watch at once does not make a hot loop", () =>
    scenario(
      page("5", []),
      closing(),
      (watch, server) =>
        Effect.gen(function* () {
          yield* Effect.timeoutOption(Stream.runDrain(watch.events), "400 millis")
          assert.isAtMost(server.asked.length, 7)
          assert.strictEqual((yield* watch.health)._tag, "Failing")
        }),
      { firstDelay: "40 millis", longestDelay: "10 seconds" }
    )
  )

  it.live("drops a connection that says nothing for too long, and resumes", () =>
    scenario(
      page("5", []),
      inTurn(stream(frame("ADDED", widget("a", "6"))), stream(frame("ADDED", widget("b", "7")))),
      (watch, server) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* first(watch, 3), ["[]", "+a@6", "+b@7"])
          assert.deepStrictEqual(versions(server), ["5", "6"])
          assert.notStrictEqual(watched(server)[0]?.connection, watched(server)[1]?.connection)
        }),
      { idleLimit: "80 millis" }
    )
  )

  it.live("reconnects when it is told to, from where it was", () =>
    scenario(
      page("5", []),
      inTurn(stream(frame("ADDED", widget("a", "6"))), stream(frame("ADDED", widget("b", "7")))),
      (watch, server) =>
        Effect.gen(function* () {
          const seen = yield* watch.events.pipe(
            Stream.tap((event) => (event._tag === "Applied" ? watch.reconnect : Effect.void)),
            Stream.take(3),
            Stream.map(short),
            Stream.runCollect
          )
          assert.deepStrictEqual(seen, ["[]", "+a@6", "+b@7"])
          assert.deepStrictEqual(versions(server), ["5", "6"])
        })
    )
  )

  it.live("an object that does not decode is an event of its own, in the list and after it", () =>
    scenario(
      page("5", [widget("a", "3"), widget("b", "4", 7)]),
      stream(frame("MODIFIED", widget("a", "6", ["no"])), frame("ADDED", widget("c", "7"))),
      (watch) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* first(watch, 3), ["[+a@3 ?b@4]", "?a@6", "+c@7"])
        })
    )
  )

  it.live("what cannot be an object is not passed over", () =>
    scenario(
      page("5", []),
      inTurn(stream(frame("ADDED", { spec: {} })), stream(frame("ADDED", widget("a", "6")))),
      (watch, server) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* first(watch, 2), ["[]", "+a@6"])
          assert.deepStrictEqual(versions(server), ["5", "5"])
        })
    )
  )

  it.live("survives that every connection is reset, and that the server is away", () =>
    scenario(
      page("5", []),
      inTurn(
        stream(frame("ADDED", widget("a", "6"))),
        (response) => response.socket?.resetAndDestroy(),
        silence,
        stream(frame("ADDED", widget("b", "7")))
      ),
      (watch, server) =>
        Effect.gen(function* () {
          const seen = yield* watch.events.pipe(
            Stream.tap((event) => (event._tag === "Applied" ? server.cut : Effect.void)),
            Stream.take(3),
            Stream.map(short),
            Stream.runCollect
          )
          assert.deepStrictEqual(seen, ["[]", "+a@6", "+b@7"])
        }),
      {}
    )
  )

  it.live("tells whether it lives, and when it heard the server last", () =>
    scenario(inTurn(status(403, "Forbidden", "no"), page("5", [])), stream(frame("ADDED", widget("a", "6"))), (watch) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* watch.health)._tag, "Connecting")
        assert.isUndefined(yield* watch.heardAt)
        const states = yield* Effect.forkChild(
          watch.healthChanges.pipe(
            Stream.map(({ _tag }) => _tag),
            Stream.takeUntil((tag) => tag === "Live"),
            Stream.runCollect
          ),
          { startImmediately: true }
        )
        yield* first(watch, 2)
        assert.deepStrictEqual(yield* Fiber.join(states), ["Connecting", "Failing", "Live"])
        assert.isNumber(yield* watch.heardAt)
      })
    )
  )

  it.live("is interrupted at once though its connection is silent", () =>
    scenario(page("5", []), stream(), (watch, server) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Stream.runDrain(watch.events))
        yield* until(watch.health, ({ _tag }) => _tag === "Live")
        assert.strictEqual(server.open(), 2)
        yield* Fiber.interrupt(fiber)
        // The connection of the list is kept for the next call.
        yield* until(Effect.sync(server.open), (open) => open === 1)
      })
    )
  )

  it.live("reads no faster than its consumer", () => {
    let written = 0
    return scenario(
      page("5", []),
      (response) => {
        response.writeHead(200)
        const big = "x".repeat(64 * 1024)
        const more = () => {
          if (written === 1000 || response.destroyed) return
          written += 1
          if (response.write(frame("MODIFIED", widget("a", String(6 + written), big)))) setImmediate(more)
          else response.once("drain", more)
        }
        more()
      },
      (watch) =>
        Effect.gen(function* () {
          yield* watch.events.pipe(
            Stream.take(3),
            Stream.runForEach(() => Effect.sleep("150 millis"))
          )
          // 64 MiB are on offer; what is on the way fits into the buffers of the sockets.
          assert.isAtLeast(written, 3)
          assert.isBelow(written, 500)
        })
    )
  })
})
