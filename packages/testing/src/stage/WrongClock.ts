/**
 * A process whose wall clock is wrong: what the environment of one has to hold.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"

/** Run by the process before all else. Its monotonic clock is right. */
const shifted = (millis: number) => `
const Right = Date
globalThis.Date = class Date extends Right {
  constructor(...args) {
    if (args.length === 0) super(Right.now() + ${millis})
    else super(...args)
  }
  static now() {
    return Right.now() + ${millis}
  }
}
`

/** So far ahead; negative: behind. The file goes with the scope. */
export const environment = Effect.fn("WrongClock.environment")(function* (by: Duration.Input) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(yield* fs.makeTempDirectoryScoped({ prefix: "clock-" }), "clock.cjs")
  yield* fs.writeFileString(file, shifted(Duration.toMillis(Duration.fromInputUnsafe(by))))
  return { NODE_OPTIONS: `--require=${file}` }
}, Effect.provide(NodeServices.layer))
