import { assert, describe, it } from "@effect/vitest"
import { Fence } from "@netcup-failover/controller/act/Fence"
import { Ledgers } from "@netcup-failover/controller/act/Ledgers"
import { Mover, type Order } from "@netcup-failover/controller/act/Mover"
import { CalledOff } from "@netcup-failover/controller/observe/AccountRouting"
import { Wake } from "@netcup-failover/controller/Wake"
import type { FailoverAddress } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import { Conflict, Forbidden } from "@netcup-failover/kubernetes/KubeError"
import * as RoutingErrors from "@netcup-failover/netcup/NetcupError"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as FakeData from "../FakeData.ts"
import { account, address, node, restKey, server, soapKey } from "../Given.ts"
import { settingsOf } from "../TestSettings.ts"
import * as LedgerTerm from "./LedgerTerm.ts"

const { settled } = LedgerTerm
const one = address("198.51.100.1/32")
const two = address("198.51.100.2/32")
const message = "netcup says no"
const fail = (reason: RoutingErrors.NetcupErrorReason) => Effect.fail(new RoutingErrors.NetcupError({ reason }))
const forbidden = Effect.fail(new Forbidden({ message: "the role does not allow it" }))
const unreachable = fail(new RoutingErrors.Unreachable({ message }))
const limited = (retryAt?: number) =>
  fail(new RoutingErrors.RateLimited({ message, ...(retryAt === undefined ? {} : { retryAt }) }))

type Route = (address: FailoverAddress, to: ServerName) => Effect.Effect<void, RoutingErrors.NetcupError>

/** netcup by a script, and what it was told. */
const netcup = (route: Route) => {
  const told: Array<string> = []
  const known = account({
    route: (address, to, permitted) =>
      Effect.gen(function* () {
        if (!(yield* permitted)) return yield* new CalledOff()
        told.push(`${address} ${to}`)
        yield* route(address, to)
      })
  })
  const orderTo = (n: number, more: Partial<Order> = {}): Order => ({
    group: "primary",
    to: node(n),
    server: server(n),
    account: known,
    // Under REST's limits an address takes no rest between failovers.
    key: restKey,
    upkeep: new Set(),
    missing: [one],
    ...more
  })
  return { told, orderTo, account: known }
}

const layerOf = (environment?: Parameters<typeof settingsOf>[0]) =>
  Mover.layer.pipe(Layer.provideMerge(LedgerTerm.opened({ environment })))
const TestLayer = layerOf()

/** A mover whose term ends when the scope is closed. */
const termOf = Effect.fnUntraced(function* (layer: typeof TestLayer) {
  const scope = yield* Scope.make()
  const services = yield* Layer.buildWithScope(layer, scope)
  return { scope, provide: Effect.provide(services) }
})
const term = termOf(TestLayer)

/** Runs within a term, whose end gives up what hangs. */
const inTerm = <A, E>(effect: Effect.Effect<A, E, Mover | Wake>) =>
  Effect.gen(function* () {
    const { scope, provide } = yield* term
    const end = Effect.gen(function* () {
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust("4 seconds")
      yield* Fiber.join(closing)
    })
    return yield* Effect.ensuring(provide(effect), end)
  })

/** Aims at what an order is for, begins it and carries out what was due of it; gives what was begun. */
const perform = Effect.fnUntraced(function* (order: Order) {
  const mover = yield* Mover
  yield* mover.aim(order.group, order.to)
  const begun = yield* mover.begin(order)
  yield* mover.carryOut(order, begun)
  yield* settled
  return begun.map(String)
})

const stateOf = Effect.fnUntraced(function* (address: FailoverAddress, group = "primary") {
  return (yield* (yield* Mover).attempts(group)).get(address.prefix)
})

/** Whether the loop was woken since it was last asked. */
const woken = Effect.gen(function* () {
  const wake = yield* Wake
  const waiting = yield* Effect.forkChild(wake.next, { startImmediately: true })
  yield* settled
  const came = waiting.pollUnsafe() !== undefined
  yield* Fiber.interrupt(waiting)
  return came
})

