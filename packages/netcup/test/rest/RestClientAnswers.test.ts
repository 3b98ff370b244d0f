import { assert, describe, it } from "@effect/vitest"
import type { NetcupError } from "@netcup-failover/netcup/NetcupError"
import type { RestOptions } from "@netcup-failover/netcup/rest/RestOptions"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { always, client, type Reply, send, world } from "./Endpoint.ts"
import { failover, server, task } from "./Samples.ts"

const tagOf = (result: Result.Result<unknown, NetcupError>) =>
  Result.isSuccess(result) ? "success" : result.failure.reason._tag

const messageOf = (result: Result.Result<unknown, NetcupError>) =>
  Result.isFailure(result) ? result.failure.message : ""

/** A read, a routing and a change of a server against an endpoint of that behaviour: how each ended, after how many requests. */
const outcomes = (reply: Reply, options: RestOptions = {}) =>
  Effect.gen(function* () {
    const reading = yield* client(reply, options)
    const routing = yield* client(reply, options)
    const changing = yield* client(reply, options)
    const read = yield* Effect.result(reading.client.user)
    const route = yield* Effect.result(routing.client.route(failover, 111003))
    const change = yield* Effect.result(changing.client.setNickname(111003, "web"))
    return {
      read: tagOf(read),
      route: tagOf(route),
      change: tagOf(change),
      messages: [messageOf(read), messageOf(route), messageOf(change)],
      requests: [reading, routing, changing].map(
        ({ received }) => received.filter(({ path }) => !path.includes("loadServerLiveInfo")).length
      )
    }
  }).pipe(Effect.provide(world))

const no = (message: string) => ({ code: null, message })

