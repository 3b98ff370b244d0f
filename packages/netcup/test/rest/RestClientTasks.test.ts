import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { always, client, routes, send, world } from "./Endpoint.ts"
import { failover, task, taskId } from "./Samples.ts"

const path = `/v1/tasks/${taskId}`

describe("RestClient: awaiting a task", () => {
  it.live("looks again until it has FINISHED, through states that are not known yet", () =>
    Effect.gen(function* () {
      const states = ["PENDING", "RUNNING", "MEDITATING", "WAITING_FOR_CANCEL", "RUNNING", "FINISHED"]
      const { client: rest, received } = yield* client(
        routes({ [`GET ${path}`]: (nth) => [200, task(states[nth] ?? "FINISHED")] })
      )
      assert.strictEqual((yield* rest.awaitTask(taskId)).state, "FINISHED")
      assert.strictEqual(received.length, states.length)
    }).pipe(Effect.provide(world))
  )

  it.live("does not look at one that came finished", () =>
    Effect.gen(function* () {
      const { client: rest, received } = yield* client((response, { method }) =>
        method === "PATCH" ? send(response, 202, task("FINISHED")) : send(response, 500, "")
      )
      const finished = yield* rest.route(failover, 111003)
      assert.strictEqual((yield* rest.awaitTask(finished)).uuid, taskId)
      assert.strictEqual(received.length, 1)
    }).pipe(Effect.provide(world))
  )

  for (const state of ["ERROR", "CANCELED", "ROLLBACK"] as const) {
    for (const [what, more, message] of [
      [
        "netcup's error",
        { responseError: { code: "X1", message: "The target is locked." }, message: "running" },
        "The target is locked."
      ],
      ["its error's code", { responseError: { code: "X1", message: null } }, "X1"],
      ["what it says of the task", { message: "Routing failed." }, "Routing failed."],
      ["its state, where it says nothing", {}, `the task ended as ${state}`]
    ] as const) {
      it.live(`fails with ${what} when it ended as ${state}`, () =>
        Effect.gen(function* () {
          const { client: rest, received } = yield* client(
            routes({ [`GET ${path}`]: (nth) => [200, nth === 0 ? task("RUNNING") : task(state, more)] })
          )
          const { reason } = yield* Effect.flip(rest.awaitTask(taskId))
          assert.deepInclude({ ...reason }, { _tag: "TaskFailed", taskId, state })
          assert.strictEqual(reason.message, message)
          assert.strictEqual(received.length, 2)
        }).pipe(Effect.provide(world))
      )
    }
  }

  it.live("is an UnknownOutcome with the task's id when it is not over in time", () =>
    Effect.gen(function* () {
      const { client: rest, received } = yield* client(always(200, task("RUNNING")), { taskTimeout: "200 millis" })
      const { message, reason } = yield* Effect.flip(rest.awaitTask(taskId))
      assert.deepInclude({ ...reason }, { _tag: "UnknownOutcome", taskId })
      assert.match(message, /was not over after 200ms: it was RUNNING$/)
      assert.isAbove(received.length, 3)
    }).pipe(Effect.provide(world))
  )

  it.live("rides out looks that fail", () =>
    Effect.gen(function* () {
      const failures = [
        [500, ""],
        [200, "rubbish"],
        [404, { message: "Entity Task not found." }],
        [429, { message: "slow down" }],
        [403, ""]
      ] as const
      const { client: rest } = yield* client(
        routes({ [`GET ${path}`]: (nth) => failures[nth] ?? [200, task("FINISHED")] }),
        { tries: 1 }
      )
      assert.strictEqual((yield* rest.awaitTask(taskId)).state, "FINISHED")
    }).pipe(Effect.provide(world))
  )

  it.live("is an UnknownOutcome when nothing but failures come, and says which", () =>
    Effect.gen(function* () {
      const { client: rest } = yield* client(always(404, { message: "Entity Task not found." }), {
        taskTimeout: "100 millis"
      })
      const { message, reason } = yield* Effect.flip(rest.awaitTask(taskId))
      assert.deepInclude({ ...reason }, { _tag: "UnknownOutcome", taskId })
      assert.include(message, "Entity Task not found.")
    }).pipe(Effect.provide(world))
  )

  it.live("is an UnknownOutcome at once when the login is no longer good: of what was begun it says nothing", () =>
    Effect.gen(function* () {
      const { client: rest, received } = yield* client(always(401, ""))
      const { reason } = yield* Effect.flip(rest.awaitTask(taskId))
      assert.deepInclude({ ...reason }, { _tag: "UnknownOutcome", taskId })
      assert.strictEqual(received.length, 2)
    }).pipe(Effect.provide(world))
  )

  it.live("waits as long as a limit lasts, within its own time", () =>
    Effect.gen(function* () {
      const { client: rest, received } = yield* client(always(429, { message: "slow down" }, { "retry-after": "60" }), {
        taskTimeout: "200 millis"
      })
      assert.strictEqual((yield* Effect.flip(rest.awaitTask(taskId))).reason._tag, "UnknownOutcome")
      assert.strictEqual(received.length, 1)
    }).pipe(Effect.provide(world))
  )
})

