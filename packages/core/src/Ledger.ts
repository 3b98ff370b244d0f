/**
 * What is known of an account's moves: the write-ahead log, and what the limits are reckoned from. `Allowance.ts` reckons.
 *
 * Flow: a move is written as `Intended` before it is sent, and ends once: `done`, `unknown`, `refused` or `withdrawn`. Times are
 * ms since the epoch and brought by the caller.
 *
 * Guarantees: a move counts from before it can be sent until it is surely out of sight, and as late as netcup may have counted it.
 * What netcup refused does not count: it would cost a misconfigured group the budget of all, and if netcup counts it after all, it
 * says so, which {@link close} keeps.
 *
 * Assumption: one writer at a time (compare-and-swap), whose clock agrees with the one before within a second.
 */
import * as Schema from "effect/Schema"
import * as Contest from "./Contest.ts"
import { Prefix } from "./FailoverAddress.ts"
import { type MoveLimits, Purpose } from "./MoveLimits.ts"
import { ServerName } from "./ServerName.ts"

/** No limit of netcup is longer: what claims to be is not believed, lest a typing error close an account for ever. */
const longest = 3_600_000

/** A moment that a Date can hold. */
const Moment = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 8.64e15 }))

/**
 * `Intended`: may be sent at any moment. `Done`: netcup took it and is through with it. `Unknown`: it may have been taken, and may
 * still happen. `at`: the last moment at which netcup may have counted it.
 */
const MoveState = Schema.TaggedUnion({ Intended: {}, Done: { at: Moment }, Unknown: { at: Moment } })

/** A move of ours. `recorded`: had it arrived, the record that was learnt last would have it. */
export const Entry = Schema.Struct({
  id: Schema.Natural,
  prefix: Prefix,
  server: ServerName,
  purpose: Purpose,
  intendedAt: Moment,
  state: MoveState,
  recorded: Schema.Boolean,
  /** Set of an unroute, which takes the address from `server`. */
  unroute: Schema.optionalKey(Schema.Literal(true))
})
export type Entry = typeof Entry.Type

/** netcup said at `at` that it moves nothing before `until`: of one address, or (no `prefix`) of the account. */
const Closure = Schema.Struct({ prefix: Schema.optionalKey(Prefix), at: Moment, until: Moment })
export type Closure = typeof Closure.Type

export const Ledger = Schema.Struct({
  version: Schema.Literal(1),
  /** The id of the next entry: never one that was given before. */
  nextId: Schema.Natural,
  entries: Schema.Array(Entry),
  /** When anybody made a move, we too, as netcup's record told last. */
  changes: Schema.Array(Moment),
  closures: Schema.Array(Closure),
  /** Who else moves our addresses; absent: nobody. */
  contest: Schema.optionalKey(Contest.Contest)
}).check(
  Schema.makeFilter(({ nextId, entries }) => {
    const ids = new Set(entries.map(({ id }) => id))
    return (
      (ids.size === entries.length && !entries.some(({ id }) => id >= nextId)) || "Expected ids used once, below nextId"
    )
  })
)
export type Ledger = typeof Ledger.Type

/** The text that is stored. Fields of later versions are dropped; what cannot be understood is an error, never an empty ledger. */
export const LedgerText = Schema.fromJsonString(Ledger)

export const empty: Ledger = { version: 1, nextId: 1, entries: [], changes: [], closures: [] }

/** When a closure ends. */
export const closedUntil = ({ at, until }: Closure): number => Math.min(until, at + longest)

/** What was intended or ended unknown, for the caller to look after. */
export const openMoves = ({ entries }: Ledger): ReadonlyArray<Entry> =>
  entries.filter(({ state }) => state._tag !== "Done")

/** An end that is older was looked after, and told of, by whoever wrote it, in ms. */
const freshness = 60_000

