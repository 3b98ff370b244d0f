/**
 * Effects as promises: what an effect fails with is what the promise is rejected with, and a signal interrupts it.
 */
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Begins nothing when the signal is aborted already. */
export const settle = async <A, E>(
  start: (options: Effect.RunOptions) => Promise<Exit.Exit<A, E>>,
  signal: AbortSignal | undefined
): Promise<A> => {
  signal?.throwIfAborted()
  const exit = await start({ signal })
  if (Exit.isSuccess(exit)) return exit.value
  if (Cause.hasInterruptsOnly(exit.cause)) signal?.throwIfAborted()
  throw Cause.squash(exit.cause)
}
