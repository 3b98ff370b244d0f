import * as Effect from "effect/Effect"
import { now, stories } from "./Story.ts"

stories("of two nodes", (story) => {
  story(
    "one that loses power is left when the cluster says NotReady, and not before: which of the two is cut off, nobody could say",
    { nodes: 2 },
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 2)
      yield* told.settled
      const { heartbeatAt } = yield* told.node(1).powerOff()
      const { callAt, unknownAt } = yield* told.routedByReadiness(told.node(1))
      yield* told.tell("from the last heartbeat to NotReady", unknownAt - heartbeatAt)
      yield* told.tell("from the last heartbeat to the routing call", callAt - heartbeatAt)
      yield* told.quietFor(30)
    })
  )

  story(
    "one whose server is off as netcup says is left within 6 s",
    { nodes: 2 },
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first")
      yield* told.settled
      const { at } = yield* told.node(1).powerOff("SHUTOFF")
      yield* told.routedWithin("from the power failure to the routing call", 6, at)
    }),
    ["soap", "rest"]
  )

  story(
    "one whose kubelet says NotReady is left at once",
    { nodes: 2 },
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 1)
      yield* told.settled
      const since = yield* now
      yield* told.node(1).setReady("False", "KubeletNotReady")
      yield* told.routedWithin("from NotReady to the routing call", 1, since)
    })
  )
})

stories("of three nodes", (story) => {
  story(
    "two that die together are held to be our own trouble, NotReady or not",
    { groups: 2 },
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 3)
      yield* told.settled
      yield* Effect.forEach([1, 2], (n) => told.node(n).powerOff(), { concurrency: 2 })
      yield* Effect.all([told.quietFor(120), told.unknown(told.node(1)), told.unknown(told.node(2))], {
        concurrency: 3
      })
    })
  )

  story(
    "two that die together are held where the controller does not know its own node, too",
    { groups: 2 },
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first")
      yield* told.settled
      yield* Effect.forEach([1, 2], (n) => told.node(n).powerOff(), { concurrency: 2 })
      yield* Effect.all([told.quietFor(120), told.unknown(told.node(1)), told.unknown(told.node(2))], {
        concurrency: 3
      })
    })
  )

  story(
    "two that die together are left within 6 s when netcup says so of their servers",
    { groups: 2 },
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 3)
      yield* told.settled
      const [{ at }] = yield* Effect.all([told.node(1).powerOff("SHUTOFF"), told.node(2).powerOff("SHUTOFF")], {
        concurrency: 2
      })
      yield* told.routedWithin("from the power failure to the first routing call", 6, at)
      yield* told.routedWithin("from the power failure to the second routing call", 6, at, { count: 2 })
      yield* Effect.forEach(["group-1", "group-2"], (name) =>
        told.groupUntil(name, ({ status }) => status?.currentNode === "node-3")
      )
    }),
    ["soap", "rest"]
  )

  story(
    "one behind a firewall that always swallowed connects is left when it is NotReady, and not before",
    {},
    Effect.fnUntraced(function* (told) {
      yield* Effect.forEach(told.nodes, ({ port }) => port.set("swallows"), { concurrency: "unbounded" })
      yield* told.controller("first", 2)
      yield* told.settled
      yield* told.node(1).pause
      const { unknownAt, callAt } = yield* told.routedByReadiness(told.node(1))
      yield* told.tell("from NotReady to the routing call", callAt - unknownAt)
      yield* told.quietFor(60)
    })
  )
})
