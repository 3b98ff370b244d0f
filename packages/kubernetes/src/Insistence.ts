/**
 * Asking again before the first answer is given up: what is slow is waited for, and what goes over a dead connection is overtaken.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"

/** How to ask once more: a try, told from others by `T`. */
export interface Insistence<T, A, E> {
  /** Told the tries that are still open. */
  readonly begin: (open: ReadonlyArray<T>) => Effect.Effect<T>
  readonly attempt: (of: T) => Effect.Effect<A, E>
  /** Without an answer for so long, and `tries` not used up, another one begins. */
  readonly after: Duration.Input
  readonly tries: number
  /** No answer came, and none will: others may still have one. */
  readonly isLost: (error: E) => boolean
  /** A later try was answered before this one. */
  readonly overtaken: (of: T) => Effect.Effect<void>
}

/** The first answer counts, whichever try it is to; then all others are interrupted. Fails as lost when all are. */
export const ask = <T, A, E>(how: Insistence<T, A, E>): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    const answer = yield* Deferred.make<A, E>()
    /** Begun and not over, oldest first. */
    const open = new Set<T>()
    const run = (of: T) =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(how.attempt(of))
        const older = [...open].slice(0, [...open].indexOf(of))
        open.delete(of)
        const lost =
          Exit.isFailure(exit) &&
          exit.cause.reasons.every((reason) => Cause.isFailReason(reason) && how.isLost(reason.error))
        if (lost && open.size > 0) return
        if (!lost) yield* Effect.forEach(older, how.overtaken)
        yield* Deferred.done(answer, exit)
      })
    for (let n = 1; ; n++) {
      const of = yield* how.begin([...open])
      open.add(of)
      yield* Effect.forkScoped(run(of))
      if (n >= how.tries) return yield* Deferred.await(answer)
      const soon = yield* Effect.timeoutOption(Deferred.await(answer), how.after)
      if (Option.isSome(soon)) return soon.value
    }
  }).pipe(Effect.scoped)
