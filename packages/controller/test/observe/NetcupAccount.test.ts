import { assert, describe, it } from "@effect/vitest"
import * as NetcupAccount from "@netcup-failover/controller/observe/NetcupAccount"
import { InjectedFault } from "@netcup-failover/testing/netcup/SoapInjection"
import type { SoapSimulatorShape } from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { address, server } from "../Given.ts"
import { aMoment, credentials, credentialsOf, isRead, start, until, whileTimeGoesBy } from "./Netcup.ts"

const one = address("198.51.100.1/32")
const three = address("198.51.100.3/32")
const servers = (...names: ReadonlyArray<number>) => new Set(names.map(server))

const operations = (netcup: SoapSimulatorShape) =>
  Effect.map(netcup.journal.calls, (calls) => calls.map(({ operation }) => operation))

const routesOf = ({ account }: NetcupAccount.AccountState): Readonly<Record<string, string>> =>
  Object.fromEntries(account?.routes ?? [])

/** Everything that an account does by itself after it is opened. */
const readAhead = (netcup: SoapSimulatorShape, count: number) =>
  netcup.awaitCall({ operation: "getVServerInformation", count, where: ({ status }) => status === 200 })

describe("an account that is opened", () => {
  it.effect("reads its servers, then what is routed to those that are our nodes", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2, 9))
        assert.strictEqual<string>(account.key, "soap:12345")
        const state = yield* until(account, isRead)
        assert.sameMembers([...(state.account?.servers ?? [])], [server(1), server(2), server(3)])
        assert.deepStrictEqual(routesOf(state), {
          "203.0.113.1/32": "v1",
          "198.51.100.1/32": "v1",
          "203.0.113.2/32": "v2",
          "2001:db8:2::/64": "v2"
        })
        yield* readAhead(netcup, 2)
        assert.deepStrictEqual(yield* operations(netcup), [
          "getVServers",
          "getVServerIPs",
          "getVServerIPs",
          "getVServerInformation",
          "getVServerInformation"
        ])
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("knows nothing before netcup's first answer", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* netcup.inject({ fault: InjectedFault.Hang({ applied: true }) })
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1))
        yield* netcup.awaitCall({ operation: "getVServers" })
        const { account: known, trouble } = yield* account.state
        assert.deepStrictEqual([known, trouble], [undefined, undefined])
      }).pipe(Effect.scoped, Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("reads again at each interval, and sees what others have moved", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.world.reroute("198.51.100.1/32", "v2")
        yield* TestClock.adjust(59_999)
        yield* aMoment
        assert.strictEqual((yield* netcup.journal.callsOf("getVServers")).length, 1)
        yield* TestClock.adjust(1)
        const state = yield* until(account, (now) => routesOf(now)["198.51.100.1/32"] === "v2")
        assert.isUndefined(state.trouble)
        // What is known of the servers already is not asked again.
        assert.strictEqual((yield* netcup.journal.callsOf("getVServerInformation")).length, 2)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("reads at once when a server is named that it has not read, and only then", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* account.watchServers(servers(1, 2))
        yield* account.watchServers(servers(1))
        yield* aMoment
        assert.strictEqual((yield* netcup.journal.callsOf("getVServers")).length, 1)
        yield* account.watchServers(servers(1, 3))
        const state = yield* until(account, (now) => routesOf(now)["198.51.100.3/32"] === "v3")
        assert.notProperty(routesOf(state), "2001:db8:2::/64")
        const { parameters } = yield* readAhead(netcup, 3)
        assert.strictEqual(parameters.vservername, "v3")
        assert.strictEqual((yield* netcup.journal.callsOf("getVServers")).length, 2)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("asks nothing any more once it is closed", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1))
        yield* until(account, isRead)
        yield* readAhead(netcup, 1)
      }).pipe(Effect.scoped, Effect.provide(netcup.layer))
      const before = yield* operations(netcup)
      yield* TestClock.adjust("10 minutes")
      yield* aMoment
      assert.deepStrictEqual(yield* operations(netcup), before)
    }).pipe(Effect.scoped)
  )
})

