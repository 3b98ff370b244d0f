import { assert, describe, it } from "@effect/vitest"
import * as MachineDoubts from "@netcup-failover/controller/observe/MachineDoubts"
import { NodeName } from "@netcup-failover/core/Candidate"
import * as Effect from "effect/Effect"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as TestClock from "effect/testing/TestClock"
import * as FakeKube from "../FakeKube.ts"

const start = Effect.gen(function* () {
  const suspects = yield* SubscriptionRef.make<ReadonlySet<NodeName>>(new Set())
  let doubts = 0
  const doubt = Effect.sync(() => {
    doubts += 1
  })
  const kube = FakeKube.layer(() => Effect.die("nothing is asked"), undefined, { doubt })
  yield* Effect.provide(MachineDoubts.follow(SubscriptionRef.changes(suspects)), kube)
  yield* TestClock.adjust("1 millis")
  return {
    suspect: (...nodes: ReadonlyArray<number>) =>
      Effect.andThen(
        SubscriptionRef.set(suspects, new Set(nodes.map((n) => NodeName.make(`node-${n}`)))),
        TestClock.adjust("1 millis")
      ),
    doubts: () => doubts
  }
})

describe("the way to the API server", () => {
  it.effect("is doubted at once when a node becomes suspect, and not for one that is no longer", () =>
    Effect.gen(function* () {
      const { doubts, suspect } = yield* start
      assert.strictEqual(doubts(), 0)
      yield* suspect(1)
      assert.strictEqual(doubts(), 1)
      yield* TestClock.adjust("1 minute")
      yield* suspect()
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(doubts(), 1)
      yield* suspect(1)
      assert.strictEqual(doubts(), 2)
    })
  )

  it.effect("is doubted not more than once in ten seconds, and then once for all", () =>
    Effect.gen(function* () {
      const { doubts, suspect } = yield* start
      yield* suspect(1)
      for (let second = 1; second < 10; second++) {
        yield* suspect(...Array.from({ length: second + 1 }, (_, n) => n + 1))
        yield* TestClock.adjust("999 millis")
      }
      assert.strictEqual(doubts(), 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(doubts(), 2)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(doubts(), 2)
    })
  )
})
