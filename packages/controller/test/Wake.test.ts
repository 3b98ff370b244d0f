import { assert, it } from "@effect/vitest"
import { Wake } from "@netcup-failover/controller/Wake"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

it.effect("many calls before the next look fold into one", () =>
  Effect.gen(function* () {
    const wake = yield* Wake
    yield* Effect.repeat(wake.now, { times: 4 })
    yield* wake.next
    const again = yield* Effect.forkChild(wake.next, { startImmediately: true })
    yield* Effect.yieldNow
    assert.isUndefined(again.pollUnsafe())
    yield* wake.now
    yield* Fiber.join(again)
  }).pipe(Effect.provide(Wake.layer))
)
