/**
 * Requests to the Kubernetes API: connections kept and reused, a limit on every wait, answers decoded, failures as {@link KubeError}.
 */
import type { IncomingMessage } from "node:http"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Agents from "./Agents.ts"
import * as Credentials from "./Credentials.ts"
import * as Exchange from "./Exchange.ts"
import * as Json from "./Json.ts"
import { KubeError, type KubeErrorReason, MalformedAnswer, Unreachable } from "./KubeError.ts"
import * as Lines from "./Lines.ts"
import * as Status from "./Status.ts"

export interface KubeClientSettings {
  /** What KUBECONFIG holds; absent: the service account of the pod. */
  readonly kubeconfig?: string | undefined
  /** Without an answer for so long, a request is dropped with its connection. Default 5 s. */
  readonly requestTimeout?: Duration.Input | undefined
  /** Of TCP and TLS together, within the request's. Default 3 s. */
  readonly connectTimeout?: Duration.Input | undefined
  /** Connections for calls; watches have their own, without a limit. Default 8. */
  readonly maxConnections?: number | undefined
  /** The longest answer, and the longest line of a watch, in characters. Default 16 Mi. */
  readonly maxAnswerLength?: number | undefined
  /** How often a GET is repeated after a failure that may pass. Default 2. */
  readonly retries?: number | undefined
  readonly userAgent?: string | undefined
}

type Query = Readonly<Record<string, string | undefined>>

interface KubeRequest<A> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** As in `/api/v1/nodes`; a prefix in the server's URL is put before it. */
  readonly path: string
  readonly query?: Query | undefined
  readonly body?: Schema.Json | undefined
  /** Of the body. Default `application/json`; a PATCH has to say which kind it is. */
  readonly contentType?: string | undefined
  readonly schema: Schema.ConstraintDecoder<A>
  /** Instead of the client's {@link KubeClientSettings.requestTimeout}. */
  readonly timeout?: Duration.Input | undefined
  /** Instead of the client's {@link KubeClientSettings.retries}; of a GET only, nothing else is ever repeated. */
  readonly retries?: number | undefined
}

export class KubeClient extends Context.Service<
  KubeClient,
  {
    /** The namespace of the kubeconfig's context or of the pod. */
    readonly namespace: string | undefined
    readonly request: <A>(request: KubeRequest<A>) => Effect.Effect<A, KubeError>
    /** One element whenever a request had no answer in time: connections that were open then may all be dead. */
    readonly silences: Stream.Stream<void>
    /** Opens a watch. The lines are read only as fast as they are taken; fails when silent for longer than `idleLimit`. */
    readonly lines: (
      path: string,
      query: Query,
      idleLimit: Duration.Duration
    ) => Effect.Effect<Stream.Stream<string, KubeError>, KubeError, Scope.Scope>
  }
>()("@netcup-failover/kubernetes/KubeClient") {
  static readonly layer = (settings: KubeClientSettings): Layer.Layer<KubeClient, KubeError> =>
    Layer.effect(KubeClient, make(settings))
}

