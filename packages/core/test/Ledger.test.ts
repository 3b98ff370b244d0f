import { assert, describe, it } from "@effect/vitest"
import { ask, intend } from "@netcup-failover/core/Allowance"
import * as Ledger from "@netcup-failover/core/Ledger"
import { restLimits, soapLimits } from "@netcup-failover/core/MoveLimits"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Play, prefix, request, schedules, stored } from "./LedgerPlay.ts"

const soap = soapLimits(301_000)
const rest = restLimits(301_000)
const now = 1_800_000_000_000

const two = intend(Ledger.empty, soap, [request(1), request(2)], now).ledger
const text = Schema.encodeSync(Ledger.LedgerText)(two)
const decode = Schema.decodeUnknownEffect(Ledger.LedgerText)

/** The stored text with one part of it replaced. */
const tampered = (from: string, to: string) => {
  assert.include(text, from)
  return text.replace(from, to)
}

const states = (ledger: Ledger.Ledger) => ledger.entries.map(({ id, state }) => [id, state._tag])

describe("the stored text", () => {
  it.prop(
    "holds all of a ledger",
    [schedules()],
    ([steps]) => {
      const { ledger } = new Play(rest, steps)
      assert.deepStrictEqual(stored(ledger), ledger)
    },
    { arbitrary: { size: 80 } }
  )

  it.effect("may have fields that a later version brings", () =>
    Effect.gen(function* () {
      const more = tampered(`"version":1`, `"version":1,"weather":{"sunny":true}`).replace(
        `"id":1`,
        `"id":1,"note":"x"`
      )
      assert.deepStrictEqual(yield* decode(more), two)
    })
  )

  it.effect.each([
    ["", "nothing at all"],
    ["{}", "nothing known"],
    ["[]", "another shape"],
    [text.slice(0, -1), "a text cut short"],
    [tampered(`"version":1`, `"version":2`), "another version"],
    [tampered(`"id":2`, `"id":1`), "an id twice"],
    [tampered(`"nextId":3`, `"nextId":2`), "a next id that is taken"],
    [tampered(`"nextId":3`, `"nextId":3.5`), "an id between two"],
    [tampered(`"_tag":"Intended"`, `"_tag":"Perhaps"`), "an unknown state"],
    [tampered(`"_tag":"Intended"`, `"_tag":"Done"`), "a move done at no time"],
    [tampered(`"purpose":"Failover"`, `"purpose":"Fun"`), "an unknown purpose"],
    [tampered(`"prefix":"198.51.100.1/32"`, `"prefix":""`), "an empty address"],
    [tampered(`"server":"s1"`, `"server":1`), "a server that is a number"],
    [tampered(`"changes":[]`, `"changes":[-1]`), "a time before all times"],
    [tampered(`"changes":[]`, `"changes":["2026-11-22T20:00:00Z"]`), "a time that is a text"],
    [tampered(`"closures":[]`, `"closures":[{"at":0,"until":1e300}]`), "a time that no Date can hold"],
    [tampered(`"closures":[]`, `"closures":null`), "no closures"]
  ])("is refused when it is not a ledger: %s (%s)", ([garbage]) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(decode(garbage)))._tag, "SchemaError")
    })
  )
})