describe("a move", () => {
  it.effect("that succeeds is told once, is done, and wakes the loop", () =>
    Effect.gen(function* () {
      const { told, orderTo, account } = netcup(() => Effect.void)
      yield* TestClock.setTime(5_000)
      assert.deepStrictEqual(yield* perform(orderTo(2, { missing: [one, two] })), [`${one}`, `${two}`])
      assert.sameMembers(told, [`${one} v2`, `${two} v2`])
      assert.deepStrictEqual(yield* stateOf(one), {
        to: node(2),
        server: server(2),
        account,
        startedAt: 5_000,
        state: { _tag: "Done" },
        failures: 0,
        isCostly: false
      })
      assert.isTrue(yield* woken)
      assert.isFalse(yield* woken)
    }).pipe(inTerm)
  )

  it.effect("that hangs holds up neither the other addresses nor other groups", () =>
    Effect.gen(function* () {
      const { told, orderTo } = netcup((address) => (`${address}` === `${one}` ? Effect.never : Effect.void))
      yield* perform(orderTo(2, { missing: [one, two] }))
      yield* perform(orderTo(3, { group: "secondary", missing: [two] }))
      assert.sameMembers(told, [`${one} v2`, `${two} v2`, `${two} v3`])
      assert.strictEqual((yield* stateOf(one))?.state._tag, "Running")
      assert.strictEqual((yield* stateOf(two))?.state._tag, "Done")
      assert.strictEqual((yield* stateOf(two, "secondary"))?.state._tag, "Done")
    }).pipe(inTerm)
  )

  it.effect("that is under way is not told again, also not to go elsewhere", () =>
    Effect.gen(function* () {
      const end = yield* Deferred.make<void>()
      const { told, orderTo } = netcup(() => Deferred.await(end))
      yield* perform(orderTo(2))
      assert.deepStrictEqual(yield* perform(orderTo(2)), [])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* perform(orderTo(3)), [])
      assert.deepStrictEqual(told, [`${one} v2`])
      yield* Deferred.succeed(end, undefined)
      yield* settled
      assert.deepStrictEqual(yield* perform(orderTo(3)), [`${one}`])
      assert.deepStrictEqual(told, [`${one} v2`, `${one} v3`])
    }).pipe(inTerm)
  )

  it.effect("wakes the loop when it ends and not before, whether it fails or not", () =>
    Effect.gen(function* () {
      for (const [n, exit] of [Effect.void, unreachable, limited()].entries()) {
        const end = yield* Deferred.make<void, RoutingErrors.NetcupError>()
        const { orderTo } = netcup(() => Deferred.await(end))
        yield* perform(orderTo(2, { group: `group-${n}` }))
        assert.isFalse(yield* woken)
        yield* Deferred.complete(end, exit)
        yield* settled
        assert.isTrue(yield* woken)
      }
    }).pipe(inTerm)
  )
})

