import { assert, describe, it } from "@effect/vitest"
import { Mover, type Order } from "@netcup-failover/controller/act/Mover"
import { Wake } from "@netcup-failover/controller/Wake"
import type { FailoverAddress } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as RoutingErrors from "@netcup-failover/netcup/RoutingError"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { account, address, node, server } from "../Given.ts"
import { settingsOf } from "../TestSettings.ts"

const one = address("198.51.100.1/32")
const two = address("198.51.100.2/32")
const message = "netcup says no"
const fail = (reason: RoutingErrors.RoutingErrorReason) => Effect.fail(new RoutingErrors.RoutingError({ reason }))
const unreachable = fail(new RoutingErrors.Unreachable({ message }))
const limited = (retryAt?: number) =>
  fail(new RoutingErrors.RateLimited({ message, ...(retryAt === undefined ? {} : { retryAt }) }))

type Route = (address: FailoverAddress, to: ServerName) => Effect.Effect<void, RoutingErrors.RoutingError>

/** netcup by a script, and what it was told. */
const netcup = (route: Route) => {
  const told: Array<string> = []
  const orderTo = (n: number, more: Partial<Order> = {}): Order => ({
    group: "primary",
    to: node(n),
    server: server(n),
    account: account({
      route: (address, to) =>
        Effect.andThen(
          Effect.sync(() => told.push(`${address} ${to}`)),
          route(address, to)
        )
    }),
    missing: [one],
    movedAt: new Map(),
    ...more
  })
  return { told, orderTo }
}

const TestLayer = Mover.layer.pipe(Layer.provideMerge(Layer.merge(Wake.layer, settingsOf())))

/** A mover whose term ends when the scope is closed. */
const term = Effect.gen(function* () {
  const scope = yield* Scope.make()
  const services = yield* Layer.buildWithScope(TestLayer, scope)
  return { scope, provide: Effect.provide(services) }
})

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

/** Begins an order and carries out what was due of it; gives what was begun. */
const perform = Effect.fnUntraced(function* (order: Order, intend: Effect.Effect<void, unknown> = Effect.void) {
  const mover = yield* Mover
  const begun = yield* mover.begin(order)
  yield* mover.carryOut(order, begun, intend)
  yield* settled
  return begun.map(String)
})

/** Lets every fiber go on until it has to wait. */
const settled = TestClock.adjust(0)

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
      const { told, orderTo } = netcup(() => Effect.void)
      yield* TestClock.setTime(5_000)
      assert.deepStrictEqual(yield* perform(orderTo(2, { missing: [one, two] })), [`${one}`, `${two}`])
      assert.sameMembers(told, [`${one} v2`, `${two} v2`])
      assert.deepStrictEqual(yield* stateOf(one), {
        to: node(2),
        startedAt: 5_000,
        state: { _tag: "Done" },
        failures: 0
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
        const end = yield* Deferred.make<void, RoutingErrors.RoutingError>()
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
      yield* perform(orderTo(2))
      assert.deepStrictEqual(yield* perform(orderTo(2, { missing: [one, two] })), [`${two}`])
      assert.deepStrictEqual(told, [`${one} v2`, `${two} v2`])
    }).pipe(inTerm)
  )

  it.effect("by a limit that our own move began waits for the rest of it", () =>
    Effect.gen(function* () {
      const script: Array<Effect.Effect<void, RoutingErrors.RoutingError>> = [Effect.void, limited()]
      const { orderTo } = netcup(() => script.shift() ?? Effect.never)
      yield* perform(orderTo(2))
      yield* (yield* Mover).settle("primary")
      assert.isUndefined(yield* stateOf(one))
      yield* TestClock.adjust("100 seconds")
      yield* perform(orderTo(3))
      const state = (yield* stateOf(one))?.state
      assert.isTrue(state?._tag === "Failed" && state.retryAt === 301_000)
    }).pipe(inTerm)
  )

  it.effect("by a limit that the status tells of waits for the rest of it", () =>
    Effect.gen(function* () {
      const { orderTo } = netcup(() => limited())
      yield* TestClock.setTime(200_000)
      yield* perform(orderTo(2, { movedAt: new Map([[one.prefix, 50_000]]) }))
      const state = (yield* stateOf(one))?.state
      assert.isTrue(state?._tag === "Failed" && state.retryAt === 351_000)
    }).pipe(inTerm)
  )

  it.effect("and then succeeds has no failures any more", () =>
    Effect.gen(function* () {
      const script: Array<Effect.Effect<void, RoutingErrors.RoutingError>> = [unreachable, Effect.void]
      const { orderTo } = netcup(() => script.shift() ?? Effect.never)
      yield* perform(orderTo(2))
      yield* TestClock.adjust("2 seconds")
      yield* perform(orderTo(2))
      assert.deepStrictEqual(yield* stateOf(one), {
        to: node(2),
        startedAt: 2_000,
        state: { _tag: "Done" },
        failures: 0
      })
    }).pipe(inTerm)
  )
})

describe("an intention", () => {
  it.effect("that is not written sends nothing, and is as if it had not begun", () =>
    Effect.gen(function* () {
      const { told, orderTo } = netcup(() => Effect.void)
      yield* perform(orderTo(2, { missing: [one, two] }), Effect.fail("conflict"))
      assert.deepStrictEqual(told, [])
      assert.strictEqual((yield* (yield* Mover).attempts("primary")).size, 0)
      assert.isTrue(yield* woken)
      assert.deepStrictEqual(yield* perform(orderTo(2)), [`${one}`])
      assert.deepStrictEqual(told, [`${one} v2`])
    }).pipe(inTerm)
  )

  it.effect("comes before the call: nothing is sent while it is being written", () =>
    Effect.gen(function* () {
      const written = yield* Deferred.make<void>()
      const { told, orderTo } = netcup(() => Effect.void)
      yield* perform(orderTo(2), Deferred.await(written))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told, [])
      assert.strictEqual((yield* stateOf(one))?.state._tag, "Running")
      yield* Deferred.succeed(written, undefined)
      yield* settled
      assert.deepStrictEqual(told, [`${one} v2`])
    }).pipe(inTerm)
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

  it.effect("nothing new is told, also where the intention is written just then", () =>
    Effect.gen(function* () {
      const { scope, provide } = yield* term
      const written = yield* Deferred.make<void>()
      const { told, orderTo } = netcup(() => Effect.void)
      yield* provide(perform(orderTo(2), Deferred.await(written)))
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
