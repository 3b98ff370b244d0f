/**
 * Where words go: results to stdout, all else to stderr.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Shown from "./Shown.ts"

/** What was to read it may be gone, as `head` goes: that is no failure of ours. */
const write = (to: "stdout" | "stderr", text: string) =>
  Stdio.Stdio.use((stdio) => Effect.ignore(Stream.run(Stream.succeed(text), stdio[to]())))

/** A result. It must be safe to show: made by `Table`, `Shown` or ourselves. */
export const print = (text: string) => write("stdout", `${text}\n`)

/** One line that is no result. */
export const say = (text: string) => write("stderr", `${Shown.line(text)}\n`)

const frames = ["|", "/", "-", "\\"]

/** Shows that something is going on, and for how long, while it is; only to somebody who watches. */
export const during =
  (label: string) =>
  <A, E, R>(work: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const stdio = yield* Stdio.Stdio
      if (!(yield* stdio.stderrIsTerminal)) return yield* work
      const startedAt = yield* Clock.currentTimeMillis
      const ticks = Effect.gen(function* () {
        for (let tick = 0; ; tick++) {
          const seconds = Math.floor(((yield* Clock.currentTimeMillis) - startedAt) / 1000)
          yield* write("stderr", `\r\u001b[2K${frames[tick % frames.length]} ${Shown.line(label)} (${seconds} s)`)
          yield* Effect.sleep("200 millis")
        }
      })
      yield* Effect.addFinalizer(() => write("stderr", "\r\u001b[2K"))
      yield* Effect.forkScoped(ticks)
      return yield* work
    }).pipe(Effect.scoped)
