/**
 * What a route promises when all goes well.
 */
import { assert, describe } from "@effect/vitest"
import type { FailoverAddress } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as Effect from "effect/Effect"
import { atFirst, ipv4Address, ipv6Address, serverA, serverB, serverC, unrouted } from "./Accounts.ts"
import { known, playing, routesNow } from "./Play.ts"
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
            yield* look(stage, serverC)
            yield* stage.routing.route(moved, serverC)
            assert.deepStrictEqual(yield* stage.changes, [{ prefix: moved.prefix, to: serverC, applied: true }])
            assert.strictEqual((yield* stage.world.routes).get(moved.prefix), serverC)
            assert.deepStrictEqual<unknown>(yield* routesNow(stage), { ...atFirst, [moved.prefix]: serverC })
          }))
      }
    }

    test("a failover is one request when the server was looked at before", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.servers
        yield* routesNow(stage)
        yield* stage.routing.inspect(serverC)
        const before = yield* stage.requests
        yield* stage.routing.route(ipv4Address, serverC)
        assert.strictEqual((yield* stage.requests) - before, 1)
      }))

    test("many at once go where they should, each sent once", (stage) =>
      Effect.gen(function* () {
        const moves: ReadonlyArray<readonly [FailoverAddress, ServerName]> = [
          [ipv4Address, serverB],
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
  })
}
