import { assert, describe, it } from "@effect/vitest"
import type { CalledOff } from "@netcup-failover/controller/observe/AccountRouting"
import * as NetcupAccount from "@netcup-failover/controller/observe/NetcupAccount"
import * as RouteMemory from "@netcup-failover/controller/observe/RouteMemory"
import type { NetcupError } from "@netcup-failover/netcup/NetcupError"
import { InjectedFault } from "@netcup-failover/testing/netcup/SoapInjection"
import type { SoapSimulatorShape } from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { accountState, address, server } from "../Given.ts"
import { aMoment, credentials, credentialsOf, isRead, start, until, whileTimeGoesBy } from "./Netcup.ts"

const one = address("198.51.100.1/32")
const three = address("198.51.100.3/32")
const servers = (...names: ReadonlyArray<number>) => new Set(names.map(server))

const operations = (netcup: SoapSimulatorShape) =>
  Effect.map(netcup.journal.calls, (calls) => calls.map(({ operation }) => operation))

const routesOf = ({ account }: NetcupAccount.AccountState): Readonly<Record<string, string>> =>
  Object.fromEntries(account?.routes ?? [])

/** What a move failed of. */
const reasonOf = <R>(move: Effect.Effect<void, NetcupError | CalledOff, R>) =>
  Effect.map(Effect.flip(move), (error) => (error._tag === "CalledOff" ? error._tag : error.reason._tag))

const permitted = Effect.succeed(true)

/** A memory that nobody else has, for whichever account it is. */
const alone = () => {
  const memory = RouteMemory.make()
  return () => memory
}

/** Everything that an account does by itself after it is opened. */
const readAhead = (netcup: SoapSimulatorShape, count: number) =>
  netcup.awaitCall({ operation: "getVServerInformation", count, where: ({ status }) => status === 200 })

