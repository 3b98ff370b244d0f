import { assert, describe, it } from "@effect/vitest"
import type { CalledOff } from "@netcup-failover/controller/observe/AccountRouting"
import * as NetcupAccount from "@netcup-failover/controller/observe/NetcupAccount"
import * as RouteMemory from "@netcup-failover/controller/observe/RouteMemory"
import type { AccountKey } from "@netcup-failover/core/Account"
import type { NetcupError } from "@netcup-failover/netcup/NetcupError"
import { InjectedFault } from "@netcup-failover/testing/netcup/RestInjection"
import { TaskFault } from "@netcup-failover/testing/netcup/RestTasks"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { accountState, address, restKey, server } from "../Given.ts"
import { aMoment, isRead, until, whileTimeGoesBy } from "./Netcup.ts"
import * as NetcupRest from "./NetcupRest.ts"

const one = address("198.51.100.1/32")
const two = address("2001:db8:2::/64")
const three = address("198.51.100.3/32")
const servers = (...names: ReadonlyArray<number>) => new Set(names.map(server))
const permitted = Effect.succeed(true)
const minutes = (n: number) => n * 60_000

const routesOf = ({ account }: NetcupAccount.AccountState): Readonly<Record<string, string>> =>
  Object.fromEntries(account?.routes ?? [])

/** What a move failed of. */
const reasonOf = <R>(move: Effect.Effect<void, NetcupError | CalledOff, R>) =>
  Effect.map(Effect.flip(move), (error) => (error._tag === "CalledOff" ? error._tag : error.reason._tag))

const operations = ({ journal }: NetcupRest.NetcupRest) =>
  Effect.map(journal.calls, (calls) => calls.map(({ operation }) => operation))

/** Opens the account for the nodes on these servers. */
const open = Effect.fnUntraced(function* (netcup: NetcupRest.NetcupRest, ...names: ReadonlyArray<number>) {
  const credentials = yield* netcup.login
  const memories: Array<AccountKey> = []
  const memory = RouteMemory.make()
  const account = yield* NetcupAccount.open(credentials, servers(...names), (key) => {
    memories.push(key)
    return memory
  })
  return { account, memories }
})

/** A test of an account that was read, and whose servers were read ahead. */
const reading = <A, E>(
  names: ReadonlyArray<number>,
  test: (netcup: NetcupRest.NetcupRest, account: NetcupAccount.NetcupAccount) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const netcup = yield* NetcupRest.make()
    return yield* Effect.gen(function* () {
      const { account } = yield* open(netcup, ...names)
      yield* until(account, isRead)
      yield* netcup.awaitCall({ operation: "server", count: names.length, where: ({ status }) => status === 200 })
      yield* aMoment
      return yield* test(netcup, account)
    }).pipe(Effect.provide(netcup.layer))
  }).pipe(Effect.scoped)

/** Goes to the next read, and gives it the time that its answers take. */
const nextRead = Effect.fnUntraced(function* (netcup: NetcupRest.NetcupRest) {
  const count = (yield* netcup.journal.callsOf("failoverIpsV6")).length + 1
  yield* TestClock.adjust("58 seconds")
  yield* whileTimeGoesBy(netcup.awaitCall({ operation: "failoverIpsV6", count, where: ({ status }) => status === 200 }))
  yield* aMoment
})

