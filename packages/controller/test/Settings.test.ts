import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Setting from "@netcup-failover/controller/Setting"
import { Settings } from "@netcup-failover/controller/Settings"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { settingsOf } from "./TestSettings.ts"

const load = (environment: Readonly<Record<string, string>>) =>
  Settings.use(Effect.succeed).pipe(Effect.provide(settingsOf(environment)))

/** Everything that can be set, as text: durations in ms. */
const shown = (settings: Settings["Service"]) =>
  Object.fromEntries(
    Object.entries(settings).map(([name, value]): readonly [string, unknown] => {
      if (Duration.isDuration(value)) return [name, Duration.toMillis(value)]
      const bare = Option.isOption(value) ? Option.getOrNull<unknown>(value) : value
      const open = Redacted.isRedacted(bare) ? Redacted.value(bare) : bare
      return [name, open instanceof URL ? open.href : open]
    })
  )

const standard = {
  soapUrl: "https://www.servercontrolpanel.de/WSEndUser",
  restUrl: "https://www.servercontrolpanel.de/scp-core",
  oidcIssuer: "https://www.servercontrolpanel.de/realms/scp",
  kubeconfig: null,
  namespace: "netcup-system",
  podName: null,
  healthAddress: { host: undefined, port: 8081 },
  metricsAddress: { host: undefined, port: 8080 },
  logLevel: "Info",
  logFormat: "json",
  leaseDuration: 15_000,
  leaseRenewDeadline: 10_000,
  leaseRetryPeriod: 2_000,
  watchIdleLimit: 90_000,
  probes: "On",
  probeInterval: 1_000,
  probeTimeout: 1_000,
  probePort: null,
  probeAddressTypes: ["InternalIP", "ExternalIP"],
  probeConcurrency: 64,
  suspectInterval: 2_000,
  settlePeriod: 300_000,
  nodeName: null,
  detectionMode: "Fast",
  leaseStaleAfter: 15_000,
  silentAfter: 5_000,
  recoveredAfter: 10_000,
  suspectAfterProbes: 2,
  guardBurst: 30_000,
  leaseWatchIdleLimit: 12_000,
  drainDetection: "on",
  workloadUnreadyAfter: 10_000,
  workloadReplacedAfter: 60_000,
  workloadReadyAfter: 5_000,
  nodeMapping: "automatic",
  annotateNodes: "false",
  refreshInterval: 60_000,
  moveInterval: 301_000,
  shortWindow: 301_000,
  shortWindowMoves: 10,
  longWindow: 3_601_000,
  longWindowMoves: 20,
  taskTimeout: 60_000,
  limitRetryInterval: 30_000,
  credentialsRetryInterval: 300_000,
  maxBackoff: 10_000,
  readTimeout: 10_000,
  routeTimeout: 30_000,
  reclaimGiveUpAfter: 600_000,
  noticeUrl: null,
  noticeFormat: "json",
  noticeTimeout: 10_000,
  noticeGrace: 10_000
}

