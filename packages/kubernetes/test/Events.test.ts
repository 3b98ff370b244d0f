import { assert, it } from "@effect/vitest"
import type { Occurrence } from "@netcup-failover/kubernetes/EventObject"
import * as EventObject from "@netcup-failover/kubernetes/EventObject"
import { Events, type EventsSettings } from "@netcup-failover/kubernetes/Events"
import * as TokenBucket from "@netcup-failover/kubernetes/TokenBucket"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import {
  type Answer,
  clientOf,
  type FakeApiServer,
  inTurn,
  json,
  quiet,
  silence,
  start,
  status,
  until
} from "./FakeApiServer.ts"
import { widgets } from "./Widget.ts"

const moved: Occurrence = {
  kind: widgets,
  metadata: { name: "a", uid: "uid-a", resourceVersion: "7" },
  type: "Normal",
  reason: "Moved",
  message: "to n2"
}

const record = (occurrence: Occurrence) => Events.use((events) => events.record(occurrence))

/** Everything is written when the layer has closed. */
const recording = <A, E>(
  answer: Answer,
  settings: Partial<EventsSettings>,
  use: (server: FakeApiServer) => Effect.Effect<A, E, Events>
) =>
  Effect.gen(function* () {
    const server = yield* start(answer)
    const layer = Events.layer({ component: "tests", instance: "pod-1", ...settings }).pipe(
      Layer.provide(clientOf(server, { requestTimeout: "100 millis" }))
    )
    const result = yield* Effect.provide(use(server), layer)
    return { result, asked: server.asked }
  }).pipe(Effect.scoped, quiet)

it.live("an event names its object, who tells it, and lies in default for a cluster-scoped object", () =>
  Effect.gen(function* () {
    const { asked } = yield* recording(json(201, {}), {}, () => record(moved))
    const [created] = asked
    assert.strictEqual(created?.method, "POST")
    assert.strictEqual(created?.path, "/api/v1/namespaces/default/events")
    assert.containSubset(created?.body, {
      metadata: { namespace: "default" },
      involvedObject: { apiVersion: "example.org/v1", kind: "Widget", name: "a", uid: "uid-a" },
      type: "Normal",
      reason: "Moved",
      message: "to n2",
      count: 1,
      source: { component: "tests" },
      reportingComponent: "tests",
      reportingInstance: "pod-1"
    })
  })
)

it.live("an event of a namespaced object lies beside it", () =>
  Effect.gen(function* () {
    const { asked } = yield* recording(json(201, {}), {}, () =>
      record({ ...moved, metadata: { ...moved.metadata, namespace: "ns" } })
    )
    assert.strictEqual(asked[0]?.path, "/api/v1/namespaces/ns/events")
    assert.containSubset(asked[0]?.body, { involvedObject: { namespace: "ns" } })
  })
)

it.live("what happens again raises the count; anything else is an event of its own", () =>
  Effect.gen(function* () {
    const { asked } = yield* recording(json(200, {}), {}, () =>
      Effect.gen(function* () {
        yield* record(moved)
        yield* record(moved)
        yield* record({ ...moved, message: "to n3" })
        yield* record({ ...moved, metadata: { ...moved.metadata, uid: "other" } })
        yield* record(moved)
      })
    )
    const name: unknown = Schema.decodeUnknownSync(Schema.Struct({ metadata: Schema.Struct({ name: Schema.String }) }))(
      asked[0]?.body
    ).metadata.name
    assert.deepStrictEqual(
      asked.map(({ method }) => method),
      ["POST", "PATCH", "POST", "POST", "PATCH"]
    )
    assert.strictEqual(asked[1]?.path, `/api/v1/namespaces/default/events/${name}`)
    assert.containSubset(asked[1]?.body, { count: 2 })
    assert.containSubset(asked[4]?.body, { count: 3 })
  })
)

it.live("after the window the same is a new event", () =>
  Effect.gen(function* () {
    const { asked } = yield* recording(json(200, {}), { window: "10 millis" }, (server) =>
      Effect.gen(function* () {
        yield* record(moved)
        yield* until(
          Effect.sync(() => server.asked.length),
          (n) => n === 1
        )
        yield* Effect.sleep("30 millis")
        yield* record(moved)
      })
    )
    assert.deepStrictEqual(
      asked.map(({ method }) => method),
      ["POST", "POST"]
    )
  })
)

