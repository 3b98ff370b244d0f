/**
 * The part of a kubelet that a cluster sees: a Node with conditions, and a Lease that is renewed as long as it lives.
 * Pausing one is the node's death as far as the API can tell.
 */
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type { KubeHttp, KubeHttpError } from "./KubeHttp.ts"
import * as NodeStatus from "./NodeStatus.ts"

/** How often a kubelet says what. */
export interface Beats {
  /** How often the Lease is renewed: 1 s by default; real kubelets take 10 s. */
  readonly renewEvery?: Duration.Input | undefined
  /** How often the status is written though nothing in it changed: 2 s by default; real kubelets take 5 minutes. */
  readonly statusEvery?: Duration.Input | undefined
}

interface FakeKubeletOptions extends NodeStatus.NodeSpec, Beats {}

/** Labels or annotations to set; `null` removes one. */
type Changes = Readonly<Record<string, string | null>>

export interface FakeKubelet {
  readonly name: string
  /** The path of its Node in the API. */
  readonly path: string
  /** Heartbeats stop; when this returns, none is on its way. */
  readonly pause: Effect.Effect<void>
  /** Heartbeats go on, the first at once. */
  readonly resume: Effect.Effect<void, KubeHttpError>
  /** What its Lease says of when it was renewed last, in ms since the epoch. */
  readonly renewedAt: Effect.Effect<number>
  /** What the kubelet says of itself from now on, written at once, also while paused. `Ready=Unknown` is said by others in life. */
  readonly setReady: (status: NodeStatus.ConditionStatus, reason: string) => Effect.Effect<void, KubeHttpError>
  readonly setLabels: (labels: Changes) => Effect.Effect<void, KubeHttpError>
  readonly annotate: (annotations: Changes) => Effect.Effect<void, KubeHttpError>
  /** Ends the heartbeats and removes Node and Lease; {@link resume} makes them anew. */
  readonly delete: Effect.Effect<void, KubeHttpError>
}

/** Registers the node, Ready, and heartbeats until the scope ends. What is left of it stays in the API, as in life. */
export const start = Effect.fn("FakeKubelet.start")(function* (http: KubeHttp, options: FakeKubeletOptions) {
  const { name, renewEvery = "1 second", statusEvery = "2 seconds" } = options
  const path = `/api/v1/nodes/${name}`
  const leasePath = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`

  // Every write goes through this, so that after `pause` none is in flight.
  const writing = yield* Semaphore.make(1)
  const alive = yield* Ref.make(true)
  const ready = yield* Ref.make<NodeStatus.Ready>({ status: "True", reason: "KubeletReady" })

  const postStatus = Effect.gen(function* () {
    const node = yield* http.get(path, NodeStatus.NodeConditions)
    const status = NodeStatus.status(options, yield* Ref.get(ready), node, yield* DateTime.now)
    yield* http.strategicPatch(`${path}/status`, status)
  })
  const renewed = yield* Ref.make(0)
  const renewLease = Effect.gen(function* () {
    const now = yield* DateTime.now
    yield* http.apply(leasePath, NodeStatus.lease(name, now))
    yield* Ref.set(renewed, DateTime.toEpochMillis(now))
  })
  const register = Effect.gen(function* () {
    yield* http.apply(path, NodeStatus.node(options))
    yield* postStatus
    yield* renewLease
  })

  const change = (metadata: Schema.JsonObject) => Effect.asVoid(http.patch(path, { metadata }))

  /** A kubelet whose API server is away tries again at its next beat. */
  const beat = (write: Effect.Effect<void, KubeHttpError>, every: Duration.Input) =>
    Effect.gen(function* () {
      if (yield* Ref.get(alive)) yield* write
    }).pipe(
      writing.withPermit,
      Effect.catch((error) => Effect.logDebug(`kubelet ${name}: ${error.message}`)),
      Effect.delay(every),
      Effect.repeat(Schedule.forever),
      Effect.forkScoped
    )

  yield* register
  yield* beat(renewLease, renewEvery)
  yield* beat(postStatus, statusEvery)

  const kubelet: FakeKubelet = {
    name,
    path,
    pause: Ref.set(alive, false).pipe(writing.withPermit),
    resume: Effect.andThen(Ref.set(alive, true), register).pipe(writing.withPermit),
    renewedAt: Ref.get(renewed),
    setReady: (status, reason) =>
      Ref.set(ready, { status, reason }).pipe(Effect.andThen(postStatus), writing.withPermit),
    setLabels: (labels) => change({ labels }),
    annotate: (annotations) => change({ annotations }),
    delete: Effect.gen(function* () {
      yield* Ref.set(alive, false)
      yield* http.delete(path)
      yield* http.delete(leasePath)
    }).pipe(writing.withPermit)
  }
  return kubelet
})
