/**
 * One netcup account while groups use it: what netcup said of it last, kept fresh, and the one way to route its addresses.
 */
import type { Account, AccountKey } from "@netcup-failover/core/Account"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { Credentials } from "@netcup-failover/netcup/Credentials"
import type { Routes } from "@netcup-failover/netcup/FailoverRouting"
import * as FailoverRoutingOf from "@netcup-failover/netcup/FailoverRoutingOf"
import { NetcupError, type NetcupErrorReason, Unreachable } from "@netcup-failover/netcup/NetcupError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
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
  /** When anybody moved an address in the last hour, as netcup's own record has it (ms since the epoch); `undefined`: it could not be read. */
  readonly changes: ReadonlyArray<number> | undefined
  /** When netcup was asked, in ms since the epoch. */
  readonly asOf: number
}

export interface AccountState {
  /** Absent before netcup accepted these credentials: known before all else, so that others can prepare for the account. */
  readonly key: AccountKey | undefined
  /** Absent before it was read by these credentials. */
  readonly account: Account | undefined
  readonly first: FirstReading | undefined
  /** What an operator should know of the account before it matters, as sentences. */
  readonly notices: ReadonlyArray<string>
  readonly trouble: Trouble | undefined
}

/** Nobody wants the change any more: nothing was sent. */
export class CalledOff extends Schema.TaggedError<CalledOff>()("CalledOff", {}) {}

