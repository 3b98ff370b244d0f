import { assert, describe, it } from "@effect/vitest"
import { ask, intend, Limit } from "@netcup-failover/core/Allowance"
import * as Ledger from "@netcup-failover/core/Ledger"
import { type MoveLimits, type Purpose, restLimits, soapLimits } from "@netcup-failover/core/MoveLimits"
import * as Arbitrary from "effect/Arbitrary"
import { everyRequest, Play, prefix, request, schedules, stored } from "./LedgerPlay.ts"
import { oneOf } from "./Worlds.ts"

const often = { arbitrary: { runs: 300, size: 80 } }
const rest = restLimits(301_000)
const soap = soapLimits(301_000)
const anyLimits = oneOf<MoveLimits>(rest, soap, restLimits(0), soapLimits(0))
const [plain = request(1), ...otherRequests] = everyRequest
const anyRequest = oneOf(plain, ...otherRequests)
const later = oneOf(0, 1, 999, 60_000, 301_000, 1_000_000, 3_601_000)
const hour = 3_601_000

const answers = (ledger: Ledger.Ledger, limits: MoveLimits, now: number) =>
  everyRequest.map((wish) => ask(ledger, limits, wish, now))

const isOpen = ({ state }: Ledger.Entry) => state._tag === "Intended"

/** The ledger if what is intended happens now. */
const happened = (ledger: Ledger.Ledger, now: number): Ledger.Ledger =>
  ledger.entries.filter(isOpen).reduce((next, { id }) => Ledger.done(next, id, now), ledger)

/** A ledger whose moves were done at these moments, each of another address. */
const history = (moments: ReadonlyArray<number>, purpose: Purpose = "Failover"): Ledger.Ledger => ({
  ...Ledger.empty,
  nextId: moments.length + 1,
  entries: moments.map((at, i) => ({
    id: i + 1,
    ...request(i + 1, purpose),
    intendedAt: at,
    state: { _tag: "Done", at },
    recorded: false
  }))
})

