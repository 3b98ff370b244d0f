import { assert } from "@effect/vitest"
import { maintenanceAnnotation } from "@netcup-failover/core/Candidate"
import type { ServerState } from "@netcup-failover/testing/netcup/NetcupState"
import * as Effect from "effect/Effect"
import { now, stories, type Told, wait } from "./Story.ts"

/** So many seconds down, so many up, for two minutes; gives how many routing calls were made. */
const flap = Effect.fnUntraced(function* (told: Told, seconds: number, word?: ServerState) {
  for (let i = 0; i < 120; i += 2 * seconds) {
    yield* told.node(1).powerOff(word)
    yield* wait(seconds)
    yield* told.node(1).powerOn
    yield* wait(seconds)
  }
  const moves = (yield* told.routings).length
  yield* Effect.logInfo(`moves: ${moves}`)
  return moves
})

stories("a node that comes and goes", (story) => {
  story(
    "for two minutes, each ten seconds, as netcup says too, is left exactly once",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first")
      yield* told.settled
      assert.strictEqual(yield* flap(told, 10, "SHUTOFF"), 1)
      yield* told.quietFor(60)
    }),
    ["soap", "rest"]
  )
})

/** The node where the group is at first is the one that it prefers. */
const favourite = {
  failback: "WhenPreferred",
  preferences: [{ weight: 50, nodeSelector: { matchLabels: { "kubernetes.io/hostname": "node-1" } } }]
}

stories("a node that comes and goes, and is preferred", (story) => {
  story(
    "for two minutes, each ten seconds, is left once, and gone back to once it stays",
    { wishes: favourite },
    Effect.fnUntraced(function* (told) {
      // Whenever it was not away for long enough to be left: that does not settle it.
      const settle = 60
      yield* told.controller("first", 2, { NODE_SETTLE_PERIOD: `${settle * 1000 * told.pace.factor}ms` })
      yield* told.settled
      // When it goes its Lease is 7 s old, and 17 s when it comes; not for long, as each beat takes its time.
      yield* told.afterHeartbeat(told.node(1))
      yield* wait(7)
      assert.strictEqual(yield* flap(told, 10), 1)
      const since = yield* now
      yield* told.routedWithin("from ten seconds after its return to going back", settle + 5, since, { count: 2 })
      yield* told.groupUntil("group-1", ({ status }) => status?.currentNode === "node-1")
      yield* told.quietFor(30)
    })
  )

  story(
    "is not gone back to before it has been well for as long as a node has to be to be settled",
    { wishes: favourite },
    Effect.fnUntraced(function* (told) {
      const settle = 40
      yield* told.controller("first", 2, { NODE_SETTLE_PERIOD: `${settle * 1000 * told.pace.factor}ms` })
      yield* told.settled
      // Settled by its age, so that only what happens now speaks against it.
      yield* told.quietFor(settle)
      assert.strictEqual(yield* flap(told, 15, "SHUTOFF"), 1)
    })
  )
})

stories("what an operator says of a node", (story) => {
  story(
    "by a cordon moves nothing",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 2)
      yield* told.settled
      yield* told.cluster.http.patch(told.node(1).path, { spec: { unschedulable: true } })
      yield* told.quietFor(60)
    })
  )

  story(
    "by the taint out-of-service moves the group at once",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first")
      yield* told.settled
      const since = yield* now
      yield* told.cluster.http.patch(told.node(1).path, {
        spec: { taints: [{ key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" }] }
      })
      yield* told.routedWithin("from the taint to the routing call", 1, since)
      yield* told.quietFor(30)
    })
  )

  story(
    "by deleting it moves the group at once",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 2)
      yield* told.settled
      const since = yield* now
      yield* told.node(1).delete
      yield* told.routedWithin("from the deletion to the routing call", 1, since)
      yield* told.quietFor(30)
    })
  )

  story(
    "by our annotation for maintenance moves the group at once, and all nodes in maintenance are no riddle for the guard",
    { groups: 2 },
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first")
      yield* told.settled
      const since = yield* now
      yield* Effect.forEach([1, 2], (n) => told.node(n).annotate({ [maintenanceAnnotation]: "new kernel" }), {
        concurrency: 2
      })
      yield* told.routedWithin("from the annotation to the routing call", 1, since)
      yield* Effect.forEach(["group-1", "group-2"], (name) =>
        told.groupUntil(name, ({ status }) => status?.currentNode === "node-3")
      )
      yield* told.quietFor(30)
    })
  )
})
