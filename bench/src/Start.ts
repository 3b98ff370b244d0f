/**
 * A controller that starts while an address waits for it, and one that sees a node die.
 */
import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Program from "./Program.ts"
import * as Usage from "./Usage.ts"
import * as World from "./World.ts"

const seconds = (from: bigint, to: bigint) => Number(to - from) / 1e9

export const measure = Effect.fn("Start.measure")(
  function* (program: Program.Program, size: World.Size) {
    yield* Stage.install()
    const world = yield* World.make(size)
    const { stage } = world
    yield* world.addUnrouted
    const route = (count: number) => stage.simulator.awaitCall({ operation: stage.operations.route, count })

    const began = yield* Clock.monotonicTimeNanos
    const controller = yield* Program.controller(program, world.environment)
    yield* route(1)
    const called = yield* Clock.monotonicTimeNanos
    const started = yield* Usage.of(controller.pid)

    const node = yield* stage.routedNode("unrouted")
    yield* world.settled
    yield* Effect.sleep("5 seconds")
    const before = yield* Usage.of(controller.pid)
    const died = yield* Clock.monotonicTimeNanos
    yield* world.fail(node)
    yield* route(2)
    const moved = yield* Clock.monotonicTimeNanos
    const after = yield* Usage.of(controller.pid)
    return {
      toFirstCall: seconds(began, called),
      startCpu: started.cpu,
      toFailoverCall: seconds(died, moved),
      failoverCpu: after.cpu - before.cpu
    }
  },
  (effect) => Effect.scoped(Effect.provide(effect, EmbeddedKube.layer()))
)

/** A Node that does nothing, from its start to its end. */
export const bare = Effect.gen(function* () {
  const began = yield* Clock.monotonicTimeNanos
  const node = yield* Program.bare("0")
  yield* node.exitCode
  return seconds(began, yield* Clock.monotonicTimeNanos)
}).pipe(Effect.scoped)

/** What a Node takes that waits for nothing. */
export const idleBare = Effect.gen(function* () {
  const node = yield* Program.bare("setInterval(() => {}, 1 << 30)")
  yield* Effect.sleep("2 seconds")
  return yield* Usage.of(node.pid)
}).pipe(Effect.scoped)
