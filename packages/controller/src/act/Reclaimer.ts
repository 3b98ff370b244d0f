/**
 * What `spec.reclaimPolicy: Unroute` asks for: a finalizer on the group while it lives, and when it is deleted its addresses' routes are
 * taken away at netcup, by the same ledger and limits as moves, before the finalizer goes.
 *
 * Nothing is unrouted that another group has, or that is elsewhere than on the group's node. No deletion is blocked for ever: what
 * cannot be unrouted within a bounded time stays where it is, and an Event says so.
 */
import { type Account, apiOf } from "@netcup-failover/core/Account"
import type { Candidate } from "@netcup-failover/core/Candidate"
import type * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import { serverOf } from "@netcup-failover/core/ServerMapping"
import type { ServerName } from "@netcup-failover/core/ServerName"
import { Events } from "@netcup-failover/kubernetes/Events"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { addressesOf, type GroupResource, groups } from "../observe/GroupResource.ts"
import type { GroupObservation } from "../observe/Observation.ts"
import * as Pace from "../Pace.ts"
import { StatusReporter } from "../report/StatusReporter.ts"
import * as UnroutingStatus from "../report/UnroutingStatus.ts"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import { Fence } from "./Fence.ts"
import * as Finalizers from "./Finalizers.ts"
import * as LedgerReading from "./LedgerReading.ts"
import { Ledgers } from "./Ledgers.ts"

/** What became of unrouting an address; times in ms since the epoch. */
type Attempt =
  | { readonly _tag: "Running" }
  | { readonly _tag: "Done" }
  | { readonly _tag: "Waits"; readonly until: number; readonly message: string; readonly byLimit: boolean }

/** One group that is being deleted. */
interface Departure {
  readonly attempts: Map<FailoverAddress.Prefix, Attempt>
  /** Where leaders before us have told netcup to move it, by the ledger, which forgets that once we tell netcup something ourselves. */
  readonly begunBefore: Set<ServerName>
  failures: number
}

/** What is left to be done of a group, or why nothing can be done. */
type Rest =
  | { readonly _tag: "Todo"; readonly addresses: ReadonlyArray<readonly [FailoverAddress.FailoverAddress, ServerName]> }
  | { readonly _tag: "Blocked"; readonly message: string }

/** Until what is due and could not begin is looked at again, in ms. */
const slowLook = 1_000

/** netcup's limits have no longer memory: what they hold back is waited for so much longer. */
const longestLimit = 3_600_000

/** The servers that we have routed the group to: what is elsewhere was moved there by somebody else. `undefined`: one that is not known. */
const serversOf = (
  { status }: GroupResource,
  nodes: ReadonlyArray<Candidate>,
  known: Account | undefined
): ReadonlySet<string | undefined> =>
  new Set([
    ...nodes
      .filter(({ name }) => name === status?.currentNode || name === status?.targetNode)
      .map((node) => (known === undefined ? node.server : serverOf(node, known))),
    ...(status?.addresses ?? []).flatMap(({ state, server }) =>
      state === "Routed" && server !== undefined ? [server] : []
    )
  ])

/** @param begunBefore where leaders before us may have moved it, which no status may tell; `undefined`: the ledger is not read yet */
const restOf = (
  { resource, account }: GroupObservation,
  claimed: ReadonlySet<FailoverAddress.Prefix>,
  nodes: ReadonlyArray<Candidate>,
  begunBefore: ReadonlySet<ServerName> | undefined
): Rest => {
  const blocked = (message: string): Rest => ({ _tag: "Blocked", message })
  const ours = addressesOf(resource).filter(({ prefix }) => !claimed.has(prefix))
  const told = account?._tag === "Usable" ? account.state.account : undefined
  const servers = new Set([...serversOf(resource, nodes, told), ...(begunBefore ?? [])])
  // What never was anywhere as far as anybody knows does not wait for a Secret, or for netcup.
  const isNowhere = servers.size === 0 && (begunBefore !== undefined || told === undefined)
  if (ours.length === 0 || isNowhere) return { _tag: "Todo", addresses: [] }
  if (account === undefined) return blocked("the Secret is not read yet")
  if (account._tag === "Unusable") return blocked(account.message)
  const { account: known, trouble } = account.state
  if (trouble !== undefined) return blocked(trouble.reason.message)
  if (known === undefined) return blocked("netcup has not answered yet")
  if (begunBefore === undefined) return blocked("the ledger of its moves is not read yet")
  const unread = [...(known.unread ?? [])].find((server) => servers.has(server))
  if (unread !== undefined && ours.some(({ prefix }) => !known.routes.has(prefix)))
    return blocked(`netcup does not tell what is routed to ${unread}`)
  const isElsewhere = ({ prefix }: FailoverAddress.FailoverAddress) => !servers.has(known.routes.get(prefix) ?? "")
  if (servers.has(undefined) && known.unidentified !== undefined && ours.some(isElsewhere))
    return blocked("netcup does not tell which server the group's node is")
  return {
    _tag: "Todo",
    addresses: ours.flatMap((address) => {
      const at = known.routes.get(address.prefix)
      return at !== undefined && servers.has(at) ? [[address, at] as const] : []
    })
  }
}

