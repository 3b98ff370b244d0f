/**
 * What is known of an account, by what netcup told and by what we told netcup. One for each account and term, whatever
 * credentials are used for it: a call that ends after its Secret was replaced is remembered all the same.
 */
import type { Account } from "@netcup-failover/core/Account"
import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerIdentity } from "@netcup-failover/core/ServerMapping"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as Equal from "effect/Equal"

/** One look at netcup; times in ms since the epoch. */
export interface Read {
  readonly startedAt: number
  /** The servers that the account lists. */
  readonly servers: ReadonlyArray<ServerName>
  /** What is routed to each of our servers that netcup told about. */
  readonly told: ReadonlyMap<ServerName, Iterable<Prefix>>
  /** Our servers that it did not tell about. */
  readonly failed: ReadonlySet<ServerName>
  /** Where failover addresses are, if it tells. */
  readonly sites?: ReadonlyMap<Prefix, number> | undefined
  /** Failover addresses that it does not let us route. */
  readonly locked?: ReadonlySet<Prefix> | undefined
}

/** What netcup says of a server that stays as it is for long. */
export interface Sight extends ServerIdentity {
  readonly site?: number | undefined
  readonly routable?: boolean | undefined
}

export interface RouteMemory {
  /** Absent before the first read. */
  readonly account: () => Account | undefined
  /** Whether an address is on a server, at this moment. */
  readonly holds: (prefix: Prefix, server: ServerName) => boolean
  readonly learn: (read: Read) => void
  /** netcup is being told, or was just told, to move an address. */
  readonly telling: (prefix: Prefix, now: number) => void
  /** netcup did as told. */
  readonly arrived: (prefix: Prefix, server: ServerName) => void
  /** netcup routes an address nowhere any more, as told. */
  readonly left: (prefix: Prefix) => void
  /** netcup routes nothing to a server for now, since it is off or in the rescue system; `false`: it does again. */
  readonly notRunning: (server: ServerName, is: boolean) => void
  /** Servers of which that was learnt. */
  readonly stopped: () => ReadonlySet<ServerName>
  /** What netcup says of a server. `true`: what may be routed to it is not as before. */
  readonly sighted: (sight: Sight) => boolean
  /** The servers that were sighted. */
  readonly identities: () => ReadonlyMap<ServerName, ServerIdentity>
  /** Whether nothing that was sighted of a server speaks against routing to it. */
  readonly isSound: (server: ServerName) => boolean
  /** Servers of which netcup has not told what would tell whether our nodes are among them. */
  readonly unidentified: (servers: ReadonlyArray<ServerName>) => void
  /** netcup never routes an address to a server, since that is at another site. */
  readonly offSite: (prefix: Prefix, server: ServerName) => void
  /** Addresses that may have been moved by a call whose answer is lost: to be looked for before they are told again. */
  readonly unsure: Set<Prefix>
  /** Whether a read should come soon: a server told nothing, or an address is where it was not expected. */
  readonly isDoubtful: () => boolean
}

/**
 * A read that began less than this long after a move of ours says nothing about that address: it may be older than the move,
 * or netcup may lag behind itself.
 */
const settleMillis = 10_000

