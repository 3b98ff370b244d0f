/**
 * One netcup account while groups use it: what netcup said of it last, kept fresh, and the one way to route its addresses.
 */
import { type Account, AccountKey } from "@netcup-failover/core/Account"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import { RoutingError, type RoutingErrorReason } from "@netcup-failover/netcup/RoutingError"
import * as FailoverRoutingSoap from "@netcup-failover/netcup/soap/FailoverRoutingSoap"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Pace from "../Pace.ts"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import type * as RouteMemory from "./RouteMemory.ts"

/** Why the account cannot be used or read at present, and when it is tried again (ms since the epoch). */
export interface Trouble {
  readonly reason: RoutingErrorReason
  readonly retryAt: number
}

export interface AccountState {
  /** Absent before netcup's first answer to these credentials. */
  readonly account: Account | undefined
  readonly trouble: Trouble | undefined
}

/** Nobody wants the change any more: nothing was sent. */
export class CalledOff extends Schema.TaggedError<CalledOff>()("CalledOff", {}) {}

export interface NetcupAccount {
  readonly key: AccountKey
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
  ) => Effect.Effect<void, RoutingError | CalledOff>
}

/** How many changes an account is told at once, lest a mass failover look like an attack. */
const concurrentChanges = 16

/** Opens an account: reads it now, and again at each refresh interval, until the scope ends. */
export const open = Effect.fnUntraced(function* (
  credentials: SoapCredentials,
  servers: ReadonlySet<ServerName>,
  memory: RouteMemory.RouteMemory
) {
  const settings = yield* Settings
  const wake = yield* Wake
  const routing = yield* FailoverRoutingSoap.make(credentials, {
    url: settings.soapUrl.href,
    readTimeout: settings.readTimeout,
    changeTimeout: settings.routeTimeout
  })
  const health = yield* Ref.make({ isVerified: false, failures: 0, trouble: noTrouble })
  const watched = yield* Ref.make(servers)
  const nudges = yield* Queue.sliding<void>(1)
  const changes = yield* Semaphore.make(concurrentChanges)

  const fail = Effect.fnUntraced(function* ({ reason }: RoutingError) {
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

  /** What is routed to one server, or why netcup does not tell. */
  const readServer = (server: ServerName) =>
    Effect.map(Effect.result(routing.routes([server])), (outcome) => ({ server, outcome }))

  const read = Effect.gen(function* () {
    const startedAt = yield* Clock.currentTimeMillis
    const ours = yield* Ref.get(watched)
    // Alone and first: refused credentials are found out by a single call.
    const listed = yield* routing.servers
    const answers = yield* Effect.forEach(
      listed.filter((server) => ours.has(server)),
      readServer,
      { concurrency: 4 }
    )
    const told = new Map<ServerName, Iterable<Prefix>>()
    const failed = new Map<ServerName, RoutingError>()
    for (const { server, outcome } of answers) {
      if (Result.isSuccess(outcome)) told.set(server, outcome.success.keys())
      else failed.set(server, outcome.failure)
    }
    // One server that cannot be told about must not keep us from all the others.
    const [error] = failed.values()
    if (error !== undefined && told.size === 0) return yield* error
    for (const [server, { message }] of failed) {
      yield* Effect.logWarning(`netcup does not tell what is routed to server ${server}`, { message })
    }
    memory.learn({ startedAt, servers: listed, told, failed: new Set(failed.keys()) })
    yield* Ref.update(health, (was) => ({
      isVerified: true,
      failures: memory.isDoubtful() ? was.failures + 1 : 0,
      trouble: noTrouble
    }))
    yield* wake.now
    return [...told.keys()]
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
    const { failures } = yield* Ref.get(health)
    const random = yield* Random.next
    const soon = Duration.millis(Pace.backoff(Math.max(1, failures), random, settings.maxBackoff))
    yield* Effect.sleep(memory.isDoubtful() ? Duration.min(soon, settings.refreshInterval) : settings.refreshInterval)
  })

  const refresh = Effect.gen(function* () {
    const inspected = new Set<ServerName>()
    while (true) {
      const covered = yield* Ref.get(watched)
      yield* read.pipe(
        Effect.tap((here) => {
          const fresh = here.filter((server) => !inspected.has(server))
          for (const server of fresh) inspected.add(server)
          return readAhead(fresh)
        }),
        Effect.catch(fail)
      )
      if (yield* untilRetry) continue
      yield* Effect.raceFirst(rest, newServer(covered))
      yield* untilRetry
    }
  })

  const telling = (prefix: Prefix) => Effect.map(Clock.currentTimeMillis, (now) => memory.telling(prefix, now))

  /** Asks netcup whether an address is on a server; afterwards that is known. */
  const look = Effect.fnUntraced(function* (prefix: Prefix, to: ServerName) {
    const routes = yield* routing.routes([to])
    memory.unsure.delete(prefix)
    return routes.get(prefix) === to
  })

  const change = Effect.fnUntraced(function* (
    address: FailoverAddress,
    to: ServerName,
    permitted: Effect.Effect<boolean>
  ) {
    yield* routing.prepare(to)
    yield* Effect.gen(function* () {
      const { trouble } = yield* Ref.get(health)
      if (trouble?.reason._tag === "InvalidCredentials") return yield* new RoutingError({ reason: trouble.reason })
      if (!(yield* permitted)) return yield* new CalledOff()
      yield* telling(address.prefix)
      yield* Effect.ensuring(routing.route(address, to), telling(address.prefix))
    }).pipe(changes.withPermit)
  })

  const route = Effect.fn("NetcupAccount.route")(
    function* (address: FailoverAddress, to: ServerName, permitted: Effect.Effect<boolean>) {
      const { prefix } = address
      /** After a lost answer, and after a limit: it may be our own earlier change that netcup counts. */
      const lookAfter = (error: RoutingError) =>
        look(prefix, to).pipe(
          Effect.catch(() => Effect.fail(error)),
          Effect.flatMap((there) => (there ? Effect.void : Effect.fail(error)))
        )
      if (!memory.unsure.has(prefix) || !(yield* look(prefix, to))) {
        yield* change(address, to, permitted).pipe(
          Effect.catchReasons("RoutingError", {
            UnknownOutcome: (_, error) => {
              memory.unsure.add(prefix)
              return lookAfter(error)
            },
            RateLimited: (_, error) => lookAfter(error)
          })
        )
      }
      memory.arrived(prefix, to)
    },
    Effect.tapError((error) =>
      error._tag === "RoutingError" && error.reason._tag === "InvalidCredentials" ? fail(error) : Effect.void
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
    key: keyOf(credentials),
    state: Effect.map(Ref.get(health), ({ isVerified, trouble }) => ({
      account: isVerified ? memory.account() : undefined,
      trouble
    })),
    holds: memory.holds,
    watchServers: (servers) => Effect.andThen(Ref.set(watched, servers), Queue.offer(nudges, undefined)),
    route
  }
  return account
})

const noTrouble: Trouble | undefined = undefined

/** What tells the account of these credentials from others: the login, whatever the password. */
export const keyOf = ({ loginName }: SoapCredentials): AccountKey => AccountKey.make(`soap:${loginName}`)