describe("an account whose password is wrong", () => {
  it.effect("asks once, and then not before its interval, whatever servers are named", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentialsOf("falsch"), servers(1, 2))
        const { account: known, trouble } = yield* until(account, (state) => state.trouble !== undefined)
        assert.isUndefined(known)
        assert.strictEqual(trouble?.reason._tag, "InvalidCredentials")
        assert.strictEqual(trouble?.retryAt, 300_000)
        yield* account.watchServers(servers(1, 2, 3))
        yield* aMoment
        yield* TestClock.adjust(299_999)
        yield* aMoment
        assert.deepStrictEqual(yield* operations(netcup), ["getVServers"])
        yield* netcup.setPassword("falsch")
        yield* TestClock.adjust(1)
        yield* until(account, isRead)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("since it was changed meanwhile is found out by a move, and then asks no more", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.setPassword("neu")
        const error = yield* Effect.flip(account.route(one, server(2)))
        assert.strictEqual(error.reason._tag, "InvalidCredentials")
        const { account: known, trouble } = yield* account.state
        assert.strictEqual(trouble?.reason._tag, "InvalidCredentials")
        assert.strictEqual(known?.routes.get(one.prefix), server(1))
        const before = yield* operations(netcup)
        yield* account.watchServers(servers(1, 2, 3))
        yield* TestClock.adjust("60 seconds")
        yield* TestClock.adjust(239_999)
        yield* aMoment
        assert.deepStrictEqual(yield* operations(netcup), before)
        yield* netcup.setPassword("geheim")
        yield* TestClock.adjust(1)
        yield* until(account, isRead)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("an account that netcup does not answer for", () => {
  it.effect("says so, and is read as soon as netcup is back", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* netcup.stop
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        const down = yield* whileTimeGoesBy(until(account, ({ trouble }) => trouble !== undefined))
        assert.isUndefined(down.account)
        assert.strictEqual(down.trouble?.reason._tag, "Unreachable")
        yield* netcup.start
        const state = yield* whileTimeGoesBy(until(account, isRead))
        assert.strictEqual(state.account?.routes.get(one.prefix), server(1))
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("keeps what it knew", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        const { account: known } = yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* netcup.stop
        const down = yield* whileTimeGoesBy(until(account, ({ trouble }) => trouble !== undefined))
        assert.deepStrictEqual(down.account, known)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("a move", () => {
  it.effect("is one call, since what it needs is read ahead, and is known at once", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        const before = yield* operations(netcup)
        yield* account.route(one, server(2))
        assert.deepStrictEqual(yield* operations(netcup), [...before, "changeIPRouting"])
        assert.strictEqual(routesOf(yield* account.state)["198.51.100.1/32"], "v2")
        assert.strictEqual((yield* netcup.world.routes).get(one.prefix), "v2")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("that netcup refuses leaves what is known as it is", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        yield* until(account, isRead)
        const stranger = address("192.0.2.1/32")
        const error = yield* Effect.flip(account.route(stranger, server(2)))
        assert.strictEqual(error.reason._tag, "AddressNotFound")
        const state = yield* account.state
        assert.notProperty(routesOf(state), "192.0.2.1/32")
        assert.isUndefined(state.trouble)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("is not undone by a read that began before it", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* TestClock.adjust("20 seconds")
        const stale = { operation: "getVServerIPs", server: "v1", times: 1, delayAfter: "1 second" } as const
        yield* netcup.inject(stale)
        yield* account.watchServers(servers(1, 2, 3))
        yield* netcup.awaitCall({
          operation: "getVServerIPs",
          count: 2,
          where: ({ parameters }) => parameters.vserverName === "v1"
        })
        yield* aMoment
        yield* account.route(one, server(2))
        // It tells also of what we have nothing to do with, and that is news.
        const state = yield* whileTimeGoesBy(until(account, (now) => "198.51.100.3/32" in routesOf(now)))
        assert.strictEqual(routesOf(state)["198.51.100.1/32"], "v2")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("that others undo later is seen by a later read", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* account.route(one, server(2))
        yield* netcup.world.reroute("198.51.100.1/32", "v1")
        yield* TestClock.adjust("60 seconds")
        yield* until(account, (state) => routesOf(state)["198.51.100.1/32"] === "v1")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("to a server that could not be read ahead looks it up itself", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1))
        yield* until(account, isRead)
        yield* account.route(three, server(2))
        assert.strictEqual((yield* netcup.world.routes).get(three.prefix), "v2")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("a move whose answer is lost", () => {
  for (const fault of [
    InjectedFault.Reset({ applied: true }),
    InjectedFault.Garbage({ applied: true }),
    InjectedFault.EmptyError({ applied: true })
  ]) {
    it.effect(`by ${fault._tag} is looked for, found, and not repeated`, () =>
      Effect.gen(function* () {
        const netcup = yield* start
        yield* Effect.gen(function* () {
          const account = yield* NetcupAccount.open(credentials, servers(1, 2))
          yield* until(account, isRead)
          yield* readAhead(netcup, 2)
          yield* aMoment
          yield* netcup.inject({ operation: "changeIPRouting", fault, times: 1 })
          const before = yield* operations(netcup)
          yield* account.route(one, server(2))
          assert.deepStrictEqual(yield* operations(netcup), [...before, "changeIPRouting", "getVServerIPs"])
          assert.strictEqual(routesOf(yield* account.state)["198.51.100.1/32"], "v2")
        }).pipe(Effect.provide(netcup.layer))
      }).pipe(Effect.scoped)
    )
  }

  it.effect("and that did not happen is of unknown outcome, and not repeated", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        yield* until(account, isRead)
        yield* netcup.inject({ operation: "changeIPRouting", fault: InjectedFault.Reset({ applied: false }), times: 1 })
        const error = yield* Effect.flip(account.route(one, server(2)))
        assert.strictEqual(error.reason._tag, "UnknownOutcome")
        assert.strictEqual((yield* netcup.journal.callsOf("changeIPRouting")).length, 1)
        assert.strictEqual(routesOf(yield* account.state)["198.51.100.1/32"], "v1")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("and that did not happen is told again when it is tried again", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        yield* until(account, isRead)
        yield* netcup.inject({ operation: "changeIPRouting", fault: InjectedFault.Reset({ applied: false }), times: 1 })
        yield* Effect.flip(account.route(one, server(2)))
        yield* account.route(one, server(2))
        assert.strictEqual((yield* netcup.journal.changesOf(`${one}`)).length, 1)
        assert.strictEqual((yield* netcup.journal.callsOf("changeIPRouting")).length, 2)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("is not repeated before netcup said where the address is", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.inject({ operation: "changeIPRouting", fault: InjectedFault.Reset({ applied: true }), times: 1 })
        const blind = yield* netcup.inject({
          operation: "getVServerIPs",
          fault: InjectedFault.Unavailable({ applied: false })
        })
        const lost = yield* whileTimeGoesBy(Effect.flip(account.route(one, server(2))))
        assert.strictEqual(lost.reason._tag, "UnknownOutcome")
        const unseen = yield* whileTimeGoesBy(Effect.flip(account.route(one, server(2))))
        assert.strictEqual(unseen.reason._tag, "Unreachable")
        yield* blind.remove
        yield* account.route(one, server(2))
        assert.strictEqual((yield* netcup.journal.callsOf("changeIPRouting")).length, 1)
        assert.strictEqual(routesOf(yield* account.state)["198.51.100.1/32"], "v2")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("since netcup takes too long is given up after its time", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.inject({ operation: "changeIPRouting", fault: InjectedFault.Hang({ applied: false }), times: 1 })
        const move = yield* Effect.forkChild(Effect.flip(account.route(one, server(2))), { startImmediately: true })
        yield* netcup.awaitCall({ operation: "changeIPRouting" })
        yield* TestClock.adjust(29_999)
        assert.isUndefined(move.pollUnsafe())
        yield* TestClock.adjust(1)
        assert.strictEqual((yield* Fiber.join(move)).reason._tag, "UnknownOutcome")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("many moves at once", () => {
  it.effect("are told side by side, but sixteen at a time", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      const many = Array.from({ length: 20 }, (_, i) => `198.51.100.${100 + i}/32`)
      yield* Effect.forEach(many, (cidr) => netcup.world.addAddress("12345", { cidr, routedTo: "v1" }))
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2))
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.inject({ operation: "changeIPRouting", delayBefore: "10 seconds" })
        const moves = yield* Effect.forkChild(
          Effect.forEach(many, (cidr) => account.route(address(cidr), server(2)), { concurrency: "unbounded" }),
          { startImmediately: true }
        )
        yield* netcup.awaitCall({ operation: "changeIPRouting", count: 16 })
        yield* aMoment
        assert.strictEqual((yield* netcup.journal.callsOf("changeIPRouting")).length, 16)
        yield* whileTimeGoesBy(Fiber.join(moves))
        const routes = routesOf(yield* account.state)
        assert.deepStrictEqual(
          many.map((cidr) => routes[cidr]),
          many.map(() => "v2")
        )
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})
