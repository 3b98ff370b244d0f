/**
 * Every metric of the controller: names that users build dashboards and alerts on, so a closed list. `docs/metrics.md` has the same.
 *
 * What happened (counters, durations) is counted by Effect's metrics below. What is (a group's node, a budget) is made when somebody
 * asks, by the collectors in `report/metrics/`: a series of something that is gone is then gone too.
 */
import type { MoveReason } from "@netcup-failover/core/Plan"
import type { NetcupErrorReason } from "@netcup-failover/netcup/NetcupError"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

/** One metric as Prometheus knows it; `labels` without those that Prometheus adds. */
export interface Definition {
  readonly type: "counter" | "gauge" | "histogram"
  readonly help: string
  readonly labels: ReadonlyArray<string>
}

const define = <const L extends ReadonlyArray<string>>(type: Definition["type"], labels: L, help: string) => ({
  type,
  help,
  labels
})
const counter = <const L extends ReadonlyArray<string>>(labels: L, help: string) => define("counter", labels, help)
const gauge = <const L extends ReadonlyArray<string>>(labels: L, help: string) => define("gauge", labels, help)
const histogram = <const L extends ReadonlyArray<string>>(labels: L, help: string) => define("histogram", labels, help)

/** The list. Names of the process are those that exporters of all languages have. */
export const definitions = {
  // Each replica.
  netcup_failover_build_info: gauge(["version"], "1, with the version of the controller."),
  netcup_failover_leader: gauge([], "1 while this replica leads, else 0."),
  netcup_failover_watch_up: gauge(["resource"], "1 while the watch of a kind of Kubernetes objects is live, else 0."),
  netcup_failover_watch_failures: gauge(["resource"], "Failures in a row of a watch; 0 while it is live."),
  netcup_failover_watch_silence_seconds: gauge(
    ["resource"],
    "Time since the API server was last heard on a watch; bookmarks come about each minute."
  ),
  netcup_failover_guard_active: gauge(
    [],
    "1 while nodes are not taken for failed since so many were lost together that it is more likely us or the API server, else 0."
  ),
  process_cpu_seconds_total: counter([], "User and system CPU time of the process."),
  process_resident_memory_bytes: gauge([], "Resident memory of the process."),
  process_start_time_seconds: gauge([], "When the process started, since the Unix epoch."),
  nodejs_heap_size_used_bytes: gauge([], "Used part of the JavaScript heap."),
  nodejs_heap_size_total_bytes: gauge([], "Size of the JavaScript heap."),
  nodejs_eventloop_active_seconds_total: counter([], "Time in which the event loop was at work and did not wait."),

  // The leader, of its term: what it did.
  netcup_failover_reconcile_passes_total: counter([], "Passes of the reconcile loop."),
  netcup_failover_attempts_total: counter(["outcome"], "Attempts to route an address, by outcome."),
  netcup_failover_moves_total: counter(
    ["reason", "outcome"],
    "Moves of groups that ended, by why they began and how they ended."
  ),
  netcup_failover_duration_seconds: histogram(
    [],
    "Failovers, from the signal that a node is lost to netcup's word that all addresses are routed."
  ),
  netcup_failover_phase_duration_seconds: histogram(
    ["phase"],
    "The same by phase: from the signal to decided, to called, to confirmed; detected is what came before."
  ),
  netcup_calls_total: counter(
    ["api", "operation", "outcome"],
    "Calls to netcup, by API, operation and outcome (ok, or the tag of the error's reason)."
  ),
  netcup_call_duration_seconds: histogram(
    ["api", "operation"],
    "How long calls to netcup took, retries of reads included."
  ),

  netcup_failover_notices_total: counter(
    ["kind", "outcome"],
    "Notices by webhook that were sent, by kind and what became of it; absent where no receiver is set."
  ),

  // The leader alone: what is.
  netcup_failover_groups: gauge(["state"], "Groups by state: the reason of their condition Routed."),
  netcup_failover_group_state: gauge(["group", "state"], "1 for the state that a group is in."),
  netcup_failover_group_routed: gauge(["group"], "1 while all addresses of a group are routed to its node, else 0."),
  netcup_failover_group_node: gauge(["group", "node"], "1 for the last node that all addresses were confirmed on."),
  netcup_failover_group_routed_since_timestamp_seconds: gauge(
    ["group"],
    "Since when a group is routed, since the Unix epoch; absent while it is not."
  ),
  netcup_failover_group_recent_moves: gauge(
    ["group"],
    "Moves of a group that began within the last hour, of the ten that its status remembers."
  ),
  netcup_failover_node_verdict: gauge(["node", "state"], "1 for what the controller thinks of a node."),
  netcup_failover_node_sign: gauge(["node", "sign"], "1 for each sign that speaks against a node."),
  netcup_failover_credentials_info: gauge(
    ["secret", "api", "account"],
    "1, with the account that the credentials in a Secret are for."
  ),
  netcup_failover_credentials_healthy: gauge(
    ["secret"],
    "1 if netcup accepts the credentials in a Secret, 0 if it refuses them or the Secret cannot be used; absent while nobody knows."
  ),
  netcup_failover_credentials_expiry_timestamp_seconds: gauge(
    ["secret"],
    "When netcup lets a REST login die unless it is used before, since the Unix epoch; absent while nobody knows."
  ),
  netcup_failover_budget_moves: gauge(
    ["account", "window", "purpose"],
    "Moves that netcup still allows an account in a window."
  ),
  netcup_failover_budget_wait_seconds: gauge(
    ["account", "purpose"],
    "Time until netcup allows an account to move an address that did not move lately; 0: now."
  ),
  netcup_failover_budget_resting_addresses: gauge(
    ["account"],
    "Addresses of an account that netcup does not let move now, since they moved or were refused."
  )
} satisfies Readonly<Record<string, Definition>>