describe("RestClient: what answers mean", () => {
  // Status, body; what a read, a routing and a change of a server make of it; how often a read is sent.
  for (const [what, status, body, read, route, change, reads] of [
    [
      "400 of the site",
      400,
      no("Routing is limited to servers within the same site as the failover IP."),
      "Refused",
      "WrongSite",
      "Refused",
      1
    ],
    ["400 of anything else", 400, no("The request is no good."), "Refused", "Refused", "Refused", 1],
    ["403", 403, no("forbidden"), "Refused", "Refused", "Refused", 1],
    ["403 without a word", 403, "", "Refused", "Refused", "Refused", 1],
    [
      "404 of the address",
      404,
      no("Entity FailoverIPv4 with id 333001 not found."),
      "Refused",
      "AddressNotFound",
      "ServerNotFound",
      1
    ],
    [
      "404 of the server",
      404,
      no("Entity Server with id 111003 not found."),
      "Refused",
      "ServerNotFound",
      "ServerNotFound",
      1
    ],
    ["409", 409, no("busy"), "Refused", "Refused", "Refused", 1],
    [
      "422",
      422,
      { code: "x", message: "Validation failed.", errors: [{ field: "serverId", message: "must not be null" }] },
      "Refused",
      "Refused",
      "Refused",
      1
    ],
    ["429", 429, no("Too many failover IP routing requests"), "RateLimited", "RateLimited", "RateLimited", 1],
    ["429 by whoever", 429, "<html>slow down</html>", "RateLimited", "RateLimited", "RateLimited", 1],
    ["404 of a gateway", 404, "<html>404</html>", "MalformedAnswer", "UnknownOutcome", "UnknownOutcome", 1],
    ["403 of a gateway", 403, "<html>no bots</html>", "MalformedAnswer", "UnknownOutcome", "UnknownOutcome", 1],
    ["408", 408, no("too slow"), "Unreachable", "UnknownOutcome", "UnknownOutcome", 3],
    ["500 in netcup's words", 500, no("internal"), "Unreachable", "UnknownOutcome", "UnknownOutcome", 3],
    ["500 without a word", 500, "", "Unreachable", "UnknownOutcome", "UnknownOutcome", 3],
    ["503 in netcup's words", 503, no("Node is in maintenance mode."), "Unreachable", "UnknownOutcome", "Refused", 3],
    ["503 of a gateway", 503, "<html>later</html>", "Unreachable", "UnknownOutcome", "UnknownOutcome", 3],
    ["504", 504, "", "Unreachable", "UnknownOutcome", "UnknownOutcome", 3],
    ["301", 301, "", "MalformedAnswer", "UnknownOutcome", "UnknownOutcome", 1],
    ["202 without a word", 202, "", "MalformedAnswer", "UnknownOutcome", "UnknownOutcome", 3],
    [
      "202 with half a task",
      202,
      '{"uuid":"00000000-0000-4000-8000-00',
      "MalformedAnswer",
      "UnknownOutcome",
      "UnknownOutcome",
      3
    ],
    ["202 of another shape", 202, [], "MalformedAnswer", "UnknownOutcome", "UnknownOutcome", 3],
    ["202 with a task", 202, task("PENDING"), "MalformedAnswer", "success", "success", 3]
  ] as const) {
    it.live(`${what}: a read is ${read}, a routing ${route}, another change ${change}; changes are sent once`, () =>
      Effect.gen(function* () {
        const ends = yield* outcomes(always(status, body))
        assert.deepStrictEqual([ends.read, ends.route, ends.change], [read, route, change])
        assert.deepStrictEqual(ends.requests, [reads, 1, 1])
        for (const message of ends.messages) assert.notInclude(message, "<html>")
      })
    )
  }

  it.live("netcup's words are told as they are, with what is wrong with each field", () =>
    Effect.gen(function* () {
      const said = yield* outcomes(always(409, no("The address is being routed.")))
      assert.deepStrictEqual(said.messages, Array(3).fill("The address is being routed."))
      const fields = [{ field: "serverId", message: "must not be null" }, { message: "no body" }]
      const invalid = yield* outcomes(always(422, { message: "Validation failed.", errors: fields }))
      assert.strictEqual(invalid.messages[1], "Validation failed. (serverId: must not be null; no body)")
      const coded = yield* outcomes(always(409, { code: "BUSY", message: null, errors: null }))
      assert.strictEqual(coded.messages[1], "BUSY")
      const silent = yield* outcomes(always(409, {}))
      assert.strictEqual(silent.messages[1], "HTTP 409 without a reason")
      const page = yield* outcomes(always(409, no("x".repeat(100_000))))
      assert.strictEqual(page.messages[1], `${"x".repeat(500)}…`)
      const forbidden = yield* outcomes(always(403, ""))
      assert.match(forbidden.messages[1] ?? "", /API login restrictions/)
    })
  )

  for (const [what, there, tag] of [
    ["still there", true, "AddressNotFound"],
    ["gone", false, "ServerNotFound"]
  ] as const) {
    it.live(`a 404 that does not say of what is ${tag} when the server is ${what}`, () =>
      Effect.gen(function* () {
        const { client: rest, received } = yield* client((response, { method }) =>
          method === "GET" && there ? send(response, 200, server(111003)) : send(response, 404, no("Not found."))
        )
        const { message, reason } = yield* Effect.flip(rest.route(failover, 111003))
        assert.deepStrictEqual([reason._tag, message], [tag, "Not found."])
        assert.deepStrictEqual(
          received.map(({ method }) => method),
          ["PATCH", "GET"]
        )
      }).pipe(Effect.provide(world))
    )
  }

  it.live("a 404 that does not say of what stays one when looking fails", () =>
    Effect.gen(function* () {
      const { client: rest } = yield* client((response, { method }) =>
        method === "GET" ? send(response, 500, "") : send(response, 404, "")
      )
      assert.strictEqual((yield* Effect.flip(rest.route(failover, 111003))).reason._tag, "AddressNotFound")
    }).pipe(Effect.provide(world))
  )
})

