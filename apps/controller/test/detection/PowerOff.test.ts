import * as Effect from "effect/Effect"
import { stories } from "./Story.ts"

const both = ["soap", "rest"] as const

stories("a power failure", (story) => {
  story(
    "is noticed by the Lease and the silence: the address is routed within 20 s of the last heartbeat",
    {},
    Effect.fnUntraced(function* (told) {
      yield* told.controller("first", 2)
      yield* told.settled
      const { heartbeatAt } = yield* told.node(1).powerOff()
      const call = yield* told.routedWithin("from the last heartbeat to the routing call", 20, heartbeatAt)
      yield* told.groupUntil("group-1", ({ status }) => status?.currentNode !== "node-1")
      yield* Effect.logInfo(`routed to ${call.routing?.server}`)
      yield* told.quietFor(60)
    }),
    both
  )
})
