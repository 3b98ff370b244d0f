/**
 * The controller in peace: what it takes while nothing happens, and while nodes do nothing but beat.
 */
import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Program from "./Program.ts"
import * as Usage from "./Usage.ts"
import * as World from "./World.ts"

export interface Options {
  readonly size: World.Size
  readonly heartbeats: number
  /** How long nothing happens before memory is read. */
  readonly rest: Duration.Input
}

/** A world of its own for each run. */
export const measure = Effect.fn("Peace.measure")(
  function* (program: Program.Program, { heartbeats, rest, size }: Options) {
    yield* Stage.install()
    const world = yield* World.make(size)
    const { stage } = world
    const controller = yield* Program.controller(program, {
      ...world.environment,
      // A question about netcup's state would be counted among those that heartbeats cause.
      NETCUP_REFRESH_INTERVAL: "10m"
    })
    yield* world.settled
    const busy = yield* Usage.of(controller.pid)
    yield* Effect.sleep(rest)
    const idle = yield* Usage.of(controller.pid)

    const requests = yield* world.requests
    const calls = (yield* stage.simulator.journal.calls).length
    yield* world.heartbeats(heartbeats)
    // What was told last is on its way to the controller, and so is what it may ask for.
    yield* Effect.sleep("2 seconds")
    const after = yield* Usage.of(controller.pid)
    return {
      anonymous: idle.anonymous,
      resident: idle.resident,
      busyAnonymous: busy.anonymous,
      laterAnonymous: after.anonymous,
      laterResident: after.resident,
      startCpu: busy.cpu,
      heartbeatCpu: after.cpu - idle.cpu,
      heartbeatRequests: (yield* world.requests) - requests + (yield* stage.simulator.journal.calls).length - calls
    }
  },
  (effect) => Effect.scoped(Effect.provide(effect, EmbeddedKube.layer()))
)