describe("RestClient: Retry-After", () => {
  const limited = (retryAfter?: string) =>
    client(always(429, no("Too many"), retryAfter === undefined ? {} : { "retry-after": retryAfter }))

  for (const [what, header, from, to] of [
    ["seconds", "120", 115_000, 121_000],
    ["no time at all", "0", -5_000, 1_000]
  ] as const) {
    it.live(`tells when a limit ends: ${what}`, () =>
      Effect.gen(function* () {
        const { client: rest } = yield* limited(header)
        const now = yield* Clock.currentTimeMillis
        const { reason } = yield* Effect.flip(rest.route(failover, 111003))
        const retryAt = reason._tag === "RateLimited" ? reason.retryAt : undefined
        assert.isDefined(retryAt)
        assert.isTrue((retryAt ?? 0) >= now + from && (retryAt ?? 0) <= (yield* Clock.currentTimeMillis) + to)
      }).pipe(Effect.provide(world))
    )
  }

  it.live("tells no end of a limit that has none", () =>
    Effect.gen(function* () {
      const { client: rest, received } = yield* limited()
      const { reason } = yield* Effect.flip(rest.route(failover, 111003))
      assert.strictEqual(reason._tag, "RateLimited")
      assert.notProperty(reason, "retryAt")
      assert.strictEqual(received.length, 1)
    }).pipe(Effect.provide(world))
  )

  for (const status of [429, 503]) {
    it.live(`a read waits for a short one (${status}), a change for none`, () =>
      Effect.gen(function* () {
        let first = 0
        const { client: rest, received } = yield* client((response, { method }, nth) => {
          const now = performance.now()
          if (nth === 0) first = now
          // netcup means what it says: who comes back earlier is told so.
          if (method === "GET" && nth > 0) {
            return now - first < 990 ? send(response, 409, no("too early")) : send(response, 200, { id: 555001 })
          }
          send(response, status, no("later"), { "retry-after": "1" })
        })
        assert.deepStrictEqual(yield* rest.user, { id: 555001 })
        assert.strictEqual(received.length, 2)
        yield* Effect.flip(rest.route(failover, 111003))
        assert.strictEqual(received.length, 3)
      }).pipe(Effect.provide(world))
    )

    it.live(`a read does not wait for a long one (${status})`, () =>
      Effect.gen(function* () {
        const { client: rest, received } = yield* client(always(status, no("later"), { "retry-after": "60" }))
        const { reason } = yield* Effect.flip(rest.user)
        assert.strictEqual(reason._tag, status === 429 ? "RateLimited" : "Unreachable")
        assert.strictEqual(received.length, 1)
      }).pipe(Effect.provide(world))
    )
  }
})

describe("RestClient: no answer", () => {
  it.live("nobody there: nothing was done, and a read is tried again", () =>
    Effect.gen(function* () {
      const { client: rest, close } = yield* client(always(200, { id: 555001 }))
      yield* rest.user
      close()
      for (const ask of [rest.user, rest.route(failover, 111003), rest.ping, rest.setNickname(1, "web")]) {
        const { message, reason } = yield* Effect.flip<unknown, NetcupError, never>(ask)
        assert.strictEqual(reason._tag, "Unreachable")
        assert.include(message, "ECONNREFUSED")
      }
    }).pipe(Effect.provide(world))
  )

  it.live("after five calls that nobody answered no read is made for a while, and every change is", () =>
    Effect.gen(function* () {
      const { client: rest, received } = yield* client(always(500, ""), { tries: 1 })
      for (let i = 0; i < 5; i++) yield* Effect.flip(rest.user)
      const { message, reason } = yield* Effect.flip(rest.user)
      assert.strictEqual(reason._tag, "Unreachable")
      assert.include(message, "tried again at")
      assert.strictEqual(received.length, 5)
      const changes: ReadonlyArray<Effect.Effect<unknown, NetcupError>> = [
        rest.route(failover, 111003),
        rest.unroute(failover),
        rest.setPower(111003, { state: "ON" }),
        rest.setHostname(111003, "a.example"),
        rest.setNickname(111003, "a"),
        rest.cancelTask("any")
      ]
      for (const change of changes) assert.strictEqual((yield* Effect.flip(change)).reason._tag, "UnknownOutcome")
      assert.strictEqual(received.length, 5 + changes.length)
    }).pipe(Effect.provide(world))
  )

  for (const [what, reply] of [
    ["the connection is reset", (response) => response.socket?.resetAndDestroy()],
    [
      "half an answer comes",
      (response) => {
        response.writeHead(202, { "content-type": "application/json", "content-length": "1000" })
        response.write('{"uuid":')
        setTimeout(() => response.socket?.resetAndDestroy(), 5)
      }
    ],
    ["the answer never ends", (response) => void response.writeHead(202).write("{")]
  ] as const satisfies ReadonlyArray<readonly [string, Reply]>) {
    it.live(`${what}: a read is Unreachable, a change an UnknownOutcome, sent once`, () =>
      Effect.gen(function* () {
        const ends = yield* outcomes(reply, { readTimeout: "200 millis", changeTimeout: "200 millis" })
        assert.deepStrictEqual(
          [ends.read, ends.route, ends.change],
          ["Unreachable", "UnknownOutcome", "UnknownOutcome"]
        )
        assert.deepStrictEqual(ends.requests, [3, 1, 1])
      })
    )
  }
})
