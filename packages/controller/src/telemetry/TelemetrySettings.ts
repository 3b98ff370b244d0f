/**
 * The standard variables of OpenTelemetry that the controller honours. Without an endpoint nothing is sent and nothing runs.
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Setting from "../Setting.ts"
import { WebUrl } from "../WebUrl.ts"

type Pairs = Readonly<Record<string, string>>

const decodePart = (text: string) => Result.try(() => decodeURIComponent(text.trim()))

/** `key=value,key2=value2`, percent-encoded as in W3C Baggage. */
const parsePairs = (text: string): Pairs | undefined => {
  const pairs: Array<readonly [string, string]> = []
  for (const part of text.split(",").filter((one) => one.trim() !== "")) {
    const at = part.indexOf("=")
    const [key, value] = [decodePart(part.slice(0, Math.max(at, 0))), decodePart(part.slice(at + 1))]
    if (Result.isFailure(key) || Result.isFailure(value) || key.success === "") return undefined
    pairs.push([key.success, value.success])
  }
  return Object.fromEntries(pairs)
}

// The message does not show the value: headers are secrets.
const Pairs = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Record(Schema.String, Schema.String),
    SchemaTransformation.transformEffect({
      decode: (text, options) => {
        const pairs = parsePairs(text)
        return pairs === undefined
          ? Effect.fail(
              new SchemaIssue.InvalidValue({ message: "Expected key=value,key2=value2, percent-encoded" }, "", options)
            )
          : Effect.succeed(pairs)
      },
      encode: (pairs) =>
        Effect.succeed(
          Object.entries(pairs)
            .map((pair) => pair.map(encodeURIComponent).join("="))
            .join(",")
        )
    })
  )
)

/** What HTTP allows of a header, so that a bad one is found before the first export. */
const Headers = Pairs.check(
  Schema.makeFilter(
    (pairs) =>
      Object.entries(pairs).every(
        ([name, value]) =>
          /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u.test(name) && /^[\t\u0020-\u007e\u0080-\u00ff]*$/u.test(value)
      ) || "Expected names and values that HTTP allows"
  )
)
const SecretHeaders = Headers.pipe(
  Schema.decodeTo(
    Schema.Redacted(Schema.Record(Schema.String, Schema.String)),
    SchemaTransformation.transform({ decode: (pairs) => Redacted.make(pairs), encode: Redacted.value })
  )
)

const protocols = ["http/protobuf", "http/json"] as const
const Protocol = Schema.Literals(protocols).annotate({
  message: "Expected http/protobuf or http/json: OTLP is spoken over HTTP only (a collector's port 4318), not over gRPC"
})

const Millis = Schema.FiniteFromString.check(
  Schema.makeFilter((millis) => (millis > 0 && millis < 2 ** 31) || "Expected milliseconds, more than 0")
)
const Ratio = Schema.FiniteFromString.check(
  Schema.makeFilter((ratio) => (ratio >= 0 && ratio <= 1) || "Expected a ratio from 0 to 1")
)
const Switch = Schema.Literals(["true", "false"])

const samplers = [
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
  "always_on",
  "always_off",
  "traceidratio"
] as const

const millis = (variable: string, standard: string, meaning: string) =>
  Setting.make(variable, Millis, standard, { unit: "ms", meaning })
const endpoint = (variable: string, meaning: string) => Setting.optional(variable, WebUrl, { unit: "URL", meaning })
const headers = (variable: string, meaning: string) =>
  Setting.secret(variable, SecretHeaders, { unit: "key=value,…", meaning })
const exporter = (variable: string, what: string) =>
  Setting.choice(variable, ["otlp", "none"], "otlp", `whether ${what} are sent`)

