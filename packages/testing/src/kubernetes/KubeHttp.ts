/**
 * A minimal client of the Kubernetes API for tests. On purpose nothing of `packages/kubernetes`, which is under test.
 */
import { Agent, request as httpsRequest } from "node:https"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { KubeAccess } from "./Kubeconfig.ts"

/** The API server said no (`status`, and `reason` such as `NotFound` or `Conflict`), or nothing at all (no `status`). */
export class KubeHttpError extends Schema.TaggedError<KubeHttpError>()("KubeHttpError", {
  request: Schema.String,
  status: Schema.optionalKey(Schema.Int),
  reason: Schema.optionalKey(Schema.String),
  message: Schema.String
}) {}

/** What was waited for did not come; `message` has the last answer. */
export class KubeWaitTimeout extends Schema.TaggedError<KubeWaitTimeout>()("KubeWaitTimeout", {
  message: Schema.String
}) {}

/** Paths are those of the API, such as `/api/v1/nodes/a`. Objects are decoded by the Schema given, without one: any JSON. */
export interface KubeHttp {
  readonly get: {
    (path: string): Effect.Effect<Schema.Json, KubeHttpError>
    <A>(path: string, schema: Schema.ConstraintDecoder<A>): Effect.Effect<A, KubeHttpError>
  }
  /** For paths that don't answer in JSON, such as `/readyz`. */
  readonly text: (path: string) => Effect.Effect<string, KubeHttpError>
  /** POSTs an object to the path of its collection. */
  readonly create: (path: string, body: Schema.Json) => Effect.Effect<Schema.Json, KubeHttpError>
  /** JSON merge patch. */
  readonly patch: (path: string, body: Schema.Json) => Effect.Effect<Schema.Json, KubeHttpError>
  /** Strategic merge patch: list entries are merged by key, as a kubelet does with conditions. Built-in kinds only. */
  readonly strategicPatch: (path: string, body: Schema.Json) => Effect.Effect<Schema.Json, KubeHttpError>
  /** Server-side apply, forced: creates what is not there. */
  readonly apply: (path: string, body: Schema.Json) => Effect.Effect<Schema.Json, KubeHttpError>
  /** Deletes; what is not there is deleted. */
  readonly delete: (path: string) => Effect.Effect<void, KubeHttpError>
  /**
   * Reads until `predicate` holds, and gives what it held for. What is not there yet, can't be decoded, or a server that
   * does not answer count as "not yet". Real time: use it in `it.live` tests.
   */
  readonly waitUntil: <A>(
    path: string,
    schema: Schema.ConstraintDecoder<A>,
    predicate: (value: A) => boolean,
    within?: Duration.Input
  ) => Effect.Effect<A, KubeWaitTimeout>
}

const Status = Schema.fromJsonString(
  Schema.Struct({ message: Schema.optionalKey(Schema.String), reason: Schema.optionalKey(Schema.String) })
)
const JsonText = Schema.fromJsonString(Schema.Json)

const answerWithin = Duration.seconds(15)
const pollEvery = Duration.millis(100)

