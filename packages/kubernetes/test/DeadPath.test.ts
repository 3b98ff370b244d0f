/** A machine of the API server dies: its connections stay open and silent, and new ones to it hang. Another one lives. */
import { readFileSync } from "node:fs"
import { createServer, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import type { Resolve } from "@netcup-failover/kubernetes/Addresses"
import { KubeClient, type KubeClientSettings } from "@netcup-failover/kubernetes/KubeClient"
import * as Reflector from "@netcup-failover/kubernetes/Reflector"
import * as TcpPath from "@netcup-failover/testing/kubernetes/TcpPath"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  type Answer,
  clientOf,
  type FakeApiServer,
  inTurn,
  json,
  kubeconfigOf,
  listAndWatch,
  quiet,
  silence,
  start,
  temporaryFile,
  until
} from "./FakeApiServer.ts"
import { frame, page, stream, widget, widgets } from "./Widget.ts"

const Thing = Schema.Struct({ n: Schema.Int })
const thing = { path: "/things/1", schema: Thing }

/** The same order each time, or reversed every other time, as some name servers do. */
const names = (hosts: ReadonlyArray<string>, turning = false): Resolve => {
  let times = 0
  return (_name, _options, callback) => {
    times += 1
    const found = hosts.map((address) => ({ address, family: 4 }))
    setImmediate(callback, null, turning && times % 2 === 0 ? found.toReversed() : found)
  }
}

/** Two machines in front of a fake server, and a client that knows both by one name. */
const cluster = Effect.fnUntraced(function* (
  answer: Answer,
  settings: KubeClientSettings = {},
  resolve: (hosts: ReadonlyArray<string>) => Resolve = names
) {
  const server = yield* start(answer)
  const to = { host: "127.0.0.1", port: server.port }
  const one = yield* TcpPath.make({ listen: { host: "127.0.2.1", port: 0 }, to })
  const other = yield* TcpPath.make({ listen: { host: "127.0.2.2", port: one.port }, to })
  const layer = KubeClient.layer({
    kubeconfig: yield* temporaryFile(kubeconfigOf(`http://kube.test:${one.port}`)),
    requestTimeout: "200 millis",
    reachTimeout: "400 millis",
    resolve: resolve([one.host, other.host]),
    ...settings
  })
  return { server, one, other, layer }
})

type Cluster = Effect.Success<ReturnType<typeof cluster>>

const dead = (
  name: string,
  made: ReturnType<typeof cluster>,
  test: (
    at: Cluster & { readonly client: KubeClient["Service"] }
  ) => Effect.Effect<void, unknown, KubeClient | Scope.Scope>
) =>
  it.live(name, () =>
    Effect.gen(function* () {
      const at = yield* made
      yield* Effect.provide(
        Effect.flatMap(KubeClient, (client) => test({ ...at, client })),
        at.layer
      )
    }).pipe(Effect.scoped, quiet)
  )

