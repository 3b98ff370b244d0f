/**
 * Traces, metrics and logs to an OTLP collector. What no endpoint is set for does not exist: no fiber, no buffer.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as OtlpExporter from "effect/observability/OtlpExporter"
import * as OtlpMetrics from "effect/observability/OtlpMetrics"
import * as OtlpResource from "effect/observability/OtlpResource"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { version } from "../Version.ts"
import * as Collector from "./Collector.ts"
import * as FailoverTracer from "./FailoverTracer.ts"
import * as LogFact from "./LogFact.ts"
import { type Target, type Telemetry, TelemetrySettings } from "./TelemetrySettings.ts"

/** How long the end of the process may wait for what was not sent yet. */
const shutdownTimeout = Duration.seconds(1)

const optionsOf = ({ url, headers }: Target, { serviceName, attributes }: Telemetry) => ({
  url: url.href,
  headers: headers === undefined ? {} : Redacted.value(headers),
  resource: { serviceName, serviceVersion: version, attributes },
  shutdownTimeout
})

const severityOf: Readonly<Record<string, number>> = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 }

/** Log facts with their fields as attributes, and the failover that they belong to. */
const logger = Effect.fnUntraced(function* (target: Target, telemetry: Telemetry) {
  const serialization = yield* OtlpSerialization.OtlpSerialization
  const { url, headers, resource } = optionsOf(target, telemetry)
  const exporter = yield* OtlpExporter.make({
    label: "OtlpLogger",
    url,
    headers,
    exportInterval: "1 second",
    maxBatchSize: 500,
    shutdownTimeout,
    body: (logRecords) => [
      serialization.logs({
        resourceLogs: [
          { resource: OtlpResource.make(resource), scopeLogs: [{ scope: { name: telemetry.serviceName }, logRecords }] }
        ]
      }),
      Effect.void
    ]
  })
  return Logger.make((options) => {
    const { at, level, text, fields } = LogFact.make(options)
    const time = `${BigInt(at.getTime()) * 1_000_000n}`
    const span = options.fiber.cache.span
    exporter.push({
      timeUnixNano: time,
      observedTimeUnixNano: time,
      severityNumber: severityOf[level] ?? 0,
      severityText: level,
      body: { stringValue: text },
      attributes: OtlpResource.entriesToAttributes(Object.entries(fields)),
      droppedAttributesCount: 0,
      ...(span?.sampled === true ? { traceId: span.traceId, spanId: span.spanId } : {})
    })
  })
})

const tracing = (target: Target, telemetry: Telemetry) =>
  Layer.effect(
    Tracer.Tracer,
    Effect.map(OtlpTracer.make(optionsOf(target, telemetry)), (exporter) =>
      FailoverTracer.make(exporter, telemetry.sampled)
    )
  )

const untraced = Layer.succeed(References.TracerEnabled, false)

/** What is sent, as the settings say; beside the loggers that are there already. */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const telemetry = yield* TelemetrySettings
    const { traces, metrics, logs, timeout, metricInterval, protocol } = telemetry
    const sent = <A, E, R>(signal: string, one: Layer.Layer<A, E, R>) =>
      one.pipe(Layer.provide(OtlpExporter.layerFlusher), Layer.provide(Collector.layer(signal, timeout)))
    return Layer.mergeAll(
      traces === undefined ? untraced : sent("traces", tracing(traces, telemetry)),
      metrics === undefined
        ? Layer.empty
        : sent("metrics", OtlpMetrics.layer({ ...optionsOf(metrics, telemetry), exportInterval: metricInterval })),
      logs === undefined
        ? Layer.empty
        : sent("logs", Logger.layer([logger(logs, telemetry)], { mergeWithExisting: true })),
      // A failover's ids are nobody's business outside: netcup is not told.
      Layer.succeed(HttpClient.TracerPropagationEnabled, false)
    ).pipe(
      Layer.provide(protocol === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf),
      // All of it was read by our own settings, which say so where it is wrong.
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord({})))
    )
  })
)
