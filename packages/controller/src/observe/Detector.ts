/**
 * Hears all signals, and says what they come to. On every replica: who takes over knows already who was silent, and for how long.
 */
import { type Candidate, NodeName } from "@netcup-failover/core/Candidate"
import type { Judged } from "@netcup-failover/core/detect/Detection"
import { type Moment, Signal } from "@netcup-failover/core/detect/Signal"
import { standard, type Thresholds } from "@netcup-failover/core/detect/Thresholds"
import * as Restarting from "@netcup-failover/kubernetes/Restarting"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import * as Judges from "./Judges.ts"

type Nodes = ReadonlySet<NodeName>

/** Between two ticks, in ms. */
const tick = 1_000

/** Between two ticks however soon something is due: a slip in reckoning must not become a hot loop. */
const shortestTick = 50

export class Detector extends Context.Service<
  Detector,
  {
    /**
     * Stamps the signals with the clocks' time. Cheap, unless it changes something. What was learnt in one moment is told in one, lest the
     * first be judged without the others: of many nodes that were lost together one would seem to be lost alone.
     */
    readonly hear: (...signals: ReadonlyArray<Signal>) => Effect.Effect<void>
    /** Judges for these groups' choices too from now on, and for no others. */
    readonly follow: (choices: Judges.Choices) => Effect.Effect<void>
    /** As the controller is set. */
    readonly judged: Effect.Effect<Judged>
    /** Puts the verdicts that stand now on a node that has the one by what it declares. */
    readonly judge: Effect.Effect<(declared: Candidate) => Candidate>
    /** One element when a verdict has changed since the last was taken: in its state or its reasons. */
    readonly changes: Stream.Stream<void>
    /** Whom netcup is to be asked about; the present ones first. */
    readonly suspects: Stream.Stream<Nodes>
    /** Whose Lease is to be read, since the watch has not said for long enough whether it is still renewed; the present ones first. */
    readonly overdue: Stream.Stream<Nodes>
  }
>()("@netcup-failover/controller/observe/Detector") {
  static readonly layer = Layer.effect(
    Detector,
    Effect.gen(function* () {
      const settings = yield* Settings
      const wake = yield* Wake
      const self = Option.getOrUndefined(Option.map(settings.nodeName, (name) => NodeName.make(name)))
      const judges = Judges.make(
        { mode: settings.detectionMode, thresholds: thresholdsOf(settings) },
        self,
        yield* moment,
        Duration.toMillis(settings.settlePeriod)
      )
      const changes = yield* PubSub.sliding<void>({ capacity: 1, replay: 1 })
      const suspects = yield* SubscriptionRef.make(judges.suspects())
      const overdue = yield* SubscriptionRef.make(judges.overdue())
      const sooner = yield* Queue.sliding<void>(1)
      /** When the next tick is due, monotonic ms. */
      let tickAt = Number.NEGATIVE_INFINITY

      const tell = Effect.fnUntraced(function* (outcome: Judges.Outcome) {
        if (outcome.suspects) yield* SubscriptionRef.set(suspects, judges.suspects())
        if (outcome.overdue) yield* SubscriptionRef.set(overdue, judges.overdue())
        if (judges.nextAt() < tickAt) yield* Queue.offer(sooner, undefined)
        if (!outcome.verdicts) return
        yield* PubSub.publish(changes, undefined)
        yield* wake.now
      })

      const hear = (...signals: ReadonlyArray<Signal>): Effect.Effect<void> =>
        Clock.clockWith((clock) => {
          const outcome = judges.hear(momentOf(clock), ...signals)
          return outcome === undefined ? Effect.void : Effect.uninterruptible(tell(outcome))
        })

      yield* Effect.gen(function* () {
        const { at } = yield* moment
        tickAt = Math.max(at + shortestTick, Math.min(at + tick, judges.nextAt()))
        yield* Effect.raceFirst(Effect.sleep(tickAt - at), Queue.take(sooner))
        tickAt = Number.NEGATIVE_INFINITY
        yield* hear(Signal.Tick())
      }).pipe(Effect.forever, Restarting.afterDefects("the detector's clock"), Effect.forkScoped)

      return Detector.of({
        hear,
        follow: (choices) =>
          Clock.clockWith((clock) => Effect.uninterruptible(tell(judges.follow(choices, momentOf(clock))))),
        judged: Effect.sync(judges.judged),
        judge: Effect.succeed(judges.apply),
        changes: Stream.fromPubSub(changes),
        suspects: SubscriptionRef.changes(suspects),
        overdue: SubscriptionRef.changes(overdue)
      })
    })
  )
}

const momentOf = (clock: Clock.Clock): Moment => ({
  at: Number(clock.monotonicTimeNanosUnsafe()) / 1e6,
  wall: clock.currentTimeMillisUnsafe()
})

const moment = Clock.clockWith((clock) => Effect.succeed(momentOf(clock)))

type Durations = Pick<
  Settings["Service"],
  "leaseStaleAfter" | "silentAfter" | "recoveredAfter" | "suspectAfterProbes" | "guardBurst"
>

const thresholdsOf = (settings: Durations): Thresholds => ({
  ...standard,
  leaseStaleAfter: Duration.toMillis(settings.leaseStaleAfter),
  silentAfter: Duration.toMillis(settings.silentAfter),
  recoveredAfter: Duration.toMillis(settings.recoveredAfter),
  suspectAfterProbes: settings.suspectAfterProbes,
  burst: Duration.toMillis(settings.guardBurst)
})
