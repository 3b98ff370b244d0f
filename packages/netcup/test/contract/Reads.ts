/**
 * What the reads of `FailoverRouting` promise.
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { all, atFirst, foreignServer, serverA, serverB, serverC, unknownServer, vlanOnly } from "./Accounts.ts"
import { expectReason, playing, routesNow } from "./Play.ts"
import type { Subject } from "./Stage.ts"

export const reads = <Refusal, Loss>(subject: Subject<Refusal, Loss>) => {
  const test = playing(subject)

  describe("servers", () => {
    test("lists the account's servers and nobody else's", ({ routing }) =>
      Effect.gen(function* () {
        assert.sameMembers<string>([...(yield* routing.servers)], all)
      }))

    test("lists one server, and none", ({ routing, world }) =>
      Effect.gen(function* () {
        for (const gone of [serverA, serverB, vlanOnly]) yield* world.removeServer(gone)
        assert.deepStrictEqual(yield* routing.servers, [serverC])
        yield* world.removeServer(serverC)
        assert.deepStrictEqual(yield* routing.servers, [])
      }))
  })

  describe("routes", () => {
    test("tells where every routed address points, own addresses included", (stage) =>
      Effect.gen(function* () {
        assert.deepStrictEqual<unknown>(yield* routesNow(stage), atFirst)
      }))

    test("tells of the servers asked about only", ({ routing }) =>
      Effect.gen(function* () {
        assert.deepStrictEqual<unknown>(Object.fromEntries(yield* routing.routes([serverB, vlanOnly, serverB])), {
          "198.51.100.2/32": serverB,
          "2001:db8:f::/64": serverB
        })
        assert.strictEqual((yield* routing.routes([])).size, 0)
      }))

    test("sees what others moved and took away meanwhile", (stage) =>
      Effect.gen(function* () {
        yield* routesNow(stage)
        yield* stage.world.reroute("2001:db8:f::/64", serverC)
        yield* stage.world.reroute("198.51.100.104/32", undefined)
        const { "198.51.100.104/32": _, ...others } = atFirst
        assert.deepStrictEqual<unknown>(yield* routesNow(stage), { ...others, "2001:db8:f::/64": serverC })
      }))
  })

  describe("inspect", () => {
    for (const [state, server, running, rescue] of [
      ["runs", serverA, true, false],
      ["is off", serverB, false, false],
      ["is in the rescue system", serverC, true, true],
      ["has no addresses", vlanOnly, true, false]
    ] as const) {
      test(`views a server that ${state}`, ({ routing }) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* routing.inspect(server), { name: server, running, rescue })
        }))
    }

    test("sees at once what changed", ({ routing, world }) =>
      Effect.gen(function* () {
        yield* routing.inspect(serverA)
        yield* world.setPower(serverA, "offline")
        assert.deepStrictEqual(yield* routing.inspect(serverA), { name: serverA, running: false, rescue: false })
        yield* world.setPower(serverA, "online")
        yield* world.setRescue(serverA, true)
        assert.deepStrictEqual(yield* routing.inspect(serverA), { name: serverA, running: true, rescue: true })
      }))

    for (const [whose, server] of [
      ["nobody", unknownServer],
      ["somebody else", foreignServer]
    ] as const) {
      test(`a server that ${whose} has is not found`, ({ routing }) =>
        Effect.gen(function* () {
          expectReason(yield* Effect.flip(routing.inspect(server)), "ServerNotFound")
        }))
    }
  })
}
