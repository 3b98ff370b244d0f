/**
 * What a route promises when all goes well.
 */
import { assert, describe } from "@effect/vitest"
import type { FailoverAddress } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { all, atFirst, ipv4Address, ipv6Address, serverA, serverC, serverD, unrouted } from "./Accounts.ts"
import { expectReason, known, playing, routesNow } from "./Play.ts"
import type { Subject } from "./Stage.ts"

export const changes = <Refusal, Loss>(subject: Subject<Refusal, Loss>) => {
  const test = playing(subject)

  describe("route", () => {
    for (const [when, look] of known) {
      for (const [what, moved] of [
        ["an IPv4 address", ipv4Address],
        ["an IPv6 prefix, given with host bits,", ipv6Address],
        ["an address that pointed nowhere", unrouted]
      ] as const) {
        test(`sends ${what} once to a server ${when}, and it is there`, (stage) =>
          Effect.gen(function* () {
            yield* look(stage, serverD)
            yield* stage.routing.route(moved, serverD)
            assert.deepStrictEqual(yield* stage.changes, [{ prefix: moved.prefix, to: serverD, applied: true }])
            assert.strictEqual((yield* stage.world.routes).get(moved.prefix), serverD)
            assert.deepStrictEqual<unknown>(yield* routesNow(stage), { ...atFirst, [moved.prefix]: serverD })
          }))
      }
    }

    for (const [when, look] of known) {
      test(`to a server ${when} is called off when it is not wanted any more: nothing is sent`, (stage) =>
        Effect.gen(function* () {
          yield* look(stage, serverD)
          const before = yield* stage.requests
          const asked: Array<number> = []
          const permitted = Effect.map(stage.requests, (requests) => {
            asked.push(requests)
            return false
          })
          expectReason(yield* Effect.flip(stage.routing.route(ipv4Address, serverD, permitted)), "CalledOff")
          assert.deepStrictEqual(yield* stage.changes, [])
          // It is the last thing that is asked.
          assert.deepStrictEqual(asked, [yield* stage.requests])
          if (when === "not looked at before") assert.isAbove(yield* stage.requests, before)
          yield* stage.routing.route(ipv4Address, serverD, Effect.succeed(true))
          assert.deepStrictEqual(yield* stage.changes, [{ prefix: ipv4Address.prefix, to: serverD, applied: true }])
        }))
    }

    test("a failover is one request when the server was looked at within a minute", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.servers
        yield* routesNow(stage)
        yield* stage.routing.inspect(serverD)
        yield* TestClock.adjust("55 seconds")
        const before = yield* stage.requests
        yield* stage.routing.route(ipv4Address, serverD)
        assert.strictEqual((yield* stage.requests) - before, 1)
      }))

    test("many at once go where they should, each sent once", (stage) =>
      Effect.gen(function* () {
        const moves: ReadonlyArray<readonly [FailoverAddress, ServerName]> = [
          [ipv4Address, serverD],
          [ipv6Address, serverA],
          [unrouted, serverA]
        ]
        yield* Effect.forEach(moves, ([moved, to]) => stage.routing.route(moved, to), { concurrency: "unbounded" })
        const expected = moves.map(([{ prefix }, to]) => ({ prefix, to, applied: true }))
        assert.sameDeepMembers([...(yield* stage.changes)], expected)
        assert.deepStrictEqual<unknown>(yield* routesNow(stage), {
          ...atFirst,
          ...Object.fromEntries(moves.map(([{ prefix }, to]) => [prefix, to]))
        })
      }))

    test("is settled and remembered by netcup for an hour, if it remembers any", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.route(ipv4Address, serverD)
        yield* TestClock.adjust("59 minutes")
        yield* stage.routing.route(ipv6Address, serverD)
        yield* stage.routing.settled
        const now = yield* Clock.currentTimeMillis
        const recent = yield* stage.routing.recentChanges
        assert.include([0, 2], recent.length)
        assert.isTrue(recent.every((at) => at <= now && at > now - 3_600_000))
        yield* TestClock.adjust("2 minutes")
        assert.strictEqual((yield* stage.routing.recentChanges).length, recent.length / 2)
      }))
  })

  describe("unroute", () => {
    for (const [what, moved] of [
      ["an IPv4 address", ipv4Address],
      ["an IPv6 prefix, given with host bits,", ipv6Address]
    ] as const) {
      test(`takes ${what} away from where it is, and sends that once`, (stage) =>
        Effect.gen(function* () {
          yield* stage.routing.unroute(moved)
          assert.deepStrictEqual(yield* stage.changes, [{ prefix: moved.prefix, to: undefined, applied: true }])
          assert.isFalse((yield* stage.world.routes).has(moved.prefix))
          assert.notProperty(yield* routesNow(stage), moved.prefix)
        }))
    }

    test("takes it away from where others have moved it", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.routes(all)
        yield* stage.world.reroute("198.51.100.104/32", serverC)
        yield* stage.routing.unroute(ipv4Address)
        assert.isFalse((yield* stage.world.routes).has(ipv4Address.prefix))
      }))

    test("takes it away from where others have put it meanwhile", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.routes(all)
        yield* stage.world.reroute("198.51.100.105/32", serverC)
        yield* stage.routing.unroute(unrouted)
        assert.isFalse((yield* stage.world.routes).has(unrouted.prefix))
        assert.deepStrictEqual(yield* stage.changes, [{ prefix: unrouted.prefix, to: undefined, applied: true }])
      }))

    test("sends nothing for an address that is routed nowhere", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.unroute(unrouted)
        assert.deepStrictEqual(yield* stage.changes, [])
      }))
  })
}
