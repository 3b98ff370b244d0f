/**
 * The API as it is on the wire: status codes, headers and the lines of watches, which `KubeHttp` hides.
 */
import type { IncomingMessage } from "node:http"
import { Agent, request as httpsRequest } from "node:https"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import type { KubeAccess } from "@netcup-failover/testing/kubernetes/Kubeconfig"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly message: string }> {}

interface Call {
  readonly type?: string
  readonly accept?: string
  /** An object is sent as JSON. */
  readonly body?: Schema.Json
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage["headers"]
  readonly text: string
  /** The body; what is no JSON is `null`. */
  readonly json: Schema.Json
}

/** An event of a watch, or that it is over. */
export interface Frame {
  readonly type: string
  readonly object: Schema.Json
}

const FrameText = Schema.fromJsonString(Schema.Struct({ type: Schema.String, object: Schema.Json }))
const JsonText = Schema.fromJsonString(Schema.Json)

export const make = Effect.fn("RawApi.make")(function* ({ authority, credentials, server }: KubeAccess) {
  const byToken = "token" in credentials
  const agent = yield* Effect.acquireRelease(
    Effect.sync(
      () =>
        new Agent({
          ca: authority,
          keepAlive: true,
          ...(byToken ? {} : { cert: credentials.cert, key: Redacted.value(credentials.key) })
        })
    ),
    (one) => Effect.sync(() => one.destroy())
  )
  const authorization = byToken ? { authorization: `Bearer ${Redacted.value(credentials.token)}` } : {}

  const open = (method: string, path: string, { accept, body, type = "application/json" }: Call = {}) =>
    Effect.callback<IncomingMessage, NoAnswer>((resume, signal) => {
      const sent = body === undefined || typeof body === "string" ? body : JSON.stringify(body)
      const headers = {
        ...authorization,
        ...(accept === undefined ? {} : { accept }),
        // Without its length Node does not frame the body of a DELETE.
        ...(sent === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(sent) })
      }
      httpsRequest(new URL(path, server), { method, agent, signal, headers }, (answer) =>
        resume(Effect.succeed(answer))
      )
        .on("error", (error) => resume(Effect.fail(new NoAnswer({ message: String(error) }))))
        .end(sent)
    })

  const call = Effect.fn("RawApi.call")(function* (method: string, path: string, options?: Call) {
    const answer = yield* open(method, path, options)
    const body = yield* Effect.tryPromise({
      try: () => text(answer),
      catch: (cause) => new NoAnswer({ message: String(cause) })
    })
    const json = yield* Schema.decodeEffect(JsonText)(body).pipe(Effect.orElseSucceed(() => null))
    return { status: answer.statusCode ?? 0, headers: answer.headers, text: body, json } satisfies Answer
  })

  /** Opens a watch; `next` gives each event, and `type: "END"` once it is over, cleanly or not. */
  const watch = Effect.fn("RawApi.watch")(function* (path: string, accept?: string) {
    const answer = yield* Effect.acquireRelease(open("GET", path, accept === undefined ? {} : { accept }), (one) =>
      Effect.sync(() => one.destroy())
    )
    const lines = yield* Queue.unbounded<string>()
    let clean = false
    answer.on("end", () => {
      clean = true
    })
    answer.on("error", () => undefined)
    createInterface({ input: answer })
      .on("line", (line) => Queue.offerUnsafe(lines, line))
      .on("error", () => undefined)
    answer.on("close", () => Queue.offerUnsafe(lines, `{"type":"END","object":${clean}}`))
    return {
      status: answer.statusCode ?? 0,
      next: Effect.flatMap(Queue.take(lines), (line) => Effect.orDie(Schema.decodeEffect(FrameText)(line))).pipe(
        Effect.timeoutOrElse({
          duration: "20 seconds",
          orElse: () => Effect.fail(new NoAnswer({ message: `${path}: no event came` }))
        })
      ),
      /** What has come so far. */
      waiting: Effect.sync(() => Queue.sizeUnsafe(lines))
    }
  })

  return { call, watch }
})

export type RawApi = Effect.Success<ReturnType<typeof make>>
