/**
 * What is said when no answer comes, or none that can be read.
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { all, atFirst, ipv4Address, serverA, serverB, serverC } from "./Accounts.ts"
import { expectReason, known, playing, readsOf, routesNow } from "./Play.ts"
import type { Subject } from "./Stage.ts"

export const losses = <Refusal, Loss>(subject: Subject<Refusal, Loss>) => {
  const test = playing(subject)

  describe("netcup's silence", () => {
    test("nobody listening is Unreachable for all that is asked, until somebody does", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.inspect(serverC)
        const before = yield* stage.requests
        yield* stage.stop
        for (const ask of [
          ...readsOf(stage),
          stage.routing.route(ipv4Address, serverC),
          stage.routing.route(ipv4Address, serverB)
        ]) {
          expectReason(yield* Effect.flip(ask), "Unreachable")
        }
        yield* stage.start
        assert.strictEqual(yield* stage.requests, before)
        yield* stage.routing.route(ipv4Address, serverC)
        assert.deepStrictEqual(yield* stage.changes, [{ prefix: ipv4Address.prefix, to: serverC, applied: true }])
      }))

    for (const [when, look] of known) {
      for (const [way, loss] of Object.entries(subject.losses)) {
        for (const applied of [true, false]) {
          const fate = applied ? "carried out" : "not carried out"
          test(`a change to a server ${when} that is ${fate} is an UnknownOutcome, sent once: ${way}`, (stage) =>
            Effect.gen(function* () {
              yield* look(stage, serverC)
              const end = yield* stage.lose(loss, { of: "changes", applied })
              expectReason(yield* Effect.flip(stage.routing.route(ipv4Address, serverC)), "UnknownOutcome")
              yield* end
              assert.deepStrictEqual(yield* stage.changes, [{ prefix: ipv4Address.prefix, to: serverC, applied }])
              assert.deepStrictEqual<unknown>(
                yield* routesNow(stage),
                applied ? { ...atFirst, [ipv4Address.prefix]: serverC } : atFirst
              )
            }))
        }
      }
    }

    for (const [way, loss] of Object.entries(subject.losses)) {
      test(`a read whose answers are lost has no unknown outcome: ${way}`, (stage) =>
        Effect.gen(function* () {
          yield* stage.lose(loss, { of: "reads", applied: true })
          for (const read of readsOf(stage)) {
            const error = yield* Effect.flip(read)
            expectReason(error, error.reason._tag === "MalformedAnswer" ? "MalformedAnswer" : "Unreachable")
          }
          // A route that has to read first has changed nothing, and knows it.
          const { reason } = yield* Effect.flip(stage.routing.route(ipv4Address, serverC))
          assert.include(["MalformedAnswer", "Unreachable"], reason._tag)
          assert.deepStrictEqual(yield* stage.changes, [])
        }))

      test(`a read that is lost once is asked again: ${way}`, (stage) =>
        Effect.gen(function* () {
          yield* stage.lose(loss, { of: "reads", applied: true, times: 1 })
          assert.sameMembers<string>([...(yield* stage.routing.servers)], all)
          assert.deepStrictEqual<unknown>(yield* routesNow(stage), atFirst)
          assert.deepStrictEqual(yield* stage.routing.inspect(serverA), { name: serverA, running: true, rescue: false })
        }))
    }

    test("a change that is never answered is an UnknownOutcome in the end, sent once and carried out", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.inspect(serverC)
        yield* stage.hang
        const route = yield* Effect.forkChild(Effect.flip(stage.routing.route(ipv4Address, serverC)))
        yield* stage.settled
        yield* TestClock.adjust("10 minutes")
        expectReason(yield* Fiber.join(route), "UnknownOutcome")
        assert.deepStrictEqual(yield* stage.changes, [{ prefix: ipv4Address.prefix, to: serverC, applied: true }])
        assert.strictEqual((yield* stage.world.routes).get(ipv4Address.prefix), serverC)
      }))

    test("a route that is interrupted on its way is not sent again", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.inspect(serverC)
        yield* stage.hang
        const route = yield* Effect.forkChild(stage.routing.route(ipv4Address, serverC))
        yield* stage.settled
        yield* Fiber.interrupt(route)
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(yield* stage.changes, [{ prefix: ipv4Address.prefix, to: serverC, applied: true }])
      }))
  })
}