export const make = (): RouteMemory => {
  let account: Account | undefined
  const everRead = new Set<ServerName>()
  /** Addresses that the last read did not find where they were. */
  const missed = new Set<Prefix>()
  const unsure = new Set<Prefix>()
  const stopped = new Set<ServerName>()
  const offSite = new Map<Prefix, ReadonlySet<ServerName>>()
  const sights = new Map<ServerName, Sight>()
  let identities: ReadonlyMap<ServerName, ServerIdentity> = new Map()
  let unidentified: ReadonlySet<ServerName> = new Set()
  let sites: ReadonlyMap<Prefix, number> = new Map()
  let locked: ReadonlySet<Prefix> = new Set()
  const moves = new Map<Prefix, { readonly at: number; readonly arrived: ServerName | undefined }>()

  /** One answer that lacks an address is not enough to move it: a needless move cannot be taken back for five minutes. */
  const isBelieved = (prefix: Prefix): boolean => {
    if (missed.delete(prefix)) return true
    missed.add(prefix)
    return false
  }

  const learn = ({ startedAt, servers, told, failed, ...more }: Read) => {
    sites = more.sites ?? sites
    locked = more.locked ?? locked
    for (const server of sights.keys()) if (!servers.includes(server)) sights.delete(server)
    identities = new Map(sights)
    const routes = new Map<Prefix, ServerName>()
    for (const [server, prefixes] of told) {
      everRead.add(server)
      for (const prefix of prefixes) routes.set(prefix, server)
    }
    for (const prefix of routes.keys()) missed.delete(prefix)
    const isSettling = (prefix: Prefix) =>
      startedAt < (moves.get(prefix)?.at ?? Number.NEGATIVE_INFINITY) + settleMillis
    for (const [prefix, server] of account?.routes ?? []) {
      if (routes.has(prefix) || isSettling(prefix)) continue
      if (failed.has(server) || (told.has(server) && !isBelieved(prefix))) routes.set(prefix, server)
    }
    for (const [prefix, { arrived }] of moves) {
      if (!isSettling(prefix)) continue
      const server = arrived ?? account?.routes.get(prefix)
      if (server === undefined) routes.delete(prefix)
      else routes.set(prefix, server)
    }
    // What is nowhere any more, or settles, is not missed.
    for (const prefix of missed) if (!routes.has(prefix) || isSettling(prefix)) missed.delete(prefix)
    const unread = new Set([...failed].filter((server) => !everRead.has(server)))
    account = { servers: new Set(servers), routes, unread }
  }

  /** What netcup refused for its site, and what it would refuse. */
  const allOffSite = (): ReadonlyMap<Prefix, ReadonlySet<ServerName>> => {
    const all = new Map(offSite)
    const sited = [...sights.values()].filter((sight) => sight.site !== undefined)
    for (const [prefix, site] of sites) {
      const apart = sited.filter((sight) => sight.site !== site).map(({ name }) => name)
      if (apart.length > 0) all.set(prefix, new Set([...(offSite.get(prefix) ?? []), ...apart]))
    }
    return all
  }

  const view = (): Account | undefined => {
    if (account === undefined) return undefined
    const apart = allOffSite()
    const unroutable = [...sights.values()].filter(({ routable }) => routable === false).map(({ name }) => name)
    return {
      ...account,
      ...(stopped.size === 0 ? {} : { notRunning: new Set(stopped) }),
      ...(apart.size === 0 ? {} : { offSite: apart }),
      ...(unroutable.length === 0 ? {} : { unroutable: new Set(unroutable) }),
      ...(locked.size === 0 ? {} : { locked }),
      ...(unidentified.size === 0 ? {} : { unidentified })
    }
  }

  const sighted = (sight: Sight): boolean => {
    const before = sights.get(sight.name)
    if (before !== undefined && Equal.equals(before, sight)) return false
    sights.set(sight.name, sight)
    identities = new Map(sights)
    const isRefused = (one: Sight | undefined) => one?.routable === false
    const isApart = (one: Sight | undefined) =>
      one?.site !== undefined && [...sites.values()].some((site) => site !== one.site)
    return (
      isRefused(before) !== isRefused(sight) || (before?.site !== sight.site && (isApart(before) || isApart(sight)))
    )
  }

  return {
    account: view,
    holds: (prefix, server) => account?.routes.get(prefix) === server,
    learn,
    telling: (prefix, at) => {
      moves.set(prefix, { at, arrived: undefined })
    },
    arrived: (prefix, server) => {
      moves.set(prefix, { at: moves.get(prefix)?.at ?? 0, arrived: server })
      missed.delete(prefix)
      unsure.delete(prefix)
      if (account !== undefined) account = { ...account, routes: new Map(account.routes).set(prefix, server) }
    },
    left: (prefix) => {
      missed.delete(prefix)
      unsure.delete(prefix)
      if (account === undefined) return
      const routes = new Map(account.routes)
      routes.delete(prefix)
      account = { ...account, routes }
    },
    notRunning: (server, is) => {
      if (is) stopped.add(server)
      else stopped.delete(server)
    },
    stopped: () => new Set(stopped),
    sighted,
    identities: () => identities,
    isSound: (server) => !stopped.has(server) && sights.get(server)?.routable !== false,
    unidentified: (servers) => {
      unidentified = new Set(servers)
    },
    offSite: (prefix, server) => {
      offSite.set(prefix, new Set([...(offSite.get(prefix) ?? []), server]))
    },
    unsure,
    isDoubtful: () => missed.size > 0 || unidentified.size > 0 || (account?.unread?.size ?? 0) > 0
  }
}