describe("a move that fails", () => {
  it.effect("is not tried again before its time, and then is", () =>
    Effect.gen(function* () {
      const { told, orderTo } = netcup(() => limited())
      yield* perform(orderTo(2))
      const state = (yield* stateOf(one))?.state
      assert.isTrue(state?._tag === "Failed" && state.reason._tag === "RateLimited" && state.retryAt === 30_000)
      yield* TestClock.adjust(29_999)
      assert.deepStrictEqual(yield* perform(orderTo(2)), [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* perform(orderTo(2)), [`${one}`])
      assert.strictEqual(told.length, 2)
    }).pipe(inTerm)
  )

  it.effect("backs off further each time on the way to one node", () =>
    Effect.gen(function* () {
      const { orderTo } = netcup(() => unreachable)
      const pauses: Array<number> = []
      for (const failures of [1, 2, 3, 4, 5]) {
        yield* perform(orderTo(2))
        const attempt = yield* stateOf(one)
        assert.strictEqual(attempt?.failures, failures)
        const now = yield* Clock.currentTimeMillis
        const pause = attempt?.state._tag === "Failed" ? attempt.state.retryAt - now : Number.NaN
        pauses.push(pause)
        yield* TestClock.adjust(Math.ceil(pause))
      }
      for (const [i, full] of [1_000, 2_000, 4_000, 8_000, 10_000].entries()) {
        assert.isAtLeast(pauses[i] ?? 0, 0.8 * full)
        assert.isAtMost(pauses[i] ?? Number.NaN, 1.2 * full)
      }
    }).pipe(inTerm)
  )

  it.effect("does not hold up a move to another node, which starts afresh", () =>
    Effect.gen(function* () {
      const { told, orderTo } = netcup((_, to) => (to === server(2) ? unreachable : Effect.never))
      yield* perform(orderTo(2))
      assert.deepStrictEqual(yield* perform(orderTo(3)), [`${one}`])
      assert.deepStrictEqual(told, [`${one} v2`, `${one} v3`])
      assert.strictEqual((yield* stateOf(one))?.failures, 0)
    }).pipe(inTerm)
  )

  it.effect("by a limit holds up a move to any node, since the limit is the address's", () =>
    Effect.gen(function* () {
      const { told, orderTo } = netcup(() => limited(100_000))
      yield* perform(orderTo(2))
      yield* TestClock.adjust(99_999)
      assert.deepStrictEqual(yield* perform(orderTo(3)), [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* perform(orderTo(3)), [`${one}`])
      assert.deepStrictEqual(told, [`${one} v2`, `${one} v3`])
    }).pipe(inTerm)
  )

  it.effect("holds up that address alone", () =>
    Effect.gen(function* () {
      const { told, orderTo } = netcup((address) => (`${address}` === `${one}` ? limited() : Effect.never))
      yield* perform(orderTo(2, { key: soapKey }))
      assert.deepStrictEqual(yield* perform(orderTo(2, { key: soapKey, missing: [one, two] })), [`${two}`])
      assert.deepStrictEqual(told, [`${one} v2`, `${two} v2`])
    }).pipe(inTerm)
  )

  it.effect("by a limit of the account holds up every address of it, with REST", () =>
    Effect.gen(function* () {
      const { told, orderTo } = netcup(() => limited(100_000))
      yield* perform(orderTo(2))
      assert.deepStrictEqual(yield* perform(orderTo(2, { missing: [two] })), [])
      assert.deepStrictEqual(yield* perform(orderTo(2, { key: soapKey, missing: [two] })), [`${two}`])
      assert.deepStrictEqual(told, [`${one} v2`, `${two} v2`])
    }).pipe(inTerm)
  )

  it.effect("and then succeeds has no failures any more", () =>
    Effect.gen(function* () {
      const script: Array<Effect.Effect<void, RoutingErrors.NetcupError>> = [unreachable, Effect.void]
      const { orderTo, account } = netcup(() => script.shift() ?? Effect.never)
      yield* perform(orderTo(2))
      yield* TestClock.adjust("2 seconds")
      yield* perform(orderTo(2))
      assert.deepStrictEqual(yield* stateOf(one), {
        to: node(2),
        server: server(2),
        account,
        startedAt: 2_000,
        state: { _tag: "Done" },
        failures: 0,
        isCostly: false
      })
    }).pipe(inTerm)
  )
})

describe("a failure", () => {
  it.effect("binds the way to one server, whatever node it is", () =>
    Effect.gen(function* () {
      const { orderTo } = netcup(() => unreachable)
      yield* perform(orderTo(2))
      // The node was set up anew under another name.
      assert.deepStrictEqual(yield* perform(orderTo(3, { server: server(2) })), [])
      // And here another server is the node of the same name.
      assert.deepStrictEqual(yield* perform(orderTo(2, { server: server(3) })), [`${one}`])
      assert.strictEqual((yield* stateOf(one))?.failures, 1)
    }).pipe(inTerm)
  )

  it.effect(
    "binds the credentials that it was met with: with corrected ones nothing waits, and nothing has failed",
    () =>
      Effect.gen(function* () {
        const refused = netcup(() => fail(new RoutingErrors.InvalidCredentials({ message })))
        const corrected = netcup(() => unreachable)
        yield* perform(refused.orderTo(2))
        assert.deepStrictEqual(yield* perform(refused.orderTo(2)), [])
        assert.deepStrictEqual(yield* perform(corrected.orderTo(2)), [`${one}`])
        const attempt = yield* stateOf(one)
        assert.strictEqual(attempt?.failures, 1)
        assert.strictEqual(attempt?.account, corrected.account)
      }).pipe(inTerm)
  )

  it.effect("by a limit binds the address, with any credentials", () =>
    Effect.gen(function* () {
      yield* perform(netcup(() => limited()).orderTo(2))
      assert.deepStrictEqual(yield* perform(netcup(() => Effect.void).orderTo(2)), [])
    }).pipe(inTerm)
  )
})

describe("a move that the ledger does not allow", () => {
  it.effect("since our own was a short time ago is not tried before that has rested, without asking netcup", () =>
    Effect.gen(function* () {
      const { told, orderTo, account } = netcup(() => Effect.void)
      yield* perform(orderTo(2, { key: soapKey }))
      yield* (yield* Mover).settle("primary")
      assert.isUndefined(yield* stateOf(one))
      yield* TestClock.adjust("280 seconds")
      assert.deepStrictEqual(yield* perform(orderTo(3, { key: soapKey })), [])
      const message = "netcup lets an address rest after a move"
      assert.deepStrictEqual(yield* stateOf(one), {
        to: node(3),
        server: server(3),
        account,
        startedAt: undefined,
        state: {
          _tag: "Failed",
          reason: new RoutingErrors.RateLimited({ message, retryAt: 301_000 }),
          retryAt: 301_000,
          byLedger: true
        },
        failures: 0,
        isCostly: false
      })
      yield* TestClock.adjust(20_999)
      assert.deepStrictEqual(yield* perform(orderTo(3, { key: soapKey })), [])
      assert.deepStrictEqual(told, [`${one} v2`])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* perform(orderTo(3, { key: soapKey })), [`${one}`])
      assert.deepStrictEqual(told, [`${one} v2`, `${one} v3`])
    }).pipe(inTerm)
  )

  it.effect("counts no attempt and no failure, and keeps those that there were", () =>
    Effect.gen(function* () {
      const script: Array<Effect.Effect<void, RoutingErrors.NetcupError>> = [unreachable, Effect.void, unreachable]
      const { orderTo } = netcup(() => script.shift() ?? Effect.never)
      yield* TestClock.setTime(5_000)
      yield* perform(orderTo(2, { key: soapKey }))
      yield* perform(orderTo(2, { key: soapKey, group: "secondary" }))
      yield* TestClock.adjust("2 seconds")
      for (const _ of [1, 2, 3]) yield* perform(orderTo(2, { key: soapKey }))
      const attempt = yield* stateOf(one)
      assert.strictEqual(attempt?.failures, 1)
      assert.strictEqual(attempt?.startedAt, 5_000)
      assert.isTrue(attempt?.state._tag === "Failed" && attempt.state.byLedger === true)
      assert.strictEqual(script.length, 1)
    }).pipe(inTerm)
  )

  it.effect("since netcup said when is told in netcup's own words", () =>
    Effect.gen(function* () {
      const { orderTo } = netcup(() => limited(100_000))
      yield* perform(orderTo(2, { key: soapKey }))
      yield* perform(orderTo(3, { key: soapKey }))
      yield* perform(orderTo(2, { key: soapKey }))
      const state = (yield* stateOf(one))?.state
      assert.isTrue(state?._tag === "Failed" && state.reason.message === message && state.retryAt === 100_000)
    }).pipe(inTerm)
  )

  it.effect("of twelve addresses with REST leaves the last two to wait", () =>
    Effect.gen(function* () {
      const { told, orderTo } = netcup(() => Effect.void)
      const twelve = Array.from({ length: 12 }, (_, n) => address(`198.51.100.${n + 1}/32`))
      yield* TestClock.setTime(1_000)
      const begun = yield* perform(orderTo(2, { missing: twelve }))
      assert.deepStrictEqual(begun, twelve.slice(0, 10).map(String))
      assert.lengthOf(told, 10)
      for (const waiting of twelve.slice(10)) {
        const attempt = yield* stateOf(waiting)
        assert.isUndefined(attempt?.startedAt)
        assert.isTrue(
          attempt?.state._tag === "Failed" &&
            attempt.state.reason._tag === "RateLimited" &&
            attempt.state.retryAt === 302_000
        )
      }
      yield* TestClock.setTime(302_000)
      assert.deepStrictEqual(yield* perform(orderTo(2, { missing: twelve.slice(10) })), twelve.slice(10).map(String))
    }).pipe(inTerm)
  )

  it.effect("is not sent without the ledger's write, and is as if it had not begun", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const { told, orderTo } = netcup(() => Effect.void)
      yield* Effect.gen(function* () {
        data.turns.writes.push({ before: Effect.fail(new Conflict({ message: "modified" })) })
        assert.deepStrictEqual(yield* perform(orderTo(2, { missing: [one, two] })), [`${one}`, `${two}`])
        assert.deepStrictEqual(told, [])
        assert.strictEqual((yield* (yield* Mover).attempts("primary")).size, 0)
        assert.isTrue(yield* woken)
        yield* LedgerTerm.open(restKey)
        yield* perform(orderTo(2))
        assert.deepStrictEqual(told, [`${one} v2`])
      }).pipe(Effect.provide(Mover.layer.pipe(Layer.provideMerge(LedgerTerm.opened({ data })))))
    })
  )

  it.effect("is not sent where another leader's ledger took the place of ours after it was begun", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const { told, orderTo } = netcup(() => Effect.void)
      yield* Effect.gen(function* () {
        const [mover, ledgers] = [yield* Mover, yield* Ledgers]
        const order = orderTo(2)
        yield* mover.aim(order.group, order.to)
        const begun = yield* mover.begin(order)
        const path = data.paths().find((one) => data.data(one)?.account === restKey) ?? ""
        data.put(path, { ...data.data(path), term: "another" })
        yield* Effect.flip(ledgers.commit(restKey, []))
        yield* LedgerTerm.open(restKey)
        yield* mover.carryOut(order, begun)
        yield* settled
        assert.deepStrictEqual(told, [])
        assert.isUndefined(yield* stateOf(one))
        yield* perform(order)
        assert.deepStrictEqual(told, [`${one} v2`])
      }).pipe(Effect.provide(Mover.layer.pipe(Layer.provideMerge(LedgerTerm.opened({ data })))))
    })
  )

  it.effect("is written before it is sent, for all addresses at once", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const seen: Array<ReadonlyArray<string>> = []
      const { orderTo } = netcup(() => Effect.sync(() => seen.push(LedgerTerm.entries(data, restKey))))
      yield* perform(orderTo(2, { missing: [one, two] })).pipe(
        Effect.provide(Mover.layer.pipe(Layer.provideMerge(LedgerTerm.opened({ data }))))
      )
      const both = [`${one.prefix} v2 Intended`, `${two.prefix} v2 Intended`]
      assert.deepStrictEqual(seen[0], both)
      assert.lengthOf(seen, 2)
    })
  )
})

