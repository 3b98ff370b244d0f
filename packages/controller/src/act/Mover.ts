/**
 * Moves addresses: one fiber an address, so that a hung call or a limit holds up nobody else.
 *
 * An attempt once begun is not taken back when plans change: its call may have been sent. It is left to end, and the next
 * look decides from where the address then is.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { ServerName } from "@netcup-failover/core/ServerName"
import { type RoutingErrorReason, UnknownOutcome } from "@netcup-failover/netcup/RoutingError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
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

/** What became of telling netcup to route an address; times in ms since the epoch. */
export interface Attempt {
  readonly to: NodeName
  readonly startedAt: number
  readonly state:
    | { readonly _tag: "Running" }
    | { readonly _tag: "Done" }
    | { readonly _tag: "Failed"; readonly reason: RoutingErrorReason; readonly retryAt: number }
  /** Failures in a row on the way to `to`. */
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

/** How long calls that are under way may take to end when we stop, or stop leading. Shorter than what the Lease leaves. */
const closingTime = "4 seconds"

export class Mover extends Context.Service<
  Mover,
  {
    readonly attempts: (group: string) => Effect.Effect<Attempts>
    /** Marks what of an order is due now as begun, and gives it. What is running, or waits for its time, is left alone. */
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
      const closing = yield* Ref.make(false)
      // A call that was sent cannot be taken back: better to know its end than to leave it to the next leader to find out.
      yield* Effect.addFinalizer(() =>
        Effect.andThen(Ref.set(closing, true), Effect.ignore(Effect.timeout(FiberMap.awaitEmpty(running), closingTime)))
      )
      const groups = new Map<string, Memory>()

      const memoryOf = (group: string): Memory => {
        const memory = groups.get(group) ?? { attempts: new Map(), movedAt: new Map() }
        groups.set(group, memory)
        return memory
      }

      const end = (order: Order, prefix: Prefix, change: (begun: Attempt, memory: Memory) => Attempt | undefined) =>
        Effect.andThen(
          Effect.sync(() => {
            const memory = memoryOf(order.group)
            const begun = memory.attempts.get(prefix)
            const next = begun && change(begun, memory)
            if (next === undefined) memory.attempts.delete(prefix)
            else memory.attempts.set(prefix, next)
          }),
          wake.now
        )

      const route = Effect.fn("Mover.route")(function* (order: Order, address: FailoverAddress) {
        const { prefix } = address
        yield* Effect.logInfo("routing", { group: order.group, address: `${address}`, node: order.to })
        yield* Effect.matchEffect(order.account.route(address, order.server), {
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
          onFailure: ({ reason }) =>
            Effect.gen(function* () {
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
              yield* end(order, prefix, (begun, memory) => {
                const failures = begun.failures + 1
                const movedAt = memory.movedAt.get(prefix) ?? order.movedAt.get(prefix)
                const retryAt = Pace.nextAttemptAt({ reason, failures, movedAt }, now, random, settings)
                return { ...begun, failures, state: { _tag: "Failed", reason, retryAt } }
              })
            })
        })
      })

      /** A bug must not leave an address behind as moving for ever; what was sent, if anything, is not known. */
      const brokenOff = Effect.fnUntraced(function* (order: Order, prefix: Prefix, defect: unknown) {
        yield* Effect.logError("a bug broke off a move", defect)
        const now = yield* Clock.currentTimeMillis
        const reason = new UnknownOutcome({ message: "an internal error broke off the move" })
        yield* end(order, prefix, (begun) => {
          const failures = begun.failures + 1
          const retryAt = Pace.nextAttemptAt({ reason, failures }, now, 1, settings)
          return { ...begun, failures, state: { _tag: "Failed", reason, retryAt } }
        })
      })

      return Mover.of({
        attempts: (group) => Effect.sync(() => new Map(groups.get(group)?.attempts)),
        begin: Effect.fnUntraced(function* ({ group, to, missing }) {
          const now = yield* Clock.currentTimeMillis
          const { attempts } = memoryOf(group)
          return missing.filter(({ prefix }) => {
            const before = attempts.get(prefix)
            if (before?.state._tag === "Running") return false
            const sameTarget = before?.to === to
            const limited = before?.state._tag === "Failed" && before.state.reason._tag === "RateLimited"
            // A limit is about the address; every other failure is about the way to one node.
            if (before?.state._tag === "Failed" && (sameTarget || limited) && now < before.state.retryAt) return false
            attempts.set(prefix, {
              to,
              startedAt: now,
              state: { _tag: "Running" },
              failures: sameTarget ? before.failures : 0
            })
            return true
          })
        }),
        carryOut: (order, begun, intend) =>
          Effect.forEach(
            begun,
            (address) =>
              FiberMap.run(
                running,
                `${order.group}\n${address.prefix}`,
                Effect.matchEffect(intend, {
                  // Nothing was sent: as if it had not begun. The writer of the intention says when to try again.
                  onFailure: () => end(order, address.prefix, () => undefined),
                  onSuccess: () =>
                    Effect.flatMap(Ref.get(closing), (isClosing) =>
                      isClosing ? end(order, address.prefix, () => undefined) : route(order, address)
                    )
                }).pipe(Effect.catchDefect((defect) => brokenOff(order, address.prefix, defect)))
              ),
            { discard: true }
          ),
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
          })
      })
    })
  )
}
