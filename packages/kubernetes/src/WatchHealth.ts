/**
 * How a watch is doing, for readiness and for judging what its silence means. Times are monotonic milliseconds.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { KubeError } from "./KubeError.ts"
import * as Monotonic from "./Monotonic.ts"

export type WatchHealth =
  /** Not established yet, or listing again because its version is too old. */
  | { readonly _tag: "Connecting" }
  | { readonly _tag: "Live"; readonly since: number }
  | { readonly _tag: "Failing"; readonly since: number; readonly failures: number; readonly error: KubeError }

/** What others may see of it. */
export interface Observable {
  readonly health: Effect.Effect<WatchHealth>
  /** The current one first. */
  readonly healthChanges: Stream.Stream<WatchHealth>
  /** When the server was last heard on this watch, if ever. */
  readonly heardAt: Effect.Effect<number | undefined>
}

/** Logs when it begins to fail and when that is over, not each failure between. */
export const make = Effect.fnUntraced(function* (path: string) {
  const health = yield* SubscriptionRef.make<WatchHealth>({ _tag: "Connecting" })
  const heardAt = yield* Ref.make<number | undefined>(undefined)
  const observable: Observable = {
    health: SubscriptionRef.get(health),
    healthChanges: SubscriptionRef.changes(health),
    heardAt: Ref.get(heardAt)
  }
  return {
    observable,
    heard: Effect.flatMap(Monotonic.now, (now) => Ref.set(heardAt, now)),
    connecting: SubscriptionRef.updateSome(health, ({ _tag }) =>
      _tag === "Live" ? Option.some<WatchHealth>({ _tag: "Connecting" }) : Option.none()
    ),
    live: Effect.gen(function* () {
      const since = yield* Monotonic.now
      const before = yield* SubscriptionRef.get(health)
      if (before._tag === "Live") return
      if (before._tag === "Failing") yield* Effect.logInfo(`watch of ${path} is live again`)
      yield* SubscriptionRef.set(health, { _tag: "Live", since })
    }),
    failing: Effect.fnUntraced(function* (error: KubeError, failures: number) {
      const now = yield* Monotonic.now
      const before = yield* SubscriptionRef.get(health)
      if (before._tag !== "Failing") yield* Effect.logWarning("watch is failing", error)
      const since = before._tag === "Failing" ? before.since : now
      yield* SubscriptionRef.set(health, { _tag: "Failing", since, failures, error })
    })
  }
})