describe("the ledger is told of a move", () => {
  const taken = `${one.prefix} v2 Done`
  const unknown = `${one.prefix} v2 Unknown`
  const lost = fail(new RoutingErrors.UnknownOutcome({ message }))
  const endings: ReadonlyArray<
    readonly [what: string, route: Route, soap: ReadonlyArray<string>, rest: ReadonlyArray<string>]
  > = [
    ["that succeeded that netcup made it", () => Effect.void, [taken], [taken]],
    [
      "that netcup began and gave up that it counts",
      () => fail(new RoutingErrors.TaskFailed({ message, taskId: "task", state: "ROLLBACK" })),
      [taken],
      [taken]
    ],
    // SOAP limits an address alone: where it is shows whether it was moved.
    ["whose answer is lost that it may have happened, with REST", () => lost, [], [unknown]],
    ["that a bug broke off the same", () => Effect.die("a bug"), [], [unknown]],
    ["that netcup limits nothing but the limit", () => limited(90_000), [], []],
    ...[
      new RoutingErrors.Unreachable({ message }),
      new RoutingErrors.Refused({ message }),
      new RoutingErrors.InvalidCredentials({ message }),
      new RoutingErrors.LoginExpired({ message }),
      new RoutingErrors.TokenNotKept({ message }),
      new RoutingErrors.AddressNotFound({ message }),
      new RoutingErrors.ServerNotFound({ message }),
      new RoutingErrors.WrongSite({ message }),
      new RoutingErrors.ServerNotRunning({ message }),
      new RoutingErrors.NoInterface({ message })
    ].map((reason) => [`that ended as ${reason._tag} that nothing happened`, () => fail(reason), [], []] as const)
  ]
  for (const [what, route, soap, rest] of endings) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const data = FakeData.make()
        yield* Effect.gen(function* () {
          for (const key of [soapKey, restKey]) {
            yield* perform(netcup(route).orderTo(2, { key }))
            yield* settled
            assert.deepStrictEqual(LedgerTerm.entries(data, key), key === soapKey ? soap : rest)
          }
          const closures = [soapKey, restKey].map((key) => LedgerTerm.stored(data, key).closures)
          const closed = { at: 0, until: 90_000 }
          assert.deepStrictEqual(
            closures,
            what.includes("limits") ? [[{ ...closed, prefix: one.prefix }], [closed]] : [[], []]
          )
        }).pipe(Effect.provide(Mover.layer.pipe(Layer.provideMerge(LedgerTerm.opened({ data })))))
      })
    )
  }

  it.effect("that was called off, or whose intention was not written, that it was not sent", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const off = account({ route: () => new CalledOff() })
      yield* Effect.gen(function* () {
        yield* perform(netcup(() => Effect.void).orderTo(2, { account: off }))
        data.turns.writes.push({ before: forbidden })
        yield* perform(netcup(() => Effect.void).orderTo(2, { missing: [two] }))
        yield* LedgerTerm.open(restKey)
        yield* settled
        assert.deepStrictEqual(LedgerTerm.entries(data, restKey), [])
      }).pipe(Effect.provide(Mover.layer.pipe(Layer.provideMerge(LedgerTerm.opened({ data })))))
    })
  )

  it.effect("that nobody says the end of, in half a minute, that it is closed for so long", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      yield* perform(netcup(() => limited()).orderTo(2, { key: soapKey })).pipe(
        Effect.provide(Mover.layer.pipe(Layer.provideMerge(LedgerTerm.opened({ data }))))
      )
      yield* settled
      assert.deepStrictEqual(LedgerTerm.stored(data, soapKey).closures, [{ at: 0, until: 30_000, prefix: one.prefix }])
    })
  )
})

