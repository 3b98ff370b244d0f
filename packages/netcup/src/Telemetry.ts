/**
 * Every call to netcup as a span and in two metrics. Neither holds a parameter: those of some operations are secrets.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import type { NetcupError } from "./NetcupError.ts"

export type Api = "soap" | "rest" | "login"

const calls = Metric.counter("netcup_calls_total", {
  description: "Calls to netcup, by API, operation and outcome (ok, or the tag of the error's reason).",
  incremental: true
})

const seconds = Metric.histogram("netcup_call_duration_seconds", {
  description: "How long calls to netcup took, retries of reads included.",
  boundaries: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
})

const outcomeOf = (exit: Exit.Exit<unknown, NetcupError>): string =>
  Exit.match(exit, {
    onSuccess: () => "ok",
    onFailure: (cause) => {
      const [error] = cause.reasons.flatMap((reason) => (reason._tag === "Fail" ? [reason.error.reason._tag] : []))
      return error ?? (cause.reasons.every(({ _tag }) => _tag === "Interrupt") ? "Interrupted" : "Defect")
    }
  })

/** Counts and times a call, in a span `netcup.API.OPERATION`. Operations are names of the API, of which there are few. */
export const observed =
  (api: Api, operation: string) =>
  <A, R>(call: Effect.Effect<A, NetcupError, R>): Effect.Effect<A, NetcupError, R> =>
    Effect.gen(function* () {
      const startedAt = yield* Clock.currentTimeMillis
      return yield* call.pipe(
        Effect.onExit((exit) =>
          Effect.gen(function* () {
            const outcome = outcomeOf(exit)
            const attributes = { api, operation }
            yield* Effect.annotateCurrentSpan("netcup.outcome", outcome)
            yield* Metric.update(Metric.withAttributes(calls, { ...attributes, outcome }), 1)
            const took = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
            yield* Metric.update(Metric.withAttributes(seconds, attributes), took)
          })
        )
      )
    }).pipe(Effect.withSpan(`netcup.${api}.${operation}`, { kind: "client" }))