describe("an account over REST", () => {
  it.effect("is read, and routed, though netcup never tells of its tasks", () =>
    Effect.gen(function* () {
      const netcup = yield* NetcupRest.make()
      yield* netcup.inject({ operation: "tasks", fault: InjectedFault.Status({ status: 500 }) })
      yield* Effect.gen(function* () {
        const { account } = yield* open(netcup, 1, 2)
        yield* whileTimeGoesBy(until(account, isRead))
        yield* netcup.inject({ operation: "route", fault: InjectedFault.Reset({ applied: false }), times: 1 })
        assert.strictEqual(yield* whileTimeGoesBy(reasonOf(account.route(one, server(2), permitted))), "UnknownOutcome")
        yield* whileTimeGoesBy(account.route(one, server(2), permitted))
        assert.isTrue(account.holds(one.prefix, server(2)))
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("does not take an address for unmoved that netcup does not tell of", () =>
    reading([1, 2], (netcup, account) =>
      Effect.gen(function* () {
        yield* netcup.inject({ operation: "route", fault: InjectedFault.Reset({ applied: true }), times: 1 })
        const silence = yield* netcup.inject({
          operation: "failoverIpsV4",
          fault: InjectedFault.Status({ status: 500 })
        })
        assert.strictEqual(yield* whileTimeGoesBy(reasonOf(account.route(one, server(2), permitted))), "UnknownOutcome")
        yield* silence.remove
        yield* whileTimeGoesBy(account.route(one, server(2), permitted))
        assert.isTrue(account.holds(one.prefix, server(2)))
        assert.lengthOf(yield* netcup.journal.callsOf("route"), 1)
      })
    )
  )

  it.effect("is what netcup says that it is, and is read with two lists", () =>
    Effect.gen(function* () {
      const netcup = yield* NetcupRest.make()
      yield* Effect.gen(function* () {
        const { account, memories } = yield* open(netcup, 1, 2, 9)
        assert.deepStrictEqual(yield* account.state, accountState({ key: undefined }))
        const state = yield* until(account, isRead)
        assert.strictEqual(state.key, restKey)
        assert.deepStrictEqual(new Set(memories), new Set([restKey]))
        assert.deepStrictEqual(state.account?.servers, servers(1, 2, 3, 4))
        assert.deepStrictEqual(routesOf(state), { "198.51.100.1/32": "v1", "2001:db8:2::/64": "v2" })
        assert.deepStrictEqual(state.first, { changes: [], asOf: NetcupRest.start })
        const asked = yield* operations(netcup)
        assert.strictEqual(asked.filter((name) => name === "failoverIpsV4").length, 1)
        assert.strictEqual(asked.filter((name) => name === "failoverIpsV6").length, 1)
        // Refused credentials would have been found out by the first call.
        assert.strictEqual(asked[0], "token.refresh")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("asks for its past and its notices once, however often it is read", () =>
    reading([1, 2], (netcup, account) =>
      Effect.gen(function* () {
        const past = Effect.map(operations(netcup), (all) => all.filter((name) => name === "tasks" || name === "user"))
        const before = yield* past
        const { first } = yield* account.state
        yield* nextRead(netcup)
        assert.deepStrictEqual(yield* past, before)
        assert.deepStrictEqual((yield* account.state).first, first)
      })
    )
  )
})

describe("the first reading of an account", () => {
  it.effect("waits for what is under way: the lists show the old server until it has ended", () =>
    Effect.gen(function* () {
      const netcup = yield* NetcupRest.make()
      yield* netcup.tasks.startByPanel({
        cidr: "198.51.100.1/32",
        server: "v2",
        fault: TaskFault.Hold({ at: "RUNNING" })
      })
      yield* Effect.gen(function* () {
        const { account } = yield* open(netcup, 1, 2)
        const read = yield* Effect.forkChild(until(account, isRead), { startImmediately: true })
        // Only where addresses are is about to change, not which servers there are.
        yield* netcup.awaitCall({ operation: "servers", where: ({ status }) => status === 200 })
        yield* aMoment
        assert.deepStrictEqual(yield* account.state, accountState({ key: restKey }))
        yield* whileTimeGoesBy(netcup.awaitCall({ operation: "tasks", count: 12 }))
        assert.isUndefined(read.pollUnsafe())
        assert.deepStrictEqual(yield* netcup.journal.callsOf("failoverIpsV4"), [])
        yield* netcup.tasks.release()
        const state = yield* whileTimeGoesBy(Fiber.join(read))
        assert.strictEqual(routesOf(state)["198.51.100.1/32"], "v2")
        assert.isAbove(state.first?.asOf ?? 0, NetcupRest.start)
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("asks where addresses are beside what was moved, and is over when both are known", () =>
    Effect.gen(function* () {
      const netcup = yield* NetcupRest.make()
      // Three states of tasks under way are asked for first; the list of all of them comes after.
      yield* netcup.inject({ operation: "tasks", times: 3 })
      yield* netcup.inject({ operation: "tasks", times: 1, delayAfter: "3 seconds" })
      yield* Effect.gen(function* () {
        const { account } = yield* open(netcup, 1, 2)
        const read = yield* Effect.forkChild(until(account, isRead), { startImmediately: true })
        yield* netcup.awaitCall({ operation: "failoverIpsV4", where: ({ status }) => status === 200 })
        yield* netcup.awaitCall({ operation: "failoverIpsV6", where: ({ status }) => status === 200 })
        yield* netcup.awaitCall({ operation: "tasks", count: 4 })
        yield* aMoment
        assert.isUndefined(read.pollUnsafe())
        const { first } = yield* whileTimeGoesBy(Fiber.join(read))
        assert.deepStrictEqual(first, { changes: [], asOf: NetcupRest.start })
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("tells when anybody moved an address in the last hour", () =>
    Effect.gen(function* () {
      const netcup = yield* NetcupRest.make()
      for (const age of ["120 minutes", "30 minutes", "10 minutes"] as const) {
        yield* netcup.tasks.startByPanel({ cidr: "198.51.100.1/32", server: "v2", age })
      }
      yield* Effect.gen(function* () {
        const { account } = yield* open(netcup, 1)
        const { first } = yield* until(account, isRead)
        assert.sameMembers(
          [...(first?.changes ?? [])],
          [NetcupRest.start - minutes(30), NetcupRest.start - minutes(10)]
        )
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("tells what an operator should know of the account", () =>
    Effect.gen(function* () {
      const netcup = yield* NetcupRest.make({ restrictions: "192.0.2.1" })
      yield* Effect.gen(function* () {
        const { account } = yield* open(netcup, 1)
        const { notices } = yield* until(account, (state) => state.notices.length > 0)
        assert.lengthOf(notices, 1)
        assert.include(notices[0], "192.0.2.1")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("is not kept from the rest where netcup tells neither of the past nor of notices", () =>
    Effect.gen(function* () {
      const netcup = yield* NetcupRest.make({ restrictions: "192.0.2.1" })
      yield* netcup.tasks.startByPanel({ cidr: "198.51.100.1/32", server: "v2", age: "10 minutes" })
      // Three states of tasks under way are asked for first; the list of all of them comes after.
      yield* netcup.inject({ operation: "tasks", times: 3 })
      const forbidden = InjectedFault.Status({ status: 403 })
      yield* netcup.inject({ operation: "tasks", fault: forbidden })
      yield* netcup.inject({ operation: "user", fault: forbidden })
      yield* Effect.gen(function* () {
        const { account } = yield* open(netcup, 1)
        const state = yield* whileTimeGoesBy(until(account, isRead))
        assert.isDefined(state.first)
        assert.isUndefined(state.first?.changes)
        assert.deepStrictEqual(state.notices, [])
        assert.strictEqual(routesOf(state)["198.51.100.1/32"], "v1")
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("a move over REST", () => {
  it.effect("is one change and the looks at its task, and is known when that has finished", () =>
    reading([1, 2], (netcup, account) =>
      Effect.gen(function* () {
        const before = (yield* operations(netcup)).length
        yield* whileTimeGoesBy(account.route(one, server(2), permitted))
        const [first, ...others] = (yield* operations(netcup)).slice(before)
        assert.strictEqual(first, "route")
        assert.deepStrictEqual([...new Set(others)], ["task"])
        assert.isTrue(account.holds(one.prefix, server(2)))
        assert.strictEqual((yield* netcup.world.routes).get(one.prefix), "v2")
      })
    )
  )

  it.effect("whose answer is lost is done where the address is there once nothing is under way", () =>
    reading([1, 2], (netcup, account) =>
      Effect.gen(function* () {
        yield* netcup.inject({ operation: "route", fault: InjectedFault.Reset({ applied: true }), times: 1 })
        yield* whileTimeGoesBy(account.route(one, server(2), permitted))
        assert.isTrue(account.holds(one.prefix, server(2)))
        assert.lengthOf(yield* netcup.journal.callsOf("route"), 1)
      })
    )
  )

  it.effect(
    "whose answer is lost and that did not happen has surely no effect, and is told again after another look",
    () =>
      reading([1, 2], (netcup, account) =>
        Effect.gen(function* () {
          yield* netcup.inject({ operation: "route", fault: InjectedFault.Reset({ applied: false }), times: 1 })
          const reason = yield* whileTimeGoesBy(reasonOf(account.route(one, server(2), permitted)))
          assert.strictEqual(reason, "Unreachable")
          assert.isFalse(account.holds(one.prefix, server(2)))
          yield* whileTimeGoesBy(account.route(one, server(2), permitted))
          assert.lengthOf(yield* netcup.journal.callsOf("route"), 2)
          assert.isTrue(account.holds(one.prefix, server(2)))
        })
      )
  )

  it.effect("whose task fails leaves the address where it is", () =>
    reading([1, 2], (netcup, account) =>
      Effect.gen(function* () {
        const end = TaskFault.End({ state: "ROLLBACK", message: "no route" })
        yield* netcup.inject({ operation: "route", task: end, times: 1 })
        const reason = yield* whileTimeGoesBy(reasonOf(account.route(one, server(2), permitted)))
        assert.strictEqual(reason, "TaskFailed")
        assert.isTrue(account.holds(one.prefix, server(1)))
        assert.isUndefined((yield* account.state).trouble)
      })
    )
  )

  it.effect("that a limit forbids is limited after one look", () =>
    reading([1, 2], (netcup, account) =>
      Effect.gen(function* () {
        yield* netcup.inject({ operation: "route", fault: InjectedFault.Status({ status: 429 }), times: 1 })
        const before = (yield* netcup.journal.callsOf("failoverIpsV4")).length
        const reason = yield* whileTimeGoesBy(reasonOf(account.route(one, server(2), permitted)))
        assert.strictEqual(reason, "RateLimited")
        assert.strictEqual((yield* netcup.journal.callsOf("failoverIpsV4")).length, before + 1)
      })
    )
  )
})

describe("a server that netcup does not route to", () => {
  it.effect("since it is at another site is known before, is remembered with the address, and nothing is sent", () =>
    reading([1, 4], (netcup, account) =>
      Effect.gen(function* () {
        const prefixes = [one, two, three].map(({ prefix }) => prefix)
        const apart = new Map(prefixes.map((prefix) => [prefix, servers(4)]))
        yield* netcup.awaitCall({ operation: "server", count: 2 })
        yield* aMoment
        assert.deepStrictEqual((yield* account.state).account?.offSite, apart)
        const reason = yield* whileTimeGoesBy(reasonOf(account.route(one, server(4), permitted)))
        assert.strictEqual(reason, "WrongSite")
        assert.deepStrictEqual((yield* account.state).account?.offSite, apart)
        assert.deepStrictEqual(yield* netcup.journal.callsOf("route"), [])
        yield* nextRead(netcup)
        assert.deepStrictEqual((yield* account.state).account?.offSite, apart)
        assert.isUndefined((yield* account.state).account?.notRunning)
      })
    )
  )

  for (const [what, stop, go] of [
    [
      "is off",
      (netcup: NetcupRest.NetcupRest) => netcup.world.setPower("v2", "offline"),
      (netcup: NetcupRest.NetcupRest) => netcup.world.setPower("v2", "online")
    ],
    [
      "is in the rescue system",
      (netcup: NetcupRest.NetcupRest) => netcup.world.setRescue("v2", true),
      (netcup: NetcupRest.NetcupRest) => netcup.world.setRescue("v2", false)
    ]
  ] as const) {
    it.effect(`since it ${what} is remembered until a look shows that it runs again`, () =>
      Effect.gen(function* () {
        const netcup = yield* NetcupRest.make()
        yield* stop(netcup)
        yield* Effect.gen(function* () {
          const { account } = yield* open(netcup, 1, 2)
          yield* until(account, isRead)
          const reason = yield* whileTimeGoesBy(reasonOf(account.route(one, server(2), permitted)))
          assert.strictEqual(reason, "ServerNotRunning")
          assert.deepStrictEqual((yield* account.state).account?.notRunning, servers(2))
          assert.deepStrictEqual(yield* netcup.journal.callsOf("route"), [])
          yield* nextRead(netcup)
          assert.deepStrictEqual((yield* account.state).account?.notRunning, servers(2))
          yield* go(netcup)
          yield* TestClock.adjust("60 seconds")
          // The loop is woken for it, and not only by the next read.
          yield* until(account, ({ account: known }) => known?.notRunning === undefined)
          yield* whileTimeGoesBy(account.route(one, server(2), permitted))
          assert.isTrue(account.holds(one.prefix, server(2)))
        }).pipe(Effect.provide(netcup.layer))
      }).pipe(Effect.scoped)
    )
  }

  it.effect("is known for it as soon as it was asked about, and is asked about each time", () =>
    reading([1, 2], (netcup, account) =>
      Effect.gen(function* () {
        yield* netcup.world.setState("v2", "CRASHED")
        assert.deepInclude(yield* account.inspect(server(2)), {
          name: server(2),
          running: false,
          word: "CRASHED",
          rescue: false
        })
        assert.deepStrictEqual((yield* account.state).account?.notRunning, servers(2))
        yield* netcup.world.setState("v2", "RUNNING")
        assert.strictEqual((yield* account.inspect(server(2))).word, "RUNNING")
        assert.isUndefined((yield* account.state).account?.notRunning)
      })
    )
  )

  it.effect("is still taken for stopped while netcup does not tell of it", () =>
    Effect.gen(function* () {
      const netcup = yield* NetcupRest.make()
      yield* netcup.world.setPower("v2", "offline")
      yield* Effect.gen(function* () {
        const { account } = yield* open(netcup, 1, 2)
        yield* until(account, isRead)
        yield* whileTimeGoesBy(reasonOf(account.route(one, server(2), permitted)))
        yield* netcup.world.setPower("v2", "online")
        const fault = InjectedFault.Status({ status: 404 })
        const broken = yield* netcup.inject({ operation: "server", server: "v2", fault })
        yield* nextRead(netcup)
        yield* nextRead(netcup)
        assert.deepStrictEqual((yield* account.state).account?.notRunning, servers(2))
        assert.isUndefined((yield* account.state).trouble)
        yield* broken.remove
        yield* TestClock.adjust("58 seconds")
        yield* whileTimeGoesBy(until(account, ({ account: known }) => known?.notRunning === undefined))
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )
})

describe("a login that is over", () => {
  it.effect("asks once, and then not before the interval of refused credentials", () =>
    Effect.gen(function* () {
      const netcup = yield* NetcupRest.make()
      yield* Effect.gen(function* () {
        const credentials = yield* netcup.login
        yield* netcup.revoke
        const memory = RouteMemory.make()
        const account = yield* NetcupAccount.open(credentials, servers(1, 2), () => memory)
        const state = yield* until(account, ({ trouble }) => trouble !== undefined)
        assert.strictEqual(state.trouble?.reason._tag, "LoginExpired")
        assert.strictEqual(state.trouble?.retryAt, NetcupRest.start + minutes(5))
        assert.isUndefined(state.key)
        assert.isUndefined(state.account)
        yield* account.watchServers(servers(1, 2, 3))
        yield* TestClock.adjust(minutes(5) - 1)
        yield* aMoment
        assert.deepStrictEqual(yield* operations(netcup), ["token.refresh"])
      }).pipe(Effect.provide(netcup.layer))
    }).pipe(Effect.scoped)
  )

  it.effect("is found out by a move, and then nothing more is told or asked", () =>
    reading([1, 2], (netcup, account) =>
      Effect.gen(function* () {
        yield* netcup.revoke
        const reason = yield* whileTimeGoesBy(reasonOf(account.route(one, server(2), permitted)))
        assert.strictEqual(reason, "LoginExpired")
        const { trouble, account: known } = yield* account.state
        assert.strictEqual(trouble?.reason._tag, "LoginExpired")
        assert.strictEqual(known?.routes.get(one.prefix), server(1))
        const before = yield* operations(netcup)
        assert.strictEqual(yield* reasonOf(account.route(one, server(2), permitted)), "LoginExpired")
        yield* TestClock.adjust(minutes(4))
        yield* aMoment
        assert.deepStrictEqual(yield* operations(netcup), before)
        assert.strictEqual((yield* netcup.world.routes).get(one.prefix), "v1")
      })
    )
  )
})
