/**
 * The controller, wired: watches on every replica, the loop on the one that leads.
 */
import { Events } from "@netcup-failover/kubernetes/Events"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import { Leadership } from "@netcup-failover/kubernetes/Leadership"
import { LeaseStore } from "@netcup-failover/kubernetes/LeaseStore"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { CommonClock } from "./act/CommonClock.ts"
import { Fence } from "./act/Fence.ts"
import * as KubeTokenStore from "./act/KubeTokenStore.ts"
import { Ledgers } from "./act/Ledgers.ts"
import { Mover } from "./act/Mover.ts"
import { Reclaimer } from "./act/Reclaimer.ts"
import * as HealthServer from "./HealthServer.ts"
import * as Metrics from "./Metrics.ts"
import { Accounts } from "./observe/Accounts.ts"
import { Cluster } from "./observe/Cluster.ts"
import { Detector } from "./observe/Detector.ts"
import * as ProviderLook from "./observe/ProviderLook.ts"
import * as Reconciler from "./Reconciler.ts"
import * as CrdAge from "./report/CrdAge.ts"
import { GroupEvents } from "./report/GroupEvents.ts"
import { Collectors } from "./report/metrics/Collectors.ts"
import * as ReplicaMetrics from "./report/metrics/ReplicaMetrics.ts"
import { NodeEvents } from "./report/NodeEvents.ts"
import * as Notices from "./report/notices/Notices.ts"
import { StatusReporter } from "./report/StatusReporter.ts"
import { Settings } from "./Settings.ts"
import { Wake } from "./Wake.ts"

/** The seed system's: both controllers stand for it, so that a migration never has two leaders. */
const leaseName = "netcup-failover-controller.digilol.net"

const component = "netcup-failover-controller"

const FenceLive = Layer.merge(
  Layer.effect(
    Fence,
    Effect.map(Leadership, ({ isLeader }) => isLeader)
  ),
  Layer.effect(
    CommonClock,
    Effect.map(Leadership, ({ clockAhead }) => clockAhead)
  )
)

/** What the leader alone has. Made anew at each term, so that a new leader takes nothing for granted. */
const LeaderLive = Layer.mergeAll(
  Layer.merge(Mover.layer, Reclaimer.layer).pipe(
    Layer.provideMerge(Ledgers.layer),
    Layer.provideMerge(StatusReporter.layer.pipe(Layer.provideMerge(GroupEvents.layer))),
    Layer.provide(FenceLive)
  ),
  ProviderLook.layer.pipe(Layer.provideMerge(Accounts.layer.pipe(Layer.provide(KubeTokenStore.layer)))),
  CrdAge.layer,
  Notices.layer.pipe(Layer.provide(FenceLive))
)

/** What every replica has. */
const ReplicaLive = Layer.unwrap(
  Effect.gen(function* () {
    const settings = yield* Settings
    const suffix = (yield* Random.nextIntBetween(0, 2 ** 32)).toString(16).padStart(8, "0")
    // A Pod's name outlives a restart of its container, an identity must not.
    const identity = `${Option.getOrElse(settings.podName, () => component)}_${suffix}`
    return Layer.mergeAll(
      Cluster.layer,
      NodeEvents.layer.pipe(
        Layer.provideMerge(Events.layer({ component, instance: identity })),
        Layer.provideMerge(
          Leadership.layer({
            identity,
            leaseDuration: settings.leaseDuration,
            renewDeadline: settings.leaseRenewDeadline,
            retryInterval: settings.leaseRetryPeriod
          }).pipe(
            Layer.provide(
              LeaseStore.layer({
                name: leaseName,
                namespace: settings.namespace,
                // Five tries before the deadline, and none sooner than a slow API server answers.
                againAfter: Duration.min(Duration.seconds(2), Duration.times(settings.leaseRenewDeadline, 0.2))
              })
            )
          )
        )
      )
    )
  })
).pipe(Layer.provideMerge(Detector.layer), Layer.provideMerge(Layer.merge(Wake.layer, Collectors.layer)))

const KubeLive = Layer.unwrap(
  Effect.map(Settings, ({ kubeconfig }) =>
    KubeClient.layer({ kubeconfig: Option.getOrUndefined(kubeconfig), userAgent: component })
  )
)

/**
 * Runs the controller until it is interrupted; then moves under way are given a few seconds to end, and the Lease is given back.
 * Fails when it cannot start: no credentials for Kubernetes, or a port that is taken.
 */
export const run = Effect.gen(function* () {
  const settings = yield* Settings
  const cluster = yield* Cluster
  const leadership = yield* Leadership
  yield* HealthServer.health(settings.healthAddress, cluster.unready)
  yield* ReplicaMetrics.add(cluster.watches, (yield* Detector).judged)
  yield* HealthServer.metrics(settings.metricsAddress, (yield* Collectors).page)

  yield* leadership.changes.pipe(
    Stream.runForEach((leads) => Metric.update(Metrics.leader, leads ? 1 : 0)),
    Effect.forkScoped
  )

  const term = leadership.whileLeader(Effect.provide(Reconciler.run, LeaderLive))
  return yield* term.pipe(
    Effect.catchTag("LeaseLost", ({ message }) => Effect.logWarning("no longer leading", { reason: message })),
    Effect.forever
  )
}).pipe(Effect.provide(Layer.provideMerge(ReplicaLive, KubeLive)), Effect.scoped)
