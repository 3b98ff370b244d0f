import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { always, client, type Reply, send, world } from "./Endpoint.ts"
import { server, site, task } from "./Samples.ts"

/** A list of so many servers, of which no more than `most` are given at a time. */
const listOf =
  (count: () => number, most = Number.POSITIVE_INFINITY): Reply =>
  (response, { path }) => {
    const query = new URL(path, "http://x").searchParams
    const [limit, offset] = [Number(query.get("limit")), Number(query.get("offset"))]
    const all = Array.from({ length: count() }, (_, nth) => ({ id: nth + 1, name: `v${nth + 1}` }))
    send(response, 200, all.slice(offset, offset + Math.min(limit, most)))
  }

const offsets = (received: ReadonlyArray<{ readonly path: string }>) =>
  received.map(({ path }) => Number(new URL(path, "http://x").searchParams.get("offset")))

describe("RestClient: a list of servers", () => {
  it.live("is one call when it fits a page, but for the first time, and goes by name", () =>
    Effect.gen(function* () {
      let count = 8
      const { client: rest, received } = yield* client(listOf(() => count))
      assert.strictEqual((yield* Stream.runCollect(rest.servers())).length, 8)
      assert.deepStrictEqual(offsets(received), [0, 8])
      assert.strictEqual(received[0]?.path, "/scp-core/api/v1/servers?limit=100&offset=0&sort=name")
      yield* Stream.runCollect(rest.servers())
      count = 3
      yield* Stream.runCollect(rest.servers())
      assert.deepStrictEqual(offsets(received), [0, 8, 0, 0])
      count = 0
      assert.deepStrictEqual(yield* Stream.runCollect(rest.servers()), [])
      assert.strictEqual(received.length, 5)
    }).pipe(Effect.provide(world))
  )

  for (const [what, count, most, expected] of [
    ["full pages", 6, undefined, [0, 3, 6]],
    ["a page that is not full at the end", 7, undefined, [0, 3, 6, 7]],
    ["shorter pages than were asked for", 5, 2, [0, 2, 4, 5]]
  ] as const) {
    it.live(`is read to its end in ${what}`, () =>
      Effect.gen(function* () {
        const { client: rest, received } = yield* client(
          listOf(() => count, most),
          { pageSize: 3 }
        )
        const ids = (yield* Stream.runCollect(rest.servers())).map(({ id }) => id)
        assert.deepStrictEqual(
          ids,
          Array.from({ length: count }, (_, nth) => nth + 1)
        )
        assert.deepStrictEqual<unknown>(offsets(received), expected)
      }).pipe(Effect.provide(world))
    )
  }

  it.live("ends also where netcup ignores what page was asked for", () =>
    Effect.gen(function* () {
      const { client: rest, received } = yield* client(
        always(200, [
          { id: 1, name: "v1" },
          { id: 2, name: "v2" }
        ]),
        {
          pageSize: 2
        }
      )
      assert.strictEqual((yield* Stream.runCollect(rest.servers({ q: "v", ip: "198.51.100.1", name: "v1" }))).length, 2)
      assert.strictEqual(received.length, 2)
      assert.include(received[0]?.path, "&name=v1&ip=198.51.100.1&q=v")
    }).pipe(Effect.provide(world))
  )

  it.live("fails as a whole when a page does", () =>
    Effect.gen(function* () {
      const { client: rest } = yield* client(
        (response, request, nth) => (nth === 1 ? send(response, 409, {}) : listOf(() => 9)(response, request, nth)),
        { pageSize: 3 }
      )
      assert.strictEqual((yield* Effect.flip(Stream.runCollect(rest.servers()))).reason._tag, "Refused")
    }).pipe(Effect.provide(world))
  )
})

describe("RestClient: a server", () => {
  it.live("is told with what its hypervisor says, or without", () =>
    Effect.gen(function* () {
      const { client: rest, received } = yield* client(always(200, server(111001)))
      assert.deepStrictEqual((yield* rest.server(111001)).site, site(1))
      yield* rest.server(111001, { liveInfo: false })
      assert.deepStrictEqual(
        received.map(({ path }) => path),
        ["/scp-core/api/v1/servers/111001", "/scp-core/api/v1/servers/111001?loadServerLiveInfo=false"]
      )
    }).pipe(Effect.provide(world))
  )

  it.live("has interfaces", () =>
    Effect.gen(function* () {
      const { client: rest, received } = yield* client(always(200, [{ mac: "02:00:00:97:47:9f", ipv4Addresses: null }]))
      assert.deepStrictEqual(yield* rest.interfaces(1, { rdns: false }), [{ mac: "02:00:00:97:47:9f" }])
      assert.strictEqual(received[0]?.path, "/scp-core/api/v1/servers/1/interfaces?loadRdns=false")
    }).pipe(Effect.provide(world))
  )

  it.live("is changed by one attribute at a time, as a merge patch", () =>
    Effect.gen(function* () {
      const { client: rest, received } = yield* client((response, { body }) =>
        body.includes("state") ? send(response, 202, task("PENDING")) : send(response, 200, "")
      )
      assert.strictEqual((yield* rest.setPower(1, { state: "ON", option: "RESET" }))?.state, "PENDING")
      assert.strictEqual((yield* rest.setPower(1, { state: "SUSPENDED" }))?.state, "PENDING")
      assert.isUndefined(yield* rest.setNickname(1, "web <1>"))
      assert.isUndefined(yield* rest.setHostname(1, "web.example.org"))
      assert.deepStrictEqual(
        received.map(({ body, headers, method, path }) => [method, path, headers["content-type"], body]),
        [
          ["?stateOption=RESET", '{"state":"ON"}'],
          ["", '{"state":"SUSPENDED"}'],
          ["", '{"nickname":"web <1>"}'],
          ["", '{"hostname":"web.example.org"}']
        ].map(([query, body]) => ["PATCH", `/scp-core/api/v1/servers/1${query}`, "application/merge-patch+json", body])
      )
    }).pipe(Effect.provide(world))
  )
})

describe("RestClient: ping", () => {
  for (const [body, tag] of [
    ["OK", "success"],
    ["OK\n", "success"],
    ["<html>OK</html>", "MalformedAnswer"],
    ["", "MalformedAnswer"]
  ] as const) {
    it.live(`${JSON.stringify(body)} is ${tag}`, () =>
      Effect.gen(function* () {
        const { client: rest } = yield* client(always(200, body))
        const result = yield* Effect.result(rest.ping)
        assert.strictEqual(result._tag === "Success" ? "success" : result.failure.reason._tag, tag)
      }).pipe(Effect.provide(world))
    )
  }

  it.live("that asks for a login is not the API's", () =>
    Effect.gen(function* () {
      const { client: rest, logins } = yield* client(always(401, ""))
      assert.strictEqual((yield* Effect.flip(rest.ping)).reason._tag, "MalformedAnswer")
      assert.strictEqual(logins.length, 0)
    }).pipe(Effect.provide(world))
  )
})
