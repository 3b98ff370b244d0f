/**
 * How often netcup lets addresses move, as arithmetic. What each API limits: netcup's documentation of its server control panel.
 */
import * as Schema from "effect/Schema"

/**
 * What a move is for: bringing addresses back to life (`Failover`), the same once more after netcup may have counted a move that came to
 * nothing (`Repetition`: as urgent, but one broken address must not spend what others need), or anything that can wait (`Upkeep`:
 * drift, failback, rebalance).
 */
export const Purpose = Schema.Literals(["Failover", "Repetition", "Upkeep"])
export type Purpose = typeof Purpose.Type

/** At most `moves` within any `millis`; of these at most `upkeep` for anything but first failovers. Both at least 1. */
export interface Window {
  readonly moves: number
  readonly upkeep: number
  readonly millis: number
}

/** What netcup allows on one account. `perAddress`: how long an address rests after a move before the next of that purpose (ms). */
export interface MoveLimits {
  readonly perAddress: { readonly [P in Purpose]: number }
  readonly perAccount: ReadonlyArray<Window>
}

/** netcup's clock and ours tick apart, and a request takes its time to arrive. */
const margin = 1_000
const minutes = 60_000

/** SOAP: an address moves once in `moveIntervalMillis`, whatever for; netcup says 5 minutes. */
export const soapLimits = (moveIntervalMillis: number): MoveLimits => ({
  perAddress: { Failover: moveIntervalMillis, Repetition: moveIntervalMillis, Upkeep: moveIntervalMillis },
  perAccount: []
})

/** REST: 10 in 5 minutes and 20 in 60 for the account. No rest of an address is documented: failovers take none. */
export const restLimits = (moveIntervalMillis: number): MoveLimits => ({
  perAddress: { Failover: 0, Repetition: 0, Upkeep: moveIntervalMillis },
  perAccount: [
    { moves: 10, upkeep: 4, millis: 5 * minutes + margin },
    { moves: 20, upkeep: 8, millis: 60 * minutes + margin }
  ]
})
