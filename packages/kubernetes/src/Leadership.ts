/**
 * Leader election on a Lease, as client-go does it, so that both kinds of controllers can stand for the same Lease.
 *
 * Flow: a candidate looks each `retryInterval` and takes the Lease when it is free, released, or unchanged for as long as its holder
 * wrote into it, by our monotonic clock since we saw it change. The leader renews each `retryInterval`. When that fails for
 * `renewDeadline` the work is interrupted; the Lease is given back when the work has ended, however it ends.
 * Guarantees: work runs only under a Lease that by these rules nobody else can have taken, if work ends within
 * `leaseDuration - renewDeadline` of its interruption.
 * Assumes an `identity` that no other process has, not even the one that this process replaces.
 * Caveats: a process that stood still (a frozen VM) notices when it goes on, at the latest after `retryInterval`. `isLeader` looks at the
 * clocks each time: ask it before what must not be done by two.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as Election from "./Election.ts"
import type { KubeError } from "./KubeError.ts"
import type { LeaseStore } from "./LeaseStore.ts"
import * as Monotonic from "./Monotonic.ts"

export interface LeadershipSettings {
  readonly identity: string
  /** How long others leave our Lease alone after a renewal; whole seconds. Default 15 s. */
  readonly leaseDuration?: Duration.Input | undefined
  /** Shorter: how long we work without a renewal. Default 10 s. */
  readonly renewDeadline?: Duration.Input | undefined
  /** Between two renewals, and at most between two looks of a candidate. Default 2 s. */
  readonly retryInterval?: Duration.Input | undefined
  /** How far the wall clock and the monotonic clock may part between two renewals. Default 2 s. */
  readonly clockTolerance?: Duration.Input | undefined
}

/** We led and don't any more; the work has ended. */
export class LeaseLost extends Schema.TaggedError<LeaseLost>()("LeaseLost", {
  reason: Schema.Literals(["Expired", "TakenOver", "ClocksParted"]),
  message: Schema.String
}) {}

/** The durations contradict each other. */
export class InvalidDurations extends Schema.TaggedError<InvalidDurations>()("InvalidDurations", {
  message: Schema.String
}) {}

export class Leadership extends Context.Service<
  Leadership,
  {
    /** Waits until we lead, then runs `work`; interrupts it when we don't any more. One at a time. */
    readonly whileLeader: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | LeaseLost, R>
    /** Whether we lead at this moment, by the clocks too. */
    readonly isLeader: Effect.Effect<boolean>
    /** How far the API server's clock was ahead of ours when we wrote the Lease last, in ms; 0 if they may be the same. */
    readonly clockAhead: Effect.Effect<number>
    /** When another was last known to lead, monotonic ms; `undefined`: none was seen to. What happened since, it may not know of. */
    readonly othersLedUntil: Effect.Effect<number | undefined>
    /** Whether we lead now, then each change. */
    readonly changes: Stream.Stream<boolean>
  }
>()("@netcup-failover/kubernetes/Leadership") {
  static readonly layer = (settings: LeadershipSettings): Layer.Layer<Leadership, InvalidDurations, LeaseStore> =>
    Layer.effect(Leadership, make(settings))
}