describe("ask", () => {
  it.prop(
    "tells the truth: refused until a millisecond before, allowed at the moment itself",
    [anyLimits, schedules()],
    ([limits, steps]) => {
      const { ledger: played, now } = new Play(limits, steps)
      // netcup's clock is ahead, and what it dates in the future counts as now.
      const ledger = Ledger.upTo(played, now)
      for (const wish of everyRequest) {
        const answer = ask(ledger, limits, wish, now)
        if (answer._tag === "Allowed") continue
        const { notBefore } = answer
        assert.isAbove(notBefore, now)
        assert.strictEqual(ask(happened(ledger, now), limits, wish, notBefore)._tag, "Allowed")
        const just = notBefore - 1 === now ? ledger : happened(ledger, now)
        const before = ask(just, limits, wish, notBefore - 1)
        assert.deepStrictEqual(before._tag === "Waits" ? before.notBefore : before, notBefore)
      }
    },
    often
  )

  it.prop(
    "does not care in which order things are written",
    [anyLimits, schedules()],
    ([limits, steps]) => {
      const { ledger, now } = new Play(limits, steps)
      const { entries, changes, closures } = ledger
      const reversed = {
        ...ledger,
        entries: [...entries].reverse(),
        changes: [...changes].reverse(),
        closures: [...closures].reverse()
      }
      assert.deepStrictEqual(answers(reversed, limits, now), answers(ledger, limits, now))
      const pruned = Ledger.prune(reversed, limits, now)
      assert.sameDeepMembers([...pruned.entries], [...Ledger.prune(ledger, limits, now).entries])
    },
    often
  )

  it.prop(
    "never takes a clock that runs ahead for more than a whole window",
    [anyLimits, schedules("Kill"), oneOf(1, 1_000, 300_000, hour, 1e10)],
    ([limits, steps, ahead]) => {
      const play = new Play(limits, steps)
      const now = play.now - ahead
      for (const wish of everyRequest) {
        const answer = ask(play.ledger, limits, wish, now)
        if (answer._tag === "Allowed") continue
        assert.isAtMost(answer.notBefore, now + hour)
        // Once somebody has taken it over, that holds as time goes by.
        const restored = Ledger.restore(play.ledger, now)
        assert.strictEqual(ask(restored, limits, wish, now + hour)._tag, "Allowed")
        const pruned = happened(Ledger.prune(play.ledger, limits, now), now)
        assert.strictEqual(ask(pruned, limits, wish, now + hour)._tag, "Allowed")
      }
    },
    often
  )

  it.prop(
    "counts no move of ours twice that netcup's record has too",
    [schedules("Others", "AskRecord", "Learn")],
    ([steps]) => {
      const { ledger, now, flights } = new Play(rest, steps)
      const settled = happened(ledger, now)
      const record = flights.flatMap(({ arrivedAt }) => (arrivedAt === undefined ? [] : [arrivedAt]))
      const learnt = Ledger.learn(settled, record, now)
      assert.deepStrictEqual(answers(learnt, rest, now), answers(settled, rest, now))
      // The record that is read next takes the place of this one.
      assert.deepStrictEqual(Ledger.learn(learnt, record, now), learnt)
    },
    often
  )

  it("says which limit it is that gives way last", () => {
    const now = 10_000_000
    const [short, long] = rest.perAccount
    if (short === undefined || long === undefined) return assert.fail("two windows")
    const waits = (ledger: Ledger.Ledger, limits: MoveLimits, n: number, purpose: Purpose = "Failover") => {
      const answer = ask(ledger, limits, request(n, purpose), now)
      return answer._tag === "Waits" ? [answer.limit, answer.notBefore - now] : []
    }
    const times = (count: number, at: number) => Array.from({ length: count }, () => at)
    const intended = intend(Ledger.empty, soap, [request(1)], now).ledger
    assert.deepStrictEqual(waits(intended, soap, 1), [Limit.UnderWay(), 301_000])
    assert.deepStrictEqual(waits(Ledger.restore(intended, now), soap, 1), [Limit.AddressRest(), 301_000])
    assert.deepStrictEqual(waits(history([now - 1]), soap, 1), [Limit.AddressRest(), 300_999])
    assert.deepStrictEqual(waits(history(times(10, now - 1_000)), rest, 99), [
      Limit.WindowFull({ window: short }),
      300_000
    ])
    assert.deepStrictEqual(waits(history(times(20, now - 1_000_000)), rest, 99), [
      Limit.WindowFull({ window: long }),
      2_601_000
    ])
    assert.deepStrictEqual(waits(history(times(4, now), "Upkeep"), rest, 99, "Upkeep"), [
      Limit.Reserved({ window: short }),
      301_000
    ])
    assert.deepStrictEqual(waits(history(times(8, now - 400_000), "Upkeep"), rest, 99, "Upkeep"), [
      Limit.Reserved({ window: long }),
      3_201_000
    ])
    const closed = Ledger.close(Ledger.empty, prefix(1), now + 30_000, now)
    assert.deepStrictEqual(waits(closed, soap, 1), [Limit.AddressClosed(), 30_000])
    assert.deepStrictEqual(waits(closed, soap, 2), [])
    const allClosed = Ledger.close(closed, undefined, now + 20_000, now)
    assert.deepStrictEqual(waits(allClosed, rest, 2), [Limit.AccountClosed(), 20_000])
    assert.deepStrictEqual(waits(allClosed, rest, 1), [Limit.AddressClosed(), 30_000])
  })

  it("lets a failover by REST follow a move of the same address at once, and upkeep wait", () => {
    const ledger = history([1_000])
    assert.strictEqual(ask(ledger, rest, request(1), 1_000)._tag, "Allowed")
    assert.strictEqual(ask(ledger, rest, request(1, "Upkeep"), 301_999)._tag, "Waits")
    assert.strictEqual(ask(ledger, rest, request(1, "Upkeep"), 302_000)._tag, "Allowed")
  })

  it("lets a repetition by REST go at once too, but only from what can be spent on anything", () => {
    const now = 10_000_000
    assert.strictEqual(ask(history([now]), rest, request(1, "Repetition"), now)._tag, "Allowed")
    const spent = history([now, now, now, now], "Repetition")
    const answer = ask(spent, rest, request(99, "Repetition"), now)
    assert.deepInclude(answer, { _tag: "Waits", notBefore: now + 301_000 })
    assert.strictEqual(ask(spent, rest, request(99), now)._tag, "Allowed")
    assert.strictEqual(ask(history([now]), soap, request(1, "Repetition"), now)._tag, "Waits")
  })

  it("counts what others move against what can wait, not against the places of failovers", () => {
    const now = 10_000_000
    const four = Ledger.learn(Ledger.empty, [now, now, now, now], now)
    assert.strictEqual(ask(four, rest, request(1, "Upkeep"), now)._tag, "Waits")
    assert.strictEqual(ask(four, rest, request(1), now)._tag, "Allowed")
    const three = Ledger.learn(history([now - 1, now - 1]), [now, now - 1, now - 1, now, now], now)
    assert.strictEqual(ask(three, rest, request(9, "Upkeep"), now)._tag, "Allowed")
  })

  it("says that a move for which no limit has a place never comes", () => {
    const none: MoveLimits = { ...rest, perAccount: [{ moves: 0, upkeep: 0, millis: 1_000 }] }
    const answer = ask(Ledger.empty, none, request(1), 0)
    assert.strictEqual(answer._tag === "Waits" ? answer.notBefore : 0, Number.POSITIVE_INFINITY)
  })
})

