/**
 * Who can say what is, when somebody asks: nothing is computed while nobody does, and what is gone has no series.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import type * as Scope from "effect/Scope"
import * as Exposition from "./Exposition.ts"

/** Tells what is now. */
export type Collector = Effect.Effect<ReadonlyArray<Exposition.Sample>>

export class Collectors extends Context.Service<
  Collectors,
  {
    /** Asks this one too, until the scope ends: a leader's term, for what the leader alone may say. */
    readonly add: (collector: Collector) => Effect.Effect<void, never, Scope.Scope>
    /** All metrics of this replica, in Prometheus' text format. */
    readonly page: Effect.Effect<string>
  }
>()("@netcup-failover/controller/report/metrics/Collectors") {
  static readonly layer = Layer.effect(
    Collectors,
    Effect.sync(() => {
      const collectors = new Set<{ readonly collect: Collector }>()
      return Collectors.of({
        add: (collect) => {
          const entry = { collect }
          return Effect.asVoid(
            Effect.acquireRelease(
              Effect.sync(() => collectors.add(entry)),
              () => Effect.sync(() => collectors.delete(entry))
            )
          )
        },
        page: Effect.gen(function* () {
          const counted = yield* PrometheusMetrics.format()
          const samples = yield* Effect.forEach([...collectors], ({ collect }) =>
            // A bug in one must not blind those who watch all others.
            Effect.catchDefect(collect, (defect) =>
              Effect.as(Effect.logError("metrics are incomplete, because of a bug", defect), [])
            )
          )
          return counted + Exposition.format(samples.flat())
        })
      })
    })
  )
}
