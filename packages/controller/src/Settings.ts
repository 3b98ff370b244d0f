/**
 * Every setting of the controller: its environment variable (and by it its flag), its default, and what it means.
 */
import { DetectionMode } from "@netcup-failover/core/detect/DetectionChoice"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { AddressTypes } from "./AddressTypes.ts"
import { Period } from "./Period.ts"
import * as Setting from "./Setting.ts"
import { SocketAddress } from "./SocketAddress.ts"
import { WebUrl } from "./WebUrl.ts"

const Count = Schema.FiniteFromString.check(
  Schema.makeFilter((n) => (Number.isInteger(n) && n >= 1 && n <= 10_000) || "Expected a whole number from 1 to 10000")
)

const Probes = Schema.FiniteFromString.check(
  Schema.makeFilter((n) => (Number.isInteger(n) && n >= 1 && n <= 1_000) || "Expected a whole number from 1 to 1000")
)

const Port = Schema.FiniteFromString.check(
  Schema.makeFilter((n) => (Number.isInteger(n) && n >= 1 && n <= 65_535) || "Expected a port, 1 to 65535")
)

const url = (variable: string, standard: string, meaning: string) =>
  Setting.make(variable, WebUrl, standard, { unit: "URL", meaning })
const period = (variable: string, standard: string, meaning: string) =>
  Setting.make(variable, Period, standard, { unit: "period", meaning })
const address = (variable: string, standard: string, meaning: string) =>
  Setting.make(variable, SocketAddress, standard, { unit: "host:port", meaning })
const moves = (variable: string, standard: string, meaning: string) =>
  Setting.make(variable, Count, standard, { unit: "number", meaning })
const text = (variable: string, standard: string, meaning: string) =>
  Setting.make(variable, Schema.NonEmptyString, standard, { unit: "name", meaning })