describe("RestClient: tasks", () => {
  it.live("are asked for by their id, and given up", () =>
    Effect.gen(function* () {
      const { client: rest, received } = yield* client((response, { method }) =>
        method === "PUT" ? send(response, 202, task("WAITING_FOR_CANCEL")) : send(response, 200, task("RUNNING"))
      )
      const seen = yield* rest.task(taskId)
      assert.strictEqual(seen.startedAt, Date.parse("2026-08-27T11:03:33.793Z"))
      assert.notProperty(seen, "finishedAt")
      assert.strictEqual((yield* rest.cancelTask(taskId))?.state, "WAITING_FOR_CANCEL")
      assert.deepStrictEqual(
        received.map(({ body, method, path }) => [method, path, body]),
        [
          ["GET", `/scp-core/api/v1/tasks/${taskId}`, ""],
          ["PUT", `/scp-core/api/v1/tasks/${taskId}:cancel`, ""]
        ]
      )
    }).pipe(Effect.provide(world))
  )

  it.live("that are over can't be given up, which is no error", () =>
    Effect.gen(function* () {
      const { client: rest } = yield* client((response) => {
        response.writeHead(204)
        response.end()
      })
      assert.isUndefined(yield* rest.cancelTask(taskId))
    }).pipe(Effect.provide(world))
  )

  it.live("come a page at a time, each once, and only as many pages as are read", () =>
    Effect.gen(function* () {
      let all = Array.from({ length: 7 }, (_, nth) => task("FINISHED", {}, nth))
      const { client: rest, received } = yield* client(
        (response, { path }) => {
          const query = new URL(path, "http://x").searchParams
          const [limit, offset] = [Number(query.get("limit")), Number(query.get("offset"))]
          send(response, 200, all.slice(offset, offset + limit))
          // Another one begins while we read: all move on by one.
          all = [task("PENDING", {}, 100 + received.length), ...all]
        },
        { pageSize: 3 }
      )
      const uuids = yield* rest.tasks({ state: "FINISHED", q: "Failover Ip", serverId: 7 }).pipe(
        Stream.map(({ uuid }) => Number(uuid.slice(-3))),
        Stream.runCollect
      )
      assert.deepStrictEqual(uuids, [0, 1, 2, 3, 4, 5, 6])
      assert.strictEqual(
        received[0]?.path,
        "/scp-core/api/v1/tasks?limit=3&offset=0&q=Failover+Ip&serverId=7&state=FINISHED"
      )
      const before = received.length
      yield* rest.tasks().pipe(Stream.take(2), Stream.runDrain)
      assert.strictEqual(received.length, before + 1)
    }).pipe(Effect.provide(world))
  )
})
