import { assert, it } from "@effect/vitest"
import { KubeClient, type KubeClientSettings } from "@netcup-failover/kubernetes/KubeClient"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import {
  type Answer,
  clientOf,
  inTurn,
  json,
  kubeconfigOf,
  silence,
  start,
  status,
  temporaryFile,
  until
} from "./FakeApiServer.ts"

const Thing = Schema.Struct({ n: Schema.Int })

const get = Effect.flatMap(KubeClient, (client) => client.request({ method: "GET", path: "/things/1", schema: Thing }))

const withServer = <A, E>(
  answer: Answer,
  settings: KubeClientSettings,
  use: (server: Effect.Success<ReturnType<typeof start>>) => Effect.Effect<A, E, KubeClient>,
  prefix = ""
) =>
  Effect.gen(function* () {
    const server = yield* start(answer, prefix)
    return yield* Effect.provide(use(server), clientOf(server, settings))
  }).pipe(Effect.scoped)

it.live("requests one after the other share one connection", () =>
  withServer(json(200, { n: 1 }), {}, (server) =>
    Effect.gen(function* () {
      for (let i = 0; i < 30; i++) yield* get
      assert.strictEqual(server.asked.length, 30)
      assert.strictEqual(server.connections(), 1)
      assert.strictEqual(server.asked[0]?.headers.authorization, "Bearer t0ken")
    })
  )
)

it.live("many requests at once use no more connections than allowed", () =>
  withServer(
    (response, asked) => setTimeout(() => json(200, { n: 1 })(response, asked), 5),
    { maxConnections: 3 },
    (server) =>
      Effect.gen(function* () {
        yield* Effect.all(
          Array.from({ length: 20 }, () => get),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(server.asked.length, 20)
        assert.strictEqual(server.connections(), 3)
      })
  )
)

it.live("a request without an answer is dropped and made again on a fresh connection", () =>
  withServer(inTurn(json(200, { n: 1 }), silence, json(200, { n: 3 })), { requestTimeout: "60 millis" }, (server) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* get).n, 1)
      assert.strictEqual((yield* get).n, 3)
      assert.deepStrictEqual(
        server.asked.map(({ connection }) => connection),
        [0, 0, 1]
      )
      yield* until(Effect.sync(server.open), (open) => open === 1)
    })
  )
)

it.live("after a silence idle connections are not trusted either", () =>
  withServer(
    (response, asked) =>
      asked.path === "/silent" ? silence(response, asked) : setTimeout(() => json(200, { n: 1 })(response, asked), 20),
    { requestTimeout: "150 millis", retries: 0 },
    (server) =>
      Effect.gen(function* () {
        const client = yield* KubeClient
        // Two at once leave two idle connections behind.
        yield* Effect.all([get, get], { concurrency: "unbounded" })
        const { reason } = yield* Effect.flip(client.request({ method: "GET", path: "/silent", schema: Thing }))
        assert.strictEqual(reason._tag, "Unreachable")
        yield* get
        assert.strictEqual(server.asked.at(-1)?.connection, 2)
      })
  )
)

it.live("tells when the server answered last: a refusal is an answer, silence is none", () =>
  withServer(
    (response, asked) =>
      asked.path === "/silent" ? silence(response, asked) : status(403, "Forbidden", "no")(response, asked),
    { requestTimeout: "60 millis", retries: 0 },
    () =>
      Effect.gen(function* () {
        const client = yield* KubeClient
        const ask = (path: string) => Effect.flip(client.request({ method: "GET", path, schema: Thing }))
        yield* ask("/silent")
        assert.isUndefined(yield* client.answeredAt)
        const before = yield* Monotonic.now
        yield* ask("/forbidden")
        const answeredAt = yield* client.answeredAt
        assert.isAtLeast(answeredAt ?? 0, before)
        assert.isAtMost(answeredAt ?? 0, yield* Monotonic.now)
        yield* ask("/silent")
        assert.strictEqual(yield* client.answeredAt, answeredAt)
        yield* ask("/forbidden")
        assert.isAbove((yield* client.answeredAt) ?? 0, answeredAt ?? 0)
      })
  )
)