describe("a request", () => {
  dead(
    "on a kept connection that went silent is made again, at another address, and those that follow go there at once",
    cluster(json(200, { n: 1 })),
    ({ client, one, other, server }) =>
      Effect.gen(function* () {
        yield* client.request({ method: "GET", ...thing })
        assert.deepStrictEqual([yield* one.connections, yield* other.connections], [1, 0])
        yield* one.blacken
        yield* client.request({ method: "GET", ...thing })
        assert.strictEqual(yield* other.connections, 1)
        // Nothing is lost any more: not even what is never repeated.
        yield* client.request({ method: "POST", ...thing, body: {} })
        assert.lengthOf(server.asked, 3)
      })
  )

  dead(
    "is one of several that are under way: each is made again",
    cluster((response, asked) => setTimeout(() => json(200, { n: 1 })(response, asked), 20), {
      requestTimeout: "300 millis"
    }),
    ({ client, one, other }) =>
      Effect.gen(function* () {
        const all = Effect.all(
          Array.from({ length: 6 }, () => client.request({ method: "GET", ...thing })),
          { concurrency: "unbounded" }
        )
        yield* all
        yield* one.blacken
        assert.lengthOf(yield* all, 6)
        assert.isAbove(yield* other.connections, 0)
      })
  )

  dead(
    "whose answer stands still in the middle is made again",
    cluster(
      inTurn(
        (response) => {
          response.writeHead(200).write('{"n":')
        },
        json(200, { n: 2 })
      )
    ),
    ({ client, one, other, server }) =>
      Effect.gen(function* () {
        const asked = yield* Effect.forkScoped(client.request({ method: "GET", ...thing }))
        yield* until(
          Effect.sync(() => server.asked.length),
          (n) => n === 1
        )
        yield* one.blacken
        assert.strictEqual((yield* Fiber.join(asked)).n, 2)
        assert.strictEqual(yield* other.connections, 1)
      })
  )

  dead(
    "that changes something goes elsewhere when it could not be sent, and is done once",
    cluster(json(200, { n: 1 }), { requestTimeout: "3 seconds" }),
    ({ client, one, other, server }) =>
      Effect.gen(function* () {
        yield* one.blacken
        yield* client.request({ method: "POST", ...thing, body: {} })
        assert.lengthOf(server.asked, 1)
        assert.strictEqual(yield* other.connections, 1)
        assert.strictEqual(yield* one.connections, 0)
      })
  )

  dead(
    "stays with the address in use, in whatever order the name's are listed",
    cluster(json(200, { n: 1 }), {}, (hosts) => names(hosts, true)),
    ({ client, one, other }) =>
      Effect.gen(function* () {
        const get = client.request({ method: "GET", ...thing })
        yield* get
        for (let n = 1; n < 4; n++)
          yield* Effect.all(
            Array.from({ length: n }, () => get),
            { concurrency: "unbounded" }
          )
        assert.deepStrictEqual([yield* one.connections, yield* other.connections], [3, 0])
      })
  )

  it.live("whose TLS handshake stands still is made again on fresh connections, and then given up", () =>
    Effect.gen(function* () {
      const accepted: Array<Socket> = []
      const server = createServer((socket) => accepted.push(socket.on("error", () => {}).resume()))
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () =>
          Effect.sync(() => {
            server.close()
            for (const socket of accepted) socket.destroy()
          })
      )
      const address = server.address()
      const port = typeof address === "object" ? address?.port : undefined
      const layer = KubeClient.layer({
        kubeconfig: yield* temporaryFile(kubeconfigOf(`https://127.0.0.1:${port}`)),
        connectTimeout: "50 millis"
      })
      const ask = Effect.flatMap(KubeClient, (client) => client.request({ method: "POST", ...thing, body: {} }))
      const { message } = yield* Effect.flip(Effect.provide(ask, layer))
      assert.include(message, "no connection within 50ms")
      assert.lengthOf(accepted, 3)
    }).pipe(Effect.scoped)
  )

  dead(
    "that waits for its turn is no silence",
    cluster((response, asked) => setTimeout(() => json(200, { n: 1 })(response, asked), 100), {
      maxConnections: 1,
      requestTimeout: "250 millis",
      retries: 0
    }),
    ({ client }) =>
      Effect.gen(function* () {
        const get = client.request({ method: "GET", ...thing })
        assert.lengthOf(
          yield* Effect.all(
            Array.from({ length: 6 }, () => get),
            { concurrency: "unbounded" }
          ),
          6
        )
      })
  )
})