const make = Effect.fnUntraced(function* (settings: KubeClientSettings) {
  const requestTimeout = settings.requestTimeout ?? "5 seconds"
  const connectTimeout = Duration.fromInputUnsafe(settings.connectTimeout ?? "3 seconds")
  const longest = settings.maxAnswerLength ?? 16 * 1024 * 1024
  const cluster = yield* Credentials.load(settings.kubeconfig)
  const silences = yield* PubSub.sliding<void>(1)
  const { server } = cluster
  const secure = server.protocol === "https:"
  const calls = yield* Agents.make({ secure, maxConnections: settings.maxConnections ?? 8 })
  const watches = yield* Agents.make({ secure, maxConnections: Number.POSITIVE_INFINITY })
  const prefix = server.pathname.replace(/\/+$/, "")
  // Node wants an IPv6 address without its brackets.
  const host = server.hostname.replace(/^\[|\]$/g, "")

  const exchange = Effect.fnUntraced(function* (
    agents: Agents.Agents,
    { method, path, query, body, contentType }: Omit<KubeRequest<unknown>, "schema">
  ) {
    const credentials = yield* cluster.credentials
    return yield* Exchange.send(
      {
        secure,
        connectTimeout,
        host,
        port: server.port || (secure ? 443 : 80),
        method,
        path: `${prefix}${path}${search(query)}`,
        agent: credentials.proxy ?? agents.agentFor(credentials),
        ...(credentials.auth === undefined ? {} : { auth: credentials.auth }),
        headers: {
          ...credentials.headers,
          accept: "application/json",
          "user-agent": settings.userAgent ?? "netcup-failover",
          ...(body === undefined ? {} : { "content-type": contentType ?? "application/json" })
        }
      },
      body === undefined ? undefined : JSON.stringify(body)
    )
  })

  const read = (answer: IncomingMessage) =>
    Exchange.chunks(answer).pipe(
      Stream.runFoldEffect(
        () => "",
        (text, chunk) =>
          text.length + chunk.length > longest
            ? Effect.fail(new MalformedAnswer({ message: `an answer of more than ${longest} characters` }))
            : Effect.succeed(text + chunk)
      )
    )

  const refusal = Effect.fnUntraced(function* (answer: IncomingMessage) {
    const text = yield* read(answer)
    const now = yield* Clock.currentTimeMillis
    const body = Result.getOrElse(Json.parse(text), (): unknown => text)
    return yield* Status.toReason(answer.statusCode ?? 0, body, retryAfter(answer.headers["retry-after"], now))
  })

  const once = <A>(request: KubeRequest<A>): Effect.Effect<A, KubeErrorReason | KubeError> =>
    Effect.gen(function* () {
      const answer = yield* exchange(calls, request)
      if (!isSuccess(answer)) return yield* refusal(answer)
      const text = yield* read(answer)
      const value = yield* Effect.fromResult(Json.parse(text))
      return yield* Effect.fromResult(Json.decode(request.schema)(value))
    }).pipe(Effect.scoped, within(request.timeout ?? requestTimeout, calls, PubSub.publish(silences, undefined)))

  return KubeClient.of({
    namespace: cluster.namespace,
    silences: Stream.fromPubSub(silences),
    request: Effect.fn("KubeClient.request")(function* <A>(request: KubeRequest<A>) {
      yield* Effect.annotateCurrentSpan({ method: request.method, path: request.path })
      return yield* once(request).pipe(
        Effect.mapError(named(`${request.method} ${request.path}`)),
        Effect.retry({
          schedule: backoff,
          times: request.retries ?? settings.retries ?? 2,
          while: (error) => request.method === "GET" && error.transient
        })
      )
    }),
    lines: Effect.fn("KubeClient.lines")(function* (path: string, query: Query, idleLimit: Duration.Duration) {
      const error = named(`WATCH ${path}`)
      const answer = yield* Effect.gen(function* () {
        const head = yield* exchange(watches, { method: "GET", path, query })
        return isSuccess(head) ? head : yield* refusal(head)
      }).pipe(within(requestTimeout, watches, Effect.void), Effect.mapError(error))
      return Exchange.chunks(answer, idleLimit).pipe(Lines.split(longest), Stream.mapError(error))
    })
  })
})

const search = (query: Query = {}): string => {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.append(name, value)
  return params.size === 0 ? "" : `?${params}`
}

const isSuccess = ({ statusCode = 0 }: IncomingMessage) => statusCode >= 200 && statusCode < 300

const retryAfter = (header: string | undefined, now: number): Duration.Duration | undefined => {
  const parsed = header === undefined ? undefined : Result.getOrUndefined(Headers.parseRetryAfter(header))
  if (parsed === undefined) return undefined
  return parsed._tag === "Duration"
    ? parsed.duration
    : Duration.millis(Math.max(0, DateTime.toEpochMillis(parsed.dateTime) - now))
}

/** The connection that was silent is destroyed with the request's scope; idle ones may be just as dead. */
const within = (limit: Duration.Input, agents: Agents.Agents, tell: Effect.Effect<unknown>) =>
  Effect.timeoutOrElse({
    duration: limit,
    orElse: () =>
      Effect.gen(function* () {
        agents.dropIdle()
        yield* tell
        return yield* new Unreachable({
          message: `no answer within ${Duration.format(Duration.fromInputUnsafe(limit))}`
        })
      })
  })

const named = (request: string) => (error: KubeErrorReason | KubeError) =>
  error._tag === "KubeError" ? error : new KubeError({ request, reason: error })

/** Never earlier than the server asks, but not longer than callers wait. */
const backoff = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("2 seconds")]).pipe(
  Schedule.jittered,
  Schedule.setInputType<KubeError>(),
  Schedule.modifyDelay(({ input, duration }) =>
    Effect.succeed(Duration.max(duration, Duration.min(input.retryAfter ?? Duration.zero, Duration.seconds(5))))
  )
)
