import { assert, describe, it } from "@effect/vitest"
import { Detector } from "@netcup-failover/controller/observe/Detector"
import * as NodeDeclarations from "@netcup-failover/controller/observe/NodeDeclarations"
import { nodes as kind, toCandidate } from "@netcup-failover/controller/observe/NodeResource"
import { Wake } from "@netcup-failover/controller/Wake"
import { Signal } from "@netcup-failover/core/detect/Signal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { settingsOf } from "../TestSettings.ts"
import { type NodeParts, nodeJson } from "./NodeJson.ts"

const decode = Schema.decodeUnknownSync(kind.schema)

type Ready = NonNullable<NodeParts["ready"]>

/** A replica on node-5, of a cluster of five. */
const start = Effect.gen(function* () {
  const wake = Layer.succeed(Wake, { now: Effect.void, next: Effect.never })
  const context = yield* Layer.build(Detector.layer.pipe(Layer.provide([wake, settingsOf({ NODE_NAME: "node-5" })])))
  const detector = yield* Effect.provide(Detector, context)
  const declare = NodeDeclarations.make(detector.hear)
  const list = (...ready: ReadonlyArray<Ready>) =>
    ready.map((one, n) => decode(nodeJson({ name: `node-${n + 1}`, ready: one })))
  return {
    detector,
    declare: (...ready: ReadonlyArray<Ready>) => declare(list(...ready)),
    states: Effect.map(detector.judge, (judge) =>
      list("True", "True", "True", "True", "True").map((one) => {
        const { state, guarded } = judge(toCandidate(one, 0)).verdict
        return guarded === true ? `${state}, guarded` : state
      })
    )
  }
})

const held = "Suspect, guarded"

describe("what Nodes declare", () => {
  it.effect("of nodes that are all unknown in the first list none is judged before the others are heard", () =>
    Effect.gen(function* () {
      const { declare, states } = yield* start
      yield* declare("Unknown", "Unknown", "Unknown", "True", "True")
      assert.deepStrictEqual(yield* states, [held, held, held, "Healthy", "Healthy"])
    })
  )

  it.effect("of nodes that are unknown in one later look neither, as after a list that was made anew", () =>
    Effect.gen(function* () {
      const { declare, detector, states } = yield* start
      yield* declare("True", "True", "True", "True", "True")
      yield* detector.hear(Signal.LeasesHeard())
      yield* TestClock.adjust("1 minute")
      yield* detector.hear(Signal.LeasesHeard())
      yield* declare("Unknown", "Unknown", "Unknown", "True", "True")
      assert.deepStrictEqual(yield* states, [held, held, held, "Healthy", "Healthy"])
    })
  )

  it.effect("a single one that is unknown has failed at once", () =>
    Effect.gen(function* () {
      const { declare, states } = yield* start
      yield* declare("Unknown", "True", "True", "True", "True")
      assert.deepStrictEqual(yield* states, ["Failed", "Healthy", "Healthy", "Healthy", "Healthy"])
    })
  )
})
