import * as Http from "node:http"
import * as Https from "node:https"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as PromptAgents from "@netcup-failover/controller/act/PromptAgents"
import * as KubePki from "@netcup-failover/testing/kubernetes/KubePki"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

class Failed extends Schema.TaggedError<Failed>()("Failed", { code: Schema.String, syscall: Schema.String }) {}
const SystemError = Schema.Struct({ code: Schema.String, syscall: Schema.String })

/** As SIGSTOP and SIGCONT: nothing of this process runs meanwhile. */
const standStill = (millis: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)

/** A server of each kind, and requests to it by agents with that limit. */
const given = Effect.fnUntraced(function* (secure: boolean, limit: Duration.Duration) {
  const pki = yield* KubePki.make()
  const seen: Array<string> = []
  const answer: Http.RequestListener = (request, response) => {
    seen.push(request.url ?? "")
    response.end("done")
  }
  const { cert, key } = pki.server
  const server = secure ? Https.createServer({ cert, key: Redacted.value(key) }, answer) : Http.createServer(answer)
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () => Effect.sync(() => void server.close())
  )
  const address: AddressInfo | string | null = server.address()
  const port = address === null || typeof address === "string" ? 0 : address.port
  const agents = yield* PromptAgents.make(limit)
  const send = (path: string, meanwhile: () => void = () => {}) =>
    Effect.callback<number, Failed>((resume) => {
      const options = { host: "127.0.0.1", port, path, method: "POST" }
      const heard = (response: Http.IncomingMessage) => {
        response.resume()
        resume(Effect.succeed(response.statusCode ?? 0))
      }
      const request = secure
        ? Https.request({ ...options, agent: agents.https, ca: pki.authority }, heard)
        : Http.request({ ...options, agent: agents.http }, heard)
      request.on("error", (error) =>
        resume(Effect.flatMap(Effect.orDie(Schema.decodeUnknownEffect(SystemError)(error)), (it) => new Failed(it)))
      )
      request.end("a change")
      meanwhile()
    })
  return { seen, send }
})

describe("a request that must not come late", () => {
  for (const [what, secure] of [
    ["HTTP", false],
    ["HTTPS", true]
  ] as const) {
    it.live(`goes out on a connection of its own (${what})`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { seen, send } = yield* given(secure, Duration.seconds(20))
          for (const path of ["/a", "/b"]) assert.strictEqual(yield* send(path), 200)
          assert.deepStrictEqual(seen, ["/a", "/b"])
        })
      )
    )

    it.live(`never goes out when its process stood still while it connected, and counts as not sent (${what})`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { seen, send } = yield* given(secure, Duration.millis(300))
          const { code, syscall } = yield* Effect.flip(send("/late", () => standStill(600)))
          assert.strictEqual(`${syscall} ${code}`, "connect ETIMEDOUT")
          yield* Effect.sleep("100 millis")
          assert.deepStrictEqual(seen, [])
          assert.strictEqual(yield* send("/next"), 200)
        })
      )
    )

    it.live(`fails as ever where nobody listens (${what})`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const agents = yield* PromptAgents.make(Duration.seconds(20))
          const code = yield* Effect.callback<unknown>((resume) => {
            const to = { host: "127.0.0.1", port: 1 }
            const request = secure
              ? Https.request({ ...to, agent: agents.https })
              : Http.request({ ...to, agent: agents.http })
            request.on("error", (error) => resume(Effect.succeed("code" in error ? error.code : undefined)))
            request.end()
          })
          assert.strictEqual(code, "ECONNREFUSED")
        })
      )
    )
  }
})