describe("a restart", () => {
  it.prop(
    "changes no answer at that moment, except that what was under way no longer is",
    [anyLimits, schedules()],
    ([limits, steps]) => {
      const { ledger, now } = new Play(limits, steps)
      const restored = Ledger.restore(stored(ledger), now)
      for (const wish of everyRequest) {
        const [before, after] = [ask(ledger, limits, wish, now), ask(restored, limits, wish, now)]
        const underWay = before._tag === "Waits" && before.limit._tag === "UnderWay"
        if (!underWay) assert.deepStrictEqual(after, before)
        else if (limits.perAddress[wish.purpose] > 0)
          assert.deepStrictEqual(after, { ...before, limit: Limit.AddressRest() })
      }
    },
    often
  )

  it.prop(
    "changes nothing when nothing is in flight",
    [anyLimits, schedules()],
    ([limits, steps]) => {
      const { ledger, now } = new Play(limits, steps)
      // The record of netcup, whose clock is ahead, is of the past by then.
      const idle = happened(ledger, now)
      assert.deepStrictEqual(Ledger.restore(stored(idle), now + 1_000), idle)
    },
    often
  )
})

describe("prune", () => {
  it.prop(
    "changes no answer, now or later",
    [anyLimits, schedules("Prune"), later],
    ([limits, steps, wait]) => {
      const { ledger, now } = new Play(limits, steps)
      const at = now + 1_000
      const pruned = Ledger.prune(ledger, limits, at)
      assert.deepStrictEqual(answers(pruned, limits, at), answers(ledger, limits, at))
      assert.deepStrictEqual(answers(pruned, limits, at + wait), answers(ledger, limits, at + wait))
    },
    often
  )

  it.prop(
    "leaves no more than the limits and the addresses make, and in the end nothing but what is intended",
    [oneOf<MoveLimits>(rest, soap), schedules("Prune")],
    ([limits, steps]) => {
      const { ledger, now } = new Play(limits, steps)
      const { entries, closures } = Ledger.prune(ledger, limits, now)
      // Twelve addresses: one move in sight of each by SOAP, twenty in all by REST, and one unknown end of each.
      assert.isAtMost(entries.length, (limits === soap ? 12 : 20) + 12)
      assert.isAtMost(closures.length, 13)
      const { entries: left, changes, closures: closed } = Ledger.prune(ledger, limits, now + hour + 1_000)
      assert.deepStrictEqual([left.every(isOpen), changes.length, closed.length], [true, 0, 0])
    },
    often
  )

  it("keeps of a record no more than fills the widest window", () => {
    const changes = Array.from({ length: 200 }, (_, i) => 1_000_000 + i)
    const learnt = Ledger.learn(Ledger.empty, changes, 2_000_000)
    const pruned = Ledger.prune(learnt, rest, 2_000_000)
    assert.strictEqual(pruned.changes.length, 20)
    assert.deepStrictEqual(answers(pruned, rest, 2_000_000), answers(learnt, rest, 2_000_000))
    assert.deepStrictEqual(Ledger.prune(learnt, soap, 2_000_000).changes, [])
  })

  it("keeps an unknown end for an hour where it is the last word on its address", () => {
    const { ledger } = intend(Ledger.empty, soap, [request(1), request(2)], 0)
    const unknown = Ledger.unknown(Ledger.unknown(ledger, 1, 1_000), 2, 1_000)
    const again = intend(unknown, soap, [request(2)], 400_000).ledger
    const idsAt = (now: number) => Ledger.openMoves(Ledger.prune(again, soap, now)).map(({ id }) => id)
    assert.deepStrictEqual(idsAt(400_000), [1, 3])
    assert.deepStrictEqual(idsAt(3_600_999), [1, 3])
    assert.deepStrictEqual(idsAt(3_601_000), [3])
  })
})

