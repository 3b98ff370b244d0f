/**
 * What the ledger of an account allows: nothing is sent that is known to be refused, and nothing waits longer than it must.
 *
 * Guarantee (with {@link MoveLimits} that are netcup's): whatever subset of the unknown moves arrived, and whenever, netcup never
 * counts more than a window's `moves`, nor two moves of an address within its rest. For each move was granted while all that were
 * granted before it were counted, none earlier than it may have arrived; and what left a window's sight by then had arrived
 * a window earlier than anything that is sent from then on.
 *
 * netcup's record has our moves too. Those that ended before it was asked for are in it, if they arrived: of them and the record
 * the larger number counts. Later ones, and those under way, count beside it. So nothing counts twice for lack of a common name, and
 * nothing is missed.
 */
import * as Data from "effect/Data"
import { Prefix } from "./FailoverAddress.ts"
import * as Ledger from "./Ledger.ts"
import type { MoveLimits, Purpose, Window } from "./MoveLimits.ts"
import type { ServerName } from "./ServerName.ts"

/** What stands against a move. */
export type Limit = Data.TaggedEnum<{
  /** netcup said no to all of the account. */
  AccountClosed: {}
  /** netcup said no to the address. */
  AddressClosed: {}
  /** A move of the address may be sent at any moment, or be on its way. */
  UnderWay: {}
  /** The address was moved too recently. */
  AddressRest: {}
  /** The account has used all moves of the window. */
  WindowFull: { readonly window: Window }
  /** What is left of the window is kept for failovers. */
  Reserved: { readonly window: Window }
}>
export const Limit = Data.taggedEnum<Limit>()

/**
 * `notBefore` (ms since the epoch): the earliest moment at which the move is allowed if what is intended happens now, and nothing
 * else does. `limit`: the one that gives way last, at that moment.
 */
export type Answer = Data.TaggedEnum<{
  Allowed: {}
  Waits: { readonly notBefore: number; readonly limit: Limit }
}>
export const Answer = Data.taggedEnum<Answer>()

/** A move that is asked for. */
export interface Wish {
  readonly prefix: Prefix
  readonly purpose: Purpose
}

/** A wish with all that it takes to be sent. */
export interface MoveRequest extends Wish {
  /** Where it goes to, or what it is taken from. */
  readonly server: ServerName
  readonly unroute?: true
}

/** A move as the limits see it. */
interface Count extends Wish {
  readonly at: number
  readonly recorded: boolean
  readonly underWay: boolean
}

/** The ledger as it is seen at one moment. */
interface View {
  readonly counts: ReadonlyArray<Count>
  readonly changes: ReadonlyArray<number>
  readonly closures: ReadonlyArray<Ledger.Closure>
}

const look = (ledger: Ledger.Ledger, now: number): View => {
  const { entries, changes, closures } = Ledger.upTo(ledger, now)
  const counts = entries.map(({ prefix, purpose, recorded, state }) => {
    const underWay = state._tag === "Intended"
    return { prefix, purpose, recorded, at: underWay ? now : state.at, underWay }
  })
  return { counts, changes, closures }
}

/** When an address may move again after a move. Two moves of one are never under way together, even where it takes no rest. */
const restedAt = ({ at, underWay }: Count, rest: number): number => at + (underWay ? Math.max(rest, 1) : rest)

const concerns =
  ({ prefix }: Wish) =>
  (closure: Ledger.Closure): boolean =>
    closure.prefix === undefined || closure.prefix === prefix

/** How many moves a window has in sight, and how many of them out of the share that can wait. */
const usage = ({ counts, changes }: View, window: Window, at: number) => {
  const inSight = counts.filter((count) => at < count.at + window.millis)
  const recorded = inSight.filter((count) => count.recorded).length
  const told = changes.filter((change) => at < change + window.millis).length
  const used = inSight.length - recorded + Math.max(recorded, told)
  const failovers = inSight.filter(({ purpose }) => purpose === "Failover").length
  // What others move is none of our failovers: it comes out of the share that can wait.
  return { used, upkeep: used - failovers }
}

const fullness = (view: View, window: Window, wish: Wish, at: number): Limit | undefined => {
  const { used, upkeep } = usage(view, window, at)
  if (used >= window.moves) return Limit.WindowFull({ window })
  return wish.purpose !== "Failover" && upkeep >= window.upkeep ? Limit.Reserved({ window }) : undefined
}

/** What stands against a move at a moment, seen from one that is not later. */
const limitAt = (view: View, limits: MoveLimits, wish: Wish, at: number): Limit | undefined => {
  const closures = view.closures.filter((closure) => concerns(wish)(closure) && at < Ledger.closedUntil(closure))
  if (closures.some(({ prefix }) => prefix === undefined)) return Limit.AccountClosed()
  if (closures.length > 0) return Limit.AddressClosed()
  const rest = limits.perAddress[wish.purpose]
  const restless = view.counts.filter((count) => count.prefix === wish.prefix && at < restedAt(count, rest))
  if (restless.some(({ underWay }) => underWay)) return Limit.UnderWay()
  if (restless.length > 0) return Limit.AddressRest()
  for (const window of limits.perAccount) {
    const full = fullness(view, window, wish, at)
    if (full !== undefined) return full
  }
  return undefined
}

