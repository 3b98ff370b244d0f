import { assert, describe, it } from "@effect/vitest"
import * as Allowance from "@netcup-failover/core/Allowance"
import * as Contest from "@netcup-failover/core/Contest"
import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import * as Ledger from "@netcup-failover/core/Ledger"
import { soapLimits } from "@netcup-failover/core/MoveLimits"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as Arbitrary from "effect/Arbitrary"
import { prefix, stored } from "./LedgerPlay.ts"
import { oneOf, server } from "./Worlds.ts"

const address = prefix(1)
const home = server(1)
const limits = soapLimits(0)
const listed: ReadonlySet<Prefix> = new Set([address])
const minute = 60_000

type Sighting = Parameters<typeof Ledger.see>[1][number]

const sighting = (at: ServerName | undefined, more: Partial<Sighting> = {}): Sighting => ({
  prefix: address,
  home,
  at,
  wasHome: true,
  mark: "a",
  ...more
})

const see = (ledger: Ledger.Ledger, at: ServerName | undefined, now: number, more: Partial<Sighting> = {}) =>
  Ledger.see(ledger, [sighting(at, more)], listed, now)

const strayOf = ({ contest }: Ledger.Ledger) => contest?.strays.find((one) => one.prefix === address)

/** A move of ours, as far as `end` takes it. */
const moved = (
  ledger: Ledger.Ledger,
  to: ServerName,
  now: number,
  end: (ledger: Ledger.Ledger, id: number, at: number) => Ledger.Ledger = Ledger.arrived
): Ledger.Ledger => {
  const request = { prefix: address, server: to, purpose: "Upkeep" } as const
  const { ledger: intended, granted } = Allowance.intend(ledger, limits, [request], now)
  return end(intended, granted[0]?.id ?? 0, now)
}

/** Somebody moves it away so often, an hour of minutes apart, and we put it back each time that we may. */
const fought = (rounds: number, from = Ledger.empty): Ledger.Ledger =>
  Array.from({ length: rounds }, (_, i) => i * minute).reduce((ledger, now) => {
    const away = see(ledger, server(2), now)
    return strayOf(away)?.stopped === undefined ? moved(away, home, now) : away
  }, from)

describe("a contest", () => {
  it("stops at the third time within an hour, not at the second", () => {
    assert.isUndefined(strayOf(see(fought(1), server(2), 10 * minute))?.stopped)
    assert.strictEqual(strayOf(see(fought(2), server(2), 10 * minute))?.stopped, "a")
  })

  it("forgets a return after an hour, and nothing while it has stopped", () => {
    assert.isUndefined(strayOf(see(fought(2), server(2), Contest.memory))?.stopped)
    const stopped = see(fought(2), server(2), 10 * minute)
    assert.strictEqual(strayOf(see(stopped, server(2), 100 * Contest.memory))?.stopped, "a")
  })

  it("goes on when the operator acts, for two returns more", () => {
    const stopped = see(fought(2), server(2), 2 * minute)
    const acted = see(stopped, server(2), 3 * minute, { mark: "b" })
    assert.deepInclude(strayOf(acted), { returns: [] })
    assert.isUndefined(strayOf(acted)?.stopped)
    assert.isDefined(strayOf(acted)?.away)
  })

  it("holds nothing against who has put it back", () => {
    const stopped = see(fought(2), server(2), 2 * minute)
    assert.isUndefined(see(stopped, home, 3 * minute).contest)
  })

  it("stops at once at a new home, where a failover brought it in the middle of the fight", () => {
    const stopped = see(fought(2), server(2), 2 * minute)
    const next = { home: server(3) }
    const there = see(moved(stopped, server(3), 3 * minute), server(3), 3 * minute, next)
    assert.isUndefined(strayOf(there)?.stopped)
    assert.strictEqual(strayOf(see(there, server(2), 4 * minute, next))?.stopped, "a")
  })

  it("is over for addresses that no group has any more", () => {
    assert.isUndefined(Ledger.see(fought(2), [], new Set(), 3 * minute).contest)
  })
})

