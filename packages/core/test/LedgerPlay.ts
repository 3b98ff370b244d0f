/**
 * Schedules of what may happen to a ledger, played against a netcup that knows nothing of it: it counts what arrives, by a clock of
 * its own that is ahead of ours by up to a second.
 */
import { assert } from "@effect/vitest"
import { intend, type MoveRequest } from "@netcup-failover/core/Allowance"
import { Prefix } from "@netcup-failover/core/FailoverAddress"
import * as Ledger from "@netcup-failover/core/Ledger"
import type { MoveLimits, Purpose } from "@netcup-failover/core/MoveLimits"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { oneOf, server } from "./Worlds.ts"

export const prefix = (n: number): Prefix => Prefix.make(`198.51.100.${n}/32`)

export const request = (n: number, purpose: Purpose = "Failover"): MoveRequest => ({
  prefix: prefix(n),
  server: server(1),
  purpose
})

/** One of each kind for addresses that schedules move, and one that they never do. */
export const everyRequest: ReadonlyArray<MoveRequest> = [1, 2, 3, 99].flatMap((n) => [
  request(n, "Failover"),
  request(n, "Repetition"),
  request(n, "Upkeep")
])

/** What the journey to a ConfigMap and back leaves of a ledger. */
export const stored = (ledger: Ledger.Ledger): Ledger.Ledger =>
  Schema.decodeSync(Ledger.LedgerText)(Schema.encodeSync(Ledger.LedgerText)(ledger))

const acts = [
  "Intend",
  "Hurry",
  "Advance",
  "Arrive",
  "Done",
  "Unknown",
  "Refused",
  "Withdrawn",
  "Resolve",
  "Kill",
  "Others",
  "AskRecord",
  "Learn",
  "Prune"
] as const
type Act = (typeof acts)[number]
const filling = ["Intend", "Intend", "Arrive", "Done", "Done", "Hurry"] as const

const step = (among: ReadonlyArray<Act>) =>
  Arbitrary.all({
    // Mostly what fills the windows: a ledger that is nearly empty meets no limit.
    act: oneOf<Act>(...filling, ...filling, ...filling, ...among),
    pick: oneOf(0, 1, 2, 3, 4, 5),
    /** For all that are on their way, or for one. */
    all: oneOf(true, true, false),
    millis: oneOf(0, 1, 500, 1_000, 10_000, 30_000, 60_000, 100_000, 200_000, 300_000, 301_000, 1_200_000, 3_600_000),
    skew: oneOf(0, 1, 500, 1_000),
    account: oneOf(true, false),
    requests: Arbitrary.array(
      Arbitrary.map(
        Arbitrary.all({
          n: oneOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
          purpose: oneOf<Purpose>("Failover", "Failover", "Repetition", "Upkeep")
        }),
        ({ n, purpose }) => request(n, purpose)
      ),
      { minLength: 1, maxLength: 8 }
    )
  })

type Step = ReturnType<typeof step> extends Arbitrary.Arbitrary<infer A> ? A : never

/** Schedules of everything that may happen, without some of it. */
export const schedules = (...without: ReadonlyArray<Act>): Arbitrary.Arbitrary<ReadonlyArray<Step>> =>
  Arbitrary.array(step(acts.filter((act) => !without.includes(act))), { minLength: 20, maxLength: 80 })

/** A move of ours, as it really went. `stamp`: when netcup counted it, by its clock. */
export interface Flight {
  readonly id: number
  readonly prefix: Prefix
  readonly purpose: Purpose
  readonly grantedAt: number
  /** The changes of others that the ledger knew of when it was granted. */
  readonly known: ReadonlyArray<number>
  /** Whether it was granted while another move of the address was on its way. */
  readonly crowded: boolean
  arrivedAt: number | undefined
  stamp: number | undefined
  /** `true` while its call lasts: it may arrive at any moment. */
  live: boolean
  endedAt: number | undefined
  outcome: "Done" | "Unknown" | "None" | undefined
}

export class Play {
  ledger = Ledger.empty
  now = 1_000_000_000
  readonly flights: Array<Flight> = []
  private others: ReadonlyArray<number> = []
  private known: ReadonlyArray<number> = []
  private asked: {
    readonly asOf: number
    readonly changes: ReadonlyArray<number>
    readonly others: ReadonlyArray<number>
  } = { asOf: 0, changes: [], others: [] }
  private readonly limits: MoveLimits

  constructor(limits: MoveLimits, steps: ReadonlyArray<Step>, each: (play: Play) => void = () => {}) {
    this.limits = limits
    for (const one of steps) {
      this.take(one)
      each(this)
    }
  }

