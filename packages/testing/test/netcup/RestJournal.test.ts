/** What the journal of the REST simulator tells, and what it never does. */
import { assert, describe, it } from "@effect/vitest"
import { Prefix } from "@netcup-failover/core/FailoverAddress"
import * as RestSimulator from "@netcup-failover/testing/netcup/RestSimulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { accounts, ask, post, refresh, simulator, tokensOf } from "./RestHand.ts"

it.effect("a routing is written down whole", () =>
  Effect.gen(function* () {
    const { journal, route, tasks } = yield* simulator()
    yield* TestClock.adjust("1 minute")
    yield* route(333_002, 111_002, "v6")
    yield* TestClock.adjust("400 millis")
    yield* tasks.settled
    const [task] = yield* tasks.all
    assert.deepStrictEqual((yield* journal.calls).slice(1), [
      {
        id: 2,
        receivedAt: 60_000,
        method: "PATCH",
        path: "/scp-core/api/v1/users/555001/failoverips/v6/333002",
        operation: "route",
        loginName: "100000",
        authenticated: true,
        query: {},
        server: "vB",
        routing: { prefix: Prefix.make("2001:db8:f::/64"), server: "vB" },
        taskId: task?.uuid,
        appliedAt: 60_400,
        status: 202,
        outcome: { _tag: "Ok" }
      }
    ])
  })
)

it.effect("calls have the names of what they ask for, and their documented parameters", () =>
  Effect.gen(function* () {
    const { api, issuer, journal, route, token } = yield* simulator()
    yield* api("/ping")
    yield* api("/v1/servers?limit=3&page=7")
    yield* api("/v1/servers/111001")
    yield* api("/v1/servers/111001/interfaces")
    yield* api("/v1/servers/111001", { method: "PATCH", type: "application/merge-patch+json", body: { state: "OFF" } })
    yield* api("/v1/users/555001")
    yield* api("/v1/users/555001/failoverips/v4")
    yield* api("/v1/users/555001/failoverips/v6")
    yield* route(333_001, undefined)
    yield* api("/v1/tasks?state=RUNNING")
    yield* api("/v1/tasks/1")
    yield* api("/v1/tasks/1:cancel", { method: "PUT" })
    yield* post(issuer, "auth/device", { client_id: "scp" })
    yield* post(issuer, "token", {
      client_id: "scp",
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: "x"
    })
    yield* post(issuer, "revoke", { client_id: "scp", token: "x" })
    yield* ask(`${issuer}/protocol/openid-connect/userinfo`, { token })
    const calls = yield* journal.calls
    assert.deepStrictEqual(
      calls.map(({ operation }) => operation),
      [
        "token.refresh",
        "ping",
        "servers",
        "server",
        "interfaces",
        "patchServer",
        "user",
        "failoverIpsV4",
        "failoverIpsV6",
        "unroute",
        "tasks",
        "task",
        "cancelTask",
        "device",
        "token.device",
        "revoke",
        "userinfo"
      ]
    )
    assert.deepStrictEqual([calls[2]?.query, calls[10]?.query], [{ limit: "3" }, { state: "RUNNING" }])
    assert.deepStrictEqual([calls[3]?.server, calls[5]?.server], ["vA", "vA"])
  })
)

it.effect("no token is ever written down, good or bad, wherever it was sent", () =>
  Effect.gen(function* () {
    const { api, issuer, journal, token, world } = yield* simulator()
    const first = Redacted.value(yield* world.login("100000"))
    const rotated = tokensOf(yield* refresh(issuer, first))
    const secrets = [token, first, rotated.access_token, rotated.refresh_token ?? "", "a-wrong-token"]
    for (const secret of secrets) {
      yield* api("/v1/servers", { token: secret })
      yield* api(`/v1/servers?access_token=${secret}`)
      yield* api("/v1/users/555001/failoverips/v4/333001", { method: "PATCH", body: { [secret]: 1 } })
      yield* refresh(issuer, secret)
      yield* post(issuer, "token", { grant_type: secret })
      yield* post(issuer, "revoke", { client_id: "scp", token: secret, [secret]: secret })
      yield* ask(`${issuer}/protocol/openid-connect/userinfo`, { token: secret })
    }
    const written = JSON.stringify(yield* journal.calls)
    for (const secret of secrets) assert.notInclude(written, secret)
  })
)

describe("waiting for a call", () => {
  it.effect("ends when so many have arrived, also when they had before", () =>
    Effect.gen(function* () {
      const { api, awaitCall } = yield* simulator()
      const second = yield* Effect.forkChild(awaitCall({ operation: "servers", count: 2 }), { startImmediately: true })
      yield* api("/v1/servers")
      yield* api("/v1/tasks")
      assert.isUndefined(second.pollUnsafe())
      yield* api("/v1/servers")
      assert.strictEqual((yield* Fiber.join(second)).id, 4)
      assert.strictEqual((yield* awaitCall({ operation: "servers", count: 2 })).id, 4)
    })
  )

  it.effect("ends when a call that is here comes to match", () =>
    Effect.gen(function* () {
      const { awaitCall, route } = yield* simulator()
      yield* route(333_001, 111_002)
      const applied = yield* Effect.forkChild(
        awaitCall({ operation: "route", where: ({ appliedAt }) => appliedAt !== undefined }),
        { startImmediately: true }
      )
      yield* TestClock.adjust("399 millis")
      assert.isUndefined(applied.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(applied)).appliedAt, 400)
    })
  )
})

it.effect("changes of one address are in the order in which they took effect, not of arrival", () =>
  Effect.gen(function* () {
    const { inject, journal, route } = yield* simulator()
    yield* inject({ server: "vB", times: 1, delayBefore: "1 second" })
    const slow = yield* Effect.forkChild(route(333_001, 111_002))
    yield* journal.awaitCall({ operation: "route" })
    yield* route(333_001, 111_001)
    yield* route(333_003, 111_001)
    yield* TestClock.adjust("1 second")
    yield* Fiber.join(slow)
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(
      (yield* journal.changesOf("203.0.113.4/32")).map(({ server }) => server),
      ["vA", "vB"]
    )
  })
)

it.effect("the simulator goes down, comes back on its port, and is a service too", () =>
  Effect.gen(function* () {
    const { connections, mostAtOnce, start, stop, url, world } = yield* RestSimulator.RestSimulator
    yield* world.addAccount(accounts[0])
    assert.strictEqual((yield* ask(`${url}/api/ping`)).body, "OK")
    yield* stop
    assert.strictEqual((yield* Effect.flip(ask(`${url}/api/ping`))).code, "ECONNREFUSED")
    yield* start
    assert.strictEqual((yield* ask(`${url}/api/ping`)).body, "OK")
    assert.deepStrictEqual([yield* connections, yield* mostAtOnce], [2, 1])
  }).pipe(Effect.provide(RestSimulator.RestSimulator.layer()))
)
