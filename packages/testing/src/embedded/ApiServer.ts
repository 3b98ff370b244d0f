/**
 * The API server: from a request to its answer, with the faults that tests ask for in between.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { ApiFailure, methodNotAllowed, modified, noPage, noResource, toStatus, unauthorized } from "./ApiFailure.ts"
import * as Discovery from "./Discovery.ts"
import type * as Injections from "./KubeInjection.ts"
import type { InjectionRule } from "./KubeInjection.ts"
import type { KubeState } from "./KubeState.ts"
import * as ObjectRequests from "./ObjectRequests.ts"
import * as Representation from "./Representation.ts"
import type * as RequestJournal from "./RequestJournal.ts"
import * as RequestMetrics from "./RequestMetrics.ts"
import * as RequestPath from "./RequestPath.ts"
import type { Exchange } from "./TlsListener.ts"
import { verbOf } from "./Verb.ts"
import * as Watching from "./Watching.ts"
import type * as WatchSessions from "./WatchSessions.ts"

interface Parts {
  readonly state: KubeState
  readonly port: number
  /** Who a token stands for. */
  readonly userOf: (token: string) => string | undefined
  readonly sessions: WatchSessions.WatchSessions
  readonly injections: Effect.Success<typeof Injections.make>
  readonly journal: Effect.Success<typeof RequestJournal.make>
}

const json = { "content-type": "application/json", "cache-control": "no-cache, private" }

/** An answer, or a fault in its place. */
type Reply = Data.TaggedEnum<{
  Answer: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  Reset: {}
  Hang: {}
  /** It has been streamed. */
  Streamed: {}
}>
const Reply = Data.taggedEnum<Reply>()

const answer = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  Reply.Answer({ status, headers: { ...json, ...headers }, body: `${JSON.stringify(body)}\n` })

const plain = (status: number, body: string) =>
  Reply.Answer({ status, headers: { "content-type": "text/plain; charset=utf-8" }, body })

const refusal = (failure: ApiFailure): Reply => {
  if (failure.text !== undefined) return plain(failure.code, failure.text)
  const wait = failure.retryAfterSeconds
  return answer(failure.code, toStatus(failure), wait === undefined ? {} : { "retry-after": String(wait) })
}

const healthPaths = ["/healthz", "/readyz", "/livez", "/ping"]

const contentTypeOf = (header: string | undefined) => (header ?? "").split(";")[0]?.trim().toLowerCase() ?? ""

