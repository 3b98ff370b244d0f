import { assert, describe, it } from "@effect/vitest"
import * as Setting from "@netcup-failover/controller/Setting"
import { TelemetrySettings } from "@netcup-failover/controller/telemetry/TelemetrySettings"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

type Environment = Readonly<Record<string, string>>

const load = (environment: Environment) =>
  TelemetrySettings.use(Effect.succeed).pipe(
    Effect.provide(TelemetrySettings.layer),
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(environment)))
  )

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" }

/** Where signals go. */
const urls = (environment: Environment) =>
  Effect.map(load(environment), ({ traces, metrics, logs }) =>
    [traces, metrics, logs].map((target) => target?.url.href)
  )

const none = [undefined, undefined, undefined]

describe("telemetry's settings", () => {
  it.effect("send nothing without an endpoint, nor when they are switched off", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* urls({}), none)
      assert.deepStrictEqual(yield* urls({ OTEL_TRACES_EXPORTER: "otlp" }), none)
      assert.deepStrictEqual(yield* urls({ ...endpoint, OTEL_SDK_DISABLED: "true" }), none)
      // Whatever else a platform puts into every Pod.
      const strange = { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_TRACES_SAMPLER: "jaeger_remote" }
      assert.deepStrictEqual(yield* urls({ ...endpoint, ...strange, OTEL_SDK_DISABLED: "true" }), none)
    })
  )

  it.effect("add each signal's path to the general endpoint, and nothing to one of its own", () =>
    Effect.gen(function* () {
      for (const base of ["http://collector:4318", "http://collector:4318/"]) {
        assert.deepStrictEqual(yield* urls({ OTEL_EXPORTER_OTLP_ENDPOINT: base }), [
          "http://collector:4318/v1/traces",
          "http://collector:4318/v1/metrics",
          "http://collector:4318/v1/logs"
        ])
      }
      assert.deepStrictEqual(
        yield* urls({
          OTEL_EXPORTER_OTLP_ENDPOINT: "https://a/otlp",
          OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "https://b/own?x=1"
        }),
        ["https://a/otlp/v1/traces", "https://b/own?x=1", "https://a/otlp/v1/logs"]
      )
      assert.deepStrictEqual(yield* urls({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://b/" }), [
        undefined,
        undefined,
        "http://b/"
      ])
    })
  )

  for (const [i, signal] of ["TRACES", "METRICS", "LOGS"].entries()) {
    it.effect(`leave out ${signal} by OTEL_${signal}_EXPORTER=none, and nothing else`, () =>
      Effect.gen(function* () {
        const sent = yield* urls({ ...endpoint, [`OTEL_${signal}_EXPORTER`]: "none" })
        assert.deepStrictEqual(
          sent.map((url) => url === undefined),
          [0, 1, 2].map((j) => j === i)
        )
      })
    )
  }

  it.effect("read headers with their escapes, a signal's own in place of the general ones", () =>
    Effect.gen(function* () {
      const { traces, logs } = yield* load({
        ...endpoint,
        OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20a%3Db, x-tenant=1",
        OTEL_EXPORTER_OTLP_LOGS_HEADERS: "x-tenant=2"
      })
      assert.deepStrictEqual(traces?.headers && Redacted.value(traces.headers), {
        authorization: "Bearer a=b",
        "x-tenant": "1"
      })
      assert.deepStrictEqual(logs?.headers && Redacted.value(logs.headers), { "x-tenant": "2" })
      assert.notInclude(JSON.stringify(traces), "Bearer")
    })
  )

  it.effect("name the service by its variable, then by its attribute, then by itself", () =>
    Effect.gen(function* () {
      const attributes = { OTEL_RESOURCE_ATTRIBUTES: "service.name=attribute,deployment.environment=a%2Cb" }
      assert.strictEqual((yield* load({})).serviceName, "netcup-failover-controller")
      assert.strictEqual((yield* load(attributes)).serviceName, "attribute")
      assert.strictEqual((yield* load({ ...attributes, OTEL_SERVICE_NAME: "own" })).serviceName, "own")
      assert.strictEqual((yield* load(attributes)).attributes["deployment.environment"], "a,b")
    })
  )

  it.effect("trace all failovers, or the share that the sampler says", () =>
    Effect.gen(function* () {
      const share = (environment: Environment) => Effect.map(load(environment), ({ sampled }) => sampled)
      assert.strictEqual(yield* share({}), 1)
      assert.strictEqual(yield* share({ OTEL_TRACES_SAMPLER: "always_off" }), 0)
      assert.strictEqual(yield* share({ OTEL_TRACES_SAMPLER: "parentbased_always_off" }), 0)
      assert.strictEqual(
        yield* share({ OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" }),
        0.25
      )
    })
  )

  it.effect("take times in ms, as OpenTelemetry has them", () =>
    Effect.gen(function* () {
      const { metricInterval, timeout } = yield* load({
        OTEL_METRIC_EXPORT_INTERVAL: "1500",
        OTEL_EXPORTER_OTLP_TIMEOUT: "2500"
      })
      assert.strictEqual(Duration.toMillis(metricInterval), 1_500)
      assert.strictEqual(Duration.toMillis(timeout), 2_500)
    })
  )

  for (const [variable, texts] of [
    ["OTEL_SDK_DISABLED", ["yes"]],
    ["OTEL_EXPORTER_OTLP_ENDPOINT", ["collector:4318", "ftp://collector"]],
    ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ["collector"]],
    ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", ["collector"]],
    ["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", ["collector"]],
    ["OTEL_EXPORTER_OTLP_PROTOCOL", ["grpc", "http"]],
    ["OTEL_EXPORTER_OTLP_TIMEOUT", ["10s", "0", "-1", "1e99", "Infinity"]],
    ["OTEL_METRIC_EXPORT_INTERVAL", ["1m", "0"]],
    ["OTEL_TRACES_EXPORTER", ["jaeger"]],
    ["OTEL_METRICS_EXPORTER", ["prometheus"]],
    ["OTEL_LOGS_EXPORTER", ["console"]],
    ["OTEL_TRACES_SAMPLER", ["jaeger_remote"]],
    ["OTEL_TRACES_SAMPLER_ARG", ["2", "-0.1", "half"]],
    ["OTEL_RESOURCE_ATTRIBUTES", ["novalue", "a=%zz", "=b"]]
  ] as const) {
    for (const text of texts) {
      it.effect(`${variable}=${text} is refused in one line that names ${variable} and its flag`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(load({ [variable]: text }))
          assert.strictEqual(error._tag, "SettingsError")
          assert.match(
            error.message,
            new RegExp(`^${variable} \\(${Setting.flagOf(variable)}\\): Expected [^\\n]+$`, "u")
          )
        })
      )
    }
  }

  it.effect("say of gRPC what is spoken instead", () =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(load({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }))
      assert.include(message, "http/protobuf or http/json")
      assert.include(message, "4318")
    })
  )

  for (const [text, what] of [
    ["geheim", "without a key"],
    ["authorization=%zzgeheim", "with an escape that is none"],
    ["author ization=geheim", "with a name that HTTP does not allow"],
    ["authorization=geheim%0d%0ax-other%3A1", "with a line break"]
  ] as const) {
    it.effect(`headers ${what} are refused in a line that names the variable alone, and does not show them`, () =>
      Effect.gen(function* () {
        const { message } = yield* Effect.flip(load({ OTEL_EXPORTER_OTLP_HEADERS: text }))
        assert.match(message, /^OTEL_EXPORTER_OTLP_HEADERS: Expected [^\n]+$/u)
        assert.notInclude(message, "geheim")
      })
    )
  }
})
