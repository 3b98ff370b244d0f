/**
 * What is remembered of addresses that somebody else moves too: how often we have put each back, and where we have stopped. Kept in
 * the account's ledger, so that another leader, or the next start, does not begin the fight anew.
 *
 * Guarantees: nobody is fought for more than {@link enough} returns within {@link memory}; who has stopped goes on only when the address came back, has another
 * home by now, or the operator has acted (`mark`); what we may have done ourselves is never held against anybody.
 */
import * as Schema from "effect/Schema"
import { Prefix } from "./FailoverAddress.ts"
import { ServerName } from "./ServerName.ts"

/** A moment that a Date can hold. */
const Moment = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 8.64e15 }))

/** An address that was found elsewhere than where we had it. Times in ms since the epoch. */
export const Stray = Schema.Struct({
  prefix: Prefix,
  /** The server that we had it on. */
  home: ServerName,
  /** Since when it is away; absent: it is at home. */
  away: Schema.optionalKey(Moment),
  /** When we had put it back. */
  returns: Schema.Array(Moment),
  /** Set while it is left where it is: what the operator had written when we stopped. */
  stopped: Schema.optionalKey(Schema.String)
})
export type Stray = typeof Stray.Type

/** A move of ours that surely did not happen when we looked, and that netcup may carry out late all the same. */
const Lost = Schema.Struct({ prefix: Prefix, server: ServerName, at: Moment })

export const Contest = Schema.Struct({ strays: Schema.Array(Stray), lost: Schema.Array(Lost) })
export type Contest = typeof Contest.Type

export const empty: Contest = { strays: [], lost: [] }

/** For how long a return is remembered, in ms. */
export const memory = 3_600_000

/** After so many returns that did not last we stop. */
export const enough = 2

/** For how long netcup may carry out a call whose answer is lost, in ms: longer than SOAP's limit would let it. */
const late = 600_000

/** What one look tells of an address. */
export interface Sighting {
  readonly prefix: Prefix
  /** The server of the node that the group is on, and may be on. */
  readonly home: ServerName
  /** Where it is; `undefined`: on none of our servers. */
  readonly at: ServerName | undefined
  /** Whether it is known to have been at home. */
  readonly wasHome: boolean
  /** Whether where it is may be our own doing. */
  readonly isOurs: boolean
  /** What the operator has written, in short: another text is an act of theirs. */
  readonly mark: string
}

const recent = (returns: ReadonlyArray<number>, now: number): ReadonlyArray<number> => {
  const kept = returns.filter((at) => now < at + memory)
  return kept.length === returns.length ? returns : kept
}

/** It is at home, with so many returns behind it. */
const settled = (prefix: Prefix, home: ServerName, returns: ReadonlyArray<number>): Stray | undefined =>
  returns.length === 0 ? undefined : { prefix, home, returns }

const seen = (contest: Contest, sighting: Sighting, now: number): Stray | undefined => {
  const { prefix, home, at, mark } = sighting
  const before = contest.strays.find((stray) => stray.prefix === prefix)
  const stray = before === undefined || before.home === home ? before : settled(prefix, home, before.returns)
  if (at === home) {
    if (stray === undefined) return undefined
    const { away, stopped } = stray
    // Whoever moves it has given in: nothing is held against them.
    if (stopped !== undefined) return undefined
    // The answer to our own return was lost.
    const returned =
      away === undefined
        ? undefined
        : contest.lost.find((lost) => lost.prefix === prefix && lost.server === home && lost.at >= away)
    const returns = recent(stray.returns, now)
    if (away === undefined && returns === stray.returns) return stray
    return settled(prefix, home, returned === undefined ? returns : [...returns, returned.at])
  }
  if (sighting.isOurs || (stray?.away === undefined && !sighting.wasHome)) return stray
  const away = stray?.away ?? now
  if (stray?.stopped !== undefined) return stray.stopped === mark ? stray : { prefix, home, away, returns: [] }
  const returns = recent(stray?.returns ?? [], now)
  const stops = returns.length >= enough
  if (!stops && stray?.away !== undefined && returns === stray.returns) return stray
  return { prefix, home, away, returns, ...(stops ? { stopped: mark } : {}) }
}

const isSame = <A>(before: ReadonlyArray<A>, after: ReadonlyArray<A>): boolean =>
  before.length === after.length && before.every((one, i) => one === after[i])

/** Takes in what a look tells of addresses. What tells nothing new gives the same contest. */
export const see = (contest: Contest, sightings: ReadonlyArray<Sighting>, now: number): Contest => {
  const told = sightings.flatMap((sighting) => {
    const before = contest.strays.find(({ prefix }) => prefix === sighting.prefix)
    const after = seen(contest, sighting, now)
    return after === before ? [] : [{ prefix: sighting.prefix, after }]
  })
  if (told.length === 0) return contest
  const others = contest.strays.filter((stray) => !told.some(({ prefix }) => prefix === stray.prefix))
  return { ...contest, strays: [...others, ...told.flatMap(({ after }) => after ?? [])] }
}

/** netcup took a move of ours: one that brings a stray home is a return. */
export const arrived = (contest: Contest, prefix: Prefix, server: ServerName, at: number): Contest => {
  const stray = contest.strays.find((one) => one.prefix === prefix)
  if (stray?.away === undefined || stray.home !== server) return contest
  const home: Stray = { prefix, home: server, returns: [...stray.returns, at] }
  return { ...contest, strays: contest.strays.map((one) => (one === stray ? home : one)) }
}

/** The answer to a move of ours was lost, and the move was not found. */
export const lose = (contest: Contest, prefix: Prefix, server: ServerName, at: number): Contest => ({
  ...contest,
  lost: [...contest.lost.filter((lost) => lost.prefix !== prefix || lost.server !== server), { prefix, server, at }]
})

/** Whether netcup may have carried out late what was lost. */
export const mayBeLate = ({ lost }: Contest, prefix: Prefix, server: ServerName, now: number): boolean =>
  lost.some((one) => one.prefix === prefix && one.server === server && now < one.at + late)

/** Forgets addresses that no group has any more, and what is too long ago. What changes nothing gives the same contest. */
export const retain = (contest: Contest, listed: ReadonlySet<Prefix>, now: number): Contest => {
  const strays = contest.strays.filter(({ prefix }) => listed.has(prefix))
  const lost = contest.lost.filter(({ at }) => now < at + late)
  return isSame(contest.strays, strays) && isSame(contest.lost, lost) ? contest : { strays, lost }
}
