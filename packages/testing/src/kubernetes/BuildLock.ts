/**
 * A lock between processes that keeps two test runs from building the same binaries at once. Only time is at stake
 * (what is built appears by an atomic rename), so breaking a lock in doubt is safe.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schedule from "effect/Schedule"

const beat = Duration.seconds(2)

/** A holder that has not touched its lock for so long is dead: no process id, which may be reused or of another container. */
const abandonedAfter = Duration.seconds(15)

const now = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis))

/** Holds the lock of `folder` until the scope ends; waits for as long as another process holds it. */
export const acquire = Effect.fn("BuildLock.acquire")(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const file = (yield* Path.Path).join(folder, ".lock")

  const removeIfAbandoned = Effect.gen(function* () {
    const info = yield* Effect.option(fs.stat(file))
    const touched = Option.flatMap(info, ({ mtime }) => mtime)
    if (Option.isNone(touched)) return
    const age = (yield* Clock.currentTimeMillis) - touched.value.getTime()
    if (age > Duration.toMillis(abandonedAfter)) yield* fs.remove(file, { force: true })
  })

  const create = fs.writeFileString(file, "", { flag: "wx" })
  const wait = Effect.gen(function* () {
    yield* Effect.logInfo(`another process builds in ${folder}: waiting for it`)
    while (true) {
      yield* removeIfAbandoned
      const taken = yield* Effect.result(create)
      if (taken._tag === "Success") return
      if (taken.failure.reason._tag !== "AlreadyExists") return yield* taken.failure
      yield* Effect.sleep(beat)
    }
  })
  const take = create.pipe(Effect.catch((error) => (error.reason._tag === "AlreadyExists" ? wait : Effect.fail(error))))

  yield* Effect.acquireRelease(take, () => Effect.ignore(fs.remove(file, { force: true })), { interruptible: true })
  const touch = Effect.flatMap(now, (time) => fs.utimes(file, time, time))
  yield* Effect.forkScoped(Effect.ignore(touch).pipe(Effect.repeat(Schedule.spaced(beat))))
})
