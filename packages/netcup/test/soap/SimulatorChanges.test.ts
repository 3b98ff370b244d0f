/**
 * What only SOAP has to get right about a change, held against the simulated webservice: interfaces, masks, the five minutes,
 * and that each change is on the wire exactly once, whatever the answer.
 */
import { assert, describe, it } from "@effect/vitest"
import { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as FailoverRoutingSoap from "@netcup-failover/netcup/soap/FailoverRoutingSoap"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import { InjectedFault } from "@netcup-failover/testing/netcup/SoapInjection"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import {
  accounts,
  address,
  foreignAddress,
  ipv4Address,
  ipv6Address,
  ownAddress,
  primaryMac,
  serverA,
  serverC,
  unknownAddress,
  unrouted
} from "../contract/Accounts.ts"
import { http } from "./Endpoint.ts"

const { loginName, password } = accounts[0]
const credentials = new SoapCredentials({ loginName, password: Redacted.make(password) })

const start = Effect.gen(function* () {
  const world = yield* NetcupWorld.make(accounts)
  const simulator = yield* SoapSimulator.make({ world })
  const routing = yield* FailoverRoutingSoap.make(credentials, { url: simulator.url, retryDelay: 0 })
  const operations = Effect.map(simulator.journal.calls, (calls) => calls.map(({ operation }) => operation))
  return { ...simulator, routing, operations, changes: simulator.journal.callsOf("changeIPRouting") }
}).pipe(Effect.provide(http))

const limit = "Routing a failover IP is only permitted once every 5 minutes."

describe("a change at the simulated webservice", () => {
  it.effect("names the interface that holds the server's addresses, and the address as it was given", () =>
    Effect.gen(function* () {
      const { changes, operations, routing } = yield* start
      yield* routing.route(ipv6Address, serverA)
      assert.deepStrictEqual(yield* operations, ["getVServerInformation", "changeIPRouting"])
      assert.deepStrictEqual(
        (yield* changes).map(({ parameters }) => parameters),
        [
          {
            loginName,
            routedIP: "2001:db8:f::2",
            routedMask: "64",
            destinationVserverName: serverA,
            destinationInterfaceMAC: primaryMac
          }
        ]
      )
    })
  )

  it.effect("with another mask than the address has is Refused", () =>
    Effect.gen(function* () {
      const { changes, routing } = yield* start
      const { reason } = yield* Effect.flip(routing.route(address("2001:db8:f::/56"), serverA))
      assert.deepStrictEqual([reason._tag, reason.message], ["Refused", "action not allowed"])
      assert.strictEqual((yield* changes).length, 1)
    })
  )

  it.effect("is possible once in five minutes for each address, in netcup's words", () =>
    Effect.gen(function* () {
      const { changes, routing } = yield* start
      yield* routing.route(ipv4Address, serverC)
      yield* TestClock.adjust("299 seconds")
      const early = yield* Effect.flip(routing.route(ipv4Address, serverA))
      assert.deepStrictEqual([early.reason._tag, early.message], ["RateLimited", limit])
      yield* routing.route(unrouted, serverA)
      yield* TestClock.adjust("1 second")
      yield* routing.route(ipv4Address, serverA)
      assert.deepStrictEqual(
        (yield* changes).map(({ appliedAt }) => appliedAt),
        [0, undefined, 299_000, 300_000]
      )
    })
  )

  it.effect("to an interface that was replaced is Refused once; the next one looks and arrives", () =>
    Effect.gen(function* () {
      const { changes, operations, routing, world } = yield* start
      yield* routing.inspect(serverA)
      yield* world.removeServer(serverA)
      yield* world.addServer(loginName, {
        name: serverA,
        interfaces: [{ mac: "aa:bb:cc:dd:ee:99", ipv4: ["198.51.100.1"] }]
      })
      assert.strictEqual((yield* Effect.flip(routing.route(ipv4Address, serverA))).reason._tag, "Refused")
      yield* routing.route(ipv4Address, serverA)
      assert.deepStrictEqual(yield* operations, [
        "getVServerInformation",
        "changeIPRouting",
        "getVServerInformation",
        "changeIPRouting"
      ])
      assert.deepStrictEqual(
        (yield* changes).map(({ routing }) => routing?.mac),
        [primaryMac, "aa:bb:cc:dd:ee:99"]
      )
    })
  )

  type Started = Effect.Success<typeof start>

  for (const [why, tag, moved, prepare] of [
    ["nobody has the address", "AddressNotFound", unknownAddress, () => Effect.void],
    ["somebody else has the address", "AddressNotFound", foreignAddress, () => Effect.void],
    ["it is the server's own address", "AddressNotFound", ownAddress, () => Effect.void],
    ["the server is gone", "ServerNotFound", ipv4Address, ({ world }: Started) => world.removeServer(serverC)],
    [
      "the password was changed",
      "InvalidCredentials",
      ipv4Address,
      ({ world }: Started) => world.setPassword(loginName, "changed")
    ],
    [
      "netcup limits",
      "RateLimited",
      ipv4Address,
      ({ inject }: Started) => inject({ fault: InjectedFault.Refuse({ text: limit }) })
    ],
    [
      "netcup refuses",
      "Refused",
      ipv4Address,
      ({ inject }: Started) => inject({ fault: InjectedFault.Refuse({ text: "action not allowed" }) })
    ],
    ["netcup says false", "Refused", ipv4Address, ({ inject }: Started) => inject({ fault: InjectedFault.SayFalse() })],
    [
      "the answer is lost",
      "UnknownOutcome",
      ipv4Address,
      ({ inject }: Started) => inject({ fault: InjectedFault.Reset({ applied: true }) })
    ]
  ] as const) {
    it.effect(`is sent exactly once when ${why}, and nothing else is`, () =>
      Effect.gen(function* () {
        const started = yield* start
        yield* started.routing.inspect(serverC)
        yield* prepare(started)
        assert.strictEqual((yield* Effect.flip(started.routing.route(moved, serverC))).reason._tag, tag)
        assert.deepStrictEqual(yield* started.operations, ["getVServerInformation", "changeIPRouting"])
      })
    )
  }

  it.effect("is not sent when its server can't be looked at first", () =>
    Effect.gen(function* () {
      const { inject, operations, routing } = yield* start
      yield* inject({ operation: "getVServerInformation", fault: InjectedFault.Unavailable({ applied: true }) })
      assert.strictEqual((yield* Effect.flip(routing.route(ipv4Address, serverC))).reason._tag, "Unreachable")
      assert.deepStrictEqual(
        yield* operations,
        Array.from({ length: 3 }, () => "getVServerInformation")
      )
    })
  )
})
