/**
 * Reads an account as long as it is open: at once, then at each refresh interval, sooner where a doubt is left or a new server is named.
 */
import type { AccountKey } from "@netcup-failover/core/Account"
import type { Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as Restarting from "@netcup-failover/kubernetes/Restarting"
import type { FailoverRouting, Routes } from "@netcup-failover/netcup/FailoverRouting"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Pace from "../Pace.ts"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import { type AccountHealth, type FirstReading, type Health, isLoginTrouble } from "./AccountHealth.ts"
import * as NodeMapping from "./NodeMapping.ts"
import type * as RouteMemory from "./RouteMemory.ts"
import * as ServerSights from "./ServerSights.ts"

const nothing: Routes = { held: new Map(), untold: new Map() }

export interface ReadingOptions {
  readonly api: Pace.Failure["api"]
  readonly routing: FailoverRouting["Service"]
  readonly health: AccountHealth
  /** Waits until nothing is under way at netcup that changes where addresses are. */
  readonly settle: Effect.Effect<boolean>
  readonly memoryOf: (account: AccountKey) => RouteMemory.RouteMemory
  /** The servers that our nodes are by their annotations. */
  readonly servers: ReadonlySet<ServerName>
  /** What else tells which servers they are. */
  readonly seekers?: NodeMapping.Seekers | undefined
}

interface Watched {
  readonly servers: ReadonlySet<ServerName>
  readonly seekers: NodeMapping.Seekers
}

/** What nodes say of what they are, as texts. */
const marksOf = ({ nodes }: NodeMapping.Seekers): ReadonlySet<string> =>
  new Set(nodes.map(({ name, server, addresses, names }) => JSON.stringify([name, server, addresses, names])))

/** Begins to read, until the scope ends. Gives the way to name other servers. */
export const start = Effect.fnUntraced(function* ({
  api,
  routing,
  health,
  settle,
  memoryOf,
  ...first
}: ReadingOptions) {
  const settings = yield* Settings
  const wake = yield* Wake
  const scope = yield* Scope.Scope
  const sights = yield* ServerSights.make(routing)
  const watched = yield* Ref.make<Watched>({ servers: first.servers, seekers: first.seekers ?? NodeMapping.nobody })
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

  /** The servers that were looked at, or tried to, in this term. */
  const inspected = new Set<ServerName>()

  const read = Effect.gen(function* () {
    const { servers: annotated, seekers } = yield* Ref.get(watched)
    // Alone and first: refused credentials are found out by a single call.
    const key = yield* routing.identity
    const memory = memoryOf(key)
    const { first: before } = yield* Ref.get(health.ref)
    // What a former leader told may still be under way, which changes where addresses are, but not which servers there are.
    const servers = Effect.tap(routing.servers, () => accepted(key))
    const [listed] = yield* Effect.all([servers, before === undefined ? settle : Effect.void], { concurrency: 2 })
    const proof = sights.prove(listed, memory, seekers)
    // Where annotations say which servers to ask about, what proves them is asked for meanwhile.
    const isLookedFor = seekers.nodes.some(({ server }) => server === undefined)
    const provedFirst = isLookedFor ? yield* proof : undefined
    const ours = NodeMapping.serversOf(seekers, annotated, memory)
    const startedAt = yield* Clock.currentTimeMillis
    const among = listed.filter((server) => ours.has(server))
    // By REST the route itself looks at its server; a SOAP call would be sent to one that is off.
    const unseen = api === "soap" ? among.filter((server) => !inspected.has(server)) : []
    const looks = Effect.gen(function* () {
      const proved = provedFirst ?? (yield* proof)
      const left = unseen.filter((server) => !proved.has(server))
      yield* sights.inTime(memory, left)
      return new Set([...proved, ...left])
    })
    const [{ held, untold, sites, locked }, first, looked] = yield* Effect.all(
      [
        among.length === 0 ? Effect.succeed(nothing) : routing.routes(among),
        before === undefined ? past : Effect.succeed(before),
        looks
      ],
      { concurrency: 3 }
    )
    const told = new Map<ServerName, Array<Prefix>>(
      among.filter((server) => !untold.has(server)).map((server) => [server, []])
    )
    for (const [prefix, server] of held) told.get(server)?.push(prefix)
    for (const [server, { message }] of untold) {
      yield* Effect.logWarning(`netcup does not tell what is routed to server ${server}`, { message })
    }
    memory.learn({ startedAt, servers: listed, told, failed: new Set(untold.keys()), sites, locked })
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
    return { here: [...told.keys()], memory, looked }
  })

  const untilRetry = Effect.gen(function* () {
    const { trouble } = yield* Ref.get(health.ref)
    if (trouble !== undefined) yield* Effect.sleep(Duration.millis(trouble.retryAt - (yield* Clock.currentTimeMillis)))
    return trouble !== undefined
  })

  /** Returns when a server is named that was not among `covered`, or a node says something else of what it is. */
  const newServer = ({ servers: covered, seekers: before }: Watched) =>
    Effect.repeat(Queue.take(nudges), {
      until: () =>
        Effect.map(
          Ref.get(watched),
          ({ servers, seekers }) => !servers.isSubsetOf(covered) || !marksOf(seekers).isSubsetOf(marksOf(before))
        )
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
    while (true) {
      const covered = yield* Ref.get(watched)
      yield* read.pipe(
        Effect.tap(({ here, memory, looked }) => {
          // By REST a server's state is never older than the rest. SOAP would take a call more for each: only what is down is asked for again.
          const isDue = (server: ServerName) => api === "rest" || !inspected.has(server) || !memory.isSound(server)
          for (const server of looked) inspected.add(server)
          const due = here.filter((server) => !looked.has(server) && isDue(server))
          for (const server of due) inspected.add(server)
          return sights.all(memory, due)
        }),
        Effect.catch(health.fail)
      )
      if (yield* untilRetry) continue
      yield* Effect.raceFirst(rest, newServer(covered))
      yield* untilRetry
    }
  })

  yield* refresh.pipe(Restarting.afterDefects("reading an account"), Effect.forkScoped)
  return {
    /** A server's state, asked now; what it means for routing is remembered. */
    inspect: (server: ServerName) =>
      Ref.get(health.ref).pipe(
        Effect.flatMap(({ known }) =>
          known === undefined ? routing.inspect(server) : sights.look(known.memory, server)
        ),
        Effect.tapError((error) => (isLoginTrouble(error.reason) ? health.fail(error) : Effect.void))
      ),
    watchServers: (servers: ReadonlySet<ServerName>, seekers = NodeMapping.nobody) =>
      Effect.andThen(Ref.set(watched, { servers, seekers }), Effect.asVoid(Queue.offer(nudges, undefined)))
  }
})
