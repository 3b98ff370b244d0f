import { createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as HealthServer from "@netcup-failover/controller/HealthServer"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Ref from "effect/Ref"

/** A port of loopback that was free just now. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

const loopback = Effect.map(freePort, (port) => ({ host: "127.0.0.1", port }))

const get = Effect.fnUntraced(function* (port: number, path: string) {
  const response = yield* HttpClient.get(`http://127.0.0.1:${port}${path}`)
  return { status: response.status, body: yield* response.text }
}, Effect.provide(FetchHttpClient.layer))

const ready = Effect.succeed([])

describe("the health server", () => {
  it.live("says that the process lives, whether it is ready or not", () =>
    Effect.gen(function* () {
      const address = yield* loopback
      yield* HealthServer.health(address, Effect.succeed(["nodes: not listed yet"]))
      assert.deepStrictEqual(yield* get(address.port, "/healthz"), { status: 200, body: "ok\n" })
    }).pipe(Effect.scoped)
  )

  it.live("says that it is ready, or what is missing as it is at the time of asking", () =>
    Effect.gen(function* () {
      const address = yield* loopback
      const missing = yield* Ref.make<ReadonlyArray<string>>(["nodes: HTTP 403", "netcupfailoverips: not listed yet"])
      yield* HealthServer.health(address, Ref.get(missing))
      assert.deepStrictEqual(yield* get(address.port, "/readyz"), {
        status: 503,
        body: "nodes: HTTP 403\nnetcupfailoverips: not listed yet\n"
      })
      yield* Ref.set(missing, [])
      assert.deepStrictEqual(yield* get(address.port, "/readyz?verbose"), { status: 200, body: "ok\n" })
      yield* Ref.set(missing, ["nodes: connection refused"])
      assert.strictEqual((yield* get(address.port, "/readyz")).status, 503)
    }).pipe(Effect.scoped)
  )

  for (const path of ["/", "/metrics", "/healthz/", "//healthz"]) {
    it.live(`has nothing at ${path}`, () =>
      Effect.gen(function* () {
        const address = yield* loopback
        yield* HealthServer.health(address, ready)
        assert.strictEqual((yield* get(address.port, path)).status, 404)
      }).pipe(Effect.scoped)
    )
  }

  it.live("on a port that is taken tells which setting to change", () =>
    Effect.gen(function* () {
      const address = yield* loopback
      yield* HealthServer.health(address, ready)
      const error = yield* Effect.flip(HealthServer.health(address, ready))
      assert.strictEqual(error._tag, "ListenError")
      assert.match(error.message, /^HEALTH_ADDR \(--health-addr\): [^\n]*EADDRINUSE[^\n]*: choose another address$/u)
      const other = yield* Effect.flip(HealthServer.metrics(address, Effect.succeed("")))
      assert.match(other.message, /^METRICS_ADDR \(--metrics-addr\): /u)
      assert.strictEqual((yield* get(address.port, "/healthz")).status, 200)
    }).pipe(Effect.scoped)
  )

  it.live("on an address that is not ours tells which setting to change", () =>
    Effect.gen(function* () {
      const { port } = yield* loopback
      const error = yield* Effect.flip(HealthServer.health({ host: ":::::", port }, ready))
      assert.match(error.message, /^HEALTH_ADDR \(--health-addr\): [^\n]+$/u)
    }).pipe(Effect.scoped)
  )

  it.live("gives its port back when it ends", () =>
    Effect.gen(function* () {
      const address = yield* loopback
      for (const _ of [1, 2]) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* HealthServer.health(address, ready)
            assert.strictEqual((yield* get(address.port, "/healthz")).status, 200)
          })
        )
      }
      assert.strictEqual((yield* Effect.flip(get(address.port, "/healthz")))._tag, "HttpClientError")
    })
  )

  it.live("ends also while somebody waits for an answer", () =>
    Effect.gen(function* () {
      const address = yield* loopback
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* HealthServer.health(address, Effect.never)
          yield* Effect.forkChild(Effect.ignore(get(address.port, "/readyz")), { startImmediately: true })
          yield* get(address.port, "/healthz")
        })
      )
    })
  )
})

describe("the metrics", () => {
  it.live("are a page that is made anew for each who asks, and that nobody makes before", () =>
    Effect.gen(function* () {
      const address = yield* loopback
      const asked = yield* Ref.make(0)
      const page = Effect.map(
        Ref.updateAndGet(asked, (n) => n + 1),
        (n) => `asked_total ${n}\n`
      )
      yield* HealthServer.metrics(address, page)
      assert.strictEqual(yield* Ref.get(asked), 0)
      assert.deepStrictEqual(yield* get(address.port, "/metrics"), { status: 200, body: "asked_total 1\n" })
      assert.deepStrictEqual(yield* get(address.port, "/metrics"), { status: 200, body: "asked_total 2\n" })
      assert.strictEqual((yield* get(address.port, "/healthz")).status, 404)
    }).pipe(Effect.scoped)
  )
})