/** Every moment at which something that stands against a move may give way. */
const turns = ({ counts, changes, closures }: View, limits: MoveLimits, wish: Wish): ReadonlyArray<number> => {
  const moved = [...counts.map(({ at }) => at), ...changes]
  return [
    ...closures.filter(concerns(wish)).map(Ledger.closedUntil),
    ...counts
      .filter(({ prefix }) => prefix === wish.prefix)
      .map((count) => restedAt(count, limits.perAddress[wish.purpose])),
    ...limits.perAccount.flatMap(({ millis }) => moved.map((at) => at + millis))
  ]
}

/** Whether a move may be sent now, and if not: when, and what stands against it. */
export const ask = (ledger: Ledger.Ledger, limits: MoveLimits, wish: Wish, now: number): Answer => {
  const view = look(ledger, now)
  let limit = limitAt(view, limits, wish, now)
  if (limit === undefined) return Answer.Allowed()
  for (const turn of [...new Set(turns(view, limits, wish))].sort((a, b) => a - b)) {
    if (turn <= now) continue
    const next = limitAt(view, limits, wish, turn)
    if (next === undefined) return Answer.Waits({ notBefore: turn, limit })
    limit = next
  }
  return Answer.Waits({ notBefore: Number.POSITIVE_INFINITY, limit })
}

export interface Intention<A extends MoveRequest> {
  /** To be written before anything of `granted` is sent. */
  readonly ledger: Ledger.Ledger
  readonly granted: ReadonlyArray<{ readonly id: number; readonly request: A }>
  readonly waiting: ReadonlyArray<{ readonly request: A; readonly notBefore: number; readonly limit: Limit }>
}

/**
 * Grants of `requests`, the most urgent first, each that is allowed after those granted before it. What waits is told when it
 * would be allowed after all that was granted.
 */
export const intend = <A extends MoveRequest>(
  ledger: Ledger.Ledger,
  limits: MoveLimits,
  requests: ReadonlyArray<A>,
  now: number
): Intention<A> => {
  let next = Ledger.prune(ledger, limits, now)
  const granted: Array<{ readonly id: number; readonly request: A }> = []
  const left: Array<A> = []
  for (const request of requests) {
    if (ask(next, limits, request, now)._tag === "Waits") {
      left.push(request)
      continue
    }
    const { prefix, server, purpose, unroute } = request
    const id = next.nextId
    const entry = {
      id,
      prefix,
      server,
      purpose,
      intendedAt: now,
      state: { _tag: "Intended" },
      recorded: false,
      ...(unroute === true ? { unroute } : {})
    } as const
    next = { ...next, nextId: id + 1, entries: [...next.entries, entry] }
    granted.push({ id, request })
  }
  const waiting = left.flatMap((request) => {
    const answer = ask(next, limits, request, now)
    return answer._tag === "Waits" ? [{ request, notBefore: answer.notBefore, limit: answer.limit }] : []
  })
  return { ledger: next, granted, waiting }
}

/** Of what first failovers may spend, and of what everything else may. */
interface Shares {
  readonly Failover: number
  readonly Upkeep: number
}

/** What is left of an account's limits, to be shown; nothing is granted by it. */
export interface Budget {
  readonly windows: ReadonlyArray<{ readonly window: Window; readonly left: Shares }>
  /** When an address that has not moved lately may be moved (ms since the epoch): now, or later; infinite if never. */
  readonly opensAt: Shares
  /** How many addresses may not be moved now for a reason of their own. */
  readonly resting: number
}

/** Stands for an address that the ledger knows nothing of. */
const anyAddress = Prefix.make("any")

const opensAt = (ledger: Ledger.Ledger, limits: MoveLimits, purpose: Purpose, now: number): number => {
  const answer = ask(ledger, limits, { prefix: anyAddress, purpose }, now)
  return answer._tag === "Allowed" ? now : answer.notBefore
}

const isOfAddress = (limit: Limit | undefined): boolean =>
  limit?._tag === "AddressClosed" || limit?._tag === "UnderWay" || limit?._tag === "AddressRest"

/** The budget at a moment. */
export const budget = (ledger: Ledger.Ledger, limits: MoveLimits, now: number): Budget => {
  const view = look(ledger, now)
  // An account that is closed as a whole hides what its addresses rest from.
  const open = { ...view, closures: view.closures.filter(({ prefix }) => prefix !== undefined) }
  const known = new Set([...open.counts, ...open.closures].flatMap(({ prefix }) => prefix ?? []))
  return {
    windows: limits.perAccount.map((window) => {
      const { used, upkeep } = usage(view, window, now)
      const left = Math.max(0, window.moves - used)
      return { window, left: { Failover: left, Upkeep: Math.min(left, Math.max(0, window.upkeep - upkeep)) } }
    }),
    opensAt: {
      Failover: opensAt(ledger, limits, "Failover", now),
      Upkeep: opensAt(ledger, limits, "Upkeep", now)
    },
    resting: [...known].filter((prefix) => isOfAddress(limitAt(open, limits, { prefix, purpose: "Failover" }, now)))
      .length
  }
}