/** As one table; `docs/settings.md` is made from it. */
export const settings = {
  kubeconfig: Setting.optional("KUBECONFIG", Schema.NonEmptyString, {
    unit: "path",
    meaning: "a kubeconfig file; without it the Pod's service account is used"
  }),
  soapUrl: url("NETCUP_SOAP_URL", "https://www.servercontrolpanel.de/WSEndUser", "netcup's SOAP webservice"),
  restUrl: url("NETCUP_REST_URL", "https://www.servercontrolpanel.de/scp-core", "netcup's REST API"),
  oidcIssuer: url(
    "NETCUP_OIDC_ISSUER",
    "https://www.servercontrolpanel.de/realms/scp",
    "who issues the tokens of the REST API"
  ),
  namespace: text("POD_NAMESPACE", "netcup-system", "where the Lease, the ledgers and the rotated tokens are"),
  podName: Setting.optional("POD_NAME", Schema.NonEmptyString, {
    unit: "name",
    meaning: "tells replicas apart in the Lease and in Events; in a Pod its name"
  }),
  healthAddress: address("HEALTH_ADDR", ":8081", "`/healthz` and `/readyz`; without a host on all addresses"),
  metricsAddress: address("METRICS_ADDR", ":8080", "`/metrics`, in Prometheus' text format"),
  logLevel: Setting.choice(
    "LOG_LEVEL",
    ["Trace", "Debug", "Info", "Warn", "Error"],
    "Info",
    "what is logged: this and worse"
  ),
  logFormat: Setting.choice("LOG_FORMAT", ["json", "pretty"], "json", "how: an object a line, or for eyes"),
  leaseDuration: period(
    "LEASE_DURATION",
    "15s",
    "how long a silent leader is waited for before another takes over; whole seconds"
  ),
  leaseRenewDeadline: period(
    "LEASE_RENEW_DEADLINE",
    "10s",
    "how long a leader goes on without having renewed its Lease; shorter than the duration"
  ),
  leaseRetryPeriod: period("LEASE_RETRY_PERIOD", "2s", "how often the Lease is renewed, or tried for"),
  watchIdleLimit: period(
    "WATCH_IDLE_LIMIT",
    "90s",
    "how long a watch may be silent before it is made anew; longer than a minute: so far bookmarks are apart"
  ),
  probes: Setting.choice("PROBES", ["On", "Off"], "On", "whether nodes are asked by TCP connects whether they live"),
  probeInterval: period("PROBE_INTERVAL", "1s", "how often each node is"),
  probeTimeout: period("PROBE_TIMEOUT", "1s", "how long a node may take to accept or to refuse"),
  probePort: Setting.optional("PROBE_PORT", Port, {
    unit: "port",
    meaning: "at which port; without it at the one that the node says its kubelet has, else 10250"
  }),
  probeAddressTypes: Setting.make("PROBE_ADDRESS_TYPES", AddressTypes, "InternalIP,ExternalIP", {
    unit: "types",
    meaning: "at which of the node's addresses: the first type that it has one of"
  }),
  probeConcurrency: Setting.make("PROBE_CONCURRENCY", Probes, "64", {
    unit: "number",
    meaning: "how many connects may be under way at once"
  }),
  suspectInterval: period(
    "NETCUP_SUSPECT_INTERVAL",
    "2s",
    "how often netcup is asked about a server whose node seems to be dead; after a minute ever less often"
  ),
  settlePeriod: period(
    "NODE_SETTLE_PERIOD",
    "5m",
    "how long a node has to be ready until nothing is held against it: others come first, and nothing is failed back to it before"
  ),
  nodeName: Setting.optional("NODE_NAME", Schema.NonEmptyString, {
    unit: "name",
    meaning: "the node that this replica runs on: by losing all others it would know that it is cut off itself"
  }),
  detectionMode: Setting.choice(
    "DETECTION_MODE",
    DetectionMode.literals,
    "Fast",
    "when a node counts as failed: by all that is heard of it, or by its conditions and taints alone; groups may choose, as with the next ones"
  ),
  leaseStaleAfter: period(
    "DETECTION_LEASE_STALE_AFTER",
    "15s",
    "how long a node's Lease may go without renewal; kubelets renew each 10s"
  ),
  silentAfter: period("DETECTION_SILENT_AFTER", "5s", "how long a node may go without an answer"),
  recoveredAfter: period(
    "DETECTION_RECOVERED_AFTER",
    "10s",
    "how long nothing may speak against a node that has failed until it counts as healthy again"
  ),
  suspectAfterProbes: Setting.make("DETECTION_SUSPECT_AFTER_PROBES", Count, "2", {
    unit: "number",
    meaning: "how many connects in a row without an answer make a suspect"
  }),
  guardBurst: period(
    "DETECTION_GUARD_BURST",
    "30s",
    "when more than half of the other nodes are lost within it, no one of them counts as failed: it is more likely we, or the API server"
  ),
  leaseWatchIdleLimit: period(
    "DETECTION_LEASE_WATCH_IDLE_LIMIT",
    "12s",
    "how long the watch of nodes' Leases may be silent, while two or more are being renewed, before it is made anew"
  ),
  drainDetection: Setting.choice(
    "DRAIN_DETECTION",
    ["on", "off"],
    "on",
    "whether groups leave a node that is cordoned and whose Pods are being evicted; needs the right to list Pods"
  ),
  workloadUnreadyAfter: period(
    "WORKLOAD_UNREADY_AFTER",
    "10s",
    "how long no Pod of `spec.workload` is ready on a node until its groups leave it"
  ),
  workloadReplacedAfter: period(
    "WORKLOAD_REPLACED_AFTER",
    "60s",
    "the same while a DaemonSet's Pod is being replaced there, as by a rolling restart"
  ),
  workloadReadyAfter: period(
    "WORKLOAD_READY_AFTER",
    "5s",
    "how long a Pod of `spec.workload` is ready on a node until groups may go there; at once if there is no other such node"
  ),
  nodeMapping: Setting.choice(
    "NODE_MAPPING",
    ["automatic", "annotation"],
    "automatic",
    "what tells which server a node is: its annotation, or else its public addresses and names (`automatic`); or its annotation alone"
  ),
  annotateNodes: Setting.choice(
    "ANNOTATE_NODES",
    ["true", "false"],
    "false",
    "whether a node whose server was found out by addresses or names is given the annotation that says so; needs the right to patch Nodes"
  ),
  refreshInterval: period("NETCUP_REFRESH_INTERVAL", "60s", "how old what is known of netcup may be in peace"),
  moveInterval: period(
    "NETCUP_MOVE_INTERVAL",
    "301s",
    "SOAP: how long netcup lets an address rest between two moves; REST: between two of ours that can wait"
  ),
  shortWindow: period(
    "NETCUP_SHORT_WINDOW",
    "301s",
    "REST: in which an account may move so many addresses as the next setting says"
  ),
  shortWindowMoves: moves(
    "NETCUP_SHORT_WINDOW_MOVES",
    "10",
    "as netcup limits it; two fifths of them are for what can wait"
  ),
  longWindow: period(
    "NETCUP_LONG_WINDOW",
    "3601s",
    "REST: in which an account may move so many addresses as the next setting says"
  ),
  longWindowMoves: moves("NETCUP_LONG_WINDOW_MOVES", "20", "the same of the long window"),
  taskTimeout: period(
    "NETCUP_TASK_TIMEOUT",
    "60s",
    "REST: how long a routing task may run before its outcome counts as unknown"
  ),
  limitRetryInterval: period(
    "NETCUP_LIMIT_RETRY_INTERVAL",
    "30s",
    "how often a limit is tried whose end netcup does not tell, and a refusal"
  ),
  credentialsRetryInterval: period(
    "NETCUP_CREDENTIALS_RETRY_INTERVAL",
    "5m",
    "how long refused credentials are left alone unless the Secret changes"
  ),
  maxBackoff: period(
    "NETCUP_MAX_BACKOFF",
    "10s",
    "the longest pause after failures; pauses start at a second and double"
  ),
  readTimeout: period("NETCUP_READ_TIMEOUT", "10s", "how long netcup may take to answer a question"),
  routeTimeout: period(
    "NETCUP_ROUTE_TIMEOUT",
    "30s",
    "how long netcup may take to change a routing before the outcome counts as unknown"
  ),
  reclaimGiveUpAfter: period(
    "RECLAIM_GIVE_UP_AFTER",
    "10m",
    "how long a deleted group with `reclaimPolicy: Unroute` waits for what cannot be unrouted, such as for its Secret; then it goes, and the addresses stay"
  ),
  noticeUrl: Setting.secret("NOTICE_WEBHOOK_URL", Schema.RedactedFromValue(WebUrl), {
    unit: "URL",
    meaning: "who is told of failovers, failures and dying credentials, see docs/notices.md; without it nobody"
  }),
  noticeFormat: Setting.choice("NOTICE_WEBHOOK_FORMAT", ["json", "slack"], "json", "how it is told"),
  noticeTimeout: period("NOTICE_WEBHOOK_TIMEOUT", "10s", "how long that receiver may take to answer"),
  noticeGrace: period("NOTICE_FAILURE_GRACE", "10s", "how long a failure has to last before it is told")
}

const read = Config.all(settings)

export class Settings extends Context.Service<Settings, Config.Success<typeof read>>()(
  "@netcup-failover/controller/Settings"
) {
  static readonly layer = Layer.effect(
    Settings,
    read.pipe(
      Effect.mapError((error) => Setting.explain(error, Setting.aboutAll(settings))),
      Effect.filterOrFail(
        ({ leaseDuration, leaseRenewDeadline, leaseRetryPeriod }) =>
          Duration.isLessThan(leaseRetryPeriod, leaseRenewDeadline) &&
          Duration.isLessThan(leaseRenewDeadline, leaseDuration),
        () =>
          new Setting.SettingsError({
            message: `need ${["LEASE_RETRY_PERIOD", "LEASE_RENEW_DEADLINE", "LEASE_DURATION"].map(Setting.nameOf).join(" < ")}`
          })
      )
    )
  )
}
