/**
 * One netcup account while groups use it: what netcup said of it last, kept fresh, and the one way to route its addresses.
 */
import type { Account, AccountKey } from "@netcup-failover/core/Account"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { Credentials } from "@netcup-failover/netcup/Credentials"
import type { Routes } from "@netcup-failover/netcup/FailoverRouting"
import * as FailoverRoutingOf from "@netcup-failover/netcup/FailoverRoutingOf"
import { NetcupError, type NetcupErrorReason } from "@netcup-failover/netcup/NetcupError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Pace from "../Pace.ts"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import type * as RouteMemory from "./RouteMemory.ts"

/** Why the account cannot be used or read at present, and when it is tried again (ms since the epoch). */
export interface Trouble {
  readonly reason: NetcupErrorReason
  readonly retryAt: number
}

/** What only the first reading of a term tells. */
export interface FirstReading {
  /** When anybody moved an address in the last hour, as netcup's own record has it (ms since the epoch). */
  readonly changes: ReadonlyArray<number>
  /** When netcup was asked, in ms since the epoch. */
  readonly asOf: number
  /** What an operator should know of the account before it matters, as sentences. */
  readonly notices: ReadonlyArray<string>
}

export interface AccountState {
  /** Absent before netcup told which account these credentials are for. */
  readonly key: AccountKey | undefined
  /** Absent before netcup's first answer to these credentials. */
  readonly account: Account | undefined
  readonly first: FirstReading | undefined
  readonly trouble: Trouble | undefined
}

/** Nobody wants the change any more: nothing was sent. */
export class CalledOff extends Schema.TaggedError<CalledOff>()("CalledOff", {}) {}

export interface NetcupAccount {
  readonly state: Effect.Effect<AccountState>
  /** Whether an address is on a server, as far as is known at this moment. */
  readonly holds: RouteMemory.RouteMemory["holds"]
  /** Names the servers that our nodes are: what is routed to them is read ahead. */
  readonly watchServers: (servers: ReadonlySet<ServerName>) => Effect.Effect<void>
  /**
   * Routes an address, and looks where it is when the answer was lost. `permitted` is asked directly before the change is sent,
   * since it may have had to wait.
   */
  readonly route: (
    address: FailoverAddress,
    to: ServerName,
    permitted: Effect.Effect<boolean>
  ) => Effect.Effect<void, NetcupError | CalledOff>
}

/** How many changes an account is told at once, lest a mass failover look like an attack. */
const concurrentChanges = 16

