import { assert, describe, it } from "@effect/vitest"
import * as Otlp from "@netcup-failover/controller/telemetry/Otlp"
import { TelemetrySettings } from "@netcup-failover/controller/telemetry/TelemetrySettings"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as TestClock from "effect/testing/TestClock"

interface Sent {
  readonly url: string
  readonly type: string | undefined
  readonly text: string
}

/** What a collector does with an export. */
type Answer = Effect.Effect<Response>

/** Telemetry with these settings and a collector that answers so. */
const world = (environment: Readonly<Record<string, string>>, answer: Answer = Effect.succeed(new Response("{}"))) => {
  const sent: Array<Sent> = []
  const lines: Array<string> = []
  const http = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.gen(function* () {
        const text = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
        sent.push({ url: request.url, type: request.headers["content-type"], text })
        return HttpClientResponse.fromWeb(request, yield* answer)
      })
    )
  )
  const logs = Logger.layer([
    Logger.make(({ message }) => lines.push(`${Array.isArray(message) ? message[0] : message}`))
  ])
  const layer = Otlp.layer.pipe(
    Layer.provide(TelemetrySettings.layer),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(environment))),
    Layer.provide(http),
    Layer.provideMerge(logs)
  )
  return { sent, lines, layer }
}

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" }

/** In steps, as fibers that sleep one after the other need it. */
const seconds = (n: number) => Effect.repeat(TestClock.adjust("1 second"), { times: n - 1 })

const failover = Effect.logInfo("routed", { group: "web" }).pipe(
  Effect.withSpan("netcup.soap.changeIPRouting"),
  Effect.withSpan("Mover.route"),
  Effect.withSpan("failover")
)

describe("OTLP", () => {
  it.effect("sends nothing and traces nothing when no endpoint is set", () =>
    Effect.gen(function* () {
      const { sent, layer } = world({})
      yield* Effect.gen(function* () {
        yield* failover
        const { sampled, traceId } = yield* Effect.orDie(Effect.currentSpan.pipe(Effect.withSpan("failover")))
        assert.deepStrictEqual([sampled, traceId], [false, "noop"])
        yield* seconds(120)
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(sent, [])
    })
  )

  for (const [protocol, type] of [
    ["http/json", "application/json"],
    ["http/protobuf", "application/x-protobuf"]
  ] as const) {
    it.effect(`sends each signal to its path, by ${protocol}`, () =>
      Effect.gen(function* () {
        const { sent, layer } = world({ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: protocol })
        yield* Effect.gen(function* () {
          yield* Metric.update(Metric.counter("some_total"), 1)
          yield* failover
          yield* seconds(61)
        }).pipe(Effect.provide(layer))
        const text = (path: string) => {
          const all = sent.filter(({ url }) => url === `http://collector:4318${path}`)
          for (const one of all) assert.strictEqual(one.type, type)
          return all.map(({ text }) => text).join("")
        }
        assert.include(text("/v1/traces"), "netcup.soap.changeIPRouting")
        // By no name but the listed ones.
        assert.notInclude(text("/v1/traces"), "Mover.route")
        assert.include(text("/v1/metrics"), "some_total")
        assert.include(text("/v1/logs"), "routed")
        for (const path of ["/v1/traces", "/v1/metrics", "/v1/logs"]) {
          assert.include(text(path), "netcup-failover-controller")
        }
      })
    )
  }

  it.effect("sends what is left when the process ends", () =>
    Effect.gen(function* () {
      const { sent, layer } = world(endpoint)
      yield* Effect.provide(failover, layer)
      assert.sameMembers(
        sent.map(({ url }) => new URL(url).pathname),
        ["/v1/traces", "/v1/metrics", "/v1/logs"]
      )
    })
  )

  it.effect("traces failovers and nothing that goes on beside them", () =>
    Effect.gen(function* () {
      const { sent, layer } = world({ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" })
      yield* Effect.gen(function* () {
        yield* Effect.void.pipe(Effect.withSpan("netcup.soap.getVServers"), Effect.withSpan("Reconciler.pass"))
        yield* Effect.void.pipe(Effect.withSpan("netcup.rest.tasks"))
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(
        sent.filter(({ url }) => url.endsWith("/v1/traces")),
        []
      )
    })
  )

  it.effect("traces the share of failovers that the sampler says", () =>
    Effect.gen(function* () {
      const { sent, layer } = world({
        ...endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_TRACES_SAMPLER: "traceidratio",
        OTEL_TRACES_SAMPLER_ARG: "0.5"
      })
      yield* Effect.repeat(failover, { times: 399 }).pipe(Effect.provide(layer))
      const traces = sent.filter(({ url }) => url.endsWith("/v1/traces")).map(({ text }) => text)
      const roots = traces.join("").split('"name":"failover"').length - 1
      const calls = traces.join("").split('"name":"netcup.soap.changeIPRouting"').length - 1
      // 50 % of 400, give or take seven times what chance does.
      assert.isAbove(roots, 130)
      assert.isBelow(roots, 270)
      assert.strictEqual(calls, roots)
    })
  )

  for (const [name, answer] of [
    ["never answers", Effect.never],
    ["refuses", Effect.succeed(new Response("no", { status: 503 }))],
    ["never ends its answer", Effect.sync(() => new Response(new ReadableStream()))]
  ] as const) {
    it.effect(`a collector that ${name} is named once for each signal, and holds nothing up`, () =>
      Effect.gen(function* () {
        const { sent, lines, layer } = world({ ...endpoint, OTEL_METRIC_EXPORT_INTERVAL: "1000" }, answer)
        yield* Effect.gen(function* () {
          for (let i = 0; i < 600; i++) {
            yield* failover
            yield* TestClock.adjust("1 second")
          }
          // All of it ends in the time that the end of the process may take.
          yield* Effect.forkDetach(seconds(10), { startImmediately: false })
        }).pipe(Effect.provide(layer))
        assert.strictEqual(lines.filter((line) => line.startsWith("telemetry is not taken")).length, 3, `${lines}`)
        // A try and three more, then a minute of silence.
        assert.isBelow(sent.length, 3 * 4 * 11)
        assert.isAbove(sent.length, 3 * 4)
      })
    )
  }

  it.effect("says once that a collector takes telemetry again", () =>
    Effect.gen(function* () {
      const answers = [503, 503, 503, 503, 200, 200]
      const answer = Effect.sync(() => new Response("", { status: answers.shift() ?? 200 }))
      const { lines, layer } = world({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://collector/" }, answer)
      yield* Effect.gen(function* () {
        for (let i = 0; i < 300; i++) {
          yield* failover
          yield* TestClock.adjust("1 second")
        }
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(
        lines.filter((line) => line !== "routed" && !line.startsWith("Disabling")),
        ["telemetry is not taken by the collector and is dropped until it is", "telemetry is taken again"]
      )
    })
  )
})