/** As one table; a part of `docs/settings.md` is made from it. */
export const telemetrySettings = {
  disabled: Setting.make("OTEL_SDK_DISABLED", Switch, "false", {
    unit: "true, false",
    meaning: "true: nothing is sent, whatever else is set"
  }),
  endpoint: endpoint(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "an OTLP collector over HTTP, like `http://collector:4318`; `/v1/traces`, `/v1/metrics` and `/v1/logs` are added"
  ),
  tracesEndpoint: endpoint("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "where traces go, as it stands"),
  metricsEndpoint: endpoint("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "where metrics go, as it stands"),
  logsEndpoint: endpoint("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "where logs go, as it stands"),
  headers: headers("OTEL_EXPORTER_OTLP_HEADERS", "headers of each export, such as its credentials"),
  tracesHeaders: headers("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "headers of traces, in place of the general ones"),
  metricsHeaders: headers("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "headers of metrics, in place of the general ones"),
  logsHeaders: headers("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "headers of logs, in place of the general ones"),
  protocol: Setting.make("OTEL_EXPORTER_OTLP_PROTOCOL", Protocol, "http/protobuf", {
    unit: protocols.join(", "),
    meaning: "how exports are written"
  }),
  timeout: millis("OTEL_EXPORTER_OTLP_TIMEOUT", "10000", "how long the collector may take to answer"),
  tracesExporter: exporter("OTEL_TRACES_EXPORTER", "traces"),
  metricsExporter: exporter("OTEL_METRICS_EXPORTER", "metrics"),
  logsExporter: exporter("OTEL_LOGS_EXPORTER", "logs"),
  serviceName: Setting.optional("OTEL_SERVICE_NAME", Schema.NonEmptyString, {
    unit: "name",
    meaning: "`service.name`; without it that of the resource attributes, else `netcup-failover-controller`"
  }),
  resourceAttributes: Setting.make("OTEL_RESOURCE_ATTRIBUTES", Pairs, "", {
    unit: "key=value,…",
    meaning: "what else is told of the process with each export"
  }),
  sampler: Setting.choice("OTEL_TRACES_SAMPLER", samplers, "parentbased_always_on", "which failovers are traced"),
  samplerRatio: Setting.make("OTEL_TRACES_SAMPLER_ARG", Ratio, "1", {
    unit: "0 to 1",
    meaning: "the share of failovers that `traceidratio` traces"
  }),
  metricInterval: millis("OTEL_METRIC_EXPORT_INTERVAL", "60000", "how often metrics are sent")
}

const read = Config.all(telemetrySettings)
type Read = Config.Success<typeof read>

const off = ConfigProvider.layer(ConfigProvider.fromEnvRecord({ OTEL_SDK_DISABLED: "true" }))

/** Switched off, what a platform says to every Pod keeps none from running. */
const readIfOn = Effect.flatMap(telemetrySettings.disabled, (disabled) =>
  disabled === "true" ? Effect.provide(read, off) : read
)

/** Where one signal goes, and with which headers. */
export interface Target {
  readonly url: URL
  readonly headers: Redacted.Redacted<Pairs> | undefined
}

/** `undefined` for signals that are not sent. */
export interface Telemetry {
  readonly traces: Target | undefined
  readonly metrics: Target | undefined
  readonly logs: Target | undefined
  readonly protocol: (typeof protocols)[number]
  readonly timeout: Duration.Duration
  readonly metricInterval: Duration.Duration
  readonly serviceName: string
  readonly attributes: Pairs
  /** The share of failovers that is traced. */
  readonly sampled: number
}

/** The general endpoint is a base, whatever its path ends with. */
const under = (base: URL, signal: string): URL => {
  const url = new URL(base)
  url.pathname = `${base.pathname.replace(/\/+$/u, "")}/v1/${signal}`
  return url
}

const sampledOf = ({ sampler, samplerRatio }: Read): number => {
  if (sampler.endsWith("traceidratio")) return samplerRatio
  return sampler.endsWith("always_on") ? 1 : 0
}

const telemetryOf = (all: Read): Telemetry => {
  const target = (
    signal: "traces" | "metrics" | "logs",
    own: Option.Option<URL>,
    ownHeaders: Option.Option<Redacted.Redacted<Pairs>>,
    exporter: "otlp" | "none"
  ): Target | undefined => {
    const url = Option.getOrUndefined(Option.orElse(own, () => Option.map(all.endpoint, (base) => under(base, signal))))
    if (all.disabled === "true" || exporter === "none" || url === undefined) return undefined
    return { url, headers: Option.getOrUndefined(Option.orElse(ownHeaders, () => all.headers)) }
  }
  return {
    traces: target("traces", all.tracesEndpoint, all.tracesHeaders, all.tracesExporter),
    metrics: target("metrics", all.metricsEndpoint, all.metricsHeaders, all.metricsExporter),
    logs: target("logs", all.logsEndpoint, all.logsHeaders, all.logsExporter),
    protocol: all.protocol,
    timeout: Duration.millis(all.timeout),
    metricInterval: Duration.millis(all.metricInterval),
    serviceName:
      Option.getOrUndefined(all.serviceName) ?? all.resourceAttributes["service.name"] ?? "netcup-failover-controller",
    attributes: all.resourceAttributes,
    sampled: sampledOf(all)
  }
}

export class TelemetrySettings extends Context.Service<TelemetrySettings, Telemetry>()(
  "@netcup-failover/controller/telemetry/TelemetrySettings"
) {
  static readonly layer = Layer.effect(
    TelemetrySettings,
    readIfOn.pipe(
      Effect.map(telemetryOf),
      Effect.mapError((error) => Setting.explain(error, Setting.aboutAll(telemetrySettings)))
    )
  )
}