describe("an address that is there already", () => {
  it.effect("is not begun, since a call may have ended after the look that gave the order", () =>
    Effect.gen(function* () {
      const there = new Set<string>()
      const { told, orderTo, account: known } = netcup((address) => Effect.sync(() => there.add(address.prefix)))
      const live = {
        ...known,
        holds: (prefix: string, at: ServerName) => at === server(2) && there.has(prefix)
      }
      const order = orderTo(2, { account: live, missing: [one, two] })
      assert.deepStrictEqual(yield* perform({ ...order, missing: [one] }), [`${one}`])
      assert.deepStrictEqual(yield* perform(order), [`${two}`])
      assert.deepStrictEqual(told, [`${one} v2`, `${two} v2`])
      // It is where it was to go, not where it is to go now.
      assert.deepStrictEqual(yield* perform(orderTo(3, { account: live })), [`${one}`])
    }).pipe(inTerm)
  )
})

describe("a change of mind", () => {
  /** A move whose call waits, as for its turn, until the gate opens. */
  const waiting = Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    const told: Array<string> = []
    const late = account({
      route: (address, to, permitted) =>
        Effect.gen(function* () {
          yield* Deferred.await(gate)
          if (!(yield* permitted)) return yield* new CalledOff()
          told.push(`${address} ${to}`)
        })
    })
    const { orderTo } = netcup(() => Effect.void)
    yield* perform(orderTo(2, { account: late }))
    const open = Effect.andThen(Deferred.succeed(gate, undefined), settled)
    return { told, open, orderTo: (n: number) => orderTo(n, { account: late }) }
  })

  for (const [what, to] of [
    ["elsewhere", node(3)],
    ["nowhere", undefined]
  ] as const) {
    it.effect(`to ${what} calls off what was not sent, as if it had not begun, and wakes the loop`, () =>
      Effect.gen(function* () {
        const mover = yield* Mover
        const { told, open, orderTo } = yield* waiting
        yield* mover.aim("primary", to)
        assert.isFalse(yield* woken)
        yield* open
        assert.deepStrictEqual(told, [])
        assert.isUndefined(yield* stateOf(one))
        assert.isTrue(yield* woken)
        assert.deepStrictEqual(yield* perform(orderTo(3)), [`${one}`])
        assert.deepStrictEqual(told, [`${one} v3`])
      }).pipe(inTerm)
    )
  }

  it.effect("of another group, or back again, calls off nothing", () =>
    Effect.gen(function* () {
      const mover = yield* Mover
      const { told, open } = yield* waiting
      yield* mover.aim("secondary", node(3))
      yield* mover.aim("primary", node(3))
      yield* mover.aim("primary", node(2))
      yield* mover.retain(new Set(["primary"]))
      yield* open
      assert.deepStrictEqual(told, [`${one} v2`])
      assert.strictEqual((yield* stateOf(one))?.state._tag, "Done")
    }).pipe(inTerm)
  )

  it.effect("is also that the group is gone", () =>
    Effect.gen(function* () {
      const mover = yield* Mover
      const { told, open } = yield* waiting
      yield* mover.retain(new Set())
      yield* open
      assert.deepStrictEqual(told, [])
    }).pipe(inTerm)
  )

  it.effect("is not needed where nobody ever said where to go", () =>
    Effect.gen(function* () {
      const mover = yield* Mover
      const { told, orderTo } = netcup(() => Effect.void)
      const order = orderTo(2)
      yield* mover.carryOut(order, yield* mover.begin(order))
      yield* settled
      assert.deepStrictEqual(told, [])
      assert.isUndefined(yield* stateOf(one))
    }).pipe(inTerm)
  )
})