const make = Effect.fnUntraced(function* (settings: LeadershipSettings) {
  const leaseDuration = Duration.toSeconds(settings.leaseDuration ?? "15 seconds")
  const renewDeadline = Duration.toMillis(settings.renewDeadline ?? "10 seconds")
  const retryInterval = Duration.toMillis(settings.retryInterval ?? "2 seconds")
  const clockTolerance = Duration.toMillis(settings.clockTolerance ?? "2 seconds")
  if (!(retryInterval > 0 && retryInterval < renewDeadline && renewDeadline < leaseDuration * 1000)) {
    return yield* new InvalidDurations({
      message: `need 0 < retryInterval < renewDeadline < leaseDuration, got ${retryInterval} ms, ${renewDeadline} ms, ${leaseDuration} s`
    })
  }
  const election = yield* Election.make(settings.identity, Math.ceil(leaseDuration))
  const held = yield* SubscriptionRef.make<Election.Held | undefined>(undefined)
  const one = yield* Semaphore.make(1)

  /** Looks until the Lease is ours. Looks again when a foreign one runs out, and else within the interval, by chance. */
  const candidacy = Effect.gen(function* () {
    const warned = yield* Ref.make(false)
    while (true) {
      const startedAt = yield* Monotonic.now
      const tried = yield* Effect.result(Effect.timeoutOption(election.take, renewDeadline))
      const outcome = Result.isSuccess(tried) ? Option.getOrUndefined(tried.success) : undefined
      if (outcome?._tag === "Taken") return outcome.held
      if (Result.isFailure(tried) && !(yield* Ref.getAndSet(warned, true))) {
        yield* Effect.logWarning("cannot stand for election, trying on", tried.failure)
      }
      const chance = retryInterval * (0.75 + 0.25 * (yield* Random.next))
      const pause = Math.max(0, chance - ((yield* Monotonic.now) - startedAt))
      yield* Effect.sleep(outcome !== undefined && outcome.expiresIn > 0 ? Math.min(pause, outcome.expiresIn) : pause)
    }
  })

  /** Undefined while the Lease that was written then can be relied on. */
  const unfit = Effect.fnUntraced(function* ({ monotonic, wall }: Election.Held) {
    const elapsed = (yield* Monotonic.now) - monotonic
    const parted = (yield* Clock.currentTimeMillis) - wall - elapsed
    if (Math.abs(parted) > clockTolerance) {
      return new LeaseLost({
        reason: "ClocksParted",
        message: `the wall clock moved by ${Math.round(parted)} ms against the monotonic clock: this machine stood still, or its time was set`
      })
    }
    return elapsed >= renewDeadline
      ? new LeaseLost({ reason: "Expired", message: `not renewed for ${Math.round(elapsed)} ms` })
      : undefined
  })

  const renewing = (first: Election.Held): Effect.Effect<never, LeaseLost> =>
    Effect.gen(function* () {
      let current = first
      let startedAt = first.monotonic
      let failure: KubeError | undefined
      while (true) {
        // From start to start: a try that took long is followed at once by the next.
        const due = Math.min(startedAt + retryInterval, current.monotonic + renewDeadline)
        yield* Effect.sleep(Math.max(0, due - (yield* Monotonic.now)))
        const lost = yield* unfit(current)
        if (lost !== undefined) {
          if (failure !== undefined) yield* Effect.logError("the lease could not be renewed", failure)
          return yield* lost
        }
        startedAt = yield* Monotonic.now
        const rest = current.monotonic + renewDeadline - startedAt
        const tried = yield* Effect.result(Effect.timeoutOption(election.renew(current), rest))
        if (Result.isFailure(tried)) failure = tried.failure
        else if (Option.isSome(tried.success)) {
          const outcome = tried.success.value
          if (outcome._tag === "Foreign") {
            const by = outcome.holder === "" ? "nobody holds it now" : `held by ${outcome.holder} now`
            return yield* new LeaseLost({ reason: "TakenOver", message: `the lease was taken from us: ${by}` })
          }
          current = outcome.held
          failure = undefined
          yield* SubscriptionRef.set(held, current)
        }
      }
    })

  const lead = <A, E, R>(
    first: Election.Held,
    work: Effect.Effect<A, E, R>,
    restore: (effect: Effect.Effect<A, E | LeaseLost, R>) => Effect.Effect<A, E | LeaseLost, R>
  ) =>
    Effect.gen(function* () {
      const lost = yield* Deferred.make<never, LeaseLost>()
      yield* SubscriptionRef.set(held, first)
      yield* Effect.logInfo("leading")
      // A fiber of its own: it goes on while interrupted work still ends, so that nobody takes over before.
      const renewer = yield* renewing(first).pipe(
        Effect.onExit(() => SubscriptionRef.set(held, undefined)),
        Deferred.into(lost),
        Effect.forkChild
      )
      return yield* restore(Effect.raceFirst(work, Deferred.await(lost))).pipe(
        Effect.onExit(() => Fiber.interrupt(renewer))
      )
    })

  const release = election.release.pipe(
    Effect.timeoutOption("5 seconds"),
    Effect.catch((error) => Effect.logWarning("the lease could not be given back; it runs out by itself", error))
  )

  return Leadership.of({
    whileLeader: (work) =>
      Effect.uninterruptibleMask((restore) =>
        restore(candidacy).pipe(
          Effect.flatMap((first) => lead(first, work, restore)),
          Effect.onExit(() => release)
        )
      ).pipe(one.withPermit),
    isLeader: Effect.gen(function* () {
      const current = yield* SubscriptionRef.get(held)
      return current !== undefined && (yield* unfit(current)) === undefined
    }),
    clockAhead: Effect.map(SubscriptionRef.get(held), (current) => current?.clockAhead ?? 0),
    othersLedUntil: election.foreignUntil,
    changes: SubscriptionRef.changes(held).pipe(
      Stream.map((current) => current !== undefined),
      Stream.changes
    )
  })
})