it.live("an answer that begins and does not end is dropped as well", () =>
  withServer(
    (response) => response.writeHead(200).write('{"n":'),
    { requestTimeout: "60 millis", retries: 0 },
    () =>
      Effect.gen(function* () {
        assert.include((yield* Effect.flip(get)).message, "GET /things/1: no answer within 60ms")
      })
  )
)

it.live("a GET is repeated after a failure that may pass, and no more often than allowed", () =>
  withServer(status(503, "ServiceUnavailable", "not now"), { retries: 2 }, (server) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(get)).reason._tag, "ServerError")
      assert.strictEqual(server.asked.length, 3)
    })
  )
)

it.live("a GET that was refused is not repeated", () =>
  withServer(status(403, "Forbidden", "no"), {}, (server) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(get)).reason._tag, "Forbidden")
      assert.strictEqual(server.asked.length, 1)
    })
  )
)

it.live("a change is never repeated", () =>
  withServer(status(503, "ServiceUnavailable", "not now"), { retries: 5 }, (server) =>
    Effect.gen(function* () {
      const client = yield* KubeClient
      for (const method of ["POST", "PUT", "PATCH", "DELETE"] as const) {
        yield* Effect.flip(client.request({ method, path: "/things", body: { n: 1 }, schema: Thing }))
      }
      assert.deepStrictEqual(
        server.asked.map(({ method }) => method),
        ["POST", "PUT", "PATCH", "DELETE"]
      )
      assert.deepStrictEqual(server.asked[0]?.body, { n: 1 })
    })
  )
)

it.live("a Retry-After of the server is known to the caller", () =>
  withServer(status(429, "TooManyRequests", "slow down", { "retry-after": "7" }), { retries: 0 }, () =>
    Effect.gen(function* () {
      const { retryAfter } = yield* Effect.flip(get)
      assert.strictEqual(Duration.toSeconds(retryAfter ?? 0), 7)
    })
  )
)

it.live("an answer that is no JSON, of another shape, or too long is malformed", () =>
  Effect.gen(function* () {
    for (const answer of [
      (response) => response.writeHead(200).end("<html>"),
      json(200, { n: "one" }),
      json(200, { n: 1, filler: "x".repeat(5000) })
    ] satisfies ReadonlyArray<Answer>) {
      yield* withServer(answer, { maxAnswerLength: 2000 }, () =>
        Effect.gen(function* () {
          assert.strictEqual((yield* Effect.flip(get)).reason._tag, "MalformedAnswer")
        })
      )
    }
  })
)

it.live("characters that are cut by the network come together again", () =>
  withServer(
    (response) => {
      const bytes = Buffer.from(JSON.stringify({ n: 1, text: "größe €" }))
      response.writeHead(200)
      for (const byte of bytes) response.write(Buffer.from([byte]))
      response.end()
    },
    {},
    () =>
      Effect.gen(function* () {
        const client = yield* KubeClient
        const schema = Schema.Struct({ text: Schema.String })
        assert.strictEqual((yield* client.request({ method: "GET", path: "/", schema })).text, "größe €")
      })
  )
)

it.live("the server's path prefix and the query are part of the request", () =>
  withServer(
    json(200, { n: 1 }),
    {},
    (server) =>
      Effect.gen(function* () {
        const client = yield* KubeClient
        const query = { labelSelector: "a=b,c in (d)", limit: undefined }
        yield* client.request({ method: "GET", path: "/api/v1/nodes", query, schema: Thing })
        assert.strictEqual(server.asked[0]?.path, "/clusters/one/api/v1/nodes")
        assert.strictEqual(String(server.asked[0]?.query), "labelSelector=a%3Db%2Cc+in+%28d%29")
      }),
    "/clusters/one/"
  )
)

it.live("where nobody listens it is unreachable, and the message says what happened", () =>
  Effect.gen(function* () {
    const kubeconfig = yield* temporaryFile(kubeconfigOf("http://127.0.0.1:1"))
    const { message, reason } = yield* Effect.flip(get).pipe(
      Effect.provide(KubeClient.layer({ kubeconfig, retries: 0 }))
    )
    assert.strictEqual(reason._tag, "Unreachable")
    assert.include(message, "GET /things/1: connect ECONNREFUSED")
  }).pipe(Effect.scoped)
)
