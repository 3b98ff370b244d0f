import { assert, describe, it } from "@effect/vitest"
import * as Restarting from "@netcup-failover/kubernetes/Restarting"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"

/** Counts its runs, of which so many end with a bug. */
const work = (bugs: number) => {
  let runs = 0
  const run = Effect.suspend(() => {
    runs += 1
    return runs <= bugs ? Effect.die(new Error("a bug")) : Effect.void
  })
  return { run: Restarting.afterDefects("the work")(run), runs: () => runs }
}

describe("what is to run on", () => {
  it.effect("starts again a second after each defect, until it ends well", () =>
    Effect.gen(function* () {
      const { run, runs } = work(2)
      const fiber = yield* Effect.forkChild(run, { startImmediately: true })
      assert.strictEqual(runs(), 1)
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(runs(), 1)
      yield* TestClock.adjust("1 milli")
      assert.strictEqual(runs(), 2)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.strictEqual(runs(), 3)
    })
  )

  it.effect("ends when it is interrupted, also while it waits to start again", () =>
    Effect.gen(function* () {
      const { run, runs } = work(Number.POSITIVE_INFINITY)
      const fiber = yield* Effect.forkChild(run, { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(runs(), 1)
    })
  )

  it.effect("ends when it is interrupted in the middle of its work", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Restarting.afterDefects("the work")(Effect.never), {
        startImmediately: true
      })
      yield* Fiber.interrupt(fiber)
      assert.isDefined(fiber.pollUnsafe())
    })
  )
})
