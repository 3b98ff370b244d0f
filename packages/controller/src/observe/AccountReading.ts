/**
 * Reads an account as long as it is open: at once, then at each refresh interval, sooner where a doubt is left or a new server is named.
 */
import type { AccountKey } from "@netcup-failover/core/Account"
import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { FailoverRouting, Routes } from "@netcup-failover/netcup/FailoverRouting"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Pace from "../Pace.ts"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import { type AccountHealth, type FirstReading, type Health, isLoginTrouble } from "./AccountHealth.ts"
import type * as RouteMemory from "./RouteMemory.ts"

const nothing: Routes = { held: new Map(), untold: new Map() }

export interface ReadingOptions {
  readonly api: Pace.Failure["api"]
  readonly routing: FailoverRouting["Service"]
  readonly health: AccountHealth
  /** Waits until nothing is under way at netcup that changes where addresses are. */
  readonly settle: Effect.Effect<boolean>
  readonly memoryOf: (account: AccountKey) => RouteMemory.RouteMemory
  /** The servers that our nodes are. */
  readonly servers: ReadonlySet<ServerName>
}

/** Begins to read, until the scope ends. Gives the way to name other servers. */
export const start = Effect.fnUntraced(function* ({ api, routing, health, settle, memoryOf, servers }: ReadingOptions) {
  const settings = yield* Settings
  const wake = yield* Wake
  const scope = yield* Scope.Scope
  const watched = yield* Ref.make(servers)
  const nudges = yield* Queue.sliding<void>(1)

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
    Effect.tap((notices) => Ref.update(health.ref, (was): Health => ({ ...was, notices }))),
    Effect.tap((notices) => (notices.length > 0 ? wake.now : Effect.void)),
    Effect.catch(({ message }) => Effect.logDebug(`netcup tells nothing of the account's settings: ${message}`))
  )

  /** The first time the loop is woken: what has to be read of the account elsewhere is read meanwhile. */
  const accepted = Effect.fnUntraced(function* (key: AccountKey) {
    const before = yield* Ref.getAndUpdate(health.ref, (was): Health => ({ ...was, key }))
    if (before.key !== key) yield* wake.now
  })

  const read = Effect.gen(function* () {
    const ours = yield* Ref.get(watched)
    // Alone and first: refused credentials are found out by a single call.
    const key = yield* routing.identity
    const memory = memoryOf(key)
    const { first: before } = yield* Ref.get(health.ref)
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
      health.ref,
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

  const inspect = Effect.fnUntraced(function* (memory: RouteMemory.RouteMemory | undefined, server: ServerName) {
    const view = yield* routing.inspect(server)
    const isStopped = view.running === false || view.rescue
    // SOAP routes to any server, and is asked once: it is not for that one look to say for ever.
    if (memory === undefined || isStopped === memory.stopped().has(server) || (isStopped && api === "soap")) return view
    memory.notRunning(server, isStopped)
    yield* wake.now
    return view
  })

  /** What a route needs is learned before it is needed. A failure is found again, and reported, by the route itself. */
  const lookAt = (memory: RouteMemory.RouteMemory) => (server: ServerName) =>
    inspect(memory, server).pipe(
      Effect.catch((error) => Effect.logDebug(`netcup tells nothing of server ${server}: ${error.message}`))
    )

  const untilRetry = Effect.gen(function* () {
    const { trouble } = yield* Ref.get(health.ref)
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
    const { failures, known } = yield* Ref.get(health.ref)
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
        Effect.catch(health.fail)
      )
      if (yield* untilRetry) continue
      yield* Effect.raceFirst(rest, newServer(covered))
      yield* untilRetry
    }
  })

  yield* refresh.pipe(
    // A defect is a bug; an account that nobody reads any more, unnoticed, would be a worse one.
    Effect.tapDefect((defect) => Effect.logError("reading an account starts again after a defect", defect)),
    Effect.sandbox,
    Effect.retry(Schedule.spaced("1 second")),
    Effect.forkScoped
  )
  return {
    /** A server's state, asked now; what it means for routing is remembered. */
    inspect: (server: ServerName) =>
      Ref.get(health.ref).pipe(
        Effect.flatMap(({ known }) => inspect(known?.memory, server)),
        Effect.tapError((error) => (isLoginTrouble(error.reason) ? health.fail(error) : Effect.void))
      ),
    watchServers: (servers: ReadonlySet<ServerName>) =>
      Effect.andThen(Ref.set(watched, servers), Effect.asVoid(Queue.offer(nudges, undefined)))
  }
})
