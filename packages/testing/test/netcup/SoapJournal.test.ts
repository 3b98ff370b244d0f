import { Agent } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Prefix } from "@netcup-failover/core/FailoverAddress"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import { InjectedFault } from "@netcup-failover/testing/netcup/SoapInjection"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { accounts, envelope, macA, operation, request, returnsOf, route, routeToA, routeToB } from "./Handwritten.ts"
import * as RawClient from "./RawClient.ts"

const simulator = Effect.gen(function* () {
  return yield* SoapSimulator.make({ world: yield* NetcupWorld.make(accounts), faultStatus: 500 })
})

const { loginName, password } = accounts[1]

it.effect("a routing is written down whole, its texts as received and its prefix canonical", () =>
  Effect.gen(function* () {
    const { journal, url } = yield* simulator
    yield* TestClock.adjust("1 minute")
    yield* RawClient.send(url, route("2001:DB8:f::2", "64", "vA", "AA:bb:cc:dd:ee:0A"))
    assert.deepStrictEqual(yield* journal.calls, [
      {
        id: 1,
        receivedAt: 60_000,
        operation: "changeIPRouting",
        loginName: "12345",
        authenticated: true,
        parameters: {
          loginName: "12345",
          routedIP: "2001:DB8:f::2",
          routedMask: "64",
          destinationVserverName: "vA",
          destinationInterfaceMAC: "AA:bb:cc:dd:ee:0A"
        },
        routing: {
          ip: "2001:DB8:f::2",
          mask: "64",
          server: "vA",
          mac: "AA:bb:cc:dd:ee:0A",
          prefix: Prefix.make("2001:db8:f::/64")
        },
        appliedAt: 60_000,
        status: 200,
        outcome: { _tag: "Ok" }
      }
    ])
  })
)

it.effect("logins and passwords arrive with umlauts and markup intact, however they are escaped", () =>
  Effect.gen(function* () {
    const { journal, url } = yield* simulator
    const escaped = envelope(
      operation("getVServers", [
        ["loginName", loginName],
        ["password", password]
      ])
    )
    const otherwise = escaped.replaceAll("ü", "&#252;").replaceAll("ä", "&#xE4;").replaceAll('"', "&quot;")
    const cdata = envelope(
      operation("getVServers", [
        ["loginName", "L"],
        ["password", "P"]
      ])
        .replace(">L<", () => `><![CDATA[${loginName}]]><`)
        .replace(">P<", () => `><![CDATA[${password}]]><`)
    )
    const markup = otherwise.replaceAll(/=&quot;(.*?)&quot;/gu, '="$1"')
    for (const body of [escaped, markup, cdata]) {
      assert.deepStrictEqual(yield* returnsOf(yield* RawClient.send(url, body)), ["vC"])
    }
    for (const call of yield* journal.calls) {
      assert.deepStrictEqual([call.loginName, call.authenticated], [loginName, true])
    }
  })
)

it.effect("a wrong login is written down as received, a password never", () =>
  Effect.gen(function* () {
    const { journal, url } = yield* simulator
    yield* RawClient.send(
      url,
      envelope(
        operation("changeUserPassword", [
          ["loginName", "54321"],
          ["oldPassword", "old-secret"],
          ["newPassword", "new-secret"]
        ])
      )
    )
    yield* RawClient.send(url, request("getVServers").replace("geheim", "wrong-secret"))
    yield* RawClient.send(url, request("getVServers", ["password", "third-secret"]))
    const calls = yield* journal.calls
    assert.deepStrictEqual(
      calls.map((call) => [call.loginName, call.authenticated, call.status, call.outcome._tag]),
      [
        ["54321", false, 500, "Fault"],
        ["12345", false, 500, "Fault"],
        [undefined, false, 500, "NotSoap"]
      ]
    )
    assert.notInclude(JSON.stringify(calls), "secret")
  })
)