describe("intend", () => {
  it.prop(
    "gives the free places to the first that are allowed",
    [oneOf(0, 3, 5, 9, 10), oneOf(0, 1, 4, 8, 12)],
    ([used, asked]) => {
      const now = 10_000_000
      const requests = Array.from({ length: asked }, (_, i) => request(50 + i))
      const ledger = history(Array.from({ length: used }, () => now - 1_000))
      const { granted, waiting } = intend(ledger, rest, requests, now)
      assert.deepStrictEqual(
        granted.map(({ request }) => request),
        requests.slice(0, 10 - used)
      )
      assert.deepStrictEqual(
        waiting.map(({ request }) => request),
        requests.slice(10 - used)
      )
      // The place that frees first is taken before, and theirs only when those are through that were granted now.
      for (const { notBefore } of waiting) assert.strictEqual(notBefore, now + (used === 0 ? 301_000 : 300_000))
    }
  )

  it.prop(
    "grants together what it would grant one after another, and tells those that wait what they would be told afterwards",
    [anyLimits, schedules(), Arbitrary.array(anyRequest, { maxLength: 12 })],
    ([limits, steps, requests]) => {
      const { ledger, now } = new Play(limits, steps)
      const together = intend(ledger, limits, requests, now)
      const oneByOne = requests.reduce<{ ledger: Ledger.Ledger; granted: ReadonlyArray<unknown> }>(
        (before, one) => {
          const allowed = ask(before.ledger, limits, one, now)._tag === "Allowed"
          const after = intend(before.ledger, limits, [one], now)
          assert.strictEqual(after.granted.length, allowed ? 1 : 0)
          return { ledger: after.ledger, granted: [...before.granted, ...after.granted] }
        },
        { ledger, granted: [] }
      )
      assert.deepStrictEqual(together.granted, oneByOne.granted as typeof together.granted)
      assert.strictEqual(together.granted.length + together.waiting.length, requests.length)
      for (const { request, notBefore, limit } of together.waiting)
        assert.deepStrictEqual(ask(together.ledger, limits, request, now), { _tag: "Waits", notBefore, limit } as const)
      const written = together.ledger.entries.filter(({ id }) => id >= ledger.nextId)
      assert.deepStrictEqual(
        written.map(({ id, prefix, server, purpose, state }) => ({ id, request: { prefix, server, purpose }, state })),
        together.granted.map((one) => ({ ...one, state: { _tag: "Intended" } as const }))
      )
    },
    often
  )

  it.prop(
    "never gives an id twice",
    [schedules()],
    ([steps]) => {
      const ids = new Play(restLimits(0), steps).flights.map(({ id }) => id)
      assert.strictEqual(new Set(ids).size, ids.length)
    },
    often
  )
})
