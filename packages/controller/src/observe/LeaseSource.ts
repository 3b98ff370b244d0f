/**
 * Hears of the renewals of nodes' Leases, and of how far the watch that tells of them can be believed.
 *
 * Flow: the watch's events become renewals; bookmarks prove that all of them have come, a failure that they may not have. A silence that
 * cannot be, since several kubelets should renew, makes the watch anew. A Lease that seems overdue is read (`OverdueLeases`).
 * A server that answers nothing for seconds may have kept kubelets from renewing, though no watch broke: that is a failure of the watch, too.
 * Where the server will not tell us of Leases any more, for a minute and longer, they are as if they had never been.
 * Guarantees: the first sight of a Lease is no renewal. A renewal proves nothing of other nodes, whose own may be on the way behind it.
 */
import { NodeName } from "@netcup-failover/core/Candidate"
import { Signal } from "@netcup-failover/core/detect/Signal"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Restarting from "@netcup-failover/kubernetes/Restarting"
import * as Watch from "@netcup-failover/kubernetes/Watch"
import type { Observed, WatchEvent } from "@netcup-failover/kubernetes/WatchEvent"
import type { Observable } from "@netcup-failover/kubernetes/WatchHealth"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Detector } from "./Detector.ts"
import { type LeaseResource, leaseNamespace, leases } from "./LeaseResource.ts"
import * as OverdueLeases from "./OverdueLeases.ts"

interface LeaseSourceSettings {
  readonly watchIdleLimit: Duration.Duration
  readonly leaseWatchIdleLimit: Duration.Duration
  readonly leaseRetryPeriod: Duration.Duration
}

/** For so long a kubelet's Lease is good without renewal where nobody has set it otherwise, in ms. */
const leaseDuration = 40_000

/** For so long in a row, in ms, a refusal is taken for one that lasts: an API server that starts knows no roles yet. */
const lastingRefusal = 60_000

/**
 * For so long in ms a server answers nothing only if it hangs, for kubelets too: each replica asks it for the Lease of who leads twice as
 * often. Not longer: a kubelet tries every few seconds, and one that could renew in between would have.
 */
const hanging = ({ leaseRetryPeriod }: LeaseSourceSettings) => Math.max(4_000, 2 * Duration.toMillis(leaseRetryPeriod))

/** The server has answered, and will not tell. */
const refusals: ReadonlySet<string> = new Set(["Forbidden", "NotFound"])

/** What is known of one Lease. */
interface Known {
  readonly renewTime: string | undefined
  /** Monotonic ms; absent before the first renewal that we saw. */
  readonly renewedAt?: number
}

/** Runs until the scope closes. */
export const make = Effect.fnUntraced(function* (
  settings: LeaseSourceSettings
): Effect.fn.Return<Observable, never, Detector | KubeClient | Scope.Scope> {
  const detector = yield* Detector
  const client = yield* KubeClient
  const known = new Map<NodeName, Known>()
  /** The last renewal of any. */
  let lastRenewal = Number.NEGATIVE_INFINITY
  const heard = detector.hear(Signal.LeasesHeard())

  /** What a Lease says now, from the watch or by reading it. */
  const note = Effect.fnUntraced(function* ({ metadata, spec }: LeaseResource) {
    const node = NodeName.make(metadata.name)
    const before = known.get(node)
    const renewTime = spec?.renewTime ?? undefined
    if (before !== undefined && before.renewTime === renewTime) return
    if (before === undefined || renewTime === undefined) return void known.set(node, { renewTime })
    lastRenewal = yield* Monotonic.now
    known.set(node, { renewTime, renewedAt: lastRenewal })
    yield* detector.hear(Signal.Renewed({ node }))
  })

  const observed = (one: Observed<LeaseResource>) => (one._tag === "Applied" ? note(one.object) : Effect.void)

  const listed = Effect.fnUntraced(function* (objects: ReadonlyArray<Observed<LeaseResource>>) {
    for (const one of objects) yield* observed(one)
    const names = new Set(objects.map((one) => (one._tag === "Applied" ? one.object.metadata.name : one.metadata.name)))
    for (const node of known.keys()) if (!names.has(node)) known.delete(node)
  })

  const nodeOf = (key: string) => NodeName.make(key.slice(key.indexOf("/") + 1))

  const onEvent = (event: WatchEvent<LeaseResource>) => {
    if (event._tag === "Listed") return listed(event.objects)
    return event._tag === "Deleted" ? Effect.sync(() => known.delete(nodeOf(event.key))) : observed(event)
  }

  const watch = yield* Watch.make(leases, {
    namespace: leaseNamespace,
    idleLimit: settings.watchIdleLimit,
    onProof: heard
  })
  yield* watch.events.pipe(
    Stream.runForEach(onEvent),
    Restarting.afterDefects("the watch of Leases"),
    Effect.forkScoped
  )
  let refusedSince: number | undefined
  yield* watch.healthChanges.pipe(
    Stream.runForEach(
      Effect.fnUntraced(function* (health) {
        const isRefused = health._tag === "Failing" && refusals.has(health.error.reason._tag)
        const now = yield* Monotonic.now
        refusedSince = isRefused ? (refusedSince ?? now) : undefined
        if (refusedSince !== undefined && now - refusedSince >= lastingRefusal)
          return yield* detector.hear(Signal.LeasesForbidden())
        if (health._tag !== "Live") yield* detector.hear(Signal.LeasesLost())
      })
    ),
    Restarting.afterDefects("what is heard of the watch of Leases"),
    Effect.forkScoped
  )
  const hangsAfter = hanging(settings)
  let isHanging = false
  yield* Effect.gen(function* () {
    const answeredAt = yield* client.answeredAt
    const wasHanging = isHanging
    // A server that takes renewals of others does not hang: it is our connection for calls that died, with a node perhaps.
    isHanging = answeredAt !== undefined && (yield* Monotonic.now) - Math.max(answeredAt, lastRenewal) > hangsAfter
    if (isHanging && !wasHanging) yield* detector.hear(Signal.LeasesLost())
  }).pipe(
    Effect.repeat(Schedule.spaced("1 second")),
    Restarting.afterDefects("the look at whether the API server answers"),
    Effect.forkScoped
  )
  // No loss: what it resumes with says whether anything was missed.
  yield* client.silences.pipe(Stream.runForEach(watch.doubt), Effect.forkScoped)

  const silenceLimit = Duration.toMillis(settings.leaseWatchIdleLimit)
  yield* Effect.gen(function* () {
    // One that is being made anew has nothing to say.
    if ((yield* watch.health)._tag !== "Live") return
    const heardAt = yield* watch.heardAt
    if (heardAt === undefined || (yield* Monotonic.now) - heardAt < silenceLimit) return
    const { verdicts } = yield* detector.judged
    let renewing = 0
    for (const [node, { renewedAt }] of known)
      if (renewedAt !== undefined && heardAt - renewedAt < leaseDuration && verdicts.has(node)) renewing += 1
    if (renewing < 2) return
    yield* Effect.logWarning("the watch of nodes' Leases is silent, and made anew", { renewing })
    yield* watch.reconnect
    // Others are quieter, and may have gone to the same machine.
    yield* client.doubt
  }).pipe(
    Effect.repeat(Schedule.spaced("1 second")),
    Restarting.afterDefects("the guard of the watch of Leases"),
    Effect.forkScoped
  )

  yield* OverdueLeases.read({
    overdue: detector.overdue,
    note,
    heard,
    lost: detector.hear(Signal.LeasesLost())
  })

  return { health: watch.health, healthChanges: watch.healthChanges, heardAt: watch.heardAt }
})