/** Environment variable, a value, the setting, and what it then is. */
const set: ReadonlyArray<readonly [string, string, keyof typeof standard, unknown]> = [
  ["NODE_SETTLE_PERIOD", "10m", "settlePeriod", 600_000],
  ["PROBES", "Off", "probes", "Off"],
  ["PROBE_INTERVAL", "2s", "probeInterval", 2_000],
  ["PROBE_TIMEOUT", "500ms", "probeTimeout", 500],
  ["PROBE_PORT", "10256", "probePort", 10_256],
  ["PROBE_ADDRESS_TYPES", "ExternalIP, InternalIP", "probeAddressTypes", ["ExternalIP", "InternalIP"]],
  ["PROBE_CONCURRENCY", "8", "probeConcurrency", 8],
  ["NETCUP_SUSPECT_INTERVAL", "3s", "suspectInterval", 3_000],
  ["DRAIN_DETECTION", "off", "drainDetection", "off"],
  ["WORKLOAD_UNREADY_AFTER", "30s", "workloadUnreadyAfter", 30_000],
  ["WORKLOAD_REPLACED_AFTER", "2m", "workloadReplacedAfter", 120_000],
  ["WORKLOAD_READY_AFTER", "1s", "workloadReadyAfter", 1_000],
  ["NETCUP_SOAP_URL", "http://127.0.0.1:8099/WSEndUser", "soapUrl", "http://127.0.0.1:8099/WSEndUser"],
  ["NETCUP_REST_URL", "http://127.0.0.1:8098/scp-core", "restUrl", "http://127.0.0.1:8098/scp-core"],
  ["NETCUP_OIDC_ISSUER", "http://127.0.0.1:8097/realms/scp", "oidcIssuer", "http://127.0.0.1:8097/realms/scp"],
  ["KUBECONFIG", "/etc/kubeconfig", "kubeconfig", "/etc/kubeconfig"],
  ["POD_NAMESPACE", "kube-system", "namespace", "kube-system"],
  ["POD_NAME", "netcup-failover-controller-0", "podName", "netcup-failover-controller-0"],
  ["HEALTH_ADDR", "[::1]:9001", "healthAddress", { host: "::1", port: 9001 }],
  ["METRICS_ADDR", "127.0.0.1:9002", "metricsAddress", { host: "127.0.0.1", port: 9002 }],
  ["LOG_LEVEL", "Debug", "logLevel", "Debug"],
  ["LOG_FORMAT", "pretty", "logFormat", "pretty"],
  ["LEASE_DURATION", "16s", "leaseDuration", 16_000],
  ["LEASE_RENEW_DEADLINE", "11s", "leaseRenewDeadline", 11_000],
  ["LEASE_RETRY_PERIOD", "1500ms", "leaseRetryPeriod", 1_500],
  ["WATCH_IDLE_LIMIT", "1m31s", "watchIdleLimit", 91_000],
  ["NODE_NAME", "node-1", "nodeName", "node-1"],
  ["DETECTION_MODE", "NodeConditions", "detectionMode", "NodeConditions"],
  ["DETECTION_LEASE_STALE_AFTER", "20s", "leaseStaleAfter", 20_000],
  ["DETECTION_SILENT_AFTER", "3s", "silentAfter", 3_000],
  ["DETECTION_RECOVERED_AFTER", "1m", "recoveredAfter", 60_000],
  ["DETECTION_SUSPECT_AFTER_PROBES", "3", "suspectAfterProbes", 3],
  ["DETECTION_GUARD_BURST", "31s", "guardBurst", 31_000],
  ["DETECTION_LEASE_WATCH_IDLE_LIMIT", "13s", "leaseWatchIdleLimit", 13_000],
  ["NODE_MAPPING", "annotation", "nodeMapping", "annotation"],
  ["ANNOTATE_NODES", "true", "annotateNodes", "true"],
  ["NETCUP_REFRESH_INTERVAL", "1m1s", "refreshInterval", 61_000],
  ["NETCUP_MOVE_INTERVAL", "2s", "moveInterval", 2_000],
  ["NETCUP_SHORT_WINDOW", "8s", "shortWindow", 8_000],
  ["NETCUP_LONG_WINDOW", "9s", "longWindow", 9_000],
  ["NETCUP_SHORT_WINDOW_MOVES", "1", "shortWindowMoves", 1],
  ["NETCUP_LONG_WINDOW_MOVES", "10000", "longWindowMoves", 10_000],
  ["NETCUP_TASK_TIMEOUT", "10s", "taskTimeout", 10_000],
  ["NETCUP_LIMIT_RETRY_INTERVAL", "3s", "limitRetryInterval", 3_000],
  ["NETCUP_CREDENTIALS_RETRY_INTERVAL", "4s", "credentialsRetryInterval", 4_000],
  ["NETCUP_MAX_BACKOFF", "5s", "maxBackoff", 5_000],
  ["NETCUP_READ_TIMEOUT", "6s", "readTimeout", 6_000],
  ["NETCUP_ROUTE_TIMEOUT", "7s", "routeTimeout", 7_000],
  ["RECLAIM_GIVE_UP_AFTER", "1m", "reclaimGiveUpAfter", 60_000],
  ["NOTICE_WEBHOOK_URL", "https://hooks.example/geheim?a=b", "noticeUrl", "https://hooks.example/geheim?a=b"],
  ["NOTICE_WEBHOOK_FORMAT", "slack", "noticeFormat", "slack"],
  ["NOTICE_WEBHOOK_TIMEOUT", "3s", "noticeTimeout", 3_000],
  ["NOTICE_FAILURE_GRACE", "1s", "noticeGrace", 1_000]
]