describe("a leader that may be one no more", () => {
  it.effect("sends nothing while its fence is closed, which is asked each time", () =>
    Effect.gen(function* () {
      let isOpen = false
      const { told, orderTo } = netcup(() => Effect.void)
      const fence = Effect.sync(() => isOpen)
      yield* Effect.gen(function* () {
        assert.deepStrictEqual(yield* perform(orderTo(2)), [`${one}`])
        assert.deepStrictEqual(told, [])
        assert.isUndefined(yield* stateOf(one))
        isOpen = true
        assert.deepStrictEqual(yield* perform(orderTo(2)), [`${one}`])
        assert.deepStrictEqual(told, [`${one} v2`])
      }).pipe(Effect.provide(TestLayer.pipe(Layer.provide(Layer.succeed(Fence, fence)))))
    })
  )
})

describe("an intention", () => {
  it.effect("that is not written sends nothing, and is as if it had not begun", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      yield* Effect.gen(function* () {
        const { told, orderTo } = netcup(() => Effect.void)
        data.turns.writes.push({ before: forbidden })
        yield* perform(orderTo(2, { missing: [one, two] }))
        assert.deepStrictEqual(told, [])
        assert.strictEqual((yield* (yield* Mover).attempts("primary")).size, 0)
        assert.isTrue(yield* woken)
        yield* LedgerTerm.open(restKey)
        assert.deepStrictEqual(yield* perform(orderTo(2)), [`${one}`])
        assert.deepStrictEqual(told, [`${one} v2`])
      }).pipe(Effect.provide(Mover.layer.pipe(Layer.provideMerge(LedgerTerm.opened({ data })))))
    })
  )

  it.effect("comes before the call: nothing is sent while it is being written", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      yield* Effect.gen(function* () {
        const written = yield* Deferred.make<void>()
        const { told, orderTo } = netcup(() => Effect.void)
        data.turns.writes.push({ before: Deferred.await(written) })
        yield* perform(orderTo(2))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(told, [])
        assert.strictEqual((yield* stateOf(one))?.state._tag, "Running")
        yield* Deferred.succeed(written, undefined)
        yield* settled
        assert.deepStrictEqual(told, [`${one} v2`])
      }).pipe(Effect.provide(Mover.layer.pipe(Layer.provideMerge(LedgerTerm.opened({ data })))))
    })
  )
})

