import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { now, stories, wait } from "./Story.ts"

stories("no routing call is made", (story) => {
  story(
    "when a kubelet is stopped for 40 s and its host refuses connects",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 2)
      yield* told.settled
      // Just after a heartbeat: else the Lease would be 50 s old in the end, and the cluster right to say NotReady.
      yield* told.afterHeartbeat(told.node(1))
      yield* told.node(1).stopKubelet
      yield* told.quietFor(40)
      yield* told.node(1).startKubelet
      yield* told.quietFor(40)
    })
  )

  story(
    "while a Lease is stale and the port answers, until the node is NotReady; then exactly one move",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first")
      yield* told.settled
      yield* told.node(1).pause
      const lastHeartbeat = yield* told.node(1).renewedAt
      const { callAt, unknownAt } = yield* told.routedByReadiness(told.node(1))
      yield* told.tell("from the last heartbeat to NotReady", unknownAt - lastHeartbeat)
      yield* told.tell("from the last heartbeat to the routing call", callAt - lastHeartbeat)
      yield* told.quietFor(60)
    })
  )

  story(
    "when a port goes dead and the Lease is renewed",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 2)
      yield* told.settled
      yield* told.node(1).port.set("swallows")
      yield* told.quietFor(90)
    })
  )

  story(
    "when one connect is lost, and then ten, and the Lease is renewed",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first")
      yield* told.settled
      for (const seconds of [1, 10]) {
        yield* told.node(1).port.set("swallows")
        yield* wait(seconds)
        yield* told.node(1).port.set("accepts")
        yield* told.quietFor(15)
      }
    })
  )

  story(
    "when most connects are answered too late and the Lease is renewed",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 3)
      yield* told.settled
      yield* told.node(1).port.set("slow")
      yield* told.quietFor(90)
    })
  )

  story(
    "when all nodes fall silent at once, heartbeats and ports, be they NotReady in the end; nor when they come back",
    { groups: 2 },
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 2)
      yield* told.settled
      yield* Effect.forEach(told.nodes, (node) => node.powerOff(), { concurrency: "unbounded" })
      yield* Effect.all([told.quietFor(120), ...told.nodes.map((node) => told.unknown(node))], {
        concurrency: "unbounded"
      })
      yield* Effect.forEach(told.nodes, (node) => node.powerOn, { concurrency: "unbounded" })
      yield* told.quietFor(40)
    })
  )

  story(
    "when the API server is away for a minute and comes back with all Leases stale, and all nodes turn NotReady",
    { groups: 2 },
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first")
      yield* told.controller("second", 2)
      yield* told.settled
      yield* told.cluster.stopApiServer
      yield* Effect.forEach(told.nodes, (node) => node.pause, { concurrency: "unbounded" })
      yield* told.quietFor(60)
      yield* told.cluster.startApiServer
      yield* Effect.forEach(told.nodes, (node) => told.unknown(node), { concurrency: "unbounded" })
      yield* told.ledAgainSince(yield* now)
      // Kubelets find the way back one by one, within 30 s: now there is a healthy node to go to.
      yield* told.node(3).resume
      yield* told.quietFor(20)
      yield* Effect.forEach([1, 2], (n) => told.node(n).resume, { concurrency: 2 })
      yield* told.quietFor(40)
    })
  )

  story(
    "when the API server is away for a minute and comes back to kubelets that renew one after the other",
    { groups: 2 },
    Effect.fnUntraced(function* (told) {
      const only = yield* told.controller("first", 2)
      yield* told.settled
      yield* told.cluster.stopApiServer
      yield* Effect.forEach([1, 2], (n) => told.node(n).pause, { concurrency: 2 })
      yield* told.quietFor(60)
      yield* told.cluster.startApiServer
      yield* told.node(3).resume
      // One is well, and others are NotReady for no other reason than that their beat comes later.
      yield* Effect.all([told.unknown(told.node(1)), told.unknown(told.node(2)), told.hears(only, "leases")], {
        concurrency: 3
      })
      yield* told.quietFor(5)
      yield* Effect.forEach([1, 2], (n) => told.node(n).resume, { concurrency: 2 })
      yield* told.ledAgainSince(yield* now)
      yield* told.quietFor(60)
    })
  )

  story(
    "when the only controller stands still for a minute, and goes on, while a port is dead",
    { groups: 2 },
    Effect.fnUntraced(function* (told) {
      const only = yield* told.controller("first", 3)
      yield* told.settled
      // Silent before and after, so that nothing but its Lease speaks for it.
      yield* told.node(1).port.set("swallows")
      yield* told.quietFor(7)
      yield* only.freeze
      yield* told.quietFor(60)
      yield* only.thaw
      yield* told.quietFor(60)
    })
  )

  story(
    "when the leader stands still for a minute, the other takes over, and the first goes on, while a port is dead",
    { groups: 2 },
    Effect.fnUntraced(function* (told) {
      const first = yield* told.controller("first", 1)
      yield* told.leads("first")
      yield* told.controller("second", 2)
      yield* told.settled
      yield* told.node(1).port.set("swallows")
      yield* told.quietFor(7)
      yield* first.freeze
      yield* told.leads("second")
      yield* told.quietFor(60)
      yield* first.thaw
      yield* told.quietFor(60)
      assert.isUndefined(yield* Effect.raceFirst(first.exitCode, Effect.undefined))
    })
  )
})
