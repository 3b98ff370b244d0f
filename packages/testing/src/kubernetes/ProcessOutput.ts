import * as Effect from "effect/Effect"
import type { ChildProcessHandle } from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"

/** What a program printed until its end, and its exit code. */
export const collect = ({ exitCode, stderr, stdout }: Pick<ChildProcessHandle, "exitCode" | "stderr" | "stdout">) =>
  Effect.all(
    {
      stdout: Stream.mkString(Stream.decodeText(stdout)),
      stderr: Stream.mkString(Stream.decodeText(stderr)),
      code: exitCode
    },
    { concurrency: "unbounded" }
  )