describe("an urgent request", () => {
  const urgent = { ...thing, method: "PUT", body: {}, urgentAfter: "60 millis" } as const

  dead(
    "on a connection that went silent is overtaken by a second one elsewhere, long before it is given up",
    cluster(json(200, { n: 1 }), { requestTimeout: "1 minute" }),
    ({ client, one, other }) =>
      Effect.gen(function* () {
        yield* client.request(urgent)
        yield* one.blacken
        assert.strictEqual((yield* client.request(urgent)).n, 1)
        assert.strictEqual(yield* other.connections, 1)
      })
  )

  dead(
    "leaves the silent address with all else: watches, idle connections, and requests to come",
    cluster(listAndWatch(page("5", []), stream()), { requestTimeout: "1 minute" }),
    ({ client, one, other, server }) =>
      Effect.gen(function* () {
        const reflector = yield* Reflector.make(widgets, { firstDelay: "2 millis" })
        yield* until(reflector.health, ({ _tag }) => _tag === "Live")
        yield* client.request({ ...urgent, schema: Schema.Unknown })
        yield* one.blacken
        yield* client.request({ ...urgent, schema: Schema.Unknown })
        const watches = Effect.sync(() => server.asked.filter(({ query }) => query.has("watch")).length)
        yield* until(watches, (n) => n === 2)
        yield* until(other.connections, (n) => n === 2)
      })
  )

  dead(
    "is not given up for a slow server: the first answer counts, though others were asked for, and nothing is doubted",
    cluster(
      inTurn((response, asked) => setTimeout(() => json(200, { n: 1 })(response, asked), 300), silence),
      { requestTimeout: "10 seconds" }
    ),
    ({ client, server }) =>
      Effect.gen(function* () {
        const doubts: Array<number> = []
        yield* Effect.forkScoped(Stream.runForEach(client.silences, (at) => Effect.sync(() => doubts.push(at))))
        assert.strictEqual((yield* client.request(urgent)).n, 1)
        assert.lengthOf(server.asked, 3)
        assert.deepStrictEqual(doubts, [])
      })
  )

  dead(
    "waits behind no other",
    cluster((response, asked) => (asked.method === "PUT" ? json(200, { n: 1 }) : silence)(response, asked), {
      maxConnections: 2,
      requestTimeout: "1 minute"
    }),
    ({ client, server }) =>
      Effect.gen(function* () {
        for (let n = 0; n < 3; n++) yield* Effect.forkScoped(client.request({ method: "GET", ...thing }))
        yield* until(
          Effect.sync(() => server.asked.length),
          (n) => n === 2
        )
        assert.strictEqual((yield* client.request(urgent)).n, 1)
      })
  )

  dead("in peace is sent once, on one connection", cluster(json(200, { n: 1 })), ({ client, server }) =>
    Effect.gen(function* () {
      for (let n = 0; n < 10; n++) yield* client.request(urgent)
      assert.lengthOf(server.asked, 10)
      assert.strictEqual(server.connections(), 1)
    })
  )

  dead(
    "that is refused fails at once, and when nobody can be reached it fails as the others do",
    cluster(json(409, { kind: "Status", reason: "Conflict", message: "changed", code: 409 })),
    ({ client, server }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(client.request(urgent))
        assert.strictEqual(error.reason._tag, "Conflict")
        assert.lengthOf(server.asked, 1)
        const nowhere = KubeClient.layer({ kubeconfig: yield* temporaryFile(kubeconfigOf("http://127.0.0.1:1")) })
        const ask = Effect.flatMap(KubeClient, (client) => client.request({ ...urgent, urgentAfter: "1 minute" }))
        assert.strictEqual((yield* Effect.flip(Effect.provide(ask, nowhere))).reason._tag, "Unreachable")
      })
  )
})

