/**
 * Asks netcup about the servers of suspect nodes: at once, then every few seconds, ever less often after a minute. In peace nothing is asked.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import { Signal } from "@netcup-failover/core/detect/Signal"
import { wordCounts } from "@netcup-failover/core/detect/Testimony"
import type { ServerName } from "@netcup-failover/core/ServerName"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Restarting from "@netcup-failover/kubernetes/Restarting"
import type { ServerView } from "@netcup-failover/netcup/FailoverRouting"
import type { NetcupError, NetcupErrorReason } from "@netcup-failover/netcup/NetcupError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { Settings } from "../Settings.ts"
import { Accounts } from "./Accounts.ts"
import { Cluster } from "./Cluster.ts"
import { Detector } from "./Detector.ts"
import type { NetcupAccount } from "./NetcupAccount.ts"
import * as NodeMapping from "./NodeMapping.ts"

/** Suspect nodes and the servers that they are. */
export type Suspects = ReadonlyMap<NodeName, ServerName>

export interface ProviderLookOptions {
  /** Again at each change; the first at once. */
  readonly suspects: Stream.Stream<Suspects>
  /** What netcup says of a server now; nothing when no account that can be asked has it. */
  readonly ask: (server: ServerName) => Effect.Effect<ServerView | undefined, NetcupError>
  readonly hear: (signal: Signal) => Effect.Effect<void>
  readonly settings: Pick<Settings["Service"], "suspectInterval" | "refreshInterval">
}

/** How many servers are asked about at once. */
const concurrency = 8

/** For so long, in ms, a server is asked about at full pace. */
const urgent = 60_000

/** What netcup said has to be heard again before it counts no more, however slow netcup is: the longest pause, in ms. */
const longestPause = wordCounts - 15_000

/** One that comes and goes for long is asked about no later than that after the last time, in ms: it may have died this time. */
const restless = 10_000

/** How often it is tried whether an account has the server, or the node, by now, in ms: a new leader has yet to read them. Asks netcup nothing. */
const accountless = 1_000

/** What was asked about a server, in monotonic ms. Kept a little longer than the suspicion: one that comes and goes is one. */
interface Asked {
  readonly firstAt: number
  /** When the last call began, or ended. */
  readonly lastAt: number
  /** Until the next. */
  readonly pause: number
}

/** Such an account would not answer, or should not be asked. */
const barring: ReadonlySet<NetcupErrorReason["_tag"]> = new Set(["InvalidCredentials", "LoginExpired", "RateLimited"])

/** Asks whichever open account has the server; one, if several have. */
export const askBy = (open: Effect.Effect<ReadonlyArray<NetcupAccount>>): ProviderLookOptions["ask"] =>
  Effect.fnUntraced(function* (server) {
    for (const account of yield* open) {
      const { account: known, trouble } = yield* account.state
      if (known?.servers.has(server) !== true) continue
      if (trouble === undefined || !barring.has(trouble.reason._tag)) return yield* account.inspect(server)
    }
    return undefined
  })

const stateOf = ({ running }: ServerView) => (running === undefined ? "Unknown" : running ? "Running" : "Down")

