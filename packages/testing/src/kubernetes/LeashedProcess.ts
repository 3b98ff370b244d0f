/**
 * A long-running process that cannot outlive us: it ends with its scope, and also when this process is killed outright.
 *
 * Flow: a small shell starts the program with its output in a log file and holds a pipe from us. When the pipe closes,
 * because we are gone, the shell kills the program and removes its folder. When the scope ends, the shell is told to
 * (SIGTERM), kills the program and reaps it, so that no zombie is left where nobody else reaps.
 *
 * Assumptions: POSIX. The programs are for tests: they are killed, never asked to finish.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schema from "effect/Schema"

/** A process did not start, ended, or did not become ready in time; `message` shows the first and last lines of its log. */
export class ProcessFailed extends Schema.TaggedError<ProcessFailed>()("ProcessFailed", {
  process: Schema.String,
  message: Schema.String
}) {}

const leash = `
log=$1 folder=$2 orphaned=
shift 2
exec 3<&0 </dev/null
"$@" 3<&- >>"$log" 2>&1 &
program=$!
trap 'kill -KILL "$program"' TERM INT HUP
trap 'orphaned=yes; kill -KILL "$program"' USR1
(
  trap - USR1
  while read -r _ <&3; do :; done
  kill -USR1 $$
) &
watcher=$!
exec 2>/dev/null
wait "$program"
code=$?
kill -KILL "$watcher"
wait
[ -z "$orphaned" ] || rm -rf "$folder"
exit "$code"
`

export interface LeashedProcess {
  /** The process group that the program and its shell are in: empty once the scope has ended. */
  readonly group: number
  /** Runs `ready`; fails with lines of the log if the program ends, or a minute is over, before it succeeds. */
  readonly whenReady: (ready: Effect.Effect<void>) => Effect.Effect<void, ProcessFailed>
}

/** The first lines too: a program that refuses its flags says so there, and then explains all its flags. */
const excerpt = (lines: ReadonlyArray<string>) =>
  (lines.length <= 20 ? lines : [...lines.slice(0, 4), "[…]", ...lines.slice(-15)]).join("\n")

/** Far more than any start takes, for machines that are very busy. */
const readyWithin = Duration.minutes(1)

/** Starts `program` in `folder`, which is removed if we die; logs go to `folder/<name>.log`. */
export const start = Effect.fn("LeashedProcess.start")(function* (options: {
  readonly name: string
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly folder: string
}) {
  const fs = yield* FileSystem.FileSystem
  const log = (yield* Path.Path).join(options.folder, `${options.name}.log`)
  const failure = (why: string) =>
    Effect.gen(function* () {
      const text = yield* fs.readFileString(log).pipe(Effect.orElseSucceed(() => ""))
      const said = text === "" ? "" : `; its log:\n${excerpt(text.trimEnd().split("\n"))}`
      const message = `${options.name} (${options.program}) ${why}${said}`
      return yield* new ProcessFailed({ process: options.name, message })
    })

  const shell = yield* ChildProcess.make(
    "/bin/sh",
    ["-c", leash, "leash", log, options.folder, options.program, ...options.args],
    {
      cwd: options.folder,
      // Nothing of ours: a proxy variable of the developer's would send loopback traffic astray.
      env: { PATH: "/usr/bin:/bin", HOME: options.folder },
      stdin: "pipe",
      stdout: "ignore",
      stderr: "ignore",
      forceKillAfter: "2 seconds"
    }
  ).pipe(Effect.catch((error) => failure(`could not be started: ${error.message}`)))

  const ended = shell.exitCode.pipe(
    Effect.matchEffect({
      onFailure: (error) => failure(`ended: ${error.message}`),
      onSuccess: (code) => failure(`ended with code ${code}`)
    })
  )

  const whenReady: LeashedProcess["whenReady"] = (ready) =>
    Effect.raceFirst(ready, ended).pipe(
      Effect.timeoutOrElse({
        duration: readyWithin,
        orElse: () => failure(`was not ready after ${Duration.format(readyWithin)}`)
      })
    )
  return { group: shell.pid, whenReady } satisfies LeashedProcess
})
