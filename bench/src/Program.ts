/**
 * The processes that are measured.
 */
import { fileURLToPath } from "node:url"
import * as ImageEntry from "@netcup-failover/testing/stage/ImageEntry"
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"

/** The bundle that `npm run build` makes. */
const bundle = fileURLToPath(new URL("../../apps/controller/dist/main.cjs", import.meta.url))

export interface Program {
  readonly node: string
  readonly flags: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
}

/** As the image starts it. */
export const ofImage = Effect.map(
  ImageEntry.read,
  ({ environment, flags }): Program => ({ node: process.execPath, flags, environment })
)

/** Runs until the scope ends; what it says goes where ours goes, unless it is asked to be quiet. */
const spawn = (program: Program, args: ReadonlyArray<string>, environment: Readonly<Record<string, string>>) =>
  ChildProcess.make(program.node, [...program.flags, ...args], {
    env: { ...program.environment, ...environment },
    extendEnv: false,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
    killSignal: "SIGKILL"
  })

export const controller = (program: Program, environment: Readonly<Record<string, string>>) =>
  spawn(program, [bundle], environment)

/** A Node that does nothing, with nothing set. */
export const bare = (script: string) =>
  spawn({ node: process.execPath, flags: [], environment: {} }, ["-e", script], {})
