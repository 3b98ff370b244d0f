/**
 * One process at a time: a file beside the one that is changed, which exists as long as somebody changes it.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"

/** Somebody else has it, and did not let go. */
export class Locked extends Schema.TaggedError<Locked>()("Locked", { lock: Schema.String }) {}

/** A change takes milliseconds: a lock that is older was left behind by a process that died. */
const stale = Duration.seconds(10)
const pause = Duration.millis(20)
const tries = 500

const is = (error: PlatformError, tag: "AlreadyExists" | "NotFound") => error.reason._tag === tag

/**
 * Runs `change` while no other process runs one under the same lock. Caveat: of two processes that find the same lock left behind at
 * the very same moment, one may take away the other's new one.
 */
export const hold =
  (fs: FileSystem.FileSystem, lock: string) =>
  <A, E>(change: Effect.Effect<A, E>): Effect.Effect<A, E | Locked | PlatformError> => {
    const create = Effect.scoped(fs.open(lock, { flag: "wx", mode: 0o600 })).pipe(
      Effect.as(true),
      Effect.catch((error) => (is(error, "AlreadyExists") ? Effect.succeed(false) : Effect.fail(error)))
    )

    const clear = fs.stat(lock).pipe(
      Effect.flatMap(({ mtime }) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Option.exists(mtime, (at) => now - at.getTime() > Duration.toMillis(stale))
            ? fs.remove(lock, { force: true })
            : Effect.void
        )
      ),
      // Let go of in between.
      Effect.catch((error) => (is(error, "NotFound") ? Effect.void : Effect.fail(error)))
    )

    // The file's birth and its owner's knowing of it are one step; only the pauses may be interrupted.
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        for (let tried = 0; tried < tries; tried++) {
          if (yield* create)
            return yield* Effect.ensuring(restore(change), Effect.ignore(fs.remove(lock, { force: true })))
          yield* clear
          yield* restore(Effect.sleep(pause))
        }
        return yield* new Locked({ lock })
      })
    )
  }