describe("a watch", () => {
  const watched = (settings: KubeClientSettings = {}, watches: Answer = stream()) =>
    cluster(listAndWatch(page("5", []), watches), settings)
  const fast = { firstDelay: "2 millis", longestDelay: "20 millis" } as const

  dead(
    "that is silent while all else is, is made anew elsewhere once any request tells",
    watched({}, inTurn(stream(), stream(frame("ADDED", widget("a", "6"))))),
    ({ client, one, other }) =>
      Effect.gen(function* () {
        const reflector = yield* Reflector.make(widgets, fast)
        yield* until(reflector.health, ({ _tag }) => _tag === "Live")
        yield* one.blacken
        yield* client.request({ method: "GET", path: "/", schema: Schema.Unknown })
        yield* until(reflector.items, (items) => items.has("a"))
        assert.isAbove(yield* other.connections, 0)
      })
  )

  const watches = ({ asked }: FakeApiServer) =>
    Effect.sync(() => asked.filter(({ query }) => query.has("watch")).length)
  const hung = { method: "GET", path: "/hung", query: { watch: "" }, schema: Schema.Unknown } as const
  const patient = { requestTimeout: "1500 millis", retries: 0 } as const

  it.live("at an address behind which there may be many machines is made anew after a silence", () =>
    Effect.gen(function* () {
      const server = yield* start(listAndWatch(page("5", []), stream()))
      yield* Effect.gen(function* () {
        const client = yield* KubeClient
        const reflector = yield* Reflector.make(widgets, fast)
        yield* until(reflector.health, ({ _tag }) => _tag === "Live")
        yield* Effect.flip(client.request(hung))
        yield* until(watches(server), (n) => n === 3)
      }).pipe(Effect.provide(clientOf(server, patient)))
    }).pipe(Effect.scoped, quiet)
  )

  it.live("that was made well after the silent request was sent is left alone", () =>
    Effect.gen(function* () {
      const server = yield* start(listAndWatch(page("5", []), stream()))
      yield* Effect.gen(function* () {
        const client = yield* KubeClient
        const silent = yield* Effect.forkScoped(Effect.flip(client.request(hung)))
        yield* Effect.sleep("1200 millis")
        const reflector = yield* Reflector.make(widgets, fast)
        yield* until(reflector.health, ({ _tag }) => _tag === "Live")
        yield* Fiber.join(silent)
        yield* Effect.sleep("100 millis")
        assert.strictEqual(yield* watches(server), 2)
      }).pipe(Effect.provide(clientOf(server, patient)))
    }).pipe(Effect.scoped, quiet)
  )

  dead(
    "whose head never comes is asked for elsewhere",
    watched({}, inTurn(silence, stream())),
    ({ one, other, server }) =>
      Effect.gen(function* () {
        const reflector = yield* Reflector.make(widgets, fast)
        yield* until(
          Effect.sync(() => server.asked.length),
          (n) => n === 2
        )
        yield* one.blacken
        yield* until(reflector.health, ({ _tag }) => _tag === "Live")
        assert.isAbove(yield* other.connections, 0)
      })
  )

  dead(
    "at an address that was left moves too, though its own connection said nothing wrong",
    watched({ reachTimeout: "2 seconds", requestTimeout: "10 seconds" }),
    ({ client, one, other, server }) =>
      Effect.gen(function* () {
        const reflector = yield* Reflector.make(widgets, fast)
        yield* until(reflector.health, ({ _tag }) => _tag === "Live")
        // The list's connection is idle; two at once need a new one, and that finds nobody.
        yield* one.blacken
        const get = client.request({ method: "GET", path: "/", schema: Schema.Unknown })
        yield* Effect.forkScoped(Effect.all([get, get], { concurrency: "unbounded" }))
        yield* until(
          Effect.sync(() => server.asked.filter(({ query }) => query.has("watch")).length),
          (n) => n === 2
        )
        yield* until(other.connections, (n) => n > 1)
      })
  )

  dead("is made anew when somebody has reason to doubt its machine, and only then", watched(), ({ client, server }) =>
    Effect.gen(function* () {
      const reflector = yield* Reflector.make(widgets, fast)
      yield* until(reflector.health, ({ _tag }) => _tag === "Live")
      const watches = Effect.sync(() => server.asked.filter(({ query }) => query.has("watch")).length)
      assert.strictEqual(yield* watches, 1)
      yield* client.doubt
      yield* until(watches, (n) => n === 2)
    })
  )

  it.live("asks by TCP whether its machine lives", () =>
    Effect.gen(function* () {
      if (process.platform !== "linux") return
      const server = yield* start(listAndWatch(page("5", []), stream()))
      const reflector = yield* Effect.provide(Reflector.make(widgets), clientOf(server))
      yield* until(reflector.health, ({ _tag }) => _tag === "Live")
      yield* until(Effect.sync(server.open), (open) => open === 2)
      const remote = `0100007F:${server.port.toString(16).toUpperCase().padStart(4, "0")}`
      // proc(5), /proc/net/tcp: the sixth field is which timer runs (2: keep-alive) and when it is due, in ticks of 10 ms.
      const timers = readFileSync("/proc/net/tcp", "utf8")
        .split("\n")
        .map((line) => line.trim().split(/\s+/u))
        .filter((fields) => fields[2] === remote && fields[3] === "01")
        .map((fields) => fields[5]?.split(":") ?? [])
      assert.lengthOf(timers, 2)
      for (const [kind, due] of timers) {
        assert.strictEqual(kind, "02")
        assert.isAtMost(Number.parseInt(due ?? "", 16), 300)
      }
    }).pipe(Effect.scoped, quiet)
  )
})
