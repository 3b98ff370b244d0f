/**
 * Moves addresses: one fiber an address, so that a hung call or a limit holds up nobody else.
 *
 * A change that was sent is not taken back when plans change: its attempt is left to end, and the next look decides from where
 * the address then is. One that has not been sent yet is called off, by the newest decision (`aim`) or by the {@link Fence}.
 */
import { type AccountKey, apiOf } from "@netcup-failover/core/Account"
import type { NodeName } from "@netcup-failover/core/Candidate"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { Decision } from "@netcup-failover/core/Plan"
import type { ServerName } from "@netcup-failover/core/ServerName"
import { type NetcupErrorReason, RateLimited, UnknownOutcome } from "@netcup-failover/netcup/NetcupError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Metrics from "../Metrics.ts"
import type { NetcupAccount } from "../observe/NetcupAccount.ts"
import * as Pace from "../Pace.ts"
import { Settings } from "../Settings.ts"
import * as FailoverSpan from "../telemetry/FailoverSpan.ts"
import { Wake } from "../Wake.ts"
import { Fence } from "./Fence.ts"
import { type Ending, Ledgers, type Ticket } from "./Ledgers.ts"
import * as MoveTimes from "./MoveTimes.ts"

/** What became of telling netcup to route an address; times in ms since the epoch. */
export interface Attempt {
  readonly to: NodeName
  readonly server: ServerName
  /** By which credentials it was made. */
  readonly account: NetcupAccount
  /** `undefined` while netcup was not told, since the ledger does not allow it. */
  readonly startedAt: number | undefined
  readonly state: /** `entry`: the move in the ledger. */
    | { readonly _tag: "Running"; readonly entry: Ticket }
    | { readonly _tag: "Done" }
    | {
        readonly _tag: "Failed"
        readonly reason: NetcupErrorReason
        readonly retryAt: number
        /** The ledger said no before netcup had to. */
        readonly byLedger?: boolean
      }
  /** Failures in a row on the way to `server` with these credentials. */
  readonly failures: number
  /** Whether netcup may have counted one of them: then no repetition may use up what other failovers need. */
  readonly isCostly: boolean
}

export type Attempts = ReadonlyMap<Prefix, Attempt>

/** Whether netcup may be being told of one of them. */
export const isUnderWay = (attempts: Attempts): boolean =>
  [...attempts.values()].some(({ state }) => state._tag === "Running")

type Memory = Map<Prefix, Attempt>

export interface Order {
  readonly group: string
  readonly to: NodeName
  readonly server: ServerName
  readonly account: NetcupAccount
  readonly key: AccountKey
  readonly missing: ReadonlyArray<FailoverAddress>
  /** Of these the ones that serve, or did a moment ago, where they are: they can wait. */
  readonly upkeep: ReadonlySet<Prefix>
}

/**
 * How long calls that are under way may take to end when we stop, or stop leading: most of what the Lease leaves between our
 * last moment as leader and the first of another, and no more than a Pod that is told to end should take.
 */
export const closingTimeOf = ({ leaseDuration, leaseRenewDeadline }: Settings["Service"]) =>
  Duration.min(Duration.times(Duration.subtract(leaseDuration, leaseRenewDeadline), 0.8), Duration.seconds(4))

/** How an attempt failed, if it did. */
const failureOf = (attempt: Attempt | undefined) => (attempt?.state._tag === "Failed" ? attempt.state : undefined)

/** netcup counts what it began, whatever came of it. */
const mayCount = ({ _tag }: NetcupErrorReason): boolean => _tag === "TaskFailed" || _tag === "UnknownOutcome"

