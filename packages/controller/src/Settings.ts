/**
 * Every setting of the controller: its environment variable, its default, and what it means.
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { Period } from "./Period.ts"
import { SocketAddress } from "./SocketAddress.ts"

const WebUrl = Schema.URLFromString.check(
  Schema.makeFilter(({ protocol }) => /^https?:$/u.test(protocol) || "Expected a URL with http or https")
)
const url = (name: string, standard: string) => Config.schema(WebUrl, name).pipe(Config.withDefault(new URL(standard)))
const period = (name: string, standard: Duration.Input) =>
  Config.schema(Period, name).pipe(Config.withDefault(Duration.fromInputUnsafe(standard)))
const address = (name: string, standard: typeof SocketAddress.Type) =>
  Config.schema(SocketAddress, name).pipe(Config.withDefault(standard))
const text = (name: string, standard: string) =>
  Config.schema(Schema.NonEmptyString, name).pipe(Config.withDefault(standard))

const settings = Config.all({
  /** Where netcup's SOAP webservice is. */
  soapUrl: url("NETCUP_SOAP_URL", "https://www.servercontrolpanel.de/WSEndUser"),
  /** Where netcup's REST API is. */
  restUrl: url("NETCUP_REST_URL", "https://www.servercontrolpanel.de/scp-core"),
  /** Who issues the tokens of the REST API. */
  oidcIssuer: url("NETCUP_OIDC_ISSUER", "https://www.servercontrolpanel.de/realms/scp"),
  /** A kubeconfig file; without it the Pod's service account is used. */
  kubeconfig: Config.option(Config.NonEmptyString("KUBECONFIG")),
  /** The controller's own namespace: its Lease is there. */
  namespace: text("POD_NAMESPACE", "netcup-system"),
  /** Tells replicas apart; in a Pod its name. */
  podName: Config.option(Config.NonEmptyString("POD_NAME")),
  /** `/healthz` and `/readyz`. */
  healthAddress: address("HEALTH_ADDR", { host: undefined, port: 8081 }),
  /** `/metrics`, in Prometheus' text format. */
  metricsAddress: address("METRICS_ADDR", { host: undefined, port: 8080 }),
  logLevel: Config.Literals(["Trace", "Debug", "Info", "Warn", "Error"], "LOG_LEVEL").pipe(Config.withDefault("Info")),
  /** How long a silent leader is waited for before another takes over. */
  leaseDuration: period("LEASE_DURATION", "15 seconds"),
  /** How long a leader goes on without having renewed its Lease. Shorter than the duration. */
  leaseRenewDeadline: period("LEASE_RENEW_DEADLINE", "10 seconds"),
  /** How often the Lease is renewed, or tried for. */
  leaseRetryPeriod: period("LEASE_RETRY_PERIOD", "2 seconds"),
  /** How long a watch may be silent before its connection is taken for dead. Longer than a minute: so far bookmarks are apart. */
  watchIdleLimit: period("WATCH_IDLE_LIMIT", "90 seconds"),
  /** How old what we know of netcup may be in peace. */
  refreshInterval: period("NETCUP_REFRESH_INTERVAL", "60 seconds"),
  /** How long netcup lets an address rest between two moves. */
  moveInterval: period("NETCUP_MOVE_INTERVAL", "301 seconds"),
  /** How long netcup's REST API counts a move of the account: 10 in the short window, 20 in the long one. */
  shortWindow: period("NETCUP_SHORT_WINDOW", "301 seconds"),
  longWindow: period("NETCUP_LONG_WINDOW", "3601 seconds"),
  /** How long a routing task of the REST API may run before its outcome counts as unknown. */
  taskTimeout: period("NETCUP_TASK_TIMEOUT", "60 seconds"),
  /** How often a limit is tried whose end netcup does not tell, and a refusal. */
  limitRetryInterval: period("NETCUP_LIMIT_RETRY_INTERVAL", "30 seconds"),
  /** How long refused credentials are left alone unless the Secret changes. */
  credentialsRetryInterval: period("NETCUP_CREDENTIALS_RETRY_INTERVAL", "5 minutes"),
  /** The longest pause between two attempts after failures; they start at a second and double. */
  maxBackoff: period("NETCUP_MAX_BACKOFF", "10 seconds"),
  /** How long netcup may take to answer a question, and a routing change. */
  readTimeout: period("NETCUP_READ_TIMEOUT", "10 seconds"),
  routeTimeout: period("NETCUP_ROUTE_TIMEOUT", "30 seconds"),
  /** Who is told of failovers and failures by HTTP; nobody when it is absent. */
  noticeUrl: Config.option(Config.schema(Schema.RedactedFromValue(WebUrl), "NOTICE_WEBHOOK_URL")),
  noticeFormat: Config.Literals(["json", "slack"], "NOTICE_WEBHOOK_FORMAT").pipe(Config.withDefault("json")),
  /** How long that receiver may take to answer. */
  noticeTimeout: period("NOTICE_WEBHOOK_TIMEOUT", "10 seconds"),
  /** How long a failure has to last before it is told. */
  noticeGrace: period("NOTICE_FAILURE_GRACE", "10 seconds")
})

export class Settings extends Context.Service<Settings, Config.Success<typeof settings>>()(
  "@netcup-failover/controller/Settings"
) {
  static readonly layer = Layer.effect(
    Settings,
    settings.pipe(
      Effect.mapError((error) => new SettingsError({ message: explain(error) })),
      Effect.filterOrFail(
        ({ leaseDuration, leaseRenewDeadline, leaseRetryPeriod }) =>
          Duration.isLessThan(leaseRetryPeriod, leaseRenewDeadline) &&
          Duration.isLessThan(leaseRenewDeadline, leaseDuration),
        () => new SettingsError({ message: "need LEASE_RETRY_PERIOD < LEASE_RENEW_DEADLINE < LEASE_DURATION" })
      )
    )
  )
}

/** A setting cannot be used; the message names its environment variable. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", { message: Schema.String }) {}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const explain = ({ cause }: Config.ConfigError): string =>
  cause._tag === "SchemaError"
    ? format(cause.issue)
        .issues.map(({ path = [], message }) => `${path.map(String).join(".")}: ${message}`)
        .join("; ")
        .replace(/\s+/gu, " ")
    : cause.message
