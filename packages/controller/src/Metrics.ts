/**
 * Every metric of the controller: names that users build dashboards and alerts on, so a closed list.
 */
import * as Metric from "effect/Metric"

/** Attempts to route an address that have ended, by how: `routed`, or the tag of the error's reason. */
export const attempts = (outcome: string) =>
  Metric.counter("netcup_failover_attempts_total", {
    description: "Attempts to route an address, by outcome.",
    incremental: true
  }).pipe(Metric.withAttributes({ outcome }))

/** Looks at the world. */
export const passes = Metric.counter("netcup_failover_reconcile_passes_total", {
  description: "Passes of the reconcile loop.",
  incremental: true
})

/** 1 while this replica leads. */
export const leader = Metric.gauge("netcup_failover_leader", { description: "1 while this replica leads, else 0." })