/** The last word on each address, where it was intended, or ended so short a time ago that it is for who reads this to finish, or to tell. */
export const begun = ({ entries }: Ledger, now: number): ReadonlyArray<Entry> => {
  const last = new Map([...entries].sort((a, b) => a.id - b.id).map((entry) => [entry.prefix, entry]))
  return [...last.values()].filter(({ state, unroute }) => {
    if (unroute === true) return false
    return state._tag === "Intended" || now < state.at + freshness
  })
}

/** What is done stays done: an answer that comes twice, or late, changes nothing. */
const settle = (ledger: Ledger, id: number, end: (entry: Entry) => ReadonlyArray<Entry>): Ledger => ({
  ...ledger,
  entries: ledger.entries.flatMap((entry) => (entry.id === id && entry.state._tag !== "Done" ? end(entry) : [entry]))
})

/** The contest as another one, which changes nothing else; an empty one is not kept. */
const contested = (ledger: Ledger, by: (contest: Contest.Contest) => Contest.Contest): Ledger => {
  const { contest = Contest.empty, ...rest } = ledger
  const next = by(contest)
  if (next === contest) return ledger
  return next.strays.length === 0 && next.lost.length === 0 ? rest : { ...rest, contest: next }
}

const openEntry = ({ entries }: Ledger, id: number) =>
  entries.find((entry) => entry.id === id && entry.state._tag !== "Done")

/** netcup did as told, no later than `at`. */
export const arrived = (ledger: Ledger, id: number, at: number): Ledger => {
  const entry = openEntry(ledger, id)
  const ended = done(ledger, id, at)
  if (entry === undefined || entry.unroute === true) return ended
  return contested(ended, (contest) => Contest.arrived(contest, entry.prefix, entry.server, at))
}

/** As {@link withdrawn} by all that is known at `at`, but netcup may carry it out later. */
export const lost = (ledger: Ledger, id: number, at: number): Ledger => {
  const entry = openEntry(ledger, id)
  const ended = withdrawn(ledger, id)
  if (entry === undefined || entry.unroute === true) return ended
  return contested(ended, (contest) => Contest.lose(contest, entry.prefix, entry.server, at))
}

/** Whether an address may be on a server by a move of ours: its last one that netcup took, or one that may still happen. */
const isOurs = ({ entries, contest }: Ledger, prefix: Prefix, server: ServerName | undefined, now: number): boolean => {
  const moves = entries.filter((entry) => entry.prefix === prefix && entry.unroute !== true)
  // Where it is changes at this moment.
  if (moves.some(({ state }) => state._tag === "Intended")) return true
  if (server === undefined) return false
  if (contest !== undefined && Contest.mayBeLate(contest, prefix, server, now)) return true
  if (moves.some((move) => move.server === server && move.state._tag === "Unknown")) return true
  const last = moves.filter(({ state }) => state._tag === "Done").sort((a, b) => b.id - a.id)[0]
  return last?.server === server
}

/**
 * Takes in where addresses were found. `listed`: all that groups have; others are forgotten. What tells nothing new gives the same
 * ledger.
 */
export const see = (
  ledger: Ledger,
  sightings: ReadonlyArray<Omit<Contest.Sighting, "isOurs">>,
  listed: ReadonlySet<Prefix>,
  now: number
): Ledger =>
  contested(ledger, (contest) =>
    Contest.retain(
      Contest.see(
        contest,
        sightings.map((one) => ({ ...one, isOurs: one.at !== one.home && isOurs(ledger, one.prefix, one.at, now) })),
        now
      ),
      listed,
      now
    )
  )

/** netcup took the move, no later than `at`. A task that failed was taken too. */
export const done = (ledger: Ledger, id: number, at: number): Ledger =>
  settle(ledger, id, (entry) => [{ ...entry, state: { _tag: "Done", at } }])

/** Whether netcup took the move is not known; if it did, then no later than `at`. */
export const unknown = (ledger: Ledger, id: number, at: number): Ledger =>
  settle(ledger, id, (entry) => [{ ...entry, state: { _tag: "Unknown", at } }])