it.effect("calls are found by operation, changes by prefix in any text, refused ones not among them", () =>
  Effect.gen(function* () {
    const { journal, url } = yield* simulator
    for (const body of [
      routeToA,
      request("getVServers"),
      routeToB,
      route("2001:db8:f::9", "64", "vA", macA),
      request("getVServers")
    ]) {
      yield* RawClient.send(url, body)
    }
    assert.deepStrictEqual(
      (yield* journal.callsOf("getVServers")).map(({ id }) => id),
      [2, 5]
    )
    assert.deepStrictEqual(
      (yield* journal.changesOf("198.51.100.4/32")).map(({ id }) => id),
      [1]
    )
    assert.deepStrictEqual(
      (yield* journal.changesOf("2001:db8:f::1/64")).map(({ id }) => id),
      [4]
    )
  })
)

describe("waiting for a call", () => {
  it.effect("ends when so many have arrived, also when they had before", () =>
    Effect.gen(function* () {
      const { awaitCall, url } = yield* simulator
      const second = yield* Effect.forkChild(awaitCall({ operation: "getVServers", count: 2 }), {
        startImmediately: true
      })
      yield* RawClient.send(url, request("getVServers"))
      yield* RawClient.send(url, routeToA)
      assert.isUndefined(second.pollUnsafe())
      yield* RawClient.send(url, request("getVServers"))
      assert.strictEqual((yield* Fiber.join(second)).id, 3)
      assert.strictEqual((yield* awaitCall({ operation: "getVServers", count: 2 })).id, 3)
    })
  )

  it.effect("ends on arrival, before anything is done or answered", () =>
    Effect.gen(function* () {
      const { awaitCall, inject, url } = yield* simulator
      yield* inject({
        operation: "changeIPRouting",
        fault: InjectedFault.Hang({ applied: true }),
        delayBefore: "1 second"
      })
      yield* Effect.forkChild(RawClient.send(url, routeToA))
      const call = yield* awaitCall({ operation: "changeIPRouting" })
      assert.deepStrictEqual([call.outcome._tag, call.appliedAt, call.status], ["Pending", undefined, undefined])
    })
  )

  it.effect("counts only what it is told to", () =>
    Effect.gen(function* () {
      const { awaitCall, url } = yield* simulator
      yield* RawClient.send(url, routeToB)
      yield* RawClient.send(url, routeToA)
      const where = ({ routing }: { readonly routing: { readonly server: string } | undefined }) =>
        routing?.server === "vA"
      assert.strictEqual((yield* awaitCall({ operation: "changeIPRouting", where })).id, 2)
    })
  )
})

describe("the load", () => {
  it.effect("tells how many requests were handled together at most", () =>
    Effect.gen(function* () {
      const { awaitCall, inject, mostAtOnce, url } = yield* simulator
      yield* RawClient.send(url, request("getVServers"))
      yield* RawClient.send(url, request("getVServers"))
      assert.strictEqual(yield* mostAtOnce, 1)
      yield* inject({ operation: "getVServers", times: 3, delayAfter: "1 second" })
      const calls = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 3 }, () => RawClient.send(url, request("getVServers"))),
          { concurrency: 3 }
        )
      )
      yield* awaitCall({ operation: "getVServers", count: 5 })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(calls)
      yield* RawClient.send(url, request("getVServers"))
      assert.strictEqual(yield* mostAtOnce, 3)
    })
  )

  it.effect("tells how many TCP connections were made", () =>
    Effect.gen(function* () {
      const { connections, url } = yield* simulator
      const agent = yield* Effect.acquireRelease(
        Effect.sync(() => new Agent({ keepAlive: true, maxSockets: 1 })),
        (held) => Effect.sync(() => held.destroy())
      )
      yield* Effect.replicateEffect(RawClient.send(url, request("getVServers"), { agent }), 5)
      assert.strictEqual(yield* connections, 1)
      yield* Effect.replicateEffect(RawClient.send(url, request("getVServers")), 2)
      assert.strictEqual(yield* connections, 3)
    })
  )
})

it.effect("the simulator is a service too", () =>
  Effect.gen(function* () {
    const { url, world } = yield* SoapSimulator.SoapSimulator
    yield* world.addAccount(accounts[0])
    assert.deepStrictEqual(yield* returnsOf(yield* RawClient.send(url, request("getVServers"))), ["vA", "vB"])
  }).pipe(Effect.provide(SoapSimulator.SoapSimulator.layer()))
)