describe("what is no drift", () => {
  const away = (ledger: Ledger.Ledger, now = minute) => strayOf(see(ledger, server(2), now))

  it("is an address that was not known to be at home", () => {
    assert.isUndefined(strayOf(see(Ledger.empty, server(2), 0, { wasHome: false })))
    assert.isDefined(strayOf(see(Ledger.empty, server(2), 0)))
    assert.isDefined(strayOf(see(Ledger.empty, undefined, 0)))
  })

  it("is a move of ours that is under way, ended unknown, was taken last, or may come late", () => {
    assert.isUndefined(away(moved(Ledger.empty, server(2), 0, (ledger) => ledger)))
    assert.isUndefined(away(moved(Ledger.empty, server(2), 0, Ledger.unknown)))
    assert.isUndefined(away(moved(Ledger.empty, server(2), 0)))
    assert.isUndefined(away(moved(Ledger.empty, server(2), 0, Ledger.done)))
    assert.isUndefined(away(moved(Ledger.empty, server(2), 0, Ledger.lost)))
  })

  it("is not what comes to where we sent it no more, nor what comes after all is over", () => {
    assert.isDefined(away(moved(Ledger.empty, server(2), 0, Ledger.withdrawn)))
    assert.isDefined(away(moved(moved(Ledger.empty, server(2), 0), home, 1)))
    assert.isDefined(away(moved(Ledger.empty, server(2), 0, Ledger.lost), 11 * minute))
    assert.isDefined(away(moved(Ledger.empty, server(3), 0, Ledger.unknown)))
  })
})

describe("a return", () => {
  const stray = see(Ledger.empty, server(2), 0)

  it("counts once it has arrived, also when its answer was lost and it was found at home", () => {
    assert.deepStrictEqual(strayOf(moved(stray, home, minute))?.returns, [minute])
    const lost = moved(stray, home, minute, Ledger.lost)
    assert.deepStrictEqual(strayOf(lost)?.returns, [])
    assert.deepStrictEqual(strayOf(see(lost, home, 2 * minute))?.returns, [minute])
  })

  it("does not count when netcup moved nothing, or somebody else did", () => {
    for (const end of [Ledger.done, Ledger.withdrawn]) {
      assert.deepInclude(strayOf(moved(stray, home, minute, end)), { away: 0, returns: [] })
    }
    assert.isUndefined(strayOf(see(stray, home, minute)))
    assert.deepStrictEqual(strayOf(moved(stray, server(3), minute))?.returns, [])
  })
})

const step = Arbitrary.all({
  // The panel moves it, or moves it home; the operator acts; time passes; we look.
  act: oneOf<"Look" | "Away" | "Nowhere" | "Home" | "Operator">(
    "Look",
    "Look",
    "Away",
    "Away",
    "Nowhere",
    "Home",
    "Operator"
  ),
  millis: oneOf(0, 1_000, minute, 10 * minute, 40 * minute),
  /** What becomes of what we do at this look. */
  end: oneOf<"Arrives" | "Fails" | "Lost">("Arrives", "Arrives", "Arrives", "Fails", "Lost"),
  /** Whether there is another leader from here on, who knows what is stored. */
  restarts: oneOf(false, true)
})

interface Play {
  ledger: Ledger.Ledger
  at: ServerName | undefined
  mark: number
  now: number
}

/** Plays a schedule; gives when we had put it back, in lists that begin anew with each pardon. */
const play = (steps: ReadonlyArray<typeof step extends Arbitrary.Arbitrary<infer A> ? A : never>, keep: boolean) => {
  const state: Play = { ledger: Ledger.empty, at: home, mark: 0, now: 0 }
  const fights: Array<Array<number>> = [[]]
  const texts: Array<string> = []
  for (const { act, millis, end, restarts } of steps) {
    state.now += millis
    if (act === "Away") state.at = server(2)
    if (act === "Nowhere") state.at = undefined
    if (act === "Operator") state.mark += 1
    if (act === "Home") state.at = home
    const before = strayOf(state.ledger)
    if (keep && restarts) state.ledger = stored(Ledger.restore(state.ledger, state.now))
    state.ledger = see(state.ledger, state.at, state.now, { mark: `${state.mark}` })
    const stray = strayOf(state.ledger)
    if (before?.stopped !== undefined && stray?.stopped === undefined) fights.push([])
    if (stray?.away !== undefined && stray.stopped === undefined) {
      if (end === "Arrives") {
        state.ledger = moved(state.ledger, home, state.now)
        state.at = home
        fights.at(-1)?.push(state.now)
      } else state.ledger = moved(state.ledger, home, state.now, end === "Lost" ? Ledger.lost : Ledger.done)
    }
    texts.push(JSON.stringify(strayOf(state.ledger) ?? null))
  }
  return { fights, texts }
}

describe("whatever happens", () => {
  const often = { arbitrary: { runs: 500, size: 60 } }
  const schedule = Arbitrary.array(step, { maxLength: 40 })

  it.prop(
    "nobody is fought for more than two returns an hour, unless the operator acts or the other gives in",
    [schedule],
    ([steps]) => {
      for (const returns of play(steps, true).fights)
        for (const last of returns)
          assert.isAtMost(returns.filter((at) => at > last - Contest.memory && at <= last).length, Contest.enough)
    },
    often
  )

  it.prop(
    "another leader, who knows what is stored, decides the same at every step",
    [schedule],
    ([steps]) => assert.deepStrictEqual(play(steps, true).texts, play(steps, false).texts),
    often
  )
})