/** A client whose connections are kept and reused until the scope ends. */
export const make = Effect.fn("KubeHttp.make")(function* ({ server, authority, credentials }: KubeAccess) {
  const byToken = "token" in credentials
  const agent = yield* Effect.acquireRelease(
    Effect.sync(
      () =>
        new Agent({
          keepAlive: true,
          ca: authority,
          ...(byToken ? {} : { cert: credentials.cert, key: Redacted.value(credentials.key) })
        })
    ),
    (agent) => Effect.sync(() => agent.destroy())
  )
  const authorization = byToken ? { authorization: `Bearer ${Redacted.value(credentials.token)}` } : {}

  const exchange = (method: string, path: string, type: string, body: string | undefined) =>
    Effect.callback<{ readonly status: number; readonly text: string }, KubeHttpError>((resume, signal) => {
      const fail = (error: Error) =>
        resume(Effect.fail(new KubeHttpError({ request: `${method} ${path}`, message: String(error) })))
      const headers = {
        accept: "application/json",
        ...authorization,
        ...(body === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(body) })
      }
      httpsRequest(new URL(path, server), { method, agent, signal, headers }, (response) => {
        const chunks: Array<string> = []
        response.setEncoding("utf8")
        response.on("data", (chunk: string) => chunks.push(chunk))
        response.on("error", fail)
        response.on("end", () => resume(Effect.succeed({ status: response.statusCode ?? 0, text: chunks.join("") })))
      })
        .on("error", fail)
        .end(body)
    }).pipe(
      Effect.timeoutOrElse({
        duration: answerWithin,
        orElse: () => Effect.fail(new KubeHttpError({ request: `${method} ${path}`, message: "no answer in time" }))
      })
    )

  const call = Effect.fn("KubeHttp.call")(function* (method: string, path: string, type = "", body?: Schema.Json) {
    const answer = yield* exchange(method, path, type, body === undefined ? undefined : JSON.stringify(body))
    if (answer.status >= 200 && answer.status < 300) return answer.text
    const said = yield* Schema.decodeEffect(Status)(answer.text).pipe(Effect.orElseSucceed(() => ({})))
    return yield* new KubeHttpError({
      request: `${method} ${path}`,
      status: answer.status,
      message: answer.text.slice(0, 500),
      ...said
    })
  })

  const decode =
    <A>(schema: Schema.ConstraintDecoder<A>, request: string) =>
    (text: string) =>
      Schema.decodeUnknownEffect(JsonText)(text).pipe(
        Effect.flatMap(Schema.decodeUnknownEffect(schema)),
        Effect.mapError((error) => new KubeHttpError({ request, message: error.message }))
      )

  const read = <A>(path: string, schema: Schema.ConstraintDecoder<A>) =>
    Effect.flatMap(call("GET", path), decode(schema, `GET ${path}`))
  function get(path: string): Effect.Effect<Schema.Json, KubeHttpError>
  function get<A>(path: string, schema: Schema.ConstraintDecoder<A>): Effect.Effect<A, KubeHttpError>
  function get(path: string, schema: Schema.ConstraintDecoder<unknown> = Schema.Json) {
    return read(path, schema)
  }
  const write = (method: string, type: string) => (path: string, body: Schema.Json) =>
    Effect.flatMap(call(method, path, type, body), decode(Schema.Json, `${method} ${path}`))
  const applied = write("PATCH", "application/apply-patch+yaml")

  const waitUntil: KubeHttp["waitUntil"] = (path, schema, predicate, within = "30 seconds") =>
    Effect.suspend(() => {
      let last = "none"
      const poll = Effect.gen(function* () {
        while (true) {
          const answer = yield* Effect.result(read(path, schema))
          if (answer._tag === "Success" && predicate(answer.success)) return answer.success
          last = answer._tag === "Success" ? JSON.stringify(answer.success) : answer.failure.message
          yield* Effect.sleep(pollEvery)
        }
      })
      return Effect.timeoutOrElse(poll, {
        duration: within,
        orElse: () => {
          const seconds = Duration.toSeconds(Duration.fromInputUnsafe(within))
          const message = `${path} was not as expected within ${seconds} s; the last answer: ${last}`
          return Effect.fail(new KubeWaitTimeout({ message }))
        }
      })
    })

  const client: KubeHttp = {
    get,
    text: (path) => call("GET", path),
    create: write("POST", "application/json"),
    patch: write("PATCH", "application/merge-patch+json"),
    strategicPatch: write("PATCH", "application/strategic-merge-patch+json"),
    apply: (path, body) => applied(`${path}?fieldManager=testing&force=true`, body),
    delete: (path) =>
      call("DELETE", path).pipe(
        Effect.asVoid,
        Effect.catch((error) => (error.status === 404 ? Effect.void : Effect.fail(error)))
      ),
    waitUntil
  }
  return client
})
