/**
 * A resource that can be turned off and on again while its owner lives on.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"

interface Switch<A, E> {
  /** Acquires; does nothing when on. */
  readonly on: Effect.Effect<void, E>
  /** Releases, and returns when that is done; does nothing when off. */
  readonly off: Effect.Effect<void>
  readonly current: Effect.Effect<Option.Option<A>>
}

/** Off at first; whatever is on when the scope ends is released with it. */
export const make = Effect.fn("Switch.make")(function* <A, E>(acquire: Effect.Effect<A, E, Scope.Scope>) {
  const outer = yield* Effect.scope
  const turning = yield* Semaphore.make(1)
  const held = yield* Ref.make(Option.none<{ readonly value: A; readonly scope: Scope.Closeable }>())

  const on = Effect.gen(function* () {
    if (Option.isSome(yield* Ref.get(held))) return
    const scope = yield* Scope.fork(outer)
    const value = yield* acquire.pipe(
      Scope.provide(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
    yield* Ref.set(held, Option.some({ value, scope }))
  }).pipe(turning.withPermit)

  const off = Effect.gen(function* () {
    const was = yield* Ref.getAndSet(held, Option.none())
    if (Option.isSome(was)) yield* Scope.close(was.value.scope, Exit.void)
  }).pipe(turning.withPermit)

  const current = Effect.map(Ref.get(held), (now) => Option.map(now, ({ value }) => value))
  return { on, off, current } satisfies Switch<A, E>
})