describe("an account that is opened", () => {
  it.effect("reads its servers, then what is routed to those that are our nodes", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2, 9), alone())
        const state = yield* until(account, isRead)
        assert.strictEqual<string | undefined>(state.key, "soap:12345")
        assert.deepStrictEqual(state.first, { changes: [], asOf: 0 })
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
        const account = yield* NetcupAccount.open(credentials, servers(1), alone())
        yield* netcup.awaitCall({ operation: "getVServers" })
        assert.deepStrictEqual(yield* account.state, accountState({ key: undefined }))
      }).pipe(Effect.scoped, Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("reads again at each interval, and sees what others have moved", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
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
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
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
        const account = yield* NetcupAccount.open(credentials, servers(1), alone())
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
        const account = yield* NetcupAccount.open(credentialsOf("falsch"), servers(1, 2), alone())
        const { account: known, key, trouble } = yield* until(account, (state) => state.trouble !== undefined)
        assert.isUndefined(known)
        // A mistyped login shall leave no ledger behind.
        assert.isUndefined(key)
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

  it.effect("since it was changed meanwhile is found out by asking about a server", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        assert.deepInclude(yield* account.inspect(server(2)), {
          name: server(2),
          running: true,
          word: "online",
          rescue: false
        })
        yield* netcup.setPassword("neu")
        assert.strictEqual((yield* Effect.flip(account.inspect(server(2)))).reason._tag, "InvalidCredentials")
        assert.strictEqual((yield* account.state).trouble?.reason._tag, "InvalidCredentials")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("since it was changed meanwhile is found out by a move, and then asks no more", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.setPassword("neu")
        const reason = yield* reasonOf(account.route(one, server(2), permitted))
        assert.strictEqual(reason, "InvalidCredentials")
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
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
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
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        const { account: known } = yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* netcup.stop
        const down = yield* whileTimeGoesBy(until(account, ({ trouble }) => trouble !== undefined))
        assert.deepStrictEqual(down.account, known)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("a server that is off", () => {
  it.effect("is known to be before the account counts as read: a call to it would be sent", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* netcup.world.setPower("v2", "offline")
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        const state = yield* until(account, isRead)
        assert.deepStrictEqual(state.account?.notRunning, servers(2))
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("a move", () => {
  it.effect("is one call, since what it needs is read ahead, and is known at once", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        const before = yield* operations(netcup)
        yield* account.route(one, server(2), permitted)
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
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        const stranger = address("192.0.2.1/32")
        const reason = yield* reasonOf(account.route(stranger, server(2), permitted))
        assert.strictEqual(reason, "AddressNotFound")
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
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
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
        yield* account.route(one, server(2), permitted)
        // It tells also of what we have nothing to do with, and that is news.
        const state = yield* whileTimeGoesBy(until(account, (now) => "198.51.100.3/32" in routesOf(now)))
        assert.strictEqual(routesOf(state)["198.51.100.1/32"], "v2")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("that takes long is not undone by a read that began while it lasted", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* TestClock.adjust("20 seconds")
        yield* netcup.inject({ operation: "changeIPRouting", delayBefore: "15 seconds" })
        const move = yield* Effect.forkChild(account.route(one, server(2), permitted), { startImmediately: true })
        yield* netcup.awaitCall({ operation: "changeIPRouting" })
        yield* aMoment
        yield* TestClock.adjust("12 seconds")
        yield* netcup.inject({ operation: "getVServerIPs", server: "v1", times: 1, delayAfter: "8 seconds" })
        yield* account.watchServers(servers(1, 2, 3))
        yield* netcup.awaitCall({
          operation: "getVServerIPs",
          count: 2,
          where: ({ parameters }) => parameters.vserverName === "v1"
        })
        yield* aMoment
        yield* whileTimeGoesBy(Fiber.join(move))
        assert.notProperty(routesOf(yield* account.state), "198.51.100.3/32")
        const state = yield* whileTimeGoesBy(until(account, (now) => "198.51.100.3/32" in routesOf(now)))
        assert.strictEqual(routesOf(state)["198.51.100.1/32"], "v2")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("is not known from a read before netcup has answered", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* TestClock.adjust("20 seconds")
        yield* netcup.inject({ operation: "changeIPRouting", delayAfter: "5 seconds" })
        const move = yield* Effect.forkChild(account.route(one, server(2), permitted), { startImmediately: true })
        yield* netcup.awaitCall({ operation: "changeIPRouting", where: ({ appliedAt }) => appliedAt !== undefined })
        yield* account.watchServers(servers(1, 2, 3))
        const state = yield* until(account, (now) => "198.51.100.3/32" in routesOf(now))
        assert.strictEqual(routesOf(state)["198.51.100.1/32"], "v1")
        yield* whileTimeGoesBy(Fiber.join(move))
        assert.isTrue(account.holds(one.prefix, server(2)))
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("that others undo later is seen by a later read", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* account.route(one, server(2), permitted)
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
        const account = yield* NetcupAccount.open(credentials, servers(1), alone())
        yield* until(account, isRead)
        yield* account.route(three, server(2), permitted)
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
          const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
          yield* until(account, isRead)
          yield* readAhead(netcup, 2)
          yield* aMoment
          yield* netcup.inject({ operation: "changeIPRouting", fault, times: 1 })
          const before = yield* operations(netcup)
          yield* account.route(one, server(2), permitted)
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
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* netcup.inject({ operation: "changeIPRouting", fault: InjectedFault.Reset({ applied: false }), times: 1 })
        const reason = yield* reasonOf(account.route(one, server(2), permitted))
        assert.strictEqual(reason, "UnknownOutcome")
        assert.strictEqual((yield* netcup.journal.callsOf("changeIPRouting")).length, 1)
        assert.strictEqual(routesOf(yield* account.state)["198.51.100.1/32"], "v1")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("and that did not happen is told again when it is tried again", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* netcup.inject({ operation: "changeIPRouting", fault: InjectedFault.Reset({ applied: false }), times: 1 })
        assert.strictEqual(yield* reasonOf(account.route(one, server(2), permitted)), "UnknownOutcome")
        yield* account.route(one, server(2), permitted)
        assert.strictEqual((yield* netcup.journal.changesOf(`${one}`)).length, 1)
        assert.strictEqual((yield* netcup.journal.callsOf("changeIPRouting")).length, 2)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("is not repeated before netcup said where the address is", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.inject({ operation: "changeIPRouting", fault: InjectedFault.Reset({ applied: true }), times: 1 })
        const blind = yield* netcup.inject({
          operation: "getVServerIPs",
          fault: InjectedFault.Unavailable({ applied: false })
        })
        const lost = yield* whileTimeGoesBy(reasonOf(account.route(one, server(2), permitted)))
        assert.strictEqual(lost, "UnknownOutcome")
        const unseen = yield* whileTimeGoesBy(reasonOf(account.route(one, server(2), permitted)))
        assert.strictEqual(unseen, "Unreachable")
        yield* blind.remove
        yield* account.route(one, server(2), permitted)
        assert.strictEqual((yield* netcup.journal.callsOf("changeIPRouting")).length, 1)
        assert.strictEqual(routesOf(yield* account.state)["198.51.100.1/32"], "v2")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("since netcup takes too long is given up after its time", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.inject({ operation: "changeIPRouting", fault: InjectedFault.Hang({ applied: false }), times: 1 })
        const move = yield* Effect.forkChild(reasonOf(account.route(one, server(2), permitted)), {
          startImmediately: true
        })
        yield* netcup.awaitCall({ operation: "changeIPRouting" })
        yield* TestClock.adjust(29_999)
        assert.isUndefined(move.pollUnsafe())
        yield* TestClock.adjust(1)
        assert.strictEqual(yield* Fiber.join(move), "UnknownOutcome")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("many moves at once", () => {
  it.effect("are told side by side, but thirty-two at a time", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      const many = Array.from({ length: 40 }, (_, i) => `198.51.100.${100 + i}/32`)
      yield* Effect.forEach(many, (cidr) => netcup.world.addAddress("12345", { cidr, routedTo: "v1" }))
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.inject({ operation: "changeIPRouting", delayBefore: "10 seconds" })
        const moves = yield* Effect.forkChild(
          Effect.forEach(many, (cidr) => account.route(address(cidr), server(2), permitted), {
            concurrency: "unbounded"
          }),
          { startImmediately: true }
        )
        yield* netcup.awaitCall({ operation: "changeIPRouting", count: 32 })
        yield* aMoment
        assert.strictEqual((yield* netcup.journal.callsOf("changeIPRouting")).length, 32)
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

describe("a move that nobody wants any more", () => {
  it.effect("is called off after all that it needs is known: nothing is sent", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1), alone())
        const { account: known } = yield* until(account, isRead)
        yield* readAhead(netcup, 1)
        const asked: Array<ReadonlyArray<string | undefined>> = []
        const refused = Effect.gen(function* () {
          asked.push(
            (yield* netcup.journal.callsOf("getVServerInformation")).map(({ parameters }) => parameters.vservername)
          )
          return false
        })
        assert.strictEqual(yield* reasonOf(account.route(one, server(2), refused)), "CalledOff")
        assert.deepStrictEqual(asked, [["v1", "v2"]])
        assert.deepStrictEqual(yield* netcup.journal.callsOf("changeIPRouting"), [])
        assert.deepStrictEqual((yield* account.state).account, known)
        assert.isUndefined((yield* account.state).trouble)
        yield* account.route(one, server(2), permitted)
        assert.isTrue(account.holds(one.prefix, server(2)))
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("is called off also when it had to wait for others", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      const many = Array.from({ length: 32 }, (_, i) => `198.51.100.${100 + i}/32`)
      yield* Effect.forEach(many, (cidr) => netcup.world.addAddress("12345", { cidr, routedTo: "v1" }))
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.inject({ operation: "changeIPRouting", delayBefore: "10 seconds" })
        const moves = yield* Effect.forkChild(
          Effect.forEach(many, (cidr) => account.route(address(cidr), server(2), permitted), {
            concurrency: "unbounded"
          }),
          { startImmediately: true }
        )
        yield* netcup.awaitCall({ operation: "changeIPRouting", count: 32 })
        let isPermitted = true
        const late = account.route(
          one,
          server(2),
          Effect.sync(() => isPermitted)
        )
        const waiting = yield* Effect.forkChild(reasonOf(late), { startImmediately: true })
        yield* aMoment
        isPermitted = false
        yield* whileTimeGoesBy(Fiber.join(moves))
        assert.strictEqual(yield* Fiber.join(waiting), "CalledOff")
        assert.strictEqual((yield* netcup.world.routes).get(one.prefix), "v1")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("because netcup refuses the credentials meanwhile is not sent", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.setPassword("neu")
        assert.strictEqual(yield* reasonOf(account.route(one, server(2), permitted)), "InvalidCredentials")
        const before = yield* operations(netcup)
        assert.strictEqual(yield* reasonOf(account.route(three, server(2), permitted)), "InvalidCredentials")
        assert.deepStrictEqual(yield* operations(netcup), before)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("a move that a limit forbids", () => {
  it.effect("is done where the address is there already: it was our own move that netcup counts", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        const leaderBefore = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(leaderBefore, isRead)
        yield* readAhead(netcup, 4)
        yield* aMoment
        yield* leaderBefore.route(one, server(2), permitted)
        assert.isTrue(account.holds(one.prefix, server(1)))
        const before = yield* operations(netcup)
        yield* account.route(one, server(2), permitted)
        assert.deepStrictEqual(yield* operations(netcup), [...before, "changeIPRouting", "getVServerIPs"])
        assert.isTrue(account.holds(one.prefix, server(2)))
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("is limited where the address is elsewhere, after one look", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* account.route(one, server(2), permitted)
        const before = yield* operations(netcup)
        assert.strictEqual(yield* reasonOf(account.route(one, server(1), permitted)), "RateLimited")
        assert.deepStrictEqual(yield* operations(netcup), [...before, "changeIPRouting", "getVServerIPs"])
        assert.isTrue(account.holds(one.prefix, server(2)))
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("a server that netcup cannot tell about", () => {
  it.effect("keeps nobody from the others, is asked again soon, and is read then", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      const broken = yield* netcup.inject({
        operation: "getVServerIPs",
        server: "v1",
        fault: InjectedFault.Refuse({ text: "internal error" })
      })
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        const state = yield* until(account, isRead)
        assert.strictEqual(routesOf(state)["2001:db8:2::/64"], "v2")
        assert.notProperty(routesOf(state), "198.51.100.1/32")
        assert.deepStrictEqual(state.account?.unread, servers(1))
        yield* broken.remove
        yield* readAhead(netcup, 1)
        yield* aMoment
        yield* TestClock.adjust("1200 millis")
        const healed = yield* until(account, (now) => routesOf(now)["198.51.100.1/32"] === "v1")
        assert.deepStrictEqual(healed.account?.unread, new Set())
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("has what it had while it is not told about", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.inject({
          operation: "getVServerIPs",
          server: "v1",
          fault: InjectedFault.Refuse({ text: "internal error" })
        })
        yield* netcup.world.reroute("2001:db8:2::/64", "v3")
        yield* account.watchServers(servers(1, 2, 3))
        const state = yield* until(account, (now) => routesOf(now)["2001:db8:2::/64"] === "v3")
        assert.strictEqual(routesOf(state)["198.51.100.1/32"], "v1")
        assert.deepStrictEqual(state.account?.unread, new Set())
        assert.isUndefined(state.trouble)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("like all the others is trouble", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* netcup.inject({ operation: "getVServerIPs", fault: InjectedFault.Refuse({ text: "internal error" }) })
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        const { account: known, trouble } = yield* until(account, (state) => state.trouble !== undefined)
        assert.isUndefined(known)
        assert.strictEqual(trouble?.reason._tag, "Refused")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("an address that netcup does not tell of", () => {
  it.effect("is looked for again soon, before it is believed to be gone", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), alone())
        yield* until(account, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.world.reroute("198.51.100.1/32", "v3")
        yield* TestClock.adjust("60 seconds")
        yield* netcup.awaitCall({ operation: "getVServerIPs", count: 4, where: ({ status }) => status === 200 })
        yield* aMoment
        assert.isTrue(account.holds(one.prefix, server(1)))
        yield* TestClock.adjust("1200 millis")
        const state = yield* until(account, (now) => !("198.51.100.1/32" in routesOf(now)))
        assert.isUndefined(state.trouble)
        assert.strictEqual((yield* netcup.journal.callsOf("getVServers")).length, 3)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("what is known of an account", () => {
  it.effect("is shared by all credentials of one login, but for those that netcup has not taken yet", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const memory = RouteMemory.make()
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), () => memory)
        yield* until(account, isRead)
        const wrong = yield* NetcupAccount.open(credentialsOf("falsch"), servers(1, 2), () => memory)
        const refused = yield* until(wrong, ({ trouble }) => trouble !== undefined)
        assert.isUndefined(refused.account)
        yield* account.route(one, server(2), permitted)
        assert.isTrue(account.holds(one.prefix, server(2)))
        assert.isFalse(wrong.holds(one.prefix, server(2)))
        const next = yield* NetcupAccount.open(credentials, servers(1, 2), () => memory)
        yield* until(next, isRead)
        assert.isTrue(next.holds(one.prefix, server(2)))
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("tells also that a call of older credentials may have moved an address", () =>
    Effect.gen(function* () {
      const netcup = yield* start
      yield* Effect.gen(function* () {
        const memory = RouteMemory.make()
        const old = yield* NetcupAccount.open(credentials, servers(1, 2), () => memory)
        yield* until(old, isRead)
        yield* readAhead(netcup, 2)
        yield* aMoment
        yield* netcup.inject({ operation: "changeIPRouting", fault: InjectedFault.Reset({ applied: true }), times: 1 })
        const blind = yield* netcup.inject({
          operation: "getVServerIPs",
          fault: InjectedFault.Refuse({ text: "internal error" })
        })
        assert.strictEqual(yield* reasonOf(old.route(one, server(2), permitted)), "UnknownOutcome")
        yield* blind.remove
        const next = yield* NetcupAccount.open(credentials, servers(1, 2), () => memory)
        assert.strictEqual(yield* reasonOf(next.route(one, server(2), permitted)), "CalledOff")
        yield* until(next, isRead)
        yield* next.route(one, server(2), permitted)
        assert.strictEqual((yield* netcup.journal.callsOf("changeIPRouting")).length, 1)
        assert.isTrue(next.holds(one.prefix, server(2)))
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})
