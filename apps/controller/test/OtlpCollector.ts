/**
 * A tiny OTLP collector over HTTP and JSON, which keeps what it was sent and reads it strictly enough to see what is wrong.
 */
import { createServer, type Server } from "node:http"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const Attribute = Schema.Struct({
  key: Schema.String,
  value: Schema.Struct({ stringValue: Schema.optionalKey(Schema.String) })
})
const Attributes = Schema.Array(Attribute)

const Resource = Schema.Struct({ attributes: Attributes })

const Span = Schema.Struct({
  traceId: Schema.String.check(Schema.isPattern(/^[0-9a-f]{32}$/u)),
  spanId: Schema.String.check(Schema.isPattern(/^[0-9a-f]{16}$/u)),
  parentSpanId: Schema.optionalKey(Schema.String),
  name: Schema.String,
  startTimeUnixNano: Schema.BigIntFromString,
  endTimeUnixNano: Schema.BigIntFromString,
  attributes: Attributes,
  status: Schema.Struct({ code: Schema.Int })
})
export type Span = typeof Span.Type

const LogRecord = Schema.Struct({
  severityText: Schema.String,
  body: Schema.Struct({ stringValue: Schema.String }),
  attributes: Attributes,
  traceId: Schema.optionalKey(Schema.String)
})

const Traces = Schema.Struct({
  resourceSpans: Schema.Array(
    Schema.Struct({ resource: Resource, scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) })) })
  )
})
const Metrics = Schema.Struct({
  resourceMetrics: Schema.Array(
    Schema.Struct({
      resource: Resource,
      scopeMetrics: Schema.Array(Schema.Struct({ metrics: Schema.Array(Schema.Struct({ name: Schema.String })) }))
    })
  )
})
const Logs = Schema.Struct({
  resourceLogs: Schema.Array(
    Schema.Struct({
      resource: Resource,
      scopeLogs: Schema.Array(Schema.Struct({ logRecords: Schema.Array(LogRecord) }))
    })
  )
})

/** An export as it came. */
interface Export {
  readonly path: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** The text of an attribute. */
export const attribute = (of: { readonly attributes: typeof Attributes.Type }, key: string): string | undefined =>
  of.attributes.find((one) => one.key === key)?.value.stringValue

/** On a free port of the loopback until the scope ends; gives its URL. */
const listen = (server: Server) =>
  Effect.acquireRelease(
    Effect.callback<string>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed(`http://127.0.0.1:${port}`))
      })
    }),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )

/** Takes every connection and never answers. */
export const mute = Effect.suspend(() => listen(createServer(() => undefined)))

/** Listens until the scope ends. */
export const make = Effect.gen(function* () {
  const exports = yield* Ref.make<ReadonlyArray<Export>>([])
  const arrived = yield* Queue.unbounded<Export>()
  yield* Stream.fromQueue(arrived).pipe(
    Stream.runForEach((one) => Ref.update(exports, (before) => [...before, one])),
    Effect.forkScoped
  )
  const server = createServer((request, response) => {
    const parts: Array<Buffer> = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.on("end", () => {
      Queue.offerUnsafe(arrived, {
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(parts).toString("utf8")
      })
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  const url = yield* listen(server)
  const read = <A, B>(path: string, schema: Schema.Codec<A, unknown>, parts: (body: A) => ReadonlyArray<B>) =>
    Ref.get(exports).pipe(
      Effect.flatMap((all) =>
        Effect.forEach(
          all.filter((one) => one.path === path),
          ({ body }) => Schema.decodeUnknownEffect(Schema.fromJsonString(schema))(body)
        )
      ),
      Effect.map((bodies) => bodies.flatMap(parts))
    )
  return {
    url,
    exports: Ref.get(exports),
    spans: read("/v1/traces", Traces, ({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    ),
    metrics: read("/v1/metrics", Metrics, ({ resourceMetrics }) =>
      resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    ),
    logs: read("/v1/logs", Logs, ({ resourceLogs }) =>
      resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
    ),
    resources: read("/v1/traces", Traces, ({ resourceSpans }) => resourceSpans.map(({ resource }) => resource))
  }
})
