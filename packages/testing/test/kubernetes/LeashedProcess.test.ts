import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as LeashedProcess from "@netcup-failover/testing/kubernetes/LeashedProcess"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { gone, isAlive } from "./ProcessGroup.ts"

const run = Effect.fnUntraced(function* (program: string, ...args: ReadonlyArray<string>) {
  const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
  return yield* LeashedProcess.start({ name: "subject", program, args, folder })
})

layer(NodeServices.layer, { excludeTestServices: true })("LeashedProcess", (it) => {
  it.effect(
    "ends with its scope",
    () =>
      Effect.gen(function* () {
        const group = yield* Effect.scoped(
          Effect.gen(function* () {
            const { group } = yield* run("sleep", "600")
            assert.isTrue(isAlive(group))
            return group
          })
        )
        assert.isFalse(isAlive(group))
      }),
    60_000
  )

  it.effect(
    "ends with its scope even if it ignores being asked to",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const folder = yield* fs.makeTempDirectoryScoped()
        const deaf = ["-c", `trap '' TERM; touch ${folder}/deaf; while :; do sleep 600; done`]
        const group = yield* Effect.scoped(
          Effect.gen(function* () {
            const { group, whenReady } = yield* run("/bin/sh", ...deaf)
            const isDeaf = Effect.filterOrFail(fs.exists(`${folder}/deaf`), (there) => there)
            yield* whenReady(isDeaf.pipe(Effect.retry(Schedule.spaced("20 millis")), Effect.ignore))
            return group
          })
        )
        yield* gone(group)
      }).pipe(Effect.scoped),
    60_000
  )

  it.effect(
    "ends when the process that started it is killed, and its folder goes too",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const folder = yield* fs.makeTempDirectory()
        const script = fileURLToPath(new URL("KilledStarter.ts", import.meta.url))
        const starter = yield* ChildProcess.make(process.execPath, [script, folder])
        const line = yield* Stream.runHead(Stream.splitLines(Stream.decodeText(starter.stdout)))
        const group = Number(Option.getOrThrow(line))
        assert.isTrue(isAlive(group))
        yield* starter.kill({ killSignal: "SIGKILL" })
        yield* gone(group)
        assert.isFalse(yield* fs.exists(folder))
      }).pipe(Effect.scoped),
    60_000
  )

  it.effect(
    "that ends by itself fails the wait for it with its exit code and the tail of its log",
    () =>
      Effect.gen(function* () {
        const { whenReady } = yield* run("/bin/sh", "-c", "seq 1 40; echo cannot bind >&2; exit 3")
        const failure = yield* Effect.flip(whenReady(Effect.never))
        assert.strictEqual(failure.process, "subject")
        assert.match(failure.message, /ended with code 3; its log:\n1\n2\n3\n4\n\[…\]\n27\n/)
        assert.match(failure.message, /\n40\ncannot bind$/)
      }).pipe(Effect.scoped),
    60_000
  )

  it.effect(
    "that does not exist is named in the failure",
    () =>
      Effect.gen(function* () {
        const { whenReady } = yield* run("/nowhere/kube-apiserver")
        const failure = yield* Effect.flip(whenReady(Effect.never))
        assert.match(failure.message, /subject \(\/nowhere\/kube-apiserver\) ended with code 127/)
        assert.include(failure.message, "not found")
      }).pipe(Effect.scoped),
    60_000
  )

  it.effect(
    "is waited for no longer than until it is ready",
    () =>
      Effect.gen(function* () {
        const { group, whenReady } = yield* run("sleep", "600")
        yield* whenReady(Effect.void)
        assert.isTrue(isAlive(group))
      }).pipe(Effect.scoped),
    60_000
  )
})