export interface NetcupAccount {
  readonly state: Effect.Effect<AccountState>
  /** When netcup lets the login die unless it is used before, in ms since the epoch; `undefined` where nobody knows. */
  readonly loginExpiresAt: Effect.Effect<number | undefined>
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
  const scope = yield* Scope.Scope
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
  const health = yield* Ref.make<Health>({
    key: undefined,
    known: undefined,
    first: undefined,
    notices: [],
    failures: 0,
    trouble: undefined
  })
  const api = credentials._tag === "Soap" ? "soap" : "rest"
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
        trouble: {
          reason,
          // Reads have no limit that we know of: whatever an answer says, they are tried again soon enough.
          retryAt: Math.min(
            Pace.nextAttemptAt({ reason, failures, api }, now, random, settings),
            now + Duration.toMillis(settings.credentialsRetryInterval)
          )
        }
      }
    })
    yield* wake.now
  })

  /**
   * Waits until netcup routes nothing any more that could change what it tells of addresses. `false`: nobody knows whether it does;
   * then what it tells of where addresses are is the best there is.
   */
  const settle = routing.settled.pipe(
    Effect.timeout(longestSettling),
    Effect.as(true),
    Effect.catch((error) =>
      Effect.as(Effect.logWarning("nobody knows what netcup is doing just now", { error: error.message }), false)
    )
  )

  /** What others have moved: asked once nothing is under way any more, so that it is in there. */
  const past = Effect.gen(function* () {
    const asOf = yield* Clock.currentTimeMillis
    // Without it netcup can be used as well, and says no itself where its record would have told.
    const changes = yield* routing.recentChanges.pipe(
      Effect.catch(({ message }) =>
        Effect.as(Effect.logWarning("netcup tells nothing of the account's past", { message }), undefined)
      )
    )
    return { changes, asOf } satisfies FirstReading
  })

  /** Nobody waits for these. */
  const notice = routing.notices.pipe(
    Effect.tap((notices) => Effect.forEach(notices, (text) => Effect.logWarning(text))),
    Effect.tap((notices) => Ref.update(health, (was): Health => ({ ...was, notices }))),
    Effect.tap((notices) => (notices.length > 0 ? wake.now : Effect.void)),
    Effect.catch(({ message }) => Effect.logDebug(`netcup tells nothing of the account's settings: ${message}`))
  )

  /** The first time the loop is woken: what has to be read of the account elsewhere is read meanwhile. */
  const accepted = Effect.fnUntraced(function* (key: AccountKey) {
    const before = yield* Ref.getAndUpdate(health, (was): Health => ({ ...was, key }))
    if (before.key !== key) yield* wake.now
  })

  const read = Effect.gen(function* () {
    const ours = yield* Ref.get(watched)
    // Alone and first: refused credentials are found out by a single call.
    const key = yield* routing.identity
    const memory = memoryOf(key)
    const { first: before } = yield* Ref.get(health)
    // What a former leader told may still be under way, which changes where addresses are, but not which servers there are.
    const servers = Effect.tap(routing.servers, () => accepted(key))
    const [listed] = yield* Effect.all([servers, before === undefined ? settle : Effect.void], { concurrency: 2 })
    const startedAt = yield* Clock.currentTimeMillis
    const among = listed.filter((server) => ours.has(server))
    const [{ held, untold }, first] = yield* Effect.all(
      [
        among.length === 0 ? Effect.succeed(nothing) : routing.routes(among),
        before === undefined ? past : Effect.succeed(before)
      ],
      { concurrency: 2 }
    )
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
        ...was,
        known: { memory },
        first,
        failures: memory.isDoubtful() ? was.failures + 1 : 0,
        trouble: undefined
      })
    )
    yield* wake.now
    if (before === undefined) yield* Effect.forkIn(notice, scope)
    return { here: [...told.keys()], memory }
  })

  /** What a route needs is learned before it is needed. A failure is found again, and reported, by the route itself. */
  const lookAt = (memory: RouteMemory.RouteMemory) => (server: ServerName) =>
    routing.inspect(server).pipe(
      Effect.flatMap(({ running, rescue }) => {
        const isStopped = running === false || rescue
        // SOAP routes to any server, and is asked once: it is not for that one look to say for ever.
        if (isStopped === memory.stopped().has(server) || (isStopped && api === "soap")) return Effect.void
        memory.notRunning(server, isStopped)
        return wake.now
      }),
      Effect.catch((error) => Effect.logDebug(`netcup tells nothing of server ${server}: ${error.message}`))
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
        Effect.tap(({ here, memory }) => {
          // By REST a server's state decides whether it is routed to: it is never older than the rest.
          const due = here.filter((server) => api === "rest" || !inspected.has(server))
          for (const server of due) inspected.add(server)
          return Effect.forEach(due, lookAt(memory), { concurrency: 4, discard: true })
        }),
        Effect.catch(fail)
      )
      if (yield* untilRetry) continue
      yield* Effect.raceFirst(rest, newServer(covered))
      yield* untilRetry
    }
  })

  /**
   * Asks netcup whether an address is on a server, once nothing is under way any more. `Unproven`: it is not there, but something may
   * still be under way.
   */
  const look = Effect.fnUntraced(function* (prefix: Prefix, to: ServerName) {
    const isSettled = yield* settle
    const { held, untold } = yield* routing.routes([to])
    if (held.get(prefix) === to) return "There"
    const error = untold.get(to)
    if (error !== undefined) return yield* error
    return isSettled ? "Elsewhere" : "Unproven"
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
      yield* Effect.ensuring(routing.route(address, to, permitted), telling)
    }).pipe(
      changes.withPermit,
      Effect.catchReason("NetcupError", "CalledOff", () => new CalledOff())
    )
  })

  const route = Effect.fn("NetcupAccount.route")(
    function* (address: FailoverAddress, to: ServerName, permitted: Effect.Effect<boolean>) {
      const { prefix } = address
      // Nobody decides on an account that is not read.
      const memory = (yield* Ref.get(health)).known?.memory
      if (memory === undefined) return yield* new CalledOff()
      /** After a lost answer, and after a limit: it may be our own earlier change that netcup counts. */
      const lookAfter = (error: NetcupError, proven = error) =>
        look(prefix, to).pipe(
          Effect.catch(() => Effect.fail(error)),
          Effect.flatMap((place) =>
            place === "There" ? Effect.void : Effect.fail(place === "Elsewhere" ? proven : error)
          )
        )
      if (!memory.unsure.has(prefix) || (yield* look(prefix, to)) !== "There") {
        yield* change(memory, address, to, permitted).pipe(
          Effect.catchReasons("NetcupError", {
            UnknownOutcome: ({ message }, error) => {
              memory.unsure.add(prefix)
              // A SOAP call that hangs may be carried out later all the same; REST would have a task by now.
              return lookAfter(error, api === "rest" ? notMade(message) : error)
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
    state: Effect.map(Ref.get(health), ({ key, known, first, notices, trouble }) => ({
      key,
      account: known?.memory.account(),
      first,
      notices,
      trouble
    })),
    loginExpiresAt: routing.loginExpiresAt,
    holds: (prefix, server) => Ref.getUnsafe(health).known?.memory.holds(prefix, server) === true,
    watchServers: (servers) => Effect.andThen(Ref.set(watched, servers), Queue.offer(nudges, undefined)),
    route
  }
  return account
})

/** A lost answer to a change that was not made, as a look has shown; it is looked for again before it is repeated. */
const notMade = (message: string) =>
  new NetcupError({ reason: new Unreachable({ message: `${message}; netcup has not moved the address` }) })

/** A routing task takes about a second. One that takes longer than this must not keep dead addresses from being moved. */
const longestSettling = "15 seconds"

/** What came of reading so far. `key`: once netcup has accepted the credentials; `known`: once all was read. */
interface Health {
  readonly key: AccountKey | undefined
  readonly known: { readonly memory: RouteMemory.RouteMemory } | undefined
  readonly first: FirstReading | undefined
  readonly notices: ReadonlyArray<string>
  /** In a row. */
  readonly failures: number
  readonly trouble: Trouble | undefined
}

const nothing: Routes = { held: new Map(), untold: new Map() }

/** Nothing but other credentials, or much time, helps. */
export const isLoginTrouble = ({ _tag }: NetcupErrorReason): boolean =>
  _tag === "InvalidCredentials" || _tag === "LoginExpired"