export const make = ({ injections, journal, port, sessions, state, userOf }: Parts) => {
  const objects = Effect.fnUntraced(function* (
    exchange: Exchange,
    found: RequestPath.ResourceRequest,
    { fault }: InjectionRule,
    answered: (status: number) => Effect.Effect<void>
  ): Effect.fn.Return<Reply, ApiFailure> {
    const { body, headers, method, url } = exchange
    const { resource } = found
    const query = url.searchParams
    const watching = method === "GET" && found.name === undefined && ["true", "1"].includes(query.get("watch") ?? "")
    const verb = verbOf(method, found.name !== undefined, watching)
    if (fault?._tag === "Conflict") return yield* modified(resource, found.name ?? "")
    const as = yield* Effect.fromResult(Representation.negotiate(headers.accept))
    const includeObject = query.get("includeObject") ?? "Metadata"
    const viewNow = Effect.map(Clock.currentTimeMillis, (now) => ({ resource, as, now, includeObject }))
    if (verb === "watch") {
      const failure = fault?._tag === "WatchError" ? injected({ code: fault.code ?? 410 }) : undefined
      const seconds = Number(query.get("timeoutSeconds") ?? "0")
      const open = () =>
        Result.map(Watching.open(state, found, query), (watch) =>
          failure === undefined ? watch : { ...watch, first: [Watching.errorEvent(failure)], over: true }
        )
      yield* sessions.serve({
        exchange,
        resource,
        watch: open,
        opened: answered(200),
        headers: json,
        timeout: seconds > 0 ? Duration.seconds(seconds) : undefined,
        cutAfter: fault?._tag === "Cut" ? fault.lines : Number.POSITIVE_INFINITY,
        stalled: fault?._tag === "Stall",
        line: (event, isFirst) => Effect.map(viewNow, (view) => Representation.event(view, event, isFirst))
      })
      return Reply.Streamed()
    }
    const request = { ...found, verb, query, contentType: contentTypeOf(headers["content-type"]), body }
    const done = yield* ObjectRequests.run(state, request)
    const view = yield* viewNow
    switch (done._tag) {
      case "One":
        return answer(done.status, Representation.one(view, done.object))
      case "Page":
        return answer(200, Representation.page(view, done.page))
      case "Deleted":
        return answer(200, ObjectRequests.deletedStatus(resource, done.object))
    }
  })

  const truth = Effect.fnUntraced(function* (
    exchange: Exchange,
    user: string | undefined,
    rule: InjectionRule,
    answered: (status: number) => Effect.Effect<void>
  ) {
    const { method, url } = exchange
    if (healthPaths.includes(url.pathname)) return plain(200, "ok")
    if (user === undefined) return yield* unauthorized()
    if (url.pathname === "/metrics") {
      return plain(200, RequestMetrics.page(state.registry, yield* journal.requests()))
    }
    const found = RequestPath.parse(state.registry, url.pathname)
    if (found._tag === "Unknown") return yield* noResource()
    if (found._tag === "Resource") {
      if (!["GET", "POST", "PUT", "PATCH", "DELETE"].includes(method)) return yield* methodNotAllowed()
      return yield* objects(exchange, found, rule, answered)
    }
    const page = method === "GET" ? Discovery.page(state.registry, url.pathname, port) : undefined
    return page === undefined ? yield* noPage() : answer(200, page)
  })

  const faulty = Effect.fnUntraced(function* (
    { fault, ...rule }: InjectionRule,
    carryOut: (rule: InjectionRule) => Effect.Effect<Reply, ApiFailure>
  ) {
    if (rule.delay !== undefined) yield* Effect.sleep(rule.delay)
    if (fault?._tag === "Refuse") return yield* injected(fault)
    if (fault?._tag === "Reset" || fault?._tag === "Hang") {
      if (fault.applied) yield* Effect.ignore(carryOut(rule))
      return fault._tag === "Reset" ? Reply.Reset() : Reply.Hang()
    }
    return yield* carryOut(fault === undefined ? rule : { ...rule, fault })
  })

  return Effect.fn("ApiServer.handle")(function* (exchange: Exchange) {
    const { headers, method, url } = exchange
    const token = /^bearer\s+(.+)$/i.exec(headers.authorization ?? "")?.[1] ?? ""
    const user = userOf(token)
    const found = RequestPath.parse(state.registry, url.pathname)
    const named = found._tag !== "Resource" || found.name !== undefined
    const watching = ["true", "1"].includes(url.searchParams.get("watch") ?? "")
    const asked = { verb: verbOf(method, named, watching), path: url.pathname, user: user ?? "" }
    const userAgent = headers["user-agent"] ?? ""
    const id = yield* journal.arrive({ ...asked, query: url.search, userAgent })
    const answered = (status: number) => journal.answered(id, status)
    const rule = (yield* injections.take(asked)) ?? {}
    const reply = yield* faulty(rule, (one) => truth(exchange, user, one, answered)).pipe(
      Effect.catchTag("ApiFailure", (failure) => Effect.succeed(refusal(failure)))
    )
    if (reply._tag === "Reset") return yield* exchange.reset
    if (reply._tag === "Hang") return yield* exchange.closed
    if (reply._tag === "Streamed") return
    yield* answered(reply.status)
    yield* exchange.answer(reply.status, reply.headers, reply.body)
  })
}

const reasons: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout"
}

const injected = ({
  code,
  message = `injected: ${code}`,
  reason = reasons[code],
  retryAfter
}: {
  readonly code: number
  readonly message?: string
  readonly reason?: string | undefined
  readonly retryAfter?: Duration.Input
}) =>
  new ApiFailure({
    code,
    reason,
    message,
    retryAfterSeconds:
      retryAfter === undefined ? undefined : Math.ceil(Duration.toSeconds(Duration.fromInputUnsafe(retryAfter)))
  })