export type Name = keyof typeof definitions

const described = (name: Name) => ({ description: definitions[name].help })
const counted = (name: Name) => Metric.counter(name, { ...described(name), incremental: true })

/** Attempts to route an address that have ended, by how: `routed`, or the tag of the error's reason. */
export const attempts = (outcome: string) =>
  counted("netcup_failover_attempts_total").pipe(Metric.withAttributes({ outcome }))

/** Looks at the world. */
export const passes = counted("netcup_failover_reconcile_passes_total")

/** 1 while this replica leads. */
export const leader = Metric.gauge("netcup_failover_leader", described("netcup_failover_leader"))

/** How a move ended: `routed`; `failed` if it was given up after netcup had failed; `abandoned` if plans changed before. */
export type MoveOutcome = "routed" | "failed" | "abandoned"

/** Moves of groups. */
export const moves = (reason: MoveReason["_tag"], outcome: MoveOutcome) =>
  counted("netcup_failover_moves_total").pipe(Metric.withAttributes({ reason, outcome }))

/** A failover within a second is the aim, one that waits for netcup's limits takes minutes. */
const boundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900]

/** Whole failovers. */
export const failovers = Metric.histogram("netcup_failover_duration_seconds", {
  ...described("netcup_failover_duration_seconds"),
  boundaries
})

const allPhases = ["detected", "decided", "called", "confirmed"] as const

/** The end of a phase, which it is named after. */
export type Phase = (typeof allPhases)[number]

/** Parts of failovers. */
export const phases = (phase: Phase) =>
  Metric.histogram("netcup_failover_phase_duration_seconds", {
    ...described("netcup_failover_phase_duration_seconds"),
    boundaries
  }).pipe(Metric.withAttributes({ phase }))

/** What became of sending a notice: taken; not taken, and not sent again; or failed, and tried again. */
const noticeOutcomes = ["delivered", "refused", "failed"] as const

/** Notices that were sent, counted with each attempt. */
export const notices = (kind: string, outcome: (typeof noticeOutcomes)[number]) =>
  counted("netcup_failover_notices_total").pipe(Metric.withAttributes({ kind, outcome }))

/** Shows notices that were not sent yet as zero, once somebody wants any. */
export const beginNotices = Effect.fnUntraced(function* (kinds: ReadonlyArray<string>) {
  for (const kind of kinds) {
    for (const outcome of noticeOutcomes) yield* Metric.update(notices(kind, outcome), 0)
  }
})

const attemptOutcomes: { readonly [O in "routed" | Exclude<NetcupErrorReason["_tag"], "CalledOff">]: true } = {
  routed: true,
  RateLimited: true,
  InvalidCredentials: true,
  LoginExpired: true,
  TokenNotKept: true,
  AddressNotFound: true,
  ServerNotFound: true,
  WrongSite: true,
  ServerNotRunning: true,
  NoInterface: true,
  Refused: true,
  TaskFailed: true,
  Unreachable: true,
  MalformedAnswer: true,
  UnknownOutcome: true
}

const moveReasons = [
  "FirstPlacement",
  "Begun",
  "LeftNode",
  "Incomplete",
  "Drifted",
  "Adopted",
  "Pinned",
  "Preferred",
  "Uneven"
] as const
const moveOutcomes = ["routed", "failed", "abandoned"] as const

/**
 * Shows what has not happened yet as zero. Prometheus sees an increase only of what it has seen before: of a series that began with the
 * first failover, that failover would be missed.
 */
export const begin = Effect.gen(function* () {
  for (const outcome of Object.keys(attemptOutcomes)) yield* Metric.update(attempts(outcome), 0)
  for (const reason of moveReasons) {
    for (const outcome of moveOutcomes) yield* Metric.update(moves(reason, outcome), 0)
  }
  yield* Metric.value(failovers)
  for (const phase of allPhases) yield* Metric.value(phases(phase))
})