describe("a move", () => {
  it("ends once", () => {
    assert.deepStrictEqual(states(two), [
      [1, "Intended"],
      [2, "Intended"]
    ])
    const ended = Ledger.unknown(Ledger.done(two, 1, now), 2, now)
    assert.deepStrictEqual(states(ended), [
      [1, "Done"],
      [2, "Unknown"]
    ])
    const late = Ledger.withdrawn(Ledger.unknown(Ledger.done(ended, 1, now + 9), 1, now + 9), 1)
    assert.deepStrictEqual(late, ended)
    assert.deepStrictEqual(Ledger.done(ended, 77, now), ended)
  })

  it("of unknown end stays open until somebody knows", () => {
    const open = (ledger: Ledger.Ledger) => Ledger.openMoves(ledger).map(({ id }) => id)
    const unknown = Ledger.unknown(Ledger.done(two, 1, now), 2, now)
    assert.deepStrictEqual(open(two), [1, 2])
    assert.deepStrictEqual(open(unknown), [2])
    assert.deepStrictEqual(open(Ledger.done(unknown, 2, now - 5)), [])
    assert.deepStrictEqual(Ledger.withdrawn(unknown, 2).entries.length, 1)
  })

  it("that was refused leaves only until when", () => {
    const refused = Ledger.refused(two, 1, prefix(1), now + 30_000, now)
    assert.deepStrictEqual(states(refused), [[2, "Intended"]])
    assert.deepStrictEqual(ask(refused, soap, request(1), now)._tag, "Waits")
    assert.deepStrictEqual(ask(refused, soap, request(1), now + 30_000)._tag, "Allowed")
  })

  it("of one that may have been killed may have been sent until the other takes over", () => {
    const restored = Ledger.restore(two, now + 5_000)
    assert.deepStrictEqual(
      restored.entries.map(({ state }) => state),
      [1, 2].map(() => ({ _tag: "Unknown", at: now + 5_000 }) as const)
    )
  })
})

describe("what a leader before us left behind", () => {
  const begun = (ledger: Ledger.Ledger, at = now) => Ledger.begun(ledger, at).map(({ id }) => id)

  it("is what may be under way, however old, and what ended within the last minute", () => {
    const ended = Ledger.unknown(Ledger.done(two, 1, now), 2, now)
    assert.deepStrictEqual(begun(two, now + 3_600_000), [1, 2])
    assert.deepStrictEqual(begun(ended, now + 59_999), [1, 2])
    assert.deepStrictEqual(begun(ended, now + 60_000), [])
  })

  it("is of each address the last that was begun, and nothing where its route was to be taken away", () => {
    const again = intend(Ledger.done(two, 1, now), soap, [request(1)], now + 400_000).ledger
    assert.deepStrictEqual(begun(again, now + 400_000), [2, 3])
    const unrouted = again.entries.map((entry) => (entry.id === 3 ? { ...entry, unroute: true as const } : entry))
    assert.deepStrictEqual(begun({ ...again, entries: unrouted }, now + 400_000), [2])
  })
})

describe("closures", () => {
  const waitsUntil = (ledger: Ledger.Ledger) => {
    const answer = ask(ledger, soap, request(1), now)
    return answer._tag === "Waits" ? answer.notBefore - now : 0
  }

  it("hold until the longest word on the same address, one for each", () => {
    const short = Ledger.close(Ledger.empty, prefix(1), now + 1_000, now)
    const both = Ledger.close(short, prefix(1), now + 2_000, now)
    assert.strictEqual(waitsUntil(both), 2_000)
    assert.deepStrictEqual(Ledger.close(both, prefix(1), now + 1_500, now), both)
    const others = Ledger.close(Ledger.close(both, undefined, now + 500, now), prefix(2), now + 9_000, now)
    assert.strictEqual(others.closures.length, 3)
    assert.strictEqual(waitsUntil(others), 2_000)
  })

  it("of a writer whose clock was an hour ahead last as long as they were to, counted from when another takes over", () => {
    const theirs = Ledger.close(Ledger.empty, prefix(1), now + 3_600_000 + 300_000, now + 3_600_000)
    assert.strictEqual(waitsUntil(Ledger.restore(theirs, now)), 300_000)
  })

  it("last no longer than the longest limit there is, whatever they say", () => {
    // Once stored, too: what no Date can hold would make the ledger unreadable.
    assert.strictEqual(waitsUntil(stored(Ledger.close(Ledger.empty, undefined, 1e18, now))), 3_600_000)
    const ahead = { ...Ledger.empty, closures: [{ at: now + 1e9, until: now + 2e9 }] }
    assert.strictEqual(waitsUntil(ahead), 3_600_000)
    assert.strictEqual(waitsUntil(Ledger.close(ahead, undefined, now + 1_000, now)), 3_600_000)
    const garbage = { ...Ledger.empty, closures: [{ at: now, until: 8e15 }] }
    assert.strictEqual(waitsUntil(garbage), 3_600_000)
  })
})