describe("what is remembered of a group", () => {
  it.effect("is forgotten when it has settled, but for what is still under way", () =>
    Effect.gen(function* () {
      const mover = yield* Mover
      const { orderTo } = netcup((address) => (`${address}` === `${one}` ? Effect.never : unreachable))
      yield* perform(orderTo(2, { missing: [one, two] }))
      yield* mover.settle("primary")
      yield* mover.settle("nobody")
      assert.deepStrictEqual([...(yield* mover.attempts("primary")).keys()], [one.prefix])
    }).pipe(inTerm)
  )

  it.effect("is forgotten when it is gone", () =>
    Effect.gen(function* () {
      const mover = yield* Mover
      const { orderTo } = netcup(() => unreachable)
      yield* perform(orderTo(2))
      yield* perform(orderTo(2, { group: "secondary" }))
      yield* mover.retain(new Set(["secondary"]))
      assert.strictEqual((yield* mover.attempts("primary")).size, 0)
      assert.strictEqual((yield* mover.attempts("secondary")).size, 1)
    }).pipe(inTerm)
  )

  it.effect("is kept while a call is under way, so that no other goes beside it, and forgotten then", () =>
    Effect.gen(function* () {
      const mover = yield* Mover
      const end = yield* Deferred.make<void>()
      const { told, orderTo } = netcup(() => Deferred.await(end))
      yield* perform(orderTo(2))
      yield* mover.retain(new Set())
      assert.deepStrictEqual(yield* perform(orderTo(3)), [])
      assert.strictEqual(told.length, 1)
      yield* Deferred.succeed(end, undefined)
      yield* settled
      yield* mover.retain(new Set())
      assert.strictEqual((yield* mover.attempts("primary")).size, 0)
    }).pipe(inTerm)
  )

  it.effect("is handed out as a copy", () =>
    Effect.gen(function* () {
      const mover = yield* Mover
      const { orderTo } = netcup(() => Effect.never)
      const before = yield* mover.attempts("primary")
      yield* perform(orderTo(2))
      assert.strictEqual(before.size, 0)
    }).pipe(inTerm)
  )
})

describe("when the term ends", () => {
  it.effect("a call that is under way may end, for a few seconds", () =>
    Effect.gen(function* () {
      const { scope, provide } = yield* term
      let ended = false
      const { orderTo } = netcup(() =>
        Effect.andThen(
          Effect.sleep("3 seconds"),
          Effect.sync(() => {
            ended = true
          })
        )
      )
      yield* provide(perform(orderTo(2)))
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust(2_999)
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.isTrue(ended)
      assert.isDefined(closing.pollUnsafe())
    })
  )

  it.effect("a call that does not end is given up, so that the Lease can be given back", () =>
    Effect.gen(function* () {
      const { scope, provide } = yield* term
      let interrupted = false
      const { orderTo } = netcup(() =>
        Effect.onInterrupt(Effect.never, () =>
          Effect.sync(() => {
            interrupted = true
          })
        )
      )
      yield* provide(perform(orderTo(2)))
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust(3_999)
      assert.isFalse(interrupted)
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.isTrue(interrupted)
      assert.isDefined(closing.pollUnsafe())
    })
  )

  for (const [environment, millis] of [
    // Four fifths of what the Lease leaves.
    [{ LEASE_DURATION: "8s", LEASE_RENEW_DEADLINE: "6s" }, 1_600],
    [{ LEASE_DURATION: "60s", LEASE_RENEW_DEADLINE: "40s" }, 4_000]
  ] as const) {
    it.effect(`a call is given up after ${millis} ms with ${JSON.stringify(environment)}`, () =>
      Effect.gen(function* () {
        const { scope, provide } = yield* termOf(layerOf(environment))
        yield* provide(perform(netcup(() => Effect.never).orderTo(2)))
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
        yield* TestClock.adjust(millis - 1)
        assert.isUndefined(closing.pollUnsafe())
        yield* TestClock.adjust(1)
        assert.isDefined(closing.pollUnsafe())
      })
    )
  }

  it.effect("nothing new is told, also where the intention is written just then", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const { scope, provide } = yield* termOf(Mover.layer.pipe(Layer.provideMerge(LedgerTerm.opened({ data }))))
      const written = yield* Deferred.make<void>()
      const { told, orderTo } = netcup(() => Effect.void)
      data.turns.writes.push({ before: Deferred.await(written) })
      yield* provide(perform(orderTo(2)))
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* settled
      yield* Deferred.succeed(written, undefined)
      yield* settled
      assert.isDefined(closing.pollUnsafe())
      assert.deepStrictEqual(told, [])
    })
  )

  it.effect("it ends at once where nothing is under way", () =>
    Effect.gen(function* () {
      const { scope, provide } = yield* term
      yield* provide(perform(netcup(() => Effect.void).orderTo(2)))
      yield* Scope.close(scope, Exit.void)
    })
  )
})