export class Reclaimer extends Context.Service<
  Reclaimer,
  {
    /**
     * Gives and takes finalizers as the groups' policies ask for, and goes on with groups that are being deleted. Waits for nobody. Gives
     * when time alone gives it something to do (ms since the epoch).
     *
     * @param moving groups by name of which a move is still on its way: nobody knows yet where their addresses will be
     */
    readonly look: (
      living: ReadonlyArray<GroupObservation>,
      leaving: ReadonlyArray<GroupObservation>,
      nodes: ReadonlyArray<Candidate>,
      moving: ReadonlySet<string>
    ) => Effect.Effect<number | undefined>
  }
>()("@netcup-failover/controller/act/Reclaimer") {
  static readonly layer = Layer.effect(
    Reclaimer,
    Effect.gen(function* () {
      const settings = yield* Settings
      const wake = yield* Wake
      const ledgers = yield* Ledgers
      const fence = yield* Fence
      const reporter = yield* StatusReporter
      const events = yield* Events
      const running = yield* FiberMap.make<string, void, never>()
      const departures = new Map<string, Departure>()
      const finalizers = yield* Finalizers.make
      const patience = Duration.toMillis(settings.reclaimGiveUpAfter)

      const tell = ({ metadata }: GroupResource, message: string) =>
        events.record({ kind: groups, metadata, type: "Warning", reason: "RouteRetained", message })

      /** The group goes, and it is said what became of its addresses. */
      const release = (resource: GroupResource, said: Effect.Effect<void>) => finalizers.set(resource, false, said)

      const unrouted = (resource: GroupResource) =>
        release(
          resource,
          Effect.logInfo("the addresses of a deleted group are unrouted", { group: resource.metadata.name })
        )

      /** @param reason why they stay where they are */
      const retained = (resource: GroupResource, reason: string) =>
        release(
          resource,
          Effect.andThen(
            tell(resource, reason),
            Effect.logWarning("a deleted group leaves its addresses where they are", {
              group: resource.metadata.name,
              reason
            })
          )
        )

      const unroute = Effect.fnUntraced(function* (
        { resource, account }: GroupObservation,
        departure: Departure,
        address: FailoverAddress.FailoverAddress,
        from: ServerName
      ) {
        if (account?._tag !== "Usable" || account.state.key === undefined) return
        const { key } = account.state
        const { prefix } = address
        const { name: group, uid } = resource.metadata
        const before = departure.attempts.get(prefix)
        const now = yield* Clock.currentTimeMillis
        if (before?._tag === "Running" || (before?._tag === "Waits" && now < before.until)) return
        const grant = yield* ledgers.ask(key, { prefix, server: from, purpose: "Upkeep", unroute: true })
        if (grant._tag === "Waits") {
          const { message, notBefore: until } = grant
          departure.attempts.set(prefix, { _tag: "Waits", until, message, byLimit: true })
          return
        }
        departure.attempts.set(prefix, { _tag: "Running" })
        const { ticket } = grant
        const end = (attempt: Attempt | undefined) =>
          Effect.sync(() =>
            attempt === undefined ? departure.attempts.delete(prefix) : departure.attempts.set(prefix, attempt)
          )
        const waits = (message: string, until: number, byLimit: boolean) =>
          end({ _tag: "Waits", until, message, byLimit })
        const soon = Effect.map(Clock.currentTimeMillis, (at) => at + 1_000)
        const work = Effect.gen(function* () {
          yield* ledgers.commit(key, [ticket])
          yield* Effect.logInfo("unrouting", { group, address: `${address}`, server: from })
          yield* account.account.unroute(address, from, fence)
          yield* ledgers.end(key, ticket, { _tag: "Done" })
          yield* end({ _tag: "Done" })
        }).pipe(
          Effect.catchTags({
            NotWritten: ({ message }) =>
              Effect.gen(function* () {
                yield* ledgers.end(key, ticket, { _tag: "Withdrawn" })
                yield* waits(message, yield* soon, false)
              }),
            CalledOff: () =>
              Effect.gen(function* () {
                yield* ledgers.end(key, ticket, { _tag: "Withdrawn" })
                yield* waits("no longer leading", yield* soon, false)
              }),
            NetcupError: ({ reason }) =>
              Effect.gen(function* () {
                departure.failures += 1
                const { failures } = departure
                const api = apiOf(key)
                const at = yield* Clock.currentTimeMillis
                const until = Pace.nextAttemptAt({ reason, failures, api }, at, yield* Random.next, settings)
                const byLimit = reason._tag === "RateLimited"
                yield* Effect.logWarning("not unrouted", { group, address: `${address}`, message: reason.message })
                // What netcup began, or may have begun, counts.
                const counts = reason._tag === "TaskFailed" || reason._tag === "UnknownOutcome"
                yield* ledgers.end(
                  key,
                  ticket,
                  byLimit ? { _tag: "Refused", until } : counts ? { _tag: "Spent" } : { _tag: "Withdrawn" }
                )
                yield* waits(reason.message, until, byLimit)
              })
          }),
          // A bug must not leave it behind as running for ever; what was sent, if anything, is not known.
          Effect.catchDefect((defect) =>
            Effect.gen(function* () {
              yield* Effect.logError("a bug broke off an unroute", defect)
              yield* ledgers.end(key, ticket, { _tag: "Spent" })
              const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(settings.maxBackoff)
              yield* waits("an internal error broke it off", until, false)
            })
          ),
          Effect.andThen(wake.now)
        )
        yield* FiberMap.run(running, `${uid}\n${prefix}`, work)
      })

      const depart = Effect.fnUntraced(function* (
        observed: GroupObservation,
        claimed: ReadonlySet<FailoverAddress.Prefix>,
        nodes: ReadonlyArray<Candidate>,
        moving: ReadonlySet<string>
      ) {
        const resource = yield* reporter.newest(observed.resource)
        const { uid, deletionTimestamp = "" } = resource.metadata
        if (resource.spec.reclaimPolicy !== "Unroute") return yield* release(resource, Effect.void)
        if (resource.spec.paused === true)
          return yield* retained(resource, "the group is paused: its addresses stay where they are")
        const departure = departures.get(uid) ?? { attempts: new Map(), begunBefore: new Set(), failures: 0 }
        departures.set(uid, departure)
        const state = observed.account?._tag === "Usable" ? observed.account.state : undefined
        const isOpen = state?.key !== undefined && (yield* ledgers.open(state.key, LedgerReading.of(state)))
        if (state?.key !== undefined && isOpen) {
          const begun = yield* ledgers.begunBefore(state.key)
          for (const { prefix } of addressesOf(resource)) {
            const entry = begun.get(prefix)
            if (entry !== undefined) departure.begunBefore.add(entry.server)
          }
        }
        // By the newest status: the one that is stored may not tell yet where it was moved to a moment ago.
        const rest = restOf({ ...observed, resource }, claimed, nodes, isOpen ? departure.begunBefore : undefined)
        const isDone = ({ prefix }: FailoverAddress.FailoverAddress) => departure.attempts.get(prefix)?._tag === "Done"
        const left = rest._tag === "Todo" ? rest.addresses.filter(([address]) => !isDone(address)) : []
        const isMoving = moving.has(resource.metadata.name)
        const isRunning = isMoving || [...departure.attempts.values()].some(({ _tag }) => _tag === "Running")
        if (rest._tag === "Todo" && left.length === 0 && !isRunning) return yield* unrouted(resource)
        const now = yield* Clock.currentTimeMillis
        const waiting = [...departure.attempts.values()].filter((attempt) => attempt._tag === "Waits")
        const wayOff = isMoving ? "a move is still on its way" : undefined
        const message = rest._tag === "Blocked" ? rest.message : (waiting[0]?.message ?? wayOff)
        const isLimited = rest._tag === "Todo" && waiting.length > 0 && waiting.every(({ byLimit }) => byLimit)
        const deadline = Date.parse(deletionTimestamp) + patience + (isLimited ? longestLimit : 0)
        if (now >= deadline && !isRunning) {
          const why = message ?? "netcup did not do it in time"
          return yield* retained(resource, `not unrouted, and left where they are: ${why}`)
        }
        if (isOpen) for (const [address, from] of left) yield* unroute(observed, departure, address, from)
        yield* reporter.reportSoon(resource, UnroutingStatus.compose(resource, message, now))
        const again = left.flatMap(([{ prefix }]) => {
          const attempt = departure.attempts.get(prefix)
          return attempt?._tag === "Waits" ? [attempt.until > now ? attempt.until : now + slowLook] : []
        })
        // What is blocked or running wakes us by itself.
        const due = [...again, ...(now < deadline ? [deadline] : [])]
        return due.length === 0 ? undefined : Math.min(...due)
      })

      return Reclaimer.of({
        look: Effect.fnUntraced(function* (living, leaving, nodes, moving) {
          const claimed = new Set(living.flatMap(({ resource }) => addressesOf(resource).map(({ prefix }) => prefix)))
          const marks = yield* Effect.forEach(
            living,
            Effect.fnUntraced(function* ({ resource: seen }) {
              const wanted = seen.spec.reclaimPolicy === "Unroute"
              return wanted === Finalizers.isOn(seen)
                ? undefined
                : yield* finalizers.set(yield* reporter.newest(seen), wanted)
            })
          )
          const looks = yield* Effect.forEach(leaving, (one) => depart(one, claimed, nodes, moving))
          const uids = new Set([...living, ...leaving].map(({ resource }) => resource.metadata.uid))
          for (const uid of departures.keys()) if (!uids.has(uid)) departures.delete(uid)
          finalizers.retain(uids)
          const due = [...marks, ...looks].filter((at) => at !== undefined)
          return due.length === 0 ? undefined : Math.min(...due)
        })
      })
    })
  )
}
