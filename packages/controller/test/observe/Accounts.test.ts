import { assert, describe, it } from "@effect/vitest"
import { Accounts } from "@netcup-failover/controller/observe/Accounts"
import type { NetcupAccount } from "@netcup-failover/controller/observe/NetcupAccount"
import { InjectedFault } from "@netcup-failover/testing/netcup/RestInjection"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { address, server } from "../Given.ts"
import { aMoment, credentials, credentialsOf, isRead, start, until, whileTimeGoesBy } from "./Netcup.ts"
import * as NetcupRest from "./NetcupRest.ts"

const both = new Set([server(1), server(2)])

/** It is there, or the test ends here. */
const present = (account: NetcupAccount | undefined) => Effect.orDie(Effect.fromNullishOr(account))

const withAccounts = <A, E, R>(
  test: (netcup: Effect.Success<typeof start>, accounts: Accounts["Service"]) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function* () {
    const netcup = yield* start
    const layer = Accounts.layer.pipe(Layer.provideMerge(netcup.layer))
    return yield* Effect.flatMap(Accounts, (accounts) => test(netcup, accounts)).pipe(Effect.provide(layer))
  }).pipe(Effect.scoped)

describe("accounts", () => {
  it.effect("of equal credentials are one, which stays open while it is wanted", () =>
    withAccounts((netcup, accounts) =>
      Effect.gen(function* () {
        const first = (yield* accounts.use([credentials], both))(credentialsOf("geheim"))
        yield* until(yield* present(first), isRead)
        const second = (yield* accounts.use([credentialsOf("geheim")], both))(credentials)
        assert.strictEqual(second, first)
        yield* aMoment
        assert.strictEqual((yield* netcup.journal.callsOf("getVServers")).length, 1)
      })
    )
  )

  it.effect(
    "whose credentials were corrected are read at once, without waiting for the interval of the wrong ones",
    () =>
      withAccounts((netcup, accounts) =>
        Effect.gen(function* () {
          const wrong = credentialsOf("falsch")
          const refused = yield* present((yield* accounts.use([wrong], both))(wrong))
          yield* until(refused, ({ trouble }) => trouble?.reason._tag === "InvalidCredentials")
          const find = yield* accounts.use([credentials], both)
          assert.isUndefined(find(wrong))
          yield* until(yield* present(find(credentials)), isRead)
          yield* TestClock.adjust("5 minutes")
          yield* aMoment
          const calls = yield* netcup.journal.calls
          assert.deepStrictEqual(
            calls.map(({ authenticated }) => authenticated).indexOf(false),
            calls.map(({ authenticated }) => authenticated).lastIndexOf(false)
          )
        })
      )
  )

  it.effect("that nobody wants any more are closed and ask nothing, and are read anew when they are wanted again", () =>
    withAccounts((netcup, accounts) =>
      Effect.gen(function* () {
        const first = yield* present((yield* accounts.use([credentials], both))(credentials))
        yield* until(first, isRead)
        yield* netcup.awaitCall({ operation: "getVServerInformation", count: 2 })
        assert.isUndefined((yield* accounts.use([], both))(credentials))
        yield* TestClock.adjust("10 minutes")
        yield* aMoment
        assert.strictEqual((yield* netcup.journal.callsOf("getVServers")).length, 1)
        const again = yield* present((yield* accounts.use([credentials], both))(credentials))
        assert.notStrictEqual(again, first)
        assert.isUndefined((yield* again.state).account)
        yield* until(again, isRead)
        assert.strictEqual((yield* netcup.journal.callsOf("getVServers")).length, 2)
      })
    )
  )

  it.effect("of one login know what a call did that ended after the password was changed", () =>
    withAccounts((netcup, accounts) =>
      Effect.gen(function* () {
        const old = yield* present((yield* accounts.use([credentials], both))(credentials))
        yield* until(old, isRead)
        yield* netcup.awaitCall({
          operation: "getVServerInformation",
          count: 2,
          where: ({ status }) => status === 200
        })
        yield* netcup.inject({ operation: "changeIPRouting", delayAfter: "5 seconds" })
        const one = address("198.51.100.1/32")
        const move = yield* Effect.forkChild(old.route(one, server(2), Effect.succeed(true)), {
          startImmediately: true
        })
        yield* netcup.awaitCall({ operation: "changeIPRouting", where: ({ appliedAt }) => appliedAt !== undefined })
        yield* netcup.setPassword("neu")
        const changed = credentialsOf("neu")
        const account = yield* present((yield* accounts.use([changed], both))(changed))
        yield* until(account, isRead)
        assert.isTrue(account.holds(one.prefix, server(1)))
        yield* whileTimeGoesBy(Fiber.join(move))
        assert.isTrue(account.holds(one.prefix, server(2)))
        assert.strictEqual((yield* account.state).account?.routes.get(one.prefix), server(2))
      })
    )
  )

  it.effect("of two logins of one user of REST know what was done with either", () =>
    Effect.gen(function* () {
      const netcup = yield* NetcupRest.make()
      const [mine, yours] = [yield* netcup.login, yield* netcup.login]
      yield* Effect.gen(function* () {
        const accounts = yield* Accounts
        const find = yield* accounts.use([mine, yours], both)
        const [one, other] = [yield* present(find(mine)), yield* present(find(yours))]
        assert.notStrictEqual(one, other)
        for (const account of [one, other]) yield* until(account, isRead)
        const moved = address("198.51.100.1/32")
        yield* whileTimeGoesBy(one.route(moved, server(2), Effect.succeed(true)))
        assert.isTrue(other.holds(moved.prefix, server(2)))
        assert.strictEqual((yield* other.state).key, (yield* one.state).key)
      }).pipe(Effect.provide(Accounts.layer.pipe(Layer.provideMerge(netcup.layer))))
    }).pipe(Effect.scoped)
  )

  it.effect("hear of servers that are named later", () =>
    withAccounts((_, accounts) =>
      Effect.gen(function* () {
        const account = yield* present((yield* accounts.use([credentials], new Set([server(1)])))(credentials))
        yield* until(account, isRead)
        yield* accounts.use([credentials], both)
        yield* until(account, (state) => [...(state.account?.routes.values() ?? [])].includes(server(2)))
      })
    )
  )

  it.effect("are not found by credentials that were never wanted", () =>
    withAccounts((netcup, accounts) =>
      Effect.gen(function* () {
        assert.isUndefined((yield* accounts.use([], both))(credentials))
        assert.deepStrictEqual(yield* netcup.journal.calls, [])
      })
    )
  )

  it.effect("that end keep nobody waiting, whatever they still have to do", () =>
    Effect.gen(function* () {
      const netcup = yield* NetcupRest.make()
      yield* netcup.inject({ operation: "token.refresh", fault: InjectedFault.Hang({ applied: false }) })
      const login = yield* netcup.login
      yield* Effect.gen(function* () {
        const accounts = yield* Accounts
        yield* accounts.use([login], both)
        yield* netcup.awaitCall({ operation: "token.refresh" })
        const closing = yield* Effect.forkChild(accounts.use([], both), { startImmediately: true })
        yield* aMoment
        assert.isDefined(closing.pollUnsafe())
        // The same token is not used by two.
        assert.isUndefined((yield* accounts.use([login], both))(login))
        // The login that hangs ends by its own time-out.
        yield* whileTimeGoesBy(Effect.andThen(Fiber.join(closing), Effect.sleep("1 minute")))
        assert.isDefined((yield* accounts.use([login], both))(login))
      }).pipe(Effect.provide(Accounts.layer.pipe(Layer.provideMerge(netcup.layer))))
    }).pipe(Effect.scoped)
  )
})