it.live("an event that the server has forgotten is made anew", () =>
  Effect.gen(function* () {
    const { asked } = yield* recording(inTurn(json(201, {}), status(404, "NotFound", "gone"), json(201, {})), {}, () =>
      Effect.andThen(record(moved), record(moved))
    )
    assert.deepStrictEqual(
      asked.map(({ method }) => method),
      ["POST", "PATCH", "POST"]
    )
  })
)

it.live("a flood is cut off and counted, and the next write tells how often it was", () =>
  Effect.gen(function* () {
    const { asked, result } = yield* recording(json(200, {}), { burst: 3, interval: "500 millis" }, (server) =>
      Effect.gen(function* () {
        yield* Effect.repeat(record(moved), { times: 9 })
        const { dropped } = yield* Events
        yield* until(dropped, (n) => n === 7)
        assert.strictEqual(server.asked.length, 3)
        yield* Effect.sleep("600 millis")
        yield* record(moved)
        return yield* dropped
      })
    )
    assert.strictEqual(result, 7)
    assert.strictEqual(asked.length, 4)
    assert.containSubset(asked[3]?.body, { count: 11 })
  })
)

for (const [how, answer] of [
  ["refuses", status(403, "Forbidden", "no")],
  ["does not answer", silence]
] as const) {
  it.live(`nobody waits or fails when the server ${how}`, () =>
    Effect.gen(function* () {
      const { result } = yield* recording(answer, {}, () =>
        Effect.gen(function* () {
          const exit = yield* Effect.exit(record(moved))
          const { dropped } = yield* Events
          yield* until(dropped, (n) => n === 1)
          return exit
        })
      )
      assert.isTrue(Exit.isSuccess(result))
    })
  )
}

it.live("more than can wait is dropped, not kept", () =>
  Effect.gen(function* () {
    const { result } = yield* recording(silence, {}, () =>
      Effect.gen(function* () {
        yield* Effect.repeat(record(moved), { times: 999 })
        return yield* Effect.flatMap(Events, ({ dropped }) => dropped)
      })
    )
    assert.isAtLeast(result, 1000 - 257)
  })
)

it("a long message is shortened without breaking a character", () => {
  const body = EventObject.create({ ...moved, message: "🙂".repeat(900) }, { component: "c", instance: "i" }, "n", 0)
  const { message } = Schema.decodeUnknownSync(Schema.Struct({ message: Schema.String }))(body)
  assert.isAtMost(message.length, 1024)
  assert.isTrue(message.isWellFormed())
  assert.isTrue(message.endsWith("…"))
})

it("the name of an event of an object with a long name is still a name", () => {
  const name = EventObject.nameOf(
    { ...moved.metadata, name: `${"a".repeat(235)}.${"b".repeat(17)}` },
    "0123456789abcdef"
  )
  assert.isAtMost(name.length, 253)
  assert.match(name, /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)
})

it.prop(
  "a bucket never gives more than its burst and what has dripped since",
  [Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3000 })))],
  ([waits]) => {
    let bucket = TokenBucket.make(5, 1000, 0)
    let now = 0
    let given = 0
    for (const wait of waits) {
      now += wait
      const next = TokenBucket.take(bucket, now)
      if (next !== undefined) {
        given += 1
        bucket = next
      }
      assert.isAtMost(given, 5 + now / 1000 + 1e-6)
    }
  }
)

it("a bucket that was emptied gives one again after its interval, and no more than its burst after a long time", () => {
  const drained = TokenBucket.take(TokenBucket.make(1, 1000, 0), 0)
  assert.isDefined(drained)
  if (drained === undefined) return
  assert.isUndefined(TokenBucket.take(drained, 999))
  const later = TokenBucket.take(drained, 1_000_000)
  assert.isDefined(later)
  assert.isUndefined(later && TokenBucket.take(later, 1_000_000))
})
