/**
 * What the reads of `FailoverRouting` promise.
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  all,
  atFirst,
  foreignServer,
  own,
  serverA,
  serverB,
  serverC,
  serverD,
  unknownServer,
  vlanOnly
} from "./Accounts.ts"
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
        for (const gone of [serverA, serverB, serverD, vlanOnly]) yield* world.removeServer(gone)
        assert.deepStrictEqual(yield* routing.servers, [serverC])
        yield* world.removeServer(serverC)
        assert.deepStrictEqual(yield* routing.servers, [])
      }))
  })

  describe("routes", () => {
    test("tells where every routed address points", (stage) =>
      Effect.gen(function* () {
        assert.deepStrictEqual<unknown>(yield* routesNow(stage), atFirst)
        const { held } = yield* stage.routing.routes(all)
        const expected = subject.tellsOwnAddresses ? { ...atFirst, ...own } : atFirst
        assert.deepStrictEqual<unknown>(Object.fromEntries(held), expected)
      }))

    test("tells of the servers asked about only", ({ routing }) =>
      Effect.gen(function* () {
        const { held } = yield* routing.routes([serverB, vlanOnly, serverB])
        assert.deepStrictEqual<unknown>(Object.fromEntries(held), {
          ...(subject.tellsOwnAddresses ? { "198.51.100.2/32": serverB } : {}),
          "2001:db8:f::/64": serverB
        })
        const none = yield* routing.routes([])
        assert.deepStrictEqual([none.held.size, none.untold.size], [0, 0])
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

  describe("the account", () => {
    test("is known by the same name whatever happens to its servers", ({ identity, routing, world }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* routing.identity, identity)
        yield* world.removeServer(serverA)
        yield* routing.servers
        assert.strictEqual(yield* routing.identity, identity)
      }))

    test("has nothing under way, nothing to note and no recent changes at first", ({ changes, routing }) =>
      Effect.gen(function* () {
        yield* routing.settled
        assert.deepStrictEqual(yield* routing.recentChanges, [])
        assert.deepStrictEqual(yield* routing.notices, [])
        assert.deepStrictEqual(yield* changes, [])
      }))
  })

  describe("inspect", () => {
    for (const [state, server, running, rescue] of [
      ["runs", serverA, true, false],
      ["is off", serverB, false, false],
      ["is in the rescue system", serverC, true, true],
      ["has no addresses", vlanOnly, true, false]
    ] as const) {
      test(`views a server that ${state}, and gives netcup's own word for it`, ({ routing, words }) =>
        Effect.gen(function* () {
          const word = running ? words.running : words.off
          assert.deepInclude(yield* routing.inspect(server), { name: server, running, word, rescue })
        }))
    }

    test("sees at once what changed", ({ routing, world, words }) =>
      Effect.gen(function* () {
        yield* routing.inspect(serverA)
        yield* world.setPower(serverA, "offline")
        assert.deepInclude(yield* routing.inspect(serverA), {
          name: serverA,
          running: false,
          word: words.off,
          rescue: false
        })
        yield* world.setPower(serverA, "online")
        yield* world.setRescue(serverA, true)
        assert.deepInclude(yield* routing.inspect(serverA), {
          name: serverA,
          running: true,
          word: words.running,
          rescue: true
        })
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
