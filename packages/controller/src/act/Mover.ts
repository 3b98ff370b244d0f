/**
 * Moves addresses: one fiber an address, so that a hung call or a limit holds up nobody else.
 *
 * A change that was sent is not taken back when plans change: its attempt is left to end, and the next look decides from where
 * the address then is. One that has not been sent yet is called off, by the newest decision (`aim`) or by the {@link Fence}.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import { type RoutingErrorReason, UnknownOutcome } from "@netcup-failover/netcup/RoutingError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
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
import { Wake } from "../Wake.ts"
import { Fence } from "./Fence.ts"

/** What became of telling netcup to route an address; times in ms since the epoch. */
export interface Attempt {
  readonly to: NodeName
  readonly server: ServerName
  /** By which credentials it was made. */
  readonly account: NetcupAccount
  readonly startedAt: number
  readonly state:
    | { readonly _tag: "Running" }
    | { readonly _tag: "Done" }
    | { readonly _tag: "Failed"; readonly reason: RoutingErrorReason; readonly retryAt: number }
  /** Failures in a row on the way to `server` with these credentials. */
  readonly failures: number
}

export type Attempts = ReadonlyMap<Prefix, Attempt>

interface Memory {
  readonly attempts: Map<Prefix, Attempt>
  /** When netcup last did as told, in ms since the epoch. */
  readonly movedAt: Map<Prefix, number>
}

export interface Order {
  readonly group: string
  readonly to: NodeName
  readonly server: ServerName
  readonly account: NetcupAccount
  readonly missing: ReadonlyArray<FailoverAddress>
  /** When addresses were last moved as far as the status tells, for a leader that did not see it (ms since the epoch). */
  readonly movedAt: ReadonlyMap<Prefix, number>
}

/**
 * How long calls that are under way may take to end when we stop, or stop leading: most of what the Lease leaves between our
 * last moment as leader and the first of another, and no more than a Pod that is told to end should take.
 */
const closingTimeOf = ({ leaseDuration, leaseRenewDeadline }: Settings["Service"]) =>
  Duration.min(Duration.times(Duration.subtract(leaseDuration, leaseRenewDeadline), 0.8), Duration.seconds(4))