/** What the ledger is told of a failure. */
const endingOf = ({ key }: Order, { _tag }: NetcupErrorReason, retryAt: number): Ending => {
  switch (_tag) {
    case "RateLimited":
      return { _tag: "Refused", until: retryAt }
    // netcup began it, which counts.
    case "TaskFailed":
      return { _tag: "Spent" }
    case "UnknownOutcome":
      // SOAP limits an address, and says so itself when it is asked again after the look that comes first.
      return apiOf(key) === "soap" ? { _tag: "Lost" } : { _tag: "Unknown" }
    default:
      return { _tag: "Withdrawn" }
  }
}

export class Mover extends Context.Service<
  Mover,
  {
    readonly attempts: (group: string) => Effect.Effect<Attempts>
    /** When attempts were started of which surely nothing was sent: they may be told of in a status, and say nothing. */
    readonly unsent: (group: string) => Effect.Effect<ReadonlySet<number>>
    /** What was decided of a group, and how its cause was learned (`undefined`: just now): for the metrics. */
    readonly decided: (
      group: string,
      decision: Decision,
      detection: MoveTimes.Detection | undefined
    ) => Effect.Effect<void>
    /** Where a group is to go by the newest decision; `undefined`: nowhere. What has not been sent to elsewhere is not sent. */
    readonly aim: (group: string, to: NodeName | undefined) => Effect.Effect<void>
    /**
     * Marks what of an order is due now, and allowed by the ledger, as begun, and gives it. What waits for its time is left alone,
     * and so is an address that a call is under way for, be it another group's.
     */
    readonly begin: (order: Order) => Effect.Effect<ReadonlyArray<FailoverAddress>>
    /** Carries out what was begun, in the background; only after the ledger's write has succeeded, else nothing is sent. */
    readonly carryOut: (order: Order, begun: ReadonlyArray<FailoverAddress>) => Effect.Effect<void>
    /** Forgets the attempts of a group that is where it belongs. */
    readonly settle: (group: string) => Effect.Effect<void>
    /** Forgets groups that are no longer there, once nothing of theirs is running. */
    readonly retain: (groups: ReadonlySet<string>) => Effect.Effect<void>
  }