/** The move surely was not made: it was not sent, or netcup refused it for a reason that is no limit. */
export const withdrawn = (ledger: Ledger, id: number): Ledger => settle(ledger, id, () => [])

/** Another machine's clock may be ahead of ours: what it dates in the future has happened by now, and lasts as long as it was to. */
export const upTo = (ledger: Ledger, now: number): Ledger => {
  const past = <A extends { readonly at: number }>(dated: A): A => (dated.at > now ? { ...dated, at: now } : dated)
  return {
    ...ledger,
    entries: ledger.entries.map((entry) =>
      entry.state._tag === "Intended" ? entry : { ...entry, state: past(entry.state) }
    ),
    changes: ledger.changes.map((at) => Math.min(at, now)),
    closures: ledger.closures.map(({ until, ...closure }) => ({
      ...past(closure),
      until: until - Math.max(0, closure.at - now)
    }))
  }
}

/** netcup does not move an address, or (`undefined`) anything of the account, before `until`. Of two such words the longer one holds. */
export const close = (ledger: Ledger, prefix: Prefix | undefined, until: number, now: number): Ledger => {
  const closure: Closure = {
    ...(prefix === undefined ? {} : { prefix }),
    at: now,
    until: Math.min(until, now + longest)
  }
  const { closures, ...rest } = upTo(ledger, now)
  const kept = closures.filter((other) => other.prefix !== prefix || closedUntil(other) >= closedUntil(closure))
  const outlasted = kept.some((other) => other.prefix === prefix)
  return { ...rest, closures: outlasted ? kept : [...kept, closure] }
}

/** netcup refused the move by a limit on the address, or (`undefined`) on the account, that ends at `until`. */
export const refused = (ledger: Ledger, id: number, prefix: Prefix | undefined, until: number, now: number): Ledger =>
  close(withdrawn(ledger, id), prefix, until, now)

/**
 * Takes netcup's record of all moves of the last hour in place of what was learnt before. `asOf`: when netcup was asked.
 *
 * Caveat: a move that was under way then may be in the record or not, and so counts twice until the record is learnt again.
 */
export const learn = (ledger: Ledger, changes: ReadonlyArray<number>, asOf: number): Ledger => ({
  ...ledger,
  entries: ledger.entries.map((entry) => ({
    ...entry,
    recorded: entry.state._tag !== "Intended" && entry.state.at <= asOf
  })),
  changes: [...changes]
})

/** Takes over from a writer that may have been killed: what it intended, it may have sent until just now. */
export const restore = (ledger: Ledger, now: number): Ledger => {
  const upToNow = upTo(ledger, now)
  return upToNow.entries
    .filter(({ state }) => state._tag === "Intended")
    .reduce((restored, { id }) => unknown(restored, id, now), upToNow)
}

/** Forgets what no limit can see any more, except an unknown end that is the last word on its address, which is kept for an hour. */
export const prune = (ledger: Ledger, { perAddress, perAccount }: MoveLimits, now: number): Ledger => {
  const { entries, changes, closures, ...rest } = upTo(ledger, now)
  const window = Math.max(0, ...perAccount.map(({ millis }) => millis))
  const sight = Math.max(window, ...Object.values(perAddress))
  // One that is full looks the same however many more there were.
  const enough = Math.max(0, ...perAccount.map(({ moves }) => moves))
  const lastWords = new Map([...entries].sort((a, b) => a.id - b.id).map(({ prefix, id }) => [prefix, id]))
  return {
    ...rest,
    entries: entries.filter(({ prefix, id, state }) => {
      if (state._tag === "Intended" || now < state.at + sight) return true
      return state._tag === "Unknown" && lastWords.get(prefix) === id && now < state.at + longest
    }),
    changes: changes
      .filter((at) => now < at + window)
      .sort((a, b) => b - a)
      .slice(0, enough),
    closures: closures.filter((closure) => now < closedUntil(closure))
  }
}
