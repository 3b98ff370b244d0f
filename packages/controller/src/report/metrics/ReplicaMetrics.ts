/**
 * What each replica says of itself, whether it leads or not: its version, its watches, its process.
 */
import type { Judged } from "@netcup-failover/core/detect/Detection"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metrics from "../../Metrics.ts"
import type { WatchState } from "../../observe/Cluster.ts"
import { version } from "../../Version.ts"
import { type Collector, Collectors } from "./Collectors.ts"
import { sample } from "./Exposition.ts"

const processMetrics = Effect.map(Clock.currentTimeMillis, (now) => {
  const startedAt = now / 1000 - process.uptime()
  const collector: Collector = Effect.sync(() => {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed, heapTotal } = process.memoryUsage()
    return [
      sample("process_cpu_seconds_total", (user + system) / 1e6),
      sample("process_resident_memory_bytes", rss),
      sample("process_start_time_seconds", startedAt),
      sample("nodejs_heap_size_used_bytes", heapUsed),
      sample("nodejs_heap_size_total_bytes", heapTotal),
      // Node counts it anyway; a histogram of the loop's lag would wake the process for each of its samples.
      sample("nodejs_eventloop_active_seconds_total", performance.eventLoopUtilization().active / 1000)
    ]
  })
  return collector
})

const watchMetrics = (watches: ReadonlyArray<WatchState>) =>
  watches.flatMap(({ failures, isLive, resource, silence }) => [
    sample("netcup_failover_watch_up", isLive ? 1 : 0, { resource }),
    sample("netcup_failover_watch_failures", failures, { resource }),
    ...(silence === undefined ? [] : [sample("netcup_failover_watch_silence_seconds", silence / 1000, { resource })])
  ])

const isGuarded = ({ verdicts }: Judged) => [...verdicts.values()].some(({ guarded }) => guarded === true)

/** Adds them to what is told, until the scope ends. */
export const add = Effect.fnUntraced(function* (
  watches: Effect.Effect<ReadonlyArray<WatchState>>,
  judged: Effect.Effect<Judged>
) {
  const { add } = yield* Collectors
  yield* Metrics.begin
  yield* add(Effect.succeed([sample("netcup_failover_build_info", 1, { version })]))
  yield* add(yield* processMetrics)
  yield* add(Effect.map(watches, watchMetrics))
  yield* add(Effect.map(judged, (now) => [sample("netcup_failover_guard_active", isGuarded(now) ? 1 : 0)]))
})
