import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { stories } from "./Story.ts"

/** So many seconds another way to the API server may take to be found, at any pace: how long a request may take is no setting. */
const anotherWay = 10

const both = ["soap", "rest"] as const

stories("a power failure", (story) => {
  story(
    "is noticed by a stale Lease and silence: the address is routed within 20 s of the last heartbeat, once",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 2)
      yield* told.settled
      const { heartbeatAt } = yield* told.node(1).powerOff()
      yield* told.routedWithin("from the last heartbeat to the routing call", 20, heartbeatAt)
      yield* told.groupUntil("group-1", ({ status }) => status?.currentNode !== "node-1")
      yield* told.quietFor(60)
    }),
    both
  )

  story(
    "that netcup knows of is noticed sooner: the address is routed within 6 s of it",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first")
      yield* told.settled
      const { at } = yield* told.node(1).powerOff("SHUTOFF")
      yield* told.routedWithin("from the power failure to the routing call", 6, at)
      yield* told.quietFor(60)
    }),
    both
  )

  story(
    "that takes the leader with it costs 15 s more: the other replica takes over, and routes",
    {},
    Effect.fnUntraced(function* (told) {
      const leader = yield* told.controller("first", 1)
      yield* told.leads("first")
      yield* told.controller("second", 2)
      yield* told.settled
      const [{ heartbeatAt }] = yield* Effect.all([told.node(1).powerOff(), leader.end("SIGKILL")], { concurrency: 2 })
      yield* told.routedWithin("from the last heartbeat to the routing call of the other replica", 35, heartbeatAt)
      yield* told.quietFor(60)
    }),
    both
  )

  story(
    "that takes the leader with it, and that netcup knows of: 15 s more than 6 s",
    {},
    Effect.fnUntraced(function* (told) {
      const leader = yield* told.controller("first")
      yield* told.leads("first")
      yield* told.controller("second")
      yield* told.settled
      const [{ at }] = yield* Effect.all([told.node(1).powerOff("CRASHED"), leader.end("SIGKILL")], { concurrency: 2 })
      yield* told.routedWithin("from the power failure to the routing call of the other replica", 21, at)
      yield* told.quietFor(60)
    }),
    ["rest"]
  )

  story(
    "that takes the way to the API server with it costs 10 s more: another way is found",
    {},
    Effect.fnUntraced(function* (told) {
      const { byName, paths } = yield* told.paths
      const [first, second] = paths
      if (first === undefined || second === undefined) return assert.fail("no paths")
      yield* told.controller("first", 2, yield* byName)
      yield* told.settled
      assert.strictEqual(yield* second.connections, 0, "the second way is gone before it has to be")
      assert.isAbove(yield* first.connections, 0)
      const [{ heartbeatAt }] = yield* Effect.all([told.node(1).powerOff(), first.blacken], { concurrency: 2 })
      yield* told.routedWithin("from the last heartbeat to the routing call", 20, heartbeatAt, { fixed: anotherWay })
      assert.isAbove(yield* second.connections, 0)
      yield* told.quietFor(60)
    })
  )

  story(
    "that takes the way to the API server with it, and that netcup knows of: 10 s more than 6 s",
    {},
    Effect.fnUntraced(function* (told) {
      const { byName, paths } = yield* told.paths
      yield* told.controller("first", undefined, yield* byName)
      yield* told.controller("second", 3)
      yield* told.settled
      const [{ at }] = yield* Effect.all(
        [told.node(1).powerOff("SHUTOFF"), paths[0]?.blacken ?? Effect.die("no path")],
        { concurrency: 2 }
      )
      yield* told.routedWithin("from the power failure to the routing call", 6, at, { fixed: anotherWay })
      yield* told.quietFor(60)
    })
  )

  story(
    "of a node without an address moves nothing",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 2)
      yield* told.settled
      yield* told.node(3).powerOff("SHUTOFF")
      yield* told.quietFor(80)
    })
  )
})
