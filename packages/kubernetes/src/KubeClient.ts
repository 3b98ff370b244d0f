/**
 * Requests to the Kubernetes API: connections kept and reused, a limit on every wait, answers decoded, failures as {@link KubeError}.
 */
import * as dns from "node:dns"
import type { IncomingMessage } from "node:http"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type * as Addresses from "./Addresses.ts"
import * as Connections from "./Connections.ts"
import * as Credentials from "./Credentials.ts"
import * as Exchange from "./Exchange.ts"
import * as Insistence from "./Insistence.ts"
import * as Json from "./Json.ts"
import { KubeError, type KubeErrorReason, MalformedAnswer, Unreachable } from "./KubeError.ts"
import * as Lines from "./Lines.ts"
import * as Monotonic from "./Monotonic.ts"
import * as Status from "./Status.ts"

export interface KubeClientSettings {
  /** What KUBECONFIG holds; absent: the service account of the pod. */
  readonly kubeconfig?: string | undefined
  /** Without an answer for so long, a request is dropped with its connection. Default 5 s. */
  readonly requestTimeout?: Duration.Input | undefined
  /** Of TCP and TLS together, within the request's. Default 3 s. */
  readonly connectTimeout?: Duration.Input | undefined
  /** Of TCP alone: a kernel that lives answers at once, however busy its API server is. Default 1 s. */
  readonly reachTimeout?: Duration.Input | undefined
  /** Connections for calls; watches and what is urgent have their own, without a limit. Default 8. */
  readonly maxConnections?: number | undefined
  /** The longest answer, and the longest line of a watch, in characters. Default 16 Mi. */
  readonly maxAnswerLength?: number | undefined
  /** How often a GET is repeated after a failure that may pass. Default 2. */
  readonly retries?: number | undefined
  readonly userAgent?: string | undefined
  /** How the server's name becomes addresses. Default: the system's way. */
  readonly resolve?: Addresses.Resolve | undefined
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
  /**
   * For what must not come late and may be done twice, such as an optimistic write: waits behind no other request, shares no connection
   * with one, and is sent once more, on a fresh connection, whenever there was no answer for so long; three times in all.
   */
  readonly urgentAfter?: Duration.Input | undefined
}