describe("a repetition that waits for the ledger", () => {
  it.effect("is still one of what netcup may have counted when its time comes", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const waits = { _tag: "Waits", notBefore: 90_000, message: "the rest is for failovers" } as const
      const ledgers = Layer.succeed(Ledgers, {
        open: () => Effect.succeed(true),
        see: () => Effect.succeed(new Map()),
        ask: (_, request) =>
          Effect.sync(() => {
            asked.push(request.purpose)
            return asked.length === 2 ? waits : ({ _tag: "Granted", ticket: { id: asked.length, epoch: 1 } } as const)
          }),
        commit: () => Effect.void,
        end: () => Effect.void,
        budgets: Effect.succeed([]),
        begunBefore: () => Effect.succeed(new Map()),
        arrived: () => Effect.void,
        nameOf: () => Effect.succeed("")
      })
      const gaveUp = new RoutingErrors.TaskFailed({ message, taskId: "t", state: "ERROR" })
      const { orderTo } = netcup(() => fail(gaveUp))
      const layer = Mover.layer.pipe(Layer.provideMerge(Layer.mergeAll(ledgers, Wake.layer, settingsOf())))
      yield* Effect.gen(function* () {
        for (let look = 0; look < 3; look++) {
          yield* perform(orderTo(1))
          yield* TestClock.adjust("1 minute")
        }
        // Another server is another way.
        yield* perform(orderTo(2))
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(asked, ["Failover", "Repetition", "Repetition", "Failover"])
    })
  )
})

describe("a leader that may not write any more", () => {
  it.effect("is woken after a while, not at once: nothing is gained by haste", () =>
    Effect.gen(function* () {
      let leads = true
      const fence = Effect.sync(() => leads)
      const { orderTo, told } = netcup(() => Effect.void)
      const layer = Mover.layer.pipe(
        Layer.provideMerge(LedgerTerm.opened({ fence })),
        Layer.provide(Layer.succeed(Fence, fence))
      )
      yield* Effect.gen(function* () {
        yield* woken
        leads = false
        yield* perform(orderTo(1))
        assert.isFalse(yield* woken)
        yield* TestClock.adjust("500 millis")
        assert.isTrue(yield* woken)
        assert.deepStrictEqual(told, [])
      }).pipe(Effect.provide(layer))
    })
  )
})

describe("a repetition of what netcup may have counted", () => {
  for (const [what, reason, purpose] of [
    ["gave up", new RoutingErrors.TaskFailed({ message, taskId: "t", state: "ERROR" }), "Repetition"],
    ["did not answer", new RoutingErrors.UnknownOutcome({ message }), "Repetition"],
    ["was not reached for", new RoutingErrors.Unreachable({ message }), "Failover"]
  ] as const) {
    it.effect(`asks the ledger for ${purpose} after netcup ${what} the first`, () =>
      Effect.gen(function* () {
        const asked: Array<string> = []
        const ledgers = Layer.succeed(Ledgers, {
          open: () => Effect.succeed(true),
          see: () => Effect.succeed(new Map()),
          ask: (_, request) =>
            Effect.sync(() => {
              asked.push(request.purpose)
              return { _tag: "Granted", ticket: { id: asked.length, epoch: 1 } } as const
            }),
          commit: () => Effect.void,
          end: () => Effect.void,
          budgets: Effect.succeed([]),
          begunBefore: () => Effect.succeed(new Map()),
          arrived: () => Effect.void,
          nameOf: () => Effect.succeed("")
        })
        const { orderTo } = netcup(() => fail(reason))
        const layer = Mover.layer.pipe(Layer.provideMerge(Layer.mergeAll(ledgers, Wake.layer, settingsOf())))
        yield* Effect.gen(function* () {
          yield* perform(orderTo(1))
          yield* TestClock.adjust("1 minute")
          yield* perform(orderTo(1))
        }).pipe(Effect.provide(layer))
        assert.deepStrictEqual(asked, ["Failover", purpose])
      })
    )
  }
})
