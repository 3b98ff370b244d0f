/**
 * What Linux says that a process takes.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"

export interface Usage {
  /** MiB that belong to nobody else: heap, stacks, code that was compiled. */
  readonly anonymous: number
  /** MiB that are in memory now, with the pages of mapped files: those are Node's own binary, and shared among its processes. */
  readonly resident: number
  /** Seconds of CPU time so far, in user and kernel mode. Linux counts in hundredths. */
  readonly cpu: number
}

/** Ticks in a second: Linux shows the same number to every user space. */
const ticksPerSecond = 100

export const of = Effect.fn("Usage.of")(function* (pid: number) {
  const fs = yield* FileSystem.FileSystem
  const rollup = yield* fs.readFileString(`/proc/${pid}/smaps_rollup`)
  const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "mu").exec(rollup)?.[1]) / 1024
  // The second field is the program's name in brackets and may hold blanks.
  const fields = (yield* fs.readFileString(`/proc/${pid}/stat`)).split(") ").at(-1)?.split(" ") ?? []
  const usage: Usage = {
    anonymous: mebibytes("Anonymous"),
    resident: mebibytes("Rss"),
    cpu: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  }
  return usage
})
