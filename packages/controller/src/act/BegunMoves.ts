/**
 * What leaders before us have begun at an account, as their ledger told when it was read, and what we have done nothing about since.
 */
import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import type * as Ledger from "@netcup-failover/core/Ledger"

/** Times in ms since the epoch, by the ledger's clock. */
export interface BegunMoves {
  /** In the place of what was known. */
  readonly learn: (entries: ReadonlyArray<Ledger.Entry>, now: number) => void
  readonly at: (now: number) => ReadonlyMap<Prefix, Ledger.Entry>
  /** These addresses are where they belong, or we may tell netcup something of them ourselves. */
  readonly forget: (prefixes: ReadonlyArray<Prefix>) => void
}

/**
 * For how long it is gone on with, in ms: what netcup has not done by then it does not do late either. Else an address that no group has, or
 * whose group is paused, would pull whichever group it is in at last, in days perhaps.
 */
const memory = 600_000

const nothing: ReadonlyMap<Prefix, Ledger.Entry> = new Map()

export const make = (): BegunMoves => {
  const moves = new Map<Prefix, Ledger.Entry>()
  let until = Number.NEGATIVE_INFINITY
  return {
    learn: (entries, now) => {
      moves.clear()
      for (const entry of entries) moves.set(entry.prefix, entry)
      until = now + memory
    },
    at: (now) => (now < until ? moves : nothing),
    forget: (prefixes) => {
      for (const prefix of prefixes) moves.delete(prefix)
    }
  }
}
