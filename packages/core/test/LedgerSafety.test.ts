import { assert, describe, it } from "@effect/vitest"
import { ask } from "@netcup-failover/core/Allowance"
import { restLimits, soapLimits } from "@netcup-failover/core/MoveLimits"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import { assertAtMost, type Flight, Play, request, schedules } from "./LedgerPlay.ts"

const often = { arbitrary: { runs: 500, size: 80 } }
const rest = restLimits(301_000)
const soap = soapLimits(301_000)

/** netcup's own words, apart from what the limits make of them. */
const documented = [
  { moves: 10, upkeep: 4, millis: 300_000 },
  { moves: 20, upkeep: 8, millis: 3_600_000 }
]

const stamps = (flights: ReadonlyArray<Flight>): ReadonlyArray<number> =>
  flights.flatMap(({ stamp }) => (stamp === undefined ? [] : [stamp]))

const byAddress = (flights: ReadonlyArray<Flight>): ReadonlyArray<ReadonlyArray<Flight>> => [
  ...Map.groupBy(flights, ({ prefix }) => prefix).values()
]

/** How many of the schedules come to a window with that many moves in it. */
const filled = (plays: ReadonlyArray<ReadonlyArray<number>>, most: number, millis: number): number =>
  plays.filter((moments) =>
    moments.some((last) => moments.filter((at) => at > last - millis && at <= last).length === most)
  ).length

describe("schedules", () => {
  it.effect("come to where every window is full, else the laws below would say nothing", () =>
    Effect.gen(function* () {
      const drawn = yield* Arbitrary.sampleEffect(schedules(), { count: 300, size: 80, seed: 1 })
      const plays = drawn.map((steps) => new Play(rest, steps).flights)
      const upkeep = plays.map((flights) => flights.filter(({ purpose }) => purpose !== "Failover"))
      for (const { moves, upkeep: most, millis } of documented) {
        assert.isAbove(filled(plays.map(stamps), moves, millis), 3)
        assert.isAbove(filled(upkeep.map(stamps), most, millis), 3)
      }
    })
  )
})

describe("the ledger, whatever happens", () => {
  it.prop(
    "lets no address move twice within its rest by SOAP",
    [schedules("Others", "Learn")],
    ([steps]) => {
      for (const flights of byAddress(new Play(soap, steps).flights)) assertAtMost(1, 300_000, stamps(flights))
    },
    often
  )

  it.prop(
    "lets at most 10 moves arrive in 5 minutes and 20 in 60 by REST",
    [schedules()],
    ([steps]) => {
      const { flights } = new Play(rest, steps)
      for (const { moves, millis } of documented) assertAtMost(moves, millis, stamps(flights))
    },
    often
  )

  it.prop(
    "lets at most 4 moves in 5 minutes and 8 in 60 be for anything but first failovers",
    [schedules()],
    ([steps]) => {
      const upkeep = new Play(rest, steps).flights.filter(({ purpose }) => purpose !== "Failover")
      for (const { upkeep: most, millis } of documented) assertAtMost(most, millis, stamps(upkeep))
    },
    often
  )

  it.prop(
    "grants a move by REST only if it has a place beside all before it, ours and those that it was told of",
    [schedules()],
    ([steps]) => {
      const { flights } = new Play(rest, steps)
      flights.forEach(({ grantedAt, known }, i) => {
        for (const { moves, millis } of documented) {
          const counted = [...known, ...stamps(flights.slice(0, i))].filter((at) => at > grantedAt - millis)
          assert.isBelow(counted.length, moves, `move ${i}, ${millis} ms`)
        }
      })
    },
    often
  )

  it.prop(
    "lets an address rest before upkeep by REST, and never sends two moves of one address side by side",
    [schedules()],
    ([steps]) => {
      for (const flights of byAddress(new Play(rest, steps).flights)) {
        assert.isFalse(flights.some(({ crowded }) => crowded))
        flights.forEach(({ purpose, grantedAt }, i) => {
          if (purpose === "Upkeep")
            assert.isFalse(stamps(flights.slice(0, i)).some((stamp) => stamp > grantedAt - 300_000))
        })
      }
    },
    often
  )

  it.prop(
    "keeps 6 places in 5 minutes and 12 in 60 for failovers",
    [schedules("Others", "Learn", "Refused")],
    ([steps]) => {
      new Play(rest, steps, ({ ledger, now, flights }) => {
        const mayCount = flights.filter(({ purpose, outcome }) => purpose === "Failover" && outcome !== "None")
        const within = (millis: number) => mayCount.filter(({ endedAt }) => (endedAt ?? now) > now - millis).length
        if (within(301_000) < 6 && within(3_601_000) < 12)
          assert.strictEqual(ask(ledger, rest, request(99), now)._tag, "Allowed")
      })
    },
    often
  )
})
