import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { stories, wait } from "./Story.ts"

stories("in peace", (story) => {
  story(
    "detection asks netcup nothing, and Kubernetes nothing but watches and the Lease of the controllers",
    { nodes: 5, groups: 3 },
    Effect.fnUntraced(function* (told) {
      // So long that its looks at netcup, which are not detection's, are not in between.
      const quiet = { NETCUP_REFRESH_INTERVAL: "1h" }
      yield* told.controller("first", 1, quiet)
      yield* told.controller("second", undefined, quiet)
      yield* told.settled
      const [calls, requests] = [(yield* told.simulator.journal.calls).length, (yield* told.cluster.audit).length]
      yield* Effect.forEach(told.nodes, ({ port }) => Effect.map(port.taken, (taken) => assert.isAbove(taken, 0)))
      yield* wait(120)
      assert.lengthOf(yield* told.simulator.journal.calls, calls)
      const asked = (yield* told.cluster.audit).slice(requests)
      const beyond = asked.filter(({ verb, objectRef }) => verb !== "watch" && objectRef?.resource !== "leases")
      assert.deepStrictEqual(
        beyond.map(({ verb, requestURI }) => `${verb} ${requestURI}`),
        []
      )
      const leases = asked.filter(
        ({ verb, objectRef }) => verb !== "watch" && objectRef?.namespace === "kube-node-lease"
      )
      assert.deepStrictEqual(leases, [])
      const watches = asked.filter(({ verb }) => verb === "watch").length
      yield* Effect.logInfo(
        `in 120 s of life: ${watches} watches made, ${asked.length - watches} requests for the Lease`
      )
      for (const { port } of told.nodes) assert.isAtMost(yield* port.open, 4, "sockets are left open")
    }),
    ["soap", "rest"]
  )
})
