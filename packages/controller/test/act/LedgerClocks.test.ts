/**
 * Leaders whose clocks disagree, one after the other, over one ledger.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Ending, type Grant, Ledgers } from "@netcup-failover/controller/act/Ledgers"
import type { AccountKey } from "@netcup-failover/core/Account"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as FakeData from "../FakeData.ts"
import { address, restKey, server, soapKey } from "../Given.ts"
import * as LedgerTerm from "./LedgerTerm.ts"

const hour = 3_600_000
/** What the API server's clock says, in ms since the epoch. */
const truth = 1_000 * hour
const request = { prefix: address("198.51.100.1/32").prefix, server: server(2), purpose: "Failover" } as const
const environment = { NETCUP_SHORT_WINDOW_MOVES: "1" }

/** A term that begins at that moment of the API server's, of a replica whose clock is so far ahead (negative: behind). */
const term = <A, E>(data: FakeData.FakeData, at: number, fast: number, use: Effect.Effect<A, E, Ledgers>) =>
  Effect.andThen(
    TestClock.setTime(at + fast),
    Effect.scoped(Effect.provide(use, LedgerTerm.layer({ data, environment, clockAhead: -fast })))
  )

const ask = (account: AccountKey) => Ledgers.use((ledgers) => ledgers.ask(account, request))

const ended = (account: AccountKey, ending: (now: number) => Ending) =>
  Effect.gen(function* () {
    const ledgers = yield* Ledgers
    yield* LedgerTerm.open(account, { ...LedgerTerm.nothingRead, asOf: yield* now })
    const grant = yield* ledgers.ask(account, request)
    if (grant._tag !== "Granted") return assert.fail("it is not granted")
    yield* ledgers.commit(account, [grant.ticket])
    yield* ledgers.end(account, grant.ticket, ending(yield* now))
    yield* LedgerTerm.settled
  })

const now = Effect.clockWith((clock) => clock.currentTimeMillis)
const waits = (grant: Grant) => (grant._tag === "Waits" ? grant.notBefore : undefined)

describe("leaders whose clocks disagree by an hour", () => {
  for (const [what, first, second] of [
    ["the first one's is ahead", hour, 0],
    ["the first one's is behind", -hour, 0],
    ["the second one's is ahead", 0, hour],
    ["the second one's is behind", 0, -hour]
  ] as const) {
    for (const [api, account] of [
      ["SOAP", soapKey],
      ["REST", restKey]
    ] as const) {
      it.effect(`wait for netcup's limits, and no longer: ${what} (${api})`, () =>
        Effect.gen(function* () {
          const data = FakeData.make()
          yield* term(
            data,
            truth,
            first,
            ended(account, () => ({ _tag: "Done" }))
          )
          const at = truth + 60_000
          yield* term(
            data,
            at,
            second,
            Effect.gen(function* () {
              yield* LedgerTerm.open(account, { routes: new Map(), changes: undefined, asOf: yield* now })
              const notBefore = waits(yield* ask(account))
              assert.strictEqual(notBefore, truth + 301_000 + second)
              yield* TestClock.setTime(truth + 301_000 + second)
              assert.strictEqual((yield* ask(account))._tag, "Granted")
            })
          )
        })
      )

      it.effect(`wait as long as netcup said it would refuse: ${what} (${api})`, () =>
        Effect.gen(function* () {
          const data = FakeData.make()
          yield* term(
            data,
            truth,
            first,
            ended(account, (now) => ({ _tag: "Refused", until: now + 120_000 }))
          )
          yield* term(
            data,
            truth + 60_000,
            second,
            Effect.gen(function* () {
              yield* LedgerTerm.open(account, { routes: new Map(), changes: undefined, asOf: yield* now })
              assert.strictEqual(waits(yield* ask(account)), truth + 120_000 + second)
            })
          )
        })
      )
    }
  }

  it.effect("count what netcup's record dates in the future as made by now", () =>
    Effect.gen(function* () {
      yield* term(
        FakeData.make(),
        truth,
        0,
        Effect.gen(function* () {
          yield* LedgerTerm.open(restKey, { routes: new Map(), changes: [truth + hour], asOf: truth })
          yield* TestClock.setTime(truth + 301_000)
          assert.strictEqual((yield* ask(restKey))._tag, "Granted")
        })
      )
    })
  )
})