  private intend(requests: ReadonlyArray<MoveRequest>): number {
    const { ledger, granted, waiting } = intend(this.ledger, this.limits, requests, this.now)
    this.ledger = ledger
    for (const { id, request } of granted) {
      const crowded = this.flights.some(({ live, prefix }) => live && prefix === request.prefix)
      this.flights.push({
        id,
        prefix: request.prefix,
        purpose: request.purpose,
        grantedAt: this.now,
        known: this.known,
        crowded,
        arrivedAt: undefined,
        stamp: undefined,
        live: true,
        endedAt: undefined,
        outcome: undefined
      })
    }
    return Math.min(...waiting.map(({ notBefore }) => notBefore))
  }

  private arrive(flight: Flight, skew: number): void {
    if (flight.arrivedAt !== undefined) return
    flight.arrivedAt = this.now
    flight.stamp = this.now + skew
  }

  private end(flight: Flight, outcome: NonNullable<Flight["outcome"]>): void {
    flight.live = false
    flight.endedAt = this.now
    flight.outcome = outcome
  }

  private take({ act, pick, all, millis, skew, account, requests }: Step): void {
    const live = this.flights.filter((flight) => flight.live)
    const flight = live[pick % Math.max(1, live.length)]
    const chosen = all ? live : live.slice(0, 1)
    switch (act) {
      case "Intend":
        this.intend(requests)
        return
      case "Hurry": {
        // Whoever waits comes back at the very moment that it was told.
        const soonest = this.intend(requests)
        if (soonest === Number.POSITIVE_INFINITY) return
        this.now = soonest
        this.intend(requests)
        return
      }
      case "Advance":
        this.now += millis
        return
      case "Arrive":
        for (const one of chosen) this.arrive(one, skew)
        return
      case "Done":
        for (const one of chosen) {
          this.arrive(one, skew)
          this.ledger = Ledger.done(this.ledger, one.id, this.now)
          this.end(one, "Done")
        }
        return
      case "Unknown":
        if (flight === undefined) return
        this.ledger = Ledger.unknown(this.ledger, flight.id, this.now)
        this.end(flight, "Unknown")
        return
      case "Refused":
        if (flight === undefined || flight.arrivedAt !== undefined) return
        this.ledger = Ledger.refused(
          this.ledger,
          flight.id,
          account ? undefined : flight.prefix,
          this.now + Math.min(millis, 300_000),
          this.now
        )
        this.end(flight, "None")
        return
      case "Withdrawn":
        if (flight === undefined || flight.arrivedAt !== undefined) return
        this.ledger = Ledger.withdrawn(this.ledger, flight.id)
        this.end(flight, "None")
        return
      case "Resolve": {
        const unknown = this.flights.filter(({ outcome }) => outcome === "Unknown")
        const found = unknown[pick % Math.max(1, unknown.length)]
        if (found === undefined) return
        const { id, arrivedAt } = found
        this.ledger =
          arrivedAt === undefined ? Ledger.withdrawn(this.ledger, id) : Ledger.done(this.ledger, id, arrivedAt)
        found.outcome = arrivedAt === undefined ? "None" : "Done"
        return
      }
      case "Kill":
        this.ledger = Ledger.restore(stored(this.ledger), this.now)
        for (const one of live) this.end(one, "Unknown")
        return
      case "Others":
        this.others = [...this.others, ...Array.from({ length: pick }, () => this.now + skew)]
        return
      case "AskRecord": {
        const ours = this.flights.flatMap(({ stamp }) => (stamp === undefined ? [] : [stamp]))
        const changes = [...ours, ...this.others].filter((at) => at > this.now - 3_600_000)
        this.asked = { asOf: this.now, changes, others: this.others }
        // An answer takes its time: what is done meanwhile may be missing in it.
        this.now += 1
        return
      }
      case "Learn":
        this.ledger = Ledger.learn(this.ledger, this.asked.changes, this.asked.asOf)
        this.known = this.asked.others
        return
      case "Prune":
        this.ledger = Ledger.prune(this.ledger, this.limits, this.now)
        return
    }
  }
}

/** Fails when more than `most` of the moments are within any `millis`. */
export const assertAtMost = (most: number, millis: number, moments: ReadonlyArray<number>): void => {
  for (const last of moments) {
    const within = moments.filter((at) => at > last - millis && at <= last)
    assert.isAtMost(within.length, most, `within ${millis} ms before ${last}`)
  }
}
