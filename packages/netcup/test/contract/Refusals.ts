/**
 * What a refusal is told as, and that it is taken for an answer.
 */
import { assert, describe } from "@effect/vitest"
import type { FailoverAddress } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { NetcupError, NetcupErrorReason } from "@netcup-failover/netcup/NetcupError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import {
  foreignAddress,
  foreignServer,
  ipv4Address,
  ipv6Address,
  ownAddress,
  serverA,
  serverD,
  unknownAddress,
  unknownServer,
  vlanOnly
} from "./Accounts.ts"
import { expectReason, known, type Play, playing, readsOf } from "./Play.ts"
import type { Change, Subject } from "./Stage.ts"

/** Sent once and refused. */
const refused: ReadonlyArray<Change> = [{ prefix: ipv4Address.prefix, to: serverD, applied: false }]

export const refusals = <Refusal, Loss>(subject: Subject<Refusal, Loss>) => {
  const test = playing(subject)

  describe("netcup's no", () => {
    for (const [when, look] of known) {
      /** A route that fails, with what netcup must have heard of it; nothing has moved. */
      const fails = (
        why: string,
        tag: NetcupErrorReason["_tag"],
        [moved, to]: readonly [FailoverAddress, ServerName],
        prepare: (stage: Play<Refusal, Loss>) => Effect.Effect<unknown>,
        check: (stage: Play<Refusal, Loss>, error: NetcupError) => Effect.Effect<void> = ({ changes }) =>
          Effect.map(changes, (sent) => assert.isAtMost(sent.length, 1))
      ) =>
        test(`${why} is ${tag} for a route to a server ${when}, which moves nothing`, (stage) =>
          Effect.gen(function* () {
            // What can't be looked at stays unknown.
            yield* Effect.ignore(look(stage, to))
            yield* prepare(stage)
            const before = yield* stage.world.routes
            const error = yield* Effect.flip(stage.routing.route(moved, to))
            expectReason(error, tag)
            assert.deepStrictEqual(yield* stage.world.routes, before)
            assert.isFalse((yield* stage.changes).some(({ applied }) => applied))
            yield* check(stage, error)
          }))

      const sentOnce = ({ changes }: Play<Refusal, Loss>) =>
        Effect.map(changes, (sent) => assert.deepStrictEqual(sent, refused))

      const nothing = () => Effect.void
      fails("an address that nobody has", "AddressNotFound", [unknownAddress, serverD], nothing)
      fails("somebody else's address", "AddressNotFound", [foreignAddress, serverD], nothing)
      fails("a server's own address", "AddressNotFound", [ownAddress, serverD], nothing)
      fails("a server that nobody has", "ServerNotFound", [ipv4Address, unknownServer], nothing)
      fails("somebody else's server", "ServerNotFound", [ipv4Address, foreignServer], nothing)
      fails("a server that is gone", "ServerNotFound", [ipv4Address, serverD], ({ world }) =>
        world.removeServer(serverD)
      )
      if (subject.routesToInterfaces) {
        fails(
          "a server without an interface to route to",
          "NoInterface",
          [ipv4Address, vlanOnly],
          nothing,
          ({ changes }) => Effect.map(changes, (sent) => assert.deepStrictEqual(sent, []))
        )
      }
      fails(
        "netcup's limit",
        "RateLimited",
        [ipv4Address, serverD],
        ({ spendLimit }) => spendLimit(ipv4Address.prefix),
        (stage, { reason }) =>
          Effect.gen(function* () {
            yield* sentOnce(stage)
            if (reason._tag === "RateLimited" && reason.retryAt !== undefined) {
              assert.isAbove(reason.retryAt, yield* Clock.currentTimeMillis)
            }
          })
      )
      for (const [way, refusal] of Object.entries(subject.refusals)) {
        fails(`a refusal (${way})`, "Refused", [ipv4Address, serverD], ({ refuse }) => refuse(refusal), sentOnce)
      }

      test(`wrong credentials end a route to a server ${when} with its first request`, (stage) =>
        Effect.gen(function* () {
          yield* look(stage, serverD)
          yield* stage.spoilCredentials
          const before = yield* stage.requests
          expectReason(yield* Effect.flip(stage.routing.route(ipv4Address, serverD)), subject.spoiled)
          assert.isAtMost((yield* stage.requests) - before, 1)
          assert.strictEqual((yield* stage.world.routes).get(ipv4Address.prefix), serverA)
        }))
    }

    test("wrong credentials end every read with its first request", (stage) =>
      Effect.gen(function* () {
        yield* stage.spoilCredentials
        for (const [at, read] of readsOf(stage).entries()) {
          expectReason(yield* Effect.flip(read), subject.spoiled)
          assert.isAtMost(yield* stage.requests, at + 1)
        }
      }))

    test("an unroute is refused as a route is, and takes nothing away", (stage) =>
      Effect.gen(function* () {
        yield* stage.spendLimit(ipv4Address.prefix)
        expectReason(yield* Effect.flip(stage.routing.unroute(ipv4Address)), "RateLimited")
        assert.strictEqual((yield* stage.world.routes).get(ipv4Address.prefix), serverA)
        assert.deepStrictEqual(yield* stage.changes, [{ prefix: ipv4Address.prefix, to: undefined, applied: false }])
        yield* stage.spoilCredentials
        expectReason(yield* Effect.flip(stage.routing.unroute(ipv6Address)), subject.spoiled)
      }))

    test("a limit is over some time", (stage) =>
      Effect.gen(function* () {
        yield* stage.routing.inspect(serverD)
        yield* stage.spendLimit(ipv4Address.prefix)
        expectReason(yield* Effect.flip(stage.routing.route(ipv4Address, serverD)), "RateLimited")
        yield* TestClock.adjust("1 hour")
        yield* stage.routing.route(ipv4Address, serverD)
        assert.deepStrictEqual(yield* stage.changes, [
          ...refused,
          { prefix: ipv4Address.prefix, to: serverD, applied: true }
        ])
      }))
  })
}
