/** What the REST API accepts, and how it refuses all else. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as RawClient from "./RawClient.ts"
import { ask, expectError, jsonOf, type Question, simulator } from "./RestHand.ts"

const patch = (body: unknown, type = "application/json"): Question => ({ method: "PATCH", body, type })
const address = "/v1/users/555001/failoverips/v4/333001"

describe("who may ask", () => {
  it.effect("anybody may ping, and the answer is plain text", () =>
    Effect.gen(function* () {
      const { api } = yield* simulator()
      const answer = yield* api("/ping", { token: undefined })
      assert.deepStrictEqual([answer.status, answer.body], [200, "OK"])
      assert.match(answer.contentType, /^text\/plain/u)
    })
  )

  it.effect("without a token, with an unknown one, or in another scheme, nobody may ask anything else", () =>
    Effect.gen(function* () {
      const { api, journal, url } = yield* simulator()
      for (const path of ["/v1/servers", "/v1/tasks", "/v1/users/555001", "/v1/users/555001/failoverips/v4"]) {
        const nobody = yield* api(path, { token: undefined })
        assert.deepStrictEqual([nobody.status, nobody.headers["www-authenticate"]], [401, "Bearer"])
        const stranger = yield* api(path, { token: "eyJhbGciOiJub25lIn0.e30." })
        assert.deepStrictEqual([stranger.status, stranger.body], [401, ""])
        assert.match(stranger.headers["www-authenticate"] ?? "", /invalid_token/u)
      }
      const basic = yield* RawClient.send(`${url}/api/v1/servers`, "", {
        method: "GET",
        path: `${url}/api/v1/servers`,
        headers: { "content-type": undefined, authorization: "Basic eDp5" }
      })
      assert.strictEqual(basic.status, 401)
      assert.isFalse((yield* journal.callsOf("servers")).some(({ authenticated }) => authenticated))
    })
  )

  it.effect("a token is good for five minutes and not for one millisecond more", () =>
    Effect.gen(function* () {
      const { api, journal } = yield* simulator()
      yield* TestClock.adjust("299999 millis")
      assert.strictEqual((yield* api("/v1/servers")).status, 200)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* api("/v1/servers")).status, 401)
      assert.deepStrictEqual(
        (yield* journal.callsOf("servers")).map(({ authenticated, loginName }) => [authenticated, loginName]),
        [
          [true, "100000"],
          [false, "100000"]
        ]
      )
    })
  )

  it.effect("a token that was expired by a lever is good for nothing", () =>
    Effect.gen(function* () {
      const { api, login, world } = yield* simulator()
      yield* world.expireAccessTokens("100000")
      assert.strictEqual((yield* api("/v1/servers")).status, 401)
      const token = yield* login
      assert.strictEqual((yield* api("/v1/servers", { token })).status, 200)
    })
  )

  it.effect("another user's things are 403, also for the customer number in place of the user id", () =>
    Effect.gen(function* () {
      const { api } = yield* simulator()
      for (const user of ["555002", "100000", "42"]) {
        expectError(yield* api(`/v1/users/${user}`), 403)
        expectError(yield* api(`/v1/users/${user}/failoverips/v4`), 403)
        expectError(yield* api(`/v1/users/${user}/failoverips/v4/333001`, patch({ serverId: 111_001 })), 403)
      }
      expectError(yield* api("/v1/servers/111009"), 404)
    })
  )
})

describe("requests that a correct client never sends", () => {
  const wrong: ReadonlyArray<readonly [string, number, string, Question]> = [
    ["an unknown path", 404, "/v1/nothing", {}],
    ["another version", 404, "/v2/servers", {}],
    ["a slash too many", 404, "/v1/servers/", {}],
    ["a name in place of a server's id", 404, "/v1/servers/vA", {}],
    ["an id in place of the address family", 404, "/v1/users/555001/failoverips/333001", {}],
    ["a path that does not decode", 404, "/v1/tasks/%ff", {}],
    ["another method", 405, "/v1/servers", { method: "POST", body: {} }],
    ["PUT to route", 405, address, { method: "PUT", body: { serverId: 111_002 } }],
    ["an unknown query parameter", 400, "/v1/servers?page=2", {}],
    ["a query parameter of another call", 400, "/v1/users/555001/failoverips/v4?limit=1", {}],
    ["a query parameter twice", 400, "/v1/servers?limit=1&limit=2", {}],
    ["a limit that is no number", 422, "/v1/servers?limit=all", {}],
    ["a limit beyond int32", 422, "/v1/servers?limit=2147483648", {}],
    ["a negative offset", 422, "/v1/tasks?offset=-1", {}],
    ["a server's name for its id", 422, "/v1/tasks?serverId=vA", {}],
    ["a sort by what is no field", 422, "/v1/servers?sort=id", {}],
    ["a switch that is not true or false", 422, "/v1/servers/111001?loadServerLiveInfo=1", {}],
    ["the filter that is not supported", 400, "/v1/tasks?state=ROLLBACK", {}],
    ["a filter by no state at all", 400, "/v1/tasks?state=DONE", {}],
    ["a body where none belongs", 400, "/v1/servers", { body: {} }],
    ["another content type", 415, address, patch('{"serverId":111002}', "text/plain")],
    ["a form", 415, address, patch("serverId=111002", "application/x-www-form-urlencoded")],
    ["no JSON", 400, address, patch("{serverId: 111002}")],
    ["no body at all", 400, address, patch("")],
    ["a list", 400, address, patch([{ serverId: 111_002 }])],
    ["an id that is a text", 422, address, patch({ serverId: "111002" })],
    ["an id that is no integer", 422, address, patch({ serverId: 1.5 })],
    ["an id beyond int32", 422, address, patch({ serverId: 2 ** 31 })],
    ["a field that is not known", 422, address, patch({ serverId: 111_002, server: "vB" })],
    ["plain JSON to patch a server", 415, "/v1/servers/111001", patch({ state: "ON" })]
  ]
  for (const [what, status, path, question] of wrong) {
    it.effect(`${what}: ${status}`, () =>
      Effect.gen(function* () {
        const { api, journal, tasks, world } = yield* simulator()
        const before = (yield* world.state).map(({ addresses, servers }) => ({ addresses, servers }))
        const answer = yield* api(path, question)
        expectError(answer, status)
        if (status === 422) assert.match(answer.body, /"errors":\[\{"field":"\w+","message":"[^"]+"\}\]/u)
        const last = (yield* journal.calls).at(-1)
        assert.deepStrictEqual([last?.outcome._tag, last?.status], ["Misunderstood", status])
        assert.deepStrictEqual(yield* tasks.all, [])
        const after = (yield* world.state).map(({ addresses, servers }) => ({ addresses, servers }))
        assert.deepStrictEqual(after, before)
      })
    )
  }

  it.effect("a merge patch, a charset, null for no server and an encoded colon are fine", () =>
    Effect.gen(function* () {
      const { api, journal } = yield* simulator()
      assert.strictEqual(
        (yield* api(address, patch({ serverId: 111_002 }, "application/merge-patch+json"))).status,
        202
      )
      assert.strictEqual((yield* api(address, patch({}, "application/json; charset=utf-8"))).status, 202)
      const cleared = yield* api(address, patch({ serverId: null }))
      assert.strictEqual(cleared.status, 202)
      assert.lengthOf(yield* journal.callsOf("unroute"), 2)
      const uuid = (yield* journal.callsOf("route"))[0]?.taskId
      const cancelled = yield* api(`/v1/tasks/${uuid}%3Acancel`, { method: "PUT" })
      assert.strictEqual(cancelled.status, 202)
    })
  )
})

it.effect("what is at none of the bases is 404", () =>
  Effect.gen(function* () {
    const { journal, url } = yield* simulator()
    for (const path of ["", "/", "/api", "/api/v1/maintenance"]) {
      expectError(yield* ask(`${url}${path}`), 404)
    }
    assert.isTrue((yield* journal.calls).slice(1).every(({ operation }) => operation === undefined))
    assert.isDefined(jsonOf(yield* ask(`${url}/none`)))
  })
)
