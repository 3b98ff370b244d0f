/**
 * The built controller as a process of its own, as it runs in a Pod: settings by environment, signals, an exit code, logs.
 */
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { freePort } from "../kubernetes/FreePort.ts"
import * as ImageEntry from "./ImageEntry.ts"

/** The bundle that `npm run build` makes. */
const bundle = fileURLToPath(new URL("../../../../apps/controller/dist/main.cjs", import.meta.url))

/** The controller did not become ready; the message has its log. */
export class NotReady extends Schema.TaggedError<NotReady>()("NotReady", { message: Schema.String }) {}

export interface ControllerProcess {
  readonly pid: number
  /** Where `/healthz` and `/readyz` are, as `http://127.0.0.1:PORT`. */
  readonly healthUrl: string
  readonly metricsUrl: string
  /** Stands still (SIGSTOP): its clock goes on, its connections stay open. */
  readonly freeze: Effect.Effect<void>
  /** Ends {@link freeze} (SIGCONT). */
  readonly thaw: Effect.Effect<void>
  /** Sends a signal and waits for the end. */
  readonly end: (signal: "SIGTERM" | "SIGKILL") => Effect.Effect<number | undefined>
  /** The exit code, once it has ended by itself or by {@link end}; `undefined` after a signal that it could not answer. */
  readonly exitCode: Effect.Effect<number | undefined>
  /** Everything written to stdout and stderr so far. */
  readonly log: Effect.Effect<string>
}

export type Environment = Readonly<Record<string, string>>

/**
 * Starts it as the image does, with this environment and no other, and these arguments; kills it when the scope ends. Doesn't wait until
 * it is ready.
 */
export const start = Effect.fn("ControllerProcess.start")(function* (
  environment: Environment,
  args: ReadonlyArray<string> = []
) {
  const log = yield* Ref.make("")
  // A scenario that failed is explained by what the controller said.
  yield* Effect.addFinalizer((exit) =>
    Exit.isFailure(exit)
      ? Effect.flatMap(Ref.get(log), (text) => Effect.logError(`the controller's log:\n${text}`))
      : Effect.void
  )
  const [health, metrics] = [yield* freePort, yield* freePort]
  const image = yield* ImageEntry.read
  const child = yield* ChildProcess.make(process.execPath, [...image.flags, bundle, ...args], {
    env: {
      ...image.environment,
      HEALTH_ADDR: `127.0.0.1:${health}`,
      METRICS_ADDR: `127.0.0.1:${metrics}`,
      ...environment
    },
    extendEnv: false,
    stdin: "ignore",
    killSignal: "SIGKILL"
  })
  yield* child.all.pipe(
    Stream.decodeText,
    Stream.runForEach((text) => Ref.update(log, (before) => before + text)),
    Effect.ignore,
    Effect.forkScoped
  )
  const exitCode = child.exitCode.pipe(Effect.orElseSucceed(() => undefined))
  const controller: ControllerProcess = {
    pid: child.pid,
    healthUrl: `http://127.0.0.1:${health}`,
    metricsUrl: `http://127.0.0.1:${metrics}`,
    freeze: Effect.sync(() => process.kill(child.pid, "SIGSTOP")),
    thaw: Effect.sync(() => process.kill(child.pid, "SIGCONT")),
    end: (killSignal) => Effect.andThen(Effect.ignore(child.kill({ killSignal })), exitCode),
    exitCode,
    log: Ref.get(log)
  }
  return controller
})
