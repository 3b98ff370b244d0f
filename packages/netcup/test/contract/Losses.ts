/**
 * What is said when no answer comes, or none that can be read.
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { all, atFirst, ipv4Address, serverA, serverD } from "./Accounts.ts"
import { expectReason, known, playing, readsOf, routesNow } from "./Play.ts"
import type { Subject } from "./Stage.ts"

export const losses = <Refusal, Loss>(subject: Subject<Refusal, Loss>) => {
  const test = playing(subject)

  describe("netcup's silence", () => {
    test("nobody listening is Unreachable for all that is asked, until somebody does", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.inspect(serverD)
        const before = yield* stage.requests
        yield* stage.stop
        for (const ask of [
          ...readsOf(stage),
          stage.routing.route(ipv4Address, serverD),
          stage.routing.route(ipv4Address, serverA),
          stage.routing.unroute(ipv4Address)
        ]) {
          expectReason(yield* Effect.flip(ask), "Unreachable")
        }
        yield* stage.start
        assert.strictEqual(yield* stage.requests, before)
        // Who was not answered so often may hold back for a while.
        yield* TestClock.adjust("1 minute")
        yield* stage.routing.route(ipv4Address, serverD)
        assert.deepStrictEqual(yield* stage.changes, [{ prefix: ipv4Address.prefix, to: serverD, applied: true }])
      }))

    for (const [when, look] of known) {
      for (const [way, loss] of Object.entries(subject.losses)) {
        for (const applied of [true, false]) {
          const fate = applied ? "carried out" : "not carried out"
          test(`a change to a server ${when} that is ${fate} is an UnknownOutcome, sent once: ${way}`, (stage) =>
            Effect.gen(function* () {
              yield* look(stage, serverD)
              const end = yield* stage.lose(loss, { of: "changes", applied })
              expectReason(yield* Effect.flip(stage.routing.route(ipv4Address, serverD)), "UnknownOutcome")
              yield* end
              assert.deepStrictEqual(yield* stage.changes, [{ prefix: ipv4Address.prefix, to: serverD, applied }])
              assert.deepStrictEqual<unknown>(
                yield* routesNow(stage),
                applied ? { ...atFirst, [ipv4Address.prefix]: serverD } : atFirst
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
          const { reason } = yield* Effect.flip(stage.routing.route(ipv4Address, serverD))
          assert.include(["MalformedAnswer", "Unreachable"], reason._tag)
          const other = yield* Effect.flip(stage.routing.unroute(ipv4Address))
          assert.include(["MalformedAnswer", "Unreachable"], other.reason._tag)
          assert.deepStrictEqual(yield* stage.changes, [])
        }))

      test(`a read that is lost once is asked again: ${way}`, (stage) =>
        Effect.gen(function* () {
          yield* stage.lose(loss, { of: "reads", applied: true, times: 1 })
          assert.sameMembers<string>([...(yield* stage.routing.servers)], all)
          assert.deepStrictEqual<unknown>(yield* routesNow(stage), atFirst)
          assert.deepInclude(yield* stage.routing.inspect(serverA), {
            name: serverA,
            running: true,
            word: stage.words.running,
            rescue: false
          })
        }))
    }

    test("a change that is never answered is an UnknownOutcome in the end, sent once and carried out", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.inspect(serverD)
        yield* stage.hang
        const route = yield* Effect.forkChild(Effect.flip(stage.routing.route(ipv4Address, serverD)))
        yield* stage.settled
        yield* TestClock.adjust("10 minutes")
        expectReason(yield* Fiber.join(route), "UnknownOutcome")
        assert.deepStrictEqual(yield* stage.changes, [{ prefix: ipv4Address.prefix, to: serverD, applied: true }])
        assert.strictEqual((yield* stage.world.routes).get(ipv4Address.prefix), serverD)
      }))

    for (const [way, loss] of Object.entries(subject.losses)) {
      for (const applied of [true, false]) {
        const fate = applied ? "carried out" : "not carried out"
        test(`an unroute that is ${fate} is an UnknownOutcome, sent once: ${way}`, (stage) =>
          Effect.gen(function* () {
            const end = yield* stage.lose(loss, { of: "changes", applied })
            expectReason(yield* Effect.flip(stage.routing.unroute(ipv4Address)), "UnknownOutcome")
            yield* end
            assert.deepStrictEqual(yield* stage.changes, [{ prefix: ipv4Address.prefix, to: undefined, applied }])
            assert.strictEqual((yield* stage.world.routes).has(ipv4Address.prefix), !applied)
          }))
      }
    }

    test("a route that is interrupted on its way is not sent again", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.inspect(serverD)
        yield* stage.hang
        const route = yield* Effect.forkChild(stage.routing.route(ipv4Address, serverD))
        yield* stage.settled
        yield* Fiber.interrupt(route)
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(yield* stage.changes, [{ prefix: ipv4Address.prefix, to: serverD, applied: true }])
      }))
  })
}
