/**
 * Programs run from a test, with this repository's tools on their path. The test goes on meanwhile: it may be what they talk to.
 */
import { spawn } from "node:child_process"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"

export const root = fileURLToPath(new URL("../../../../", import.meta.url))

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Command {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Sees what was written to standard output so far. */
  readonly onOutput?: (stdout: string) => void
}

const path = [dirname(process.execPath), join(root, "node_modules/.bin"), process.env.PATH].join(":")

/** Runs it to its end, whatever that is; it is killed when the test ends first. */
export const run = (command: string, args: ReadonlyArray<string>, { cwd, env = {}, onOutput }: Command) =>
  Effect.callback<Ran, Error>((resume) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, PATH: path, ...env } })
    const said = { stdout: "", stderr: "" }
    child.stdout.on("data", (bytes: Buffer) => {
      said.stdout += bytes.toString()
      onOutput?.(said.stdout)
    })
    child.stderr.on("data", (bytes: Buffer) => {
      said.stderr += bytes.toString()
    })
    child.once("error", (error) => resume(Effect.fail(error)))
    child.once("close", (status) => resume(Effect.succeed({ status, ...said })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** The same for what must succeed: it dies of anything else, with all that was said. */
export const succeed = (command: string, args: ReadonlyArray<string>, options: Command) =>
  run(command, args, options).pipe(
    Effect.orDie,
    Effect.tap(({ status, stderr, stdout }) =>
      status === 0 ? Effect.void : Effect.die(new Error(`${command} ${args.join(" ")}: ${status}\n${stdout}${stderr}`))
    )
  )
