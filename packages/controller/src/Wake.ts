import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"

/**
 * Tells the reconcile loop to look again. It says only *that* something changed: what to do is computed from what is, so
 * any number of calls before the next look fold into one.
 */
export class Wake extends Context.Service<
  Wake,
  {
    readonly now: Effect.Effect<void>
    /** Waits for the next call of `now`, or returns at once when one came since the last wait. */
    readonly next: Effect.Effect<void>
  }
>()("@netcup-failover/controller/Wake") {
  static readonly layer = Layer.effect(
    Wake,
    Effect.map(Queue.sliding<void>(1), (queue) =>
      Wake.of({ now: Effect.asVoid(Queue.offer(queue, undefined)), next: Queue.take(queue) })
    )
  )
}
