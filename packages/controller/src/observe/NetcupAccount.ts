/**
 * One netcup account while groups use it: what netcup said of it last, kept fresh, and the one way to route its addresses.
 */
import { type Account, AccountKey } from "@netcup-failover/core/Account"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import type { RoutingError, RoutingErrorReason } from "@netcup-failover/netcup/RoutingError"
import * as FailoverRoutingSoap from "@netcup-failover/netcup/soap/FailoverRoutingSoap"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import * as Pace from "../Pace.ts"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"

/** Why the account cannot be used or read at present, and when it is tried again (ms since the epoch). */
export interface Trouble {
  readonly reason: RoutingErrorReason
  readonly retryAt: number
}

export interface AccountState {
  /** Absent before netcup's first answer. */
  readonly account: Account | undefined
  readonly trouble: Trouble | undefined
}

export interface NetcupAccount {
  readonly key: AccountKey
  readonly state: Effect.Effect<AccountState>
  /** Names the servers that our nodes are: what is routed to them is read ahead. */
  readonly watchServers: (servers: ReadonlySet<ServerName>) => Effect.Effect<void>
  /** Routes an address, and looks where it is when the answer was lost. */
  readonly route: (address: FailoverAddress, to: ServerName) => Effect.Effect<void, RoutingError>
}

/**
 * A read that began less than this long after a move of ours says nothing about that address: it may be older than the move,
 * or netcup may lag behind itself.
 */
const settleMillis = 10_000

interface Known extends AccountState {
  readonly failures: number
  /** When we last told netcup to move an address, ms since the epoch. */
  readonly toldAt: ReadonlyMap<Prefix, number>
}

/** How many changes an account is told at once, lest a mass failover look like an attack. */
const concurrentChanges = 16

/** Opens an account: reads it now, and again at each refresh interval, until the scope ends. */
export const open = Effect.fnUntraced(function* (credentials: SoapCredentials, servers: ReadonlySet<ServerName>) {
  const settings = yield* Settings
  const wake = yield* Wake
  const routing = yield* FailoverRoutingSoap.make(credentials, {
    url: settings.soapUrl.href,
    readTimeout: settings.readTimeout,
    changeTimeout: settings.routeTimeout
  })
  const known = yield* Ref.make<Known>({ account: undefined, trouble: undefined, failures: 0, toldAt: new Map() })
  const watched = yield* Ref.make(servers)
  const nudges = yield* Queue.sliding<void>(1)
  const changes = yield* Semaphore.make(concurrentChanges)

  const fail = Effect.fnUntraced(function* (error: RoutingError) {
    const now = yield* Clock.currentTimeMillis
    const random = yield* Random.next
    yield* Ref.update(known, (was) => {
      const failures = was.failures + 1
      const retryAt = Pace.nextAttemptAt({ reason: error.reason, failures }, now, random, settings)
      return { ...was, failures, trouble: { reason: error.reason, retryAt } }
    })
    yield* wake.now
  })

  const publish = (startedAt: number, servers: ReadonlyArray<ServerName>, read: Account["routes"]) =>
    Ref.update(known, (was) => {
      const routes = new Map(read)
      for (const [prefix, toldAt] of was.toldAt) {
        if (startedAt >= toldAt + settleMillis) continue
        const server = was.account?.routes.get(prefix)
        if (server === undefined) routes.delete(prefix)
        else routes.set(prefix, server)
      }
      return { ...was, account: { servers: new Set(servers), routes }, trouble: undefined, failures: 0 }
    })

  const read = Effect.gen(function* () {
    const startedAt = yield* Clock.currentTimeMillis
    const ours = yield* Ref.get(watched)
    // Alone and first: refused credentials are found out by a single call.
    const servers = yield* routing.servers
    const here = servers.filter((server) => ours.has(server))
    yield* publish(startedAt, servers, yield* routing.routes(here))
    yield* wake.now
    return here
  })

  /** What a route needs is learned before it is needed. A failure is found again, and reported, by the route itself. */
  const readAhead = (servers: ReadonlyArray<ServerName>) =>
    Effect.forEach(
      servers,
      (server) =>
        routing
          .inspect(server)
          .pipe(Effect.catch((error) => Effect.logDebug(`netcup tells nothing of server ${server}: ${error.message}`))),
      { concurrency: 4, discard: true }
    )

  const untilRetry = Effect.gen(function* () {
    const { trouble } = yield* Ref.get(known)
    if (trouble !== undefined) yield* Effect.sleep(Duration.millis(trouble.retryAt - (yield* Clock.currentTimeMillis)))
    return trouble !== undefined
  })

  /** Returns when a server is named that was not among `covered`. */
  const newServer = (covered: ReadonlySet<ServerName>) =>
    Effect.repeat(Queue.take(nudges), {
      until: () => Effect.map(Ref.get(watched), (servers) => !servers.isSubsetOf(covered))
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
      yield* Effect.raceFirst(Effect.sleep(settings.refreshInterval), newServer(covered))
      yield* untilRetry
    }
  })

  const told = (prefix: Prefix) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Ref.update(known, (was) => ({ ...was, toldAt: new Map(was.toldAt).set(prefix, now) }))
    )

  const arrived = (prefix: Prefix, server: ServerName) =>
    Ref.update(known, (was) => ({
      ...was,
      account: was.account && { ...was.account, routes: new Map(was.account.routes).set(prefix, server) }
    }))

  const isThere = (prefix: Prefix, server: ServerName) =>
    Effect.map(routing.routes([server]), (routes) => routes.get(prefix) === server)

  /** Where the address is, is not known since this: a change must not be repeated before it was looked for. */
  const unsure = new Set<Prefix>()

  const look = Effect.fnUntraced(function* (prefix: Prefix, to: ServerName) {
    const there = yield* isThere(prefix, to)
    unsure.delete(prefix)
    return there
  })

  const change = Effect.fnUntraced(function* (address: FailoverAddress, to: ServerName) {
    yield* told(address.prefix)
    yield* routing.route(address, to).pipe(changes.withPermit, Effect.ensuring(told(address.prefix)))
  })

  const route = Effect.fn("NetcupAccount.route")(
    function* (address: FailoverAddress, to: ServerName) {
      const { prefix } = address
      if (!unsure.has(prefix) || !(yield* look(prefix, to))) {
        yield* change(address, to).pipe(
          Effect.catchReason("RoutingError", "UnknownOutcome", (_, unknown) => {
            unsure.add(prefix)
            return look(prefix, to).pipe(
              Effect.catch(() => Effect.fail(unknown)),
              Effect.flatMap((there) => (there ? Effect.void : Effect.fail(unknown)))
            )
          })
        )
      }
      yield* arrived(prefix, to)
    },
    Effect.tapError((error) => (error.reason._tag === "InvalidCredentials" ? fail(error) : Effect.void))
  )

  yield* refresh.pipe(
    // A defect is a bug; an account that nobody reads any more, unnoticed, would be a worse one.
    Effect.tapDefect((defect) => Effect.logError("reading an account starts again after a defect", defect)),
    Effect.sandbox,
    Effect.retry(Schedule.spaced("1 second")),
    Effect.forkScoped
  )
  const account: NetcupAccount = {
    key: AccountKey.make(`soap:${credentials.loginName}`),
    state: Ref.get(known),
    watchServers: (servers) => Effect.andThen(Ref.set(watched, servers), Queue.offer(nudges, undefined)),
    route
  }
  return account
})