export class Mover extends Context.Service<
  Mover,
  {
    readonly attempts: (group: string) => Effect.Effect<Attempts>
    /** Where a group is to go by the newest decision; `undefined`: nowhere. What has not been sent to elsewhere is not sent. */
    readonly aim: (group: string, to: NodeName | undefined) => Effect.Effect<void>
    /**
     * Marks what of an order is due now as begun, and gives it. What waits for its time is left alone, and so is an address that a
     * call is under way for, be it another group's.
     */
    readonly begin: (order: Order) => Effect.Effect<ReadonlyArray<FailoverAddress>>
    /** Carries out what was begun, in the background; only after `intend` has succeeded, else nothing is sent. */
    readonly carryOut: <E>(
      order: Order,
      begun: ReadonlyArray<FailoverAddress>,
      intend: Effect.Effect<void, E>
    ) => Effect.Effect<void>
    /** Forgets the attempts of a group that is where it belongs, but not when its addresses were last moved. */
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
      const running = yield* FiberMap.make<string, void, never>()
      const fence = yield* Fence
      const closing = yield* Ref.make(false)
      const aims = new Map<string, NodeName>()
      const closingTime = closingTimeOf(settings)
      // A call that was sent cannot be taken back: better to know its end than to leave it to the next leader to find out.
      yield* Effect.addFinalizer(() =>
        Effect.andThen(Ref.set(closing, true), Effect.ignore(Effect.timeout(FiberMap.awaitEmpty(running), closingTime)))
      )
      const groups = new Map<string, Memory>()
      // Of whichever group: one that is deleted, or gives an address to another, leaves its call behind.
      const underWay = new Set<string>()
      const callOf = ({ account }: Pick<Order, "account">, prefix: Prefix) => `${account.key}\n${prefix}`

      const memoryOf = (group: string): Memory => {
        const memory = groups.get(group) ?? { attempts: new Map(), movedAt: new Map() }
        groups.set(group, memory)
        return memory
      }

      const end = (order: Order, prefix: Prefix, change: (begun: Attempt, memory: Memory) => Attempt | undefined) =>
        Effect.andThen(
          Effect.sync(() => {
            underWay.delete(callOf(order, prefix))
            const memory = memoryOf(order.group)
            const begun = memory.attempts.get(prefix)
            const next = begun && change(begun, memory)
            if (next === undefined) memory.attempts.delete(prefix)
            else memory.attempts.set(prefix, next)
          }),
          wake.now
        )

      /** As if it had not begun. */
      const forget = (order: Order, prefix: Prefix) => end(order, prefix, () => undefined)

      const failed = Effect.fnUntraced(function* (order: Order, address: FailoverAddress, reason: RoutingErrorReason) {
        const now = yield* Clock.currentTimeMillis
        const random = yield* Random.next
        yield* Metric.update(Metrics.attempts(reason._tag), 1)
        yield* Effect.logWarning("not routed", {
          group: order.group,
          address: `${address}`,
          node: order.to,
          reason: reason._tag,
          message: reason.message
        })
        yield* end(order, address.prefix, (begun, memory) => {
          const failures = begun.failures + 1
          const movedAt = memory.movedAt.get(address.prefix) ?? order.movedAt.get(address.prefix)
          const retryAt = Pace.nextAttemptAt({ reason, failures, movedAt }, now, random, settings)
          return { ...begun, failures, state: { _tag: "Failed", reason, retryAt } }
        })
      })

      const isPermitted = ({ group, to }: Order) =>
        Effect.gen(function* () {
          return !(yield* Ref.get(closing)) && aims.get(group) === to && (yield* fence)
        })

      const route = Effect.fn("Mover.route")(function* (order: Order, address: FailoverAddress) {
        const { prefix } = address
        yield* Effect.logInfo("routing", { group: order.group, address: `${address}`, node: order.to })
        yield* Effect.matchEffect(order.account.route(address, order.server, isPermitted(order)), {
          onSuccess: () =>
            Effect.gen(function* () {
              const movedAt = yield* Clock.currentTimeMillis
              yield* end(order, prefix, (begun, memory) => {
                memory.movedAt.set(prefix, movedAt)
                return { ...begun, state: { _tag: "Done" }, failures: 0 }
              })
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
        attempts: (group) => Effect.sync(() => new Map(groups.get(group)?.attempts)),
        aim: (group, to) =>
          Effect.sync(() => {
            if (to === undefined) aims.delete(group)
            else aims.set(group, to)
          }),
        begin: Effect.fnUntraced(function* ({ group, to, server, account, missing }) {
          const now = yield* Clock.currentTimeMillis
          const { attempts } = memoryOf(group)
          return missing.filter(({ prefix }) => {
            // The order was made from a look; since then a call may have ended.
            if (account.holds(prefix, server)) return false
            const before = attempts.get(prefix)
            if (before?.state._tag === "Running" || underWay.has(callOf({ account }, prefix))) return false
            const sameWay = before?.server === server && before.account === account
            const limited = before?.state._tag === "Failed" && before.state.reason._tag === "RateLimited"
            // A limit is about the address; every other failure is about the way to one server with these credentials.
            if (before?.state._tag === "Failed" && (sameWay || limited) && now < before.state.retryAt) return false
            underWay.add(callOf({ account }, prefix))
            const failures = sameWay ? before.failures : 0
            attempts.set(prefix, { to, server, account, startedAt: now, state: { _tag: "Running" }, failures })
            return true
          })
        }),
        carryOut: Effect.fnUntraced(function* (order, begun, intend) {
          // One intention for all of them: who comes second would write it on a version that is no more.
          const intention = yield* Effect.cached(intend)
          for (const address of begun) {
            yield* FiberMap.run(
              running,
              `${order.group}\n${address.prefix}`,
              Effect.matchEffect(intention, {
                // The writer of the intention says when to try again.
                onFailure: () => forget(order, address.prefix),
                onSuccess: () => route(order, address)
              }).pipe(Effect.catchDefect((defect) => brokenOff(order, address, defect)))
            )
          }
        }),
        settle: (group) =>
          Effect.sync(() => {
            for (const [prefix, { state }] of groups.get(group)?.attempts ?? []) {
              if (state._tag !== "Running") groups.get(group)?.attempts.delete(prefix)
            }
          }),
        retain: (names) =>
          Effect.sync(() => {
            for (const [name, { attempts }] of groups) {
              const isRunning = [...attempts.values()].some(({ state }) => state._tag === "Running")
              if (!names.has(name) && !isRunning) groups.delete(name)
            }
            for (const name of aims.keys()) if (!names.has(name)) aims.delete(name)
          })
      })
    })
  )
}