>()("@netcup-failover/controller/act/Mover") {
  static readonly layer = Layer.effect(
    Mover,
    Effect.gen(function* () {
      const settings = yield* Settings
      const wake = yield* Wake
      const ledgers = yield* Ledgers
      const running = yield* FiberMap.make<string, void, never>()
      const fence = yield* Fence
      const closing = yield* Ref.make(false)
      const aims = new Map<string, NodeName>()
      const times = MoveTimes.make()
      const closingTime = closingTimeOf(settings)
      // A call that was sent cannot be taken back: better to know its end than to leave it to the next leader to find out.
      yield* Effect.addFinalizer(() =>
        Effect.andThen(Ref.set(closing, true), Effect.ignore(Effect.timeout(FiberMap.awaitEmpty(running), closingTime)))
      )
      const groups = new Map<string, Memory>()
      const unsent = new Map<string, Map<Prefix, number>>()
      // Of whichever group: one that is deleted, or gives an address to another, leaves its call behind.
      const underWay = new Set<string>()
      const callOf = ({ key }: Pick<Order, "key">, prefix: Prefix) => `${key}\n${prefix}`

      const memoryOf = (group: string): Memory => {
        const memory = groups.get(group) ?? new Map()
        groups.set(group, memory)
        return memory
      }

      const end = Effect.fnUntraced(function* (
        order: Order,
        prefix: Prefix,
        ending: Ending,
        change: (begun: Attempt) => Attempt | undefined,
        isNews = true
      ) {
        underWay.delete(callOf(order, prefix))
        const memory = memoryOf(order.group)
        const begun = memory.get(prefix)
        const next = begun && change(begun)
        if (next === undefined) memory.delete(prefix)
        else memory.set(prefix, next)
        if (begun?.state._tag === "Running") yield* ledgers.end(order.key, begun.state.entry, ending)
        if (isNews) yield* wake.now
      })

      /** As if it had not begun. */
      const forget = (order: Order, prefix: Prefix, isNews = true) =>
        Effect.suspend(() => {
          const startedAt = groups.get(order.group)?.get(prefix)?.startedAt
          const before = unsent.get(order.group) ?? new Map<Prefix, number>()
          if (startedAt !== undefined) unsent.set(order.group, before.set(prefix, startedAt))
          return end(order, prefix, { _tag: "Withdrawn" }, () => undefined, isNews)
        })

      /** The ledger's writer says when to try again, unless we may not write at all: then nothing is gained by haste. */
      const retryLater = Effect.fnUntraced(function* (order: Order, prefix: Prefix) {
        const leads = yield* fence
        yield* forget(order, prefix, leads)
        if (leads) return
        const later = Effect.andThen(Effect.sleep("500 millis"), wake.now)
        yield* FiberMap.run(running, "later", later, { onlyIfMissing: true })
      })

      const failed = Effect.fnUntraced(function* (order: Order, address: FailoverAddress, reason: NetcupErrorReason) {
        const now = yield* Clock.currentTimeMillis
        const random = yield* Random.next
        yield* Metric.update(Metrics.attempts(reason._tag), 1)
        times.failed(order.group, order.to)
        yield* Effect.logWarning("not routed", {
          group: order.group,
          address: `${address}`,
          node: order.to,
          reason: reason._tag,
          message: reason.message
        })
        const failures = (memoryOf(order.group).get(address.prefix)?.failures ?? 0) + 1
        const retryAt = Pace.nextAttemptAt({ reason, failures, api: apiOf(order.key) }, now, random, settings)
        yield* end(order, address.prefix, endingOf(order, reason, retryAt), (begun) => ({
          ...begun,
          failures,
          isCostly: begun.isCostly || mayCount(reason),
          state: { _tag: "Failed", reason, retryAt }
        }))
      })

      const isPermitted = ({ group, to }: Order) =>
        Effect.gen(function* () {
          return !(yield* Ref.get(closing)) && aims.get(group) === to && (yield* fence)
        })

      const route = Effect.fn("Mover.route")(function* (order: Order, address: FailoverAddress) {
        const { prefix } = address
        yield* Effect.logInfo("routing", { group: order.group, address: `${address}`, node: order.to })
        const permitted = isPermitted(order).pipe(
          Effect.tap((isSent) => (isSent ? times.called(order.group, order.to) : Effect.void))
        )
        const attributes = { "failover.address": `${address}`, "failover.to": order.to }
        const routing = order.account.route(address, order.server, permitted)
        yield* Effect.matchEffect(Effect.withSpan(routing, FailoverSpan.route, { attributes }), {
          onSuccess: () =>
            Effect.gen(function* () {
              yield* times.confirmed(order.group, order.to)
              yield* end(order, prefix, { _tag: "Done" }, (begun) => ({
                ...begun,
                state: { _tag: "Done" },
                failures: 0,
                isCostly: false
              }))
              yield* Metric.update(Metrics.attempts("routed"), 1)
              yield* Effect.logInfo("routed", { group: order.group, address: `${address}`, node: order.to })
            }),
          onFailure: (error) =>
            error._tag === "CalledOff" ? forget(order, prefix) : failed(order, address, error.reason)
        })
      })

      /** A bug must not leave an address behind as moving for ever; what was sent, if anything, is not known. */
      const brokenOff = Effect.fnUntraced(function* (order: Order, address: FailoverAddress, defect: unknown) {
        yield* Effect.logError("a bug broke off a move", defect)
        yield* failed(order, address, new UnknownOutcome({ message: "an internal error broke off the move" }))
      })

      return Mover.of({
        attempts: (group) => Effect.sync(() => new Map(groups.get(group))),
        unsent: (group) => Effect.sync(() => new Set(unsent.get(group)?.values())),
        decided: times.decided,
        aim: (group, to) =>
          Effect.sync(() => {
            if (to === undefined) aims.delete(group)
            else aims.set(group, to)
          }),
        begin: Effect.fnUntraced(function* ({ group, to, server, account, key, upkeep, missing }) {
          const now = yield* Clock.currentTimeMillis
          const memory = memoryOf(group)
          return yield* Effect.filter(
            missing,
            Effect.fnUntraced(function* (address) {
              const { prefix } = address
              // The order was made from a look; since then a call may have ended.
              if (account.holds(prefix, server)) return false
              const before = memory.get(prefix)
              if (before?.state._tag === "Running" || underWay.has(callOf({ key }, prefix))) return false
              const sameWay = before?.server === server && before.account === account
              const failed = failureOf(before)
              const limit = failed?.reason._tag === "RateLimited" ? failed : undefined
              // A limit is about the address, and the ledger knows it; every other failure is about the way to one server.
              if (failed !== undefined && limit === undefined && sameWay && now < failed.retryAt) return false
              const failures = sameWay ? before.failures : 0
              const isCostly = sameWay && before.isCostly
              const attempt = { to, server, account, failures, isCostly }
              const purpose = upkeep.has(prefix) ? "Upkeep" : isCostly ? "Repetition" : "Failover"
              const grant = yield* ledgers.ask(key, { prefix, server, purpose })
              if (grant._tag === "Waits") {
                // While moves are under way the time is a guess that comes later with each look: the first one stands.
                const isSame = limit?.byLedger === true && limit.reason.message === grant.message && limit.retryAt > now
                const retryAt = isSame ? Math.min(limit.retryAt, grant.notBefore) : grant.notBefore
                // netcup's own words say more than ours.
                const byLedger = limit === undefined || limit.byLedger === true
                const message = byLedger ? grant.message : limit.reason.message
                const reason = new RateLimited({ message, retryAt })
                const startedAt = before?.startedAt
                if (!isSame) {
                  const until = DateTime.formatIso(DateTime.makeUnsafe(retryAt))
                  const fields = { group, address: `${address}`, until, reason: message }
                  yield* Effect.logInfo("waits for netcup's limits", fields)
                }
                memory.set(prefix, { ...attempt, startedAt, state: { _tag: "Failed", reason, retryAt, byLedger } })
                return false
              }
              underWay.add(callOf({ key }, prefix))
              memory.set(prefix, { ...attempt, startedAt: now, state: { _tag: "Running", entry: grant.ticket } })
              return true
            })
          )
        }),
        carryOut: Effect.fnUntraced(function* (order, begun) {
          const memory = memoryOf(order.group)
          const tickets = begun.flatMap(({ prefix }) => {
            const state = memory.get(prefix)?.state
            return state?._tag === "Running" ? [state.entry] : []
          })
          const intention = yield* Effect.cached(
            Effect.withSpan(ledgers.commit(order.key, tickets), FailoverSpan.ledger)
          )
          for (const address of begun) {
            yield* FiberMap.run(
              running,
              `${order.group}\n${address.prefix}`,
              Effect.matchEffect(intention, {
                onFailure: () => retryLater(order, address.prefix),
                onSuccess: () => route(order, address)
              }).pipe(Effect.catchDefect((defect) => brokenOff(order, address, defect)))
            )
          }
        }),
        settle: (group) =>
          Effect.sync(() => {
            for (const [prefix, { state }] of groups.get(group) ?? []) {
              if (state._tag !== "Running") groups.get(group)?.delete(prefix)
            }
          }),
        retain: Effect.fnUntraced(function* (names) {
          yield* times.retain(names)
          for (const [name, memory] of groups) {
            if (!names.has(name) && !isUnderWay(memory)) groups.delete(name)
          }
          for (const name of aims.keys()) if (!names.has(name)) aims.delete(name)
          for (const name of unsent.keys()) if (!names.has(name)) unsent.delete(name)
        })
      })
    })
  )
}