/** Opens an account: reads it now, and again at each refresh interval, until the scope ends. */
export const open = Effect.fnUntraced(function* (
  credentials: Credentials,
  servers: ReadonlySet<ServerName>,
  memoryOf: (account: AccountKey) => RouteMemory.RouteMemory
) {
  const settings = yield* Settings
  const wake = yield* Wake
  const timeouts = { readTimeout: settings.readTimeout, changeTimeout: settings.routeTimeout }
  const routing = yield* FailoverRoutingOf.make(credentials, {
    soap: { url: settings.soapUrl.href, ...timeouts },
    rest: {
      url: settings.restUrl.href,
      taskTimeout: settings.taskTimeout,
      login: { issuer: settings.oidcIssuer.href },
      ...timeouts
    }
  })
  const health = yield* Ref.make<Health>({ known: undefined, first: undefined, failures: 0, trouble: undefined })
  const watched = yield* Ref.make(servers)
  const nudges = yield* Queue.sliding<void>(1)
  const changes = yield* Semaphore.make(concurrentChanges)

  const fail = Effect.fnUntraced(function* ({ reason }: NetcupError) {
    const now = yield* Clock.currentTimeMillis
    const random = yield* Random.next
    yield* Ref.update(health, (was) => {
      const failures = was.failures + 1
      return {
        ...was,
        failures,
        trouble: { reason, retryAt: Pace.nextAttemptAt({ reason, failures }, now, random, settings) }
      }
    })
    yield* wake.now
  })

  /** Before anything is told: what a former leader told may still be under way, and others have moved addresses too. */
  const begin = Effect.gen(function* () {
    yield* routing.settled
    const asOf = yield* Clock.currentTimeMillis
    // Without these two netcup can be used as well, and says no itself where they would have told.
    const unlessUntold = Effect.catch((error: NetcupError) =>
      Effect.as(Effect.logWarning("netcup tells nothing of the account's past", { message: error.message }), [])
    )
    const changes = yield* routing.recentChanges.pipe(unlessUntold)
    const notices = yield* routing.notices.pipe(unlessUntold)
    for (const notice of notices) yield* Effect.logWarning(notice)
    return { changes, asOf, notices } satisfies FirstReading
  })

  const read = Effect.gen(function* () {
    const ours = yield* Ref.get(watched)
    // Alone and first: refused credentials are found out by a single call.
    const key = yield* routing.identity
    const memory = memoryOf(key)
    const first = (yield* Ref.get(health)).first ?? (yield* begin)
    const startedAt = yield* Clock.currentTimeMillis
    const listed = yield* routing.servers
    const among = listed.filter((server) => ours.has(server))
    const { held, untold } = among.length === 0 ? nothing : yield* routing.routes(among)
    const told = new Map<ServerName, Array<Prefix>>(
      among.filter((server) => !untold.has(server)).map((server) => [server, []])
    )
    for (const [prefix, server] of held) told.get(server)?.push(prefix)
    for (const [server, { message }] of untold) {
      yield* Effect.logWarning(`netcup does not tell what is routed to server ${server}`, { message })
    }
    memory.learn({ startedAt, servers: listed, told, failed: new Set(untold.keys()) })
    yield* Ref.update(
      health,
      (was): Health => ({
        known: { key, memory },
        first,
        failures: memory.isDoubtful() ? was.failures + 1 : 0,
        trouble: undefined
      })
    )
    yield* wake.now
    return [...told.keys()]
  })

  /** A server that could not be routed to may run again. */
  const recheck = Effect.gen(function* () {
    const memory = (yield* Ref.get(health)).known?.memory
    for (const server of memory?.stopped() ?? []) {
      const view = yield* Effect.option(routing.inspect(server))
      if (Option.isNone(view) || view.value.running === false || view.value.rescue) continue
      memory?.notRunning(server, false)
      yield* wake.now
    }
  })

  /** What a route needs is learned before it is needed. A failure is found again, and reported, by the route itself. */
  const readAhead = (fresh: ReadonlyArray<ServerName>) =>
    Effect.forEach(
      fresh,
      (server) =>
        routing
          .inspect(server)
          .pipe(Effect.catch((error) => Effect.logDebug(`netcup tells nothing of server ${server}: ${error.message}`))),
      { concurrency: 4, discard: true }
    )

  const untilRetry = Effect.gen(function* () {
    const { trouble } = yield* Ref.get(health)
    if (trouble !== undefined) yield* Effect.sleep(Duration.millis(trouble.retryAt - (yield* Clock.currentTimeMillis)))
    return trouble !== undefined
  })

  /** Returns when a server is named that was not among `covered`. */
  const newServer = (covered: ReadonlySet<ServerName>) =>
    Effect.repeat(Queue.take(nudges), {
      until: () => Effect.map(Ref.get(watched), (servers) => !servers.isSubsetOf(covered))
    })

  /** In peace the refresh interval; sooner when the last read left a doubt. */
  const rest = Effect.gen(function* () {
    const { failures, known } = yield* Ref.get(health)
    const random = yield* Random.next
    const soon = Duration.millis(Pace.backoff(Math.max(1, failures), random, settings.maxBackoff))
    const isDoubtful = known?.memory.isDoubtful() === true
    yield* Effect.sleep(isDoubtful ? Duration.min(soon, settings.refreshInterval) : settings.refreshInterval)
  })

  const refresh = Effect.gen(function* () {
    const inspected = new Set<ServerName>()
    while (true) {
      const covered = yield* Ref.get(watched)
      yield* read.pipe(
        Effect.tap((here) => {
          const fresh = here.filter((server) => !inspected.has(server))
          for (const server of fresh) inspected.add(server)
          return Effect.andThen(readAhead(fresh), recheck)
        }),
        Effect.catch(fail)
      )
      if (yield* untilRetry) continue
      yield* Effect.raceFirst(rest, newServer(covered))
      yield* untilRetry
    }
  })

  /** Asks netcup whether an address is on a server, once nothing is under way any more; afterwards that is known. */
  const look = Effect.fnUntraced(function* (memory: RouteMemory.RouteMemory, prefix: Prefix, to: ServerName) {
    yield* routing.settled
    const { held } = yield* routing.routes([to])
    memory.unsure.delete(prefix)
    return held.get(prefix) === to
  })

  const change = Effect.fnUntraced(function* (
    memory: RouteMemory.RouteMemory,
    address: FailoverAddress,
    to: ServerName,
    permitted: Effect.Effect<boolean>
  ) {
    const telling = Effect.map(Clock.currentTimeMillis, (now) => memory.telling(address.prefix, now))
    yield* routing.prepare(to)
    yield* Effect.gen(function* () {
      const { trouble } = yield* Ref.get(health)
      if (trouble !== undefined && isLoginTrouble(trouble.reason))
        return yield* new NetcupError({ reason: trouble.reason })
      if (!(yield* permitted)) return yield* new CalledOff()
      yield* telling
      yield* Effect.ensuring(routing.route(address, to), telling)
    }).pipe(changes.withPermit)
  })

  const route = Effect.fn("NetcupAccount.route")(
    function* (address: FailoverAddress, to: ServerName, permitted: Effect.Effect<boolean>) {
      const { prefix } = address
      // Nobody decides on an account that is not read.
      const memory = (yield* Ref.get(health)).known?.memory
      if (memory === undefined) return yield* new CalledOff()
      /** After a lost answer, and after a limit: it may be our own earlier change that netcup counts. */
      const lookAfter = (error: NetcupError) =>
        look(memory, prefix, to).pipe(
          Effect.catch(() => Effect.fail(error)),
          Effect.flatMap((there) => (there ? Effect.void : Effect.fail(error)))
        )
      if (!memory.unsure.has(prefix) || !(yield* look(memory, prefix, to))) {
        yield* change(memory, address, to, permitted).pipe(
          Effect.catchReasons("NetcupError", {
            UnknownOutcome: (_, error) => {
              memory.unsure.add(prefix)
              return lookAfter(error)
            },
            RateLimited: (_, error) => lookAfter(error),
            WrongSite: (_, error) => {
              memory.offSite(prefix, to)
              return Effect.fail(error)
            },
            ServerNotRunning: (_, error) => {
              memory.notRunning(to, true)
              return Effect.fail(error)
            }
          })
        )
      }
      memory.arrived(prefix, to)
    },
    Effect.tapError((error) =>
      error._tag === "NetcupError" && isLoginTrouble(error.reason) ? fail(error) : Effect.void
    )
  )

  yield* refresh.pipe(
    // A defect is a bug; an account that nobody reads any more, unnoticed, would be a worse one.
    Effect.tapDefect((defect) => Effect.logError("reading an account starts again after a defect", defect)),
    Effect.sandbox,
    Effect.retry(Schedule.spaced("1 second")),
    Effect.forkScoped
  )
  const account: NetcupAccount = {
    state: Effect.map(Ref.get(health), ({ known, first, trouble }) => ({
      key: known?.key,
      account: known?.memory.account(),
      first,
      trouble
    })),
    holds: (prefix, server) => Ref.getUnsafe(health).known?.memory.holds(prefix, server) === true,
    watchServers: (servers) => Effect.andThen(Ref.set(watched, servers), Queue.offer(nudges, undefined)),
    route
  }
  return account
})

/** What came of reading so far. `known`: once netcup has accepted the credentials. */
interface Health {
  readonly known: { readonly key: AccountKey; readonly memory: RouteMemory.RouteMemory } | undefined
  readonly first: FirstReading | undefined
  /** In a row. */
  readonly failures: number
  readonly trouble: Trouble | undefined
}

const nothing: Routes = { held: new Map(), untold: new Map() }

/** Nothing but other credentials, or much time, helps. */
export const isLoginTrouble = ({ _tag }: NetcupErrorReason): boolean =>
  _tag === "InvalidCredentials" || _tag === "LoginExpired"