/** Runs until interrupted. */
export const run = Effect.fn("ProviderLook.run")(function* ({ ask, hear, settings, suspects }: ProviderLookOptions) {
  const interval = Duration.toMillis(settings.suspectInterval)
  const slowest = Math.max(interval, Math.min(longestPause, Duration.toMillis(settings.refreshInterval)))
  const permits = yield* Semaphore.make(concurrency)
  const workers = yield* FiberMap.make<ServerName>()
  const asked = new Map<ServerName, Asked>()
  let current: Suspects = new Map()

  const tell = (server: ServerName, view: ServerView) =>
    Effect.forEach(
      // More than one only where nodes claim the same server.
      [...current].filter(([, one]) => one === server),
      ([node]) => hear(Signal.Provider({ node, state: stateOf(view), word: view.word ?? "" })),
      { discard: true }
    )

  /** Until when netcup, or our own care of it, wants not to be asked, in ms from now. */
  const forbidden = ({ reason }: NetcupError, now: number) =>
    "retryAt" in reason && reason.retryAt !== undefined ? Math.min(slowest, reason.retryAt - now) : 0

  /** Asks once. Gives when to ask again, in ms from now. */
  const look = Effect.fnUntraced(function* (server: ServerName) {
    const before = asked.get(server)
    const startedAt = yield* Monotonic.now
    const firstAt = before?.firstAt ?? startedAt
    const pause = startedAt - firstAt < urgent ? interval : Math.min(slowest, 2 * (before?.pause ?? interval))
    // Counted before it is made: one that is broken off was made all the same.
    asked.set(server, { firstAt, lastAt: startedAt, pause })
    const answer = yield* Effect.result(ask(server))
    if (Result.isSuccess(answer) && answer.success === undefined) {
      if (before === undefined) asked.delete(server)
      else asked.set(server, before)
      return accountless
    }
    asked.set(server, { firstAt, lastAt: yield* Monotonic.now, pause })
    if (Result.isSuccess(answer)) {
      if (answer.success !== undefined) yield* tell(server, answer.success)
      return pause
    }
    yield* Effect.logDebug(`netcup tells nothing of server ${server}: ${answer.failure.message}`)
    return Math.max(pause, forbidden(answer.failure, yield* Clock.currentTimeMillis))
  })

  const worker = Effect.fnUntraced(function* (server: ServerName) {
    // Suspect again: at once, but for what was asked just now. One that comes and goes for long has been asked about often enough.
    const { lastAt, pause } = asked.get(server) ?? { lastAt: Number.NEGATIVE_INFINITY, pause: interval }
    let wait = lastAt + Math.max(interval, Math.min(pause, restless)) - (yield* Monotonic.now)
    while (true) {
      if (wait > 0) yield* Effect.sleep(Duration.millis(wait))
      wait = yield* permits.withPermit(look(server))
    }
  })

  const follow = Effect.fnUntraced(function* (suspects: Suspects) {
    const now = yield* Monotonic.now
    const before = new Set(current.values())
    current = suspects
    const wanted = new Set(suspects.values())
    for (const server of before) {
      // Nobody waits for a call to be broken off.
      if (!wanted.has(server)) yield* Effect.forkChild(FiberMap.remove(workers, server), { startImmediately: true })
    }
    for (const [server, { lastAt }] of asked) {
      if (!before.has(server) && now - lastAt > slowest) asked.delete(server)
    }
    for (const server of wanted) {
      if (!before.has(server))
        yield* FiberMap.run(workers, server, worker(server).pipe(Restarting.afterDefects("asking about a server")))
    }
  })

  yield* Stream.runForEach(suspects, follow)
  return yield* Effect.never
}, Effect.scoped)

const nobody: Suspects = new Map()

/** The servers that nodes are beyond doubt: what netcup says of one convicts at once. */
const serversOf = Effect.fnUntraced(function* (
  nodes: ReadonlySet<NodeName>,
  seekers: Effect.Effect<NodeMapping.Seekers>,
  open: Effect.Effect<ReadonlyArray<NetcupAccount>>
) {
  const all = yield* seekers
  const mapped = NodeMapping.mapper(all)
  const states = yield* Effect.forEach(yield* open, ({ state }) => Effect.map(state, mapped))
  return NodeMapping.agreed(
    all.nodes.filter(({ name }) => nodes.has(name)),
    states.flatMap(({ account }) => account ?? [])
  ) satisfies Suspects
})

/** The same for the nodes that the detector suspects, by the accounts that groups use. For the leader, who alone has accounts. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const { hear, suspects } = yield* Detector
    const { seekers } = yield* Cluster
    const { open } = yield* Accounts
    const settings = yield* Settings
    const known = (nodes: ReadonlySet<NodeName>) => serversOf(nodes, seekers, open)
    // Which server a node is may come out only now, with the first reading of an account, or be said otherwise.
    const again = Schedule.min([Schedule.exponential(accountless, 1.1), Schedule.spaced(settings.refreshInterval)])
    yield* run({
      suspects: suspects.pipe(
        Stream.switchMap((nodes) =>
          nodes.size === 0 ? Stream.succeed(nobody) : Stream.fromEffectSchedule(known(nodes), again)
        ),
        Stream.changes
      ),
      ask: askBy(open),
      hear,
      settings
    }).pipe(Effect.forkScoped)
  })
)