const badPeriods = ["0s", "15", "ten seconds", "-1s"]
const bad: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  ["PROBES", ["on", "Yes"]],
  ["PROBE_INTERVAL", badPeriods],
  ["PROBE_TIMEOUT", badPeriods],
  ["PROBE_PORT", ["0", "65536", "1.5", "https"]],
  ["PROBE_ADDRESS_TYPES", ["Hostname", "InternalIP,", "internalip"]],
  ["PROBE_CONCURRENCY", ["0", "1001", "x"]],
  ["NETCUP_SUSPECT_INTERVAL", badPeriods],
  ["NETCUP_SOAP_URL", ["servercontrolpanel", "http://", "/WSEndUser"]],
  ["NETCUP_REST_URL", ["scp-core"]],
  ["NETCUP_OIDC_ISSUER", ["realms/scp"]],
  ["HEALTH_ADDR", ["8081", ":65536", "localhost"]],
  ["METRICS_ADDR", ["8080", "::1:8080"]],
  ["LOG_LEVEL", ["loud", "debug"]],
  ["LOG_FORMAT", ["yaml", "JSON"]],
  ["LEASE_DURATION", badPeriods],
  ["LEASE_RENEW_DEADLINE", badPeriods],
  ["LEASE_RETRY_PERIOD", badPeriods],
  ["WATCH_IDLE_LIMIT", badPeriods],
  ["DETECTION_MODE", ["fast", "Ready"]],
  ["DETECTION_LEASE_STALE_AFTER", badPeriods],
  ["DETECTION_SILENT_AFTER", badPeriods],
  ["DETECTION_RECOVERED_AFTER", badPeriods],
  ["DETECTION_SUSPECT_AFTER_PROBES", ["0", "1.5"]],
  ["DETECTION_GUARD_BURST", badPeriods],
  ["DETECTION_LEASE_WATCH_IDLE_LIMIT", badPeriods],
  ["NODE_MAPPING", ["names", "Automatic"]],
  ["ANNOTATE_NODES", ["yes", "True"]],
  ["NETCUP_REFRESH_INTERVAL", badPeriods],
  ["NETCUP_SHORT_WINDOW", badPeriods],
  ["NETCUP_LONG_WINDOW", badPeriods],
  ["NETCUP_SHORT_WINDOW_MOVES", ["0", "-1", "1.5", "ten", "10001", "Infinity"]],
  ["NETCUP_LONG_WINDOW_MOVES", ["0", "x"]],
  ["NETCUP_TASK_TIMEOUT", badPeriods],
  ["NETCUP_MOVE_INTERVAL", badPeriods],
  ["NETCUP_LIMIT_RETRY_INTERVAL", badPeriods],
  ["NETCUP_CREDENTIALS_RETRY_INTERVAL", badPeriods],
  ["NETCUP_MAX_BACKOFF", badPeriods],
  ["RECLAIM_GIVE_UP_AFTER", badPeriods],
  ["NETCUP_READ_TIMEOUT", badPeriods],
  ["NETCUP_ROUTE_TIMEOUT", badPeriods],
  ["NOTICE_WEBHOOK_URL", ["hooks.example/geheim", "ftp://hooks.example/geheim", "https://hooks.example:99999/geheim"]],
  ["NOTICE_WEBHOOK_FORMAT", ["xml", "Slack"]],
  ["NOTICE_WEBHOOK_TIMEOUT", badPeriods],
  ["NOTICE_FAILURE_GRACE", badPeriods]
]

describe("settings", () => {
  it.effect("without an environment are those of the documentation", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual<unknown>(shown(yield* load({})), standard)
    })
  )

  for (const [variable, text, setting, value] of set) {
    it.effect(`${variable} sets ${setting} and nothing else`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual<unknown>(shown(yield* load({ [variable]: text })), { ...standard, [setting]: value })
      })
    )
  }

  it("can each be set", () => {
    assert.sameMembers(
      set.map(([, , setting]) => setting),
      Object.keys(standard)
    )
  })

  for (const [variable, texts] of bad) {
    for (const text of texts) {
      it.effect(`${variable}=${text} is refused in one line that names ${variable} and its flag`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(load({ [variable]: text }))
          assert.strictEqual(error._tag, "SettingsError")
          const key = variable === "NOTICE_WEBHOOK_URL" ? variable : `${variable} (${Setting.flagOf(variable)})`
          assert.isTrue(error.message.startsWith(`${key}: Expected `), error.message)
          assert.notInclude(error.message, "\n")
          for (const text of [String(error), inspect(error, { depth: 9 })]) assert.notInclude(text, "geheim")
        })
      )
    }
  }

  it.effect("show nothing of the receiver's URL, which may be a secret", () =>
    Effect.gen(function* () {
      const settings = yield* load({ NOTICE_WEBHOOK_URL: "https://hooks.example/geheim" })
      for (const text of [JSON.stringify(settings), inspect(settings, { depth: 9 })]) assert.notInclude(text, "geheim")
    })
  )

  it.effect("that are empty count as not set, as in a manifest that leaves them blank", () =>
    Effect.gen(function* () {
      const blank = Object.fromEntries(set.map(([variable]) => [variable, ""]))
      assert.deepStrictEqual<unknown>(shown(yield* load(blank)), standard)
    })
  )

  for (const environment of [
    { LEASE_DURATION: "10s" },
    { LEASE_RENEW_DEADLINE: "15s" },
    { LEASE_RENEW_DEADLINE: "2s" },
    { LEASE_RETRY_PERIOD: "10s" },
    { LEASE_RETRY_PERIOD: "11s", LEASE_DURATION: "20s" }
  ]) {
    it.effect(`of the Lease that do not fit together are refused: ${JSON.stringify(environment)}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(load(environment))
        assert.strictEqual(
          error.message,
          "need LEASE_RETRY_PERIOD (--lease-retry-period) < LEASE_RENEW_DEADLINE (--lease-renew-deadline) < LEASE_DURATION (--lease-duration)"
        )
      })
    )
  }
})