export class KubeClient extends Context.Service<
  KubeClient,
  {
    /** The namespace of the kubeconfig's context or of the pod. */
    readonly namespace: string | undefined
    readonly request: <A>(request: KubeRequest<A>) => Effect.Effect<A, KubeError>
    /**
     * Whenever a request had no answer in time, a moment (monotonic ms): connections that were made before then may all be dead, while
     * one that was answered for later lives.
     */
    readonly silences: Stream.Stream<number>
    /** For who has reason to think that a machine of the API server died: as after a silence, for all connections made until now. */
    readonly doubt: Effect.Effect<void>
    /** When the server began to answer a request last, monotonic ms; absent before the first answer. */
    readonly answeredAt: Effect.Effect<number | undefined>
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
  const reachTimeout = Duration.fromInputUnsafe(settings.reachTimeout ?? "1 second")
  const { server } = cluster
  const secure = server.protocol === "https:"
  // Node wants an IPv6 address without its brackets.
  const host = server.hostname.replace(/^\[|\]$/g, "")
  const maxConnections = settings.maxConnections ?? 8
  const connections = yield* Connections.make({ host, secure, maxConnections, resolve: settings.resolve ?? dns.lookup })
  const { begin, calls, doubt, urgent, watches } = connections
  let answeredAt: number | undefined
  // A request waits for its turn here, where that counts for no silence of the server.
  const turns = yield* Semaphore.make(maxConnections)
  const prefix = server.pathname.replace(/\/+$/, "")

  const exchange = Effect.fnUntraced(function* (
    agents: Connections.Connections["calls"],
    { method, path, query, body, contentType }: Omit<KubeRequest<unknown>, "schema">,
    { lookup, onPeer, onUsed, silent, since }: Connections.Track
  ) {
    const credentials = yield* cluster.credentials
    return yield* Exchange.send(
      {
        secure,
        reachTimeout,
        connectTimeout,
        onPeer,
        onSilent: connections.leave,
        onUsed,
        lookup,
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
    ).pipe(
      Effect.tap(() => Effect.map(Monotonic.now, (now) => (answeredAt = now))),
      // Already dead when this one began: what came about since then goes to others.
      Effect.tapErrorTag("NotReached", () => Effect.andThen(silent, doubt(since))),
      // Nothing was sent, whatever was to be; and the next connection of a Service's address goes to another machine by chance.
      Effect.retry({ times: 2, while: ({ _tag }) => _tag === "NotReached" }),
      Effect.catchTag("NotReached", ({ message }) => new Unreachable({ message }))
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

  /** The connection that was silent is destroyed with the request's scope; others may be just as dead. */
  const within =
    (limit: Duration.Input, { silent }: Connections.Track, tell: Effect.Effect<unknown>) =>
    <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.timeoutOrElse(effect, {
        duration: limit,
        orElse: () =>
          Effect.gen(function* () {
            yield* silent
            yield* tell
            return yield* new Unreachable({
              message: `no answer within ${Duration.format(Duration.fromInputUnsafe(limit))}`
            })
          })
      })

  const once = Effect.fnUntraced(function* <A>(request: KubeRequest<A>, tracked: Connections.Track) {
    return yield* Effect.gen(function* () {
      const answer = yield* exchange(request.urgentAfter === undefined ? calls : urgent, request, tracked)
      if (!isSuccess(answer)) return yield* refusal(answer)
      const text = yield* read(answer)
      const value = yield* Effect.fromResult(Json.parse(text))
      return yield* Effect.fromResult(Json.decode(request.schema)(value))
    }).pipe(Effect.scoped, within(request.timeout ?? requestTimeout, tracked, doubt(tracked.since + usualDelay)))
  })

  const persistently = <A>(request: KubeRequest<A>, after: Duration.Input) =>
    Insistence.ask({
      after,
      tries: 3,
      begin,
      attempt: (tracked) => once(request, tracked),
      isLost: isUnreachable,
      // So the server lives, and the way of this one doesn't.
      overtaken: ({ silent, since }) => Effect.andThen(silent, doubt(since + usualDelay))
    })

  return KubeClient.of({
    namespace: cluster.namespace,
    silences: connections.doubts,
    doubt: Effect.flatMap(Monotonic.now, doubt),
    answeredAt: Effect.sync(() => answeredAt),
    request: Effect.fn("KubeClient.request")(function* <A>(request: KubeRequest<A>) {
      yield* Effect.annotateCurrentSpan({ method: request.method, path: request.path })
      const sent =
        request.urgentAfter === undefined
          ? turns.withPermit(Effect.flatMap(begin(), (tracked) => once(request, tracked)))
          : persistently(request, request.urgentAfter)
      return yield* sent.pipe(
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
      const tracked = yield* begin()
      const answer = yield* Effect.gen(function* () {
        const head = yield* exchange(watches, { method: "GET", path, query }, tracked)
        return isSuccess(head) ? head : yield* refusal(head)
      }).pipe(
        // An API server that starts lets watches wait while it answers all else.
        within(requestTimeout, tracked, Effect.sync(watches.dropIdle)),
        Effect.mapError(error)
      )
      const left = yield* connections.stay(tracked)
      return Exchange.chunks(answer, idleLimit).pipe(
        Stream.interruptWhen(left),
        Lines.split(longest),
        Stream.mapError(error)
      )
    })
  })
})

/** In ms: what is answered at all is as a rule answered by then, so that its machine died before. */
const usualDelay = 1000

const isUnreachable = (error: KubeErrorReason | KubeError) =>
  (error._tag === "KubeError" ? error.reason._tag : error._tag) === "Unreachable"

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
