/**
 * Scheduler and kubelet of a cluster whose Pods really run: each Pod of the API is bound to a node that its selector allows, started as
 * its template says, probed, and stopped as Kubernetes stops it.
 *
 * Caveats: limits of memory and NetworkPolicies are not enforced, taints not looked at, and what ended by itself is not started again:
 * its Pod says `Failed`.
 */
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Container from "@netcup-failover/testing/stage/Container"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { Pod } from "./Pod.ts"
import * as Pods from "./Pod.ts"
import * as PodContainer from "./PodContainer.ts"

const Nodes = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({
      metadata: Schema.Struct({ name: Schema.String, labels: Schema.Record(Schema.String, Schema.String) })
    })
  )
})
const All = Schema.Struct({ items: Schema.Array(Pods.Pod) })

/** A container that is over. */
export interface Ended {
  readonly pod: string
  /** Whether its Pod was deleted before. */
  readonly asked: boolean
  /** `undefined`: it did not end within its grace period, and was killed. */
  readonly exitCode: number | undefined
  readonly log: string
}

export interface Running {
  readonly pod: Pod
  readonly container: Container.Container
}

const lookEvery = "200 millis"

/** Works until the scope ends. */
export const start = Effect.fn("Kubelet.start")(function* (internet: ReadonlyArray<number>) {
  const { http } = yield* KubeCluster
  const ended = yield* Ref.make<ReadonlyArray<Ended>>([])
  const running = yield* Ref.make<ReadonlyMap<string, Running>>(new Map())
  const deletions = yield* Ref.make<ReadonlyMap<string, Deferred.Deferred<void>>>(new Map())
  const lives = yield* FiberMap.make<string>()
  const count = yield* Ref.make(0)

  const schedule = Effect.fnUntraced(function* (pod: Pod, all: ReadonlyArray<Pod>) {
    const { items } = yield* http.get("/api/v1/nodes", Nodes)
    const load = (node: string) => all.filter(({ spec }) => spec.nodeName === node).length
    const [chosen] = items
      .filter(({ metadata: { labels } }) => Object.entries(pod.spec.nodeSelector).every(([k, v]) => labels[k] === v))
      .toSorted((a, b) => load(a.metadata.name) - load(b.metadata.name))
    // As in life it waits for such a node.
    if (chosen === undefined) return
    yield* http.create(`${Pods.path(pod)}/binding`, {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: pod.metadata.name },
      target: { apiVersion: "v1", kind: "Node", name: chosen.metadata.name }
    })
  })

  const tell = Effect.fnUntraced(function* (pod: Pod, status: Schema.JsonObject) {
    yield* Effect.ignore(http.strategicPatch(`${Pods.path(pod)}/status`, { status }))
  })

  const alive = Effect.fnUntraced(function* (pod: Pod, podIP: string, ready: boolean) {
    const now = DateTime.formatIso(yield* DateTime.now)
    const [{ image, name }] = pod.spec.containers
    const condition = (type: string) => ({ type, status: ready ? "True" : "False", lastTransitionTime: now })
    yield* tell(pod, {
      phase: "Running",
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: now,
      conditions: [condition("Ready"), condition("ContainersReady")],
      containerStatuses: [
        { name, image, imageID: "", ready, started: ready, restartCount: 0, state: { running: { startedAt: now } } }
      ]
    })
  })

  /** Says when readiness changes. A liveness probe that fails as often as it may ends the container, as does a startup probe. */
  const probing = Effect.fnUntraced(function* (pod: Pod, podIP: string, container: Container.Container) {
    const [{ livenessProbe, readinessProbe, startupProbe }] = pod.spec.containers
    const failing = (probe: Pods.Probe | undefined) =>
      Effect.repeat(PodContainer.answers(pod, container, probe), {
        until: (answered) => answered,
        times: (probe?.failureThreshold ?? 1) - 1,
        schedule: Schedule.spaced(`${probe?.periodSeconds ?? 1} seconds`)
      }).pipe(Effect.map((answered) => !answered))
    if (yield* failing(startupProbe)) return yield* container.kill("SIGKILL")
    const living = Effect.gen(function* () {
      while (!(yield* failing(livenessProbe))) yield* Effect.sleep(`${livenessProbe?.periodSeconds ?? 10} seconds`)
      yield* container.kill("SIGKILL")
    })
    const readying = Effect.gen(function* () {
      let told = false
      while (true) {
        const ready = yield* PodContainer.answers(pod, container, readinessProbe)
        if (ready !== told) yield* alive(pod, podIP, ready)
        told = ready
        yield* Effect.sleep(`${told ? (readinessProbe?.periodSeconds ?? 10) : 1} seconds`)
      }
    })
    yield* Effect.raceFirst(living, readying)
  })

  const stop = Effect.fnUntraced(function* (pod: Pod, container: Container.Container) {
    const { metadata } = yield* http.get(Pods.path(pod), Pods.Pod)
    yield* container.kill("SIGTERM")
    const within = `${metadata.deletionGracePeriodSeconds ?? 30} seconds` as const
    const code = yield* Effect.timeoutOption(container.exitCode, within)
    if (Option.isNone(code)) yield* container.kill("SIGKILL")
    return Option.getOrUndefined(code)
  })

  const live = (pod: Pod, deleted: Deferred.Deferred<void>) =>
    Effect.gen(function* () {
      const podIP = `10.244.0.${yield* Ref.updateAndGet(count, (n) => n + 1)}`
      const container = yield* Container.start(yield* PodContainer.options(pod, yield* Ref.get(running), internet))
      yield* Ref.update(running, (before) => new Map(before).set(podIP, { pod, container }))
      yield* alive(pod, podIP, false)
      yield* Effect.forkScoped(probing(pod, podIP, container))
      const asked = yield* Effect.raceFirst(
        Effect.as(container.exitCode, false),
        Effect.as(Deferred.await(deleted), true)
      )
      const outcome = { asked, exitCode: yield* asked ? stop(pod, container) : container.exitCode }
      const log = yield* container.log
      yield* Ref.update(running, (before) => new Map([...before].filter(([address]) => address !== podIP)))
      yield* Ref.update(ended, (before) => [...before, { pod: pod.metadata.name, ...outcome, log }])
      yield* outcome.asked
        ? Effect.ignore(http.delete(`${Pods.path(pod)}?gracePeriodSeconds=0`))
        : tell(pod, { phase: outcome.exitCode === 0 ? "Succeeded" : "Failed" })
    }).pipe(
      Effect.scoped,
      Effect.tapCause((cause) => Effect.logError(`Pod ${pod.metadata.name}`, cause))
    )

  const look = Effect.gen(function* () {
    const { items } = yield* http.get("/api/v1/pods", All)
    for (const pod of items) {
      const { deletionTimestamp, uid } = pod.metadata
      const known = (yield* Ref.get(deletions)).get(uid)
      if (deletionTimestamp !== undefined) {
        if (known !== undefined) yield* Deferred.succeed(known, undefined)
        else yield* Effect.ignore(http.delete(`${Pods.path(pod)}?gracePeriodSeconds=0`))
      } else if (pod.spec.nodeName === undefined) yield* schedule(pod, items)
      else if (known === undefined) {
        const deleted = yield* Deferred.make<void>()
        yield* Ref.update(deletions, (before) => new Map(before).set(uid, deleted))
        yield* FiberMap.run(lives, uid, live(pod, deleted))
      }
    }
  })
  yield* look.pipe(
    Effect.catch((error) => Effect.logWarning("kubelet", error)),
    Effect.repeat(Schedule.spaced(lookEvery)),
    Effect.forkScoped
  )

  return {
    /** What has ended so far, in order. */
    ended: Ref.get(ended),
    /** What runs now. */
    running: Effect.map(Ref.get(running), (now) => [...now.values()])
  }
})
