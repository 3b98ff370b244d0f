import { assert, it } from "@effect/vitest"
import * as Screen from "@netcup-failover/cli/Screen"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Sink from "effect/Sink"
import * as Stdio from "effect/Stdio"
import * as TestClock from "effect/testing/TestClock"

/** Two and a half seconds of work; what is written to stderr meanwhile, and what was left on the last line. */
const watched = (stderrIsTerminal: boolean) =>
  Effect.gen(function* () {
    const written = yield* Ref.make("")
    const write = (text: string | Uint8Array) => Ref.update(written, (before) => before + String(text))
    const screen = Stdio.layerTest({
      stderrIsTerminal: Effect.succeed(stderrIsTerminal),
      stderr: () => Sink.forEach(write)
    })
    const work = yield* Effect.sleep("2500 millis").pipe(
      Effect.as("done"),
      Screen.during("routing\u001b[2J 198.51.100.4/32"),
      Effect.provide(screen),
      Effect.forkChild
    )
    yield* Effect.repeat(TestClock.adjust("100 millis"), { times: 25 })
    assert.strictEqual(yield* Fiber.join(work), "done")
    return yield* Ref.get(written)
  })

it.effect("who watches is shown how long a task has been running, and nothing of it stays", () =>
  Effect.gen(function* () {
    const written = yield* watched(true)
    assert.include(written, "routing [2J 198.51.100.4/32 (0 s)")
    assert.include(written, "routing [2J 198.51.100.4/32 (2 s)")
    assert.isTrue(written.endsWith("\r\u001b[2K"))
    assert.notInclude(written, "\n")
  })
)

it.effect("nothing is shown to a file", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* watched(false), "")
  })
)
