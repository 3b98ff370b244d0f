/**
 * The built tool as a process of its own, with an environment of its own.
 */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const bundle = fileURLToPath(new URL("../dist/main.mjs", import.meta.url))

class NotBuilt extends Schema.TaggedError<NotBuilt>()("NotBuilt", { message: Schema.String }) {}

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Tool {
  readonly end: Effect.Effect<Ended>
  /** Waits until stderr matches, and gives the match. */
  readonly said: (pattern: RegExp) => Effect.Effect<RegExpExecArray>
  readonly interrupt: Effect.Effect<void>
}

export type Environment = Readonly<Record<string, string>>

/** Starts it; kills it when the scope ends. */
export const start = Effect.fn("Tool.start")(
  function* (args: ReadonlyArray<string>, env: Environment) {
    if (!existsSync(bundle)) {
      const message = `${bundle} is missing: build it by \`npm run build\` (rolldown -c apps/cli/rolldown.config.mjs)`
      return yield* Effect.die(new NotBuilt({ message }))
    }
    const child = yield* ChildProcess.make(process.execPath, [bundle, ...args], {
      env,
      extendEnv: false,
      stdin: "ignore",
      killSignal: "SIGKILL"
    })
    const heard = yield* Ref.make("")
    const stderr = Stream.decodeText(child.stderr).pipe(
      Stream.tap((text) => Ref.update(heard, (before) => before + text)),
      Stream.mkString
    )
    const all = yield* Effect.all([child.exitCode, Stream.mkString(Stream.decodeText(child.stdout)), stderr], {
      concurrency: "unbounded"
    }).pipe(Effect.orDie, Effect.cached)
    yield* Effect.forkScoped(all)
    const tool: Tool = {
      end: Effect.map(all, ([code, stdout, stderr]) => ({ code, stdout, stderr })),
      said: (pattern) =>
        Ref.get(heard).pipe(
          Effect.flatMap((text) => Effect.fromNullishOr(pattern.exec(text))),
          Effect.retry(Schedule.spaced("20 millis")),
          Effect.orDie
        ),
      interrupt: Effect.orDie(child.kill({ killSignal: "SIGINT" }))
    }
    return tool
  },
  Effect.provide(NodeServices.layer),
  Effect.orDie
)
