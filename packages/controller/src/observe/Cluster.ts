/**
 * What the cluster says: nodes, groups, and the Secrets that groups name. Kept warm on the standby too.
 */
import type { Candidate } from "@netcup-failover/core/Candidate"
import type { Workload } from "@netcup-failover/core/FailoverIpResource"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Reflector from "@netcup-failover/kubernetes/Reflector"
import type { Undecodable } from "@netcup-failover/kubernetes/WatchEvent"
import type { Observable } from "@netcup-failover/kubernetes/WatchHealth"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import * as Drains from "./Drains.ts"
import { type GroupResource, groups } from "./GroupResource.ts"
import { nodes, toCandidate } from "./NodeResource.ts"
import * as NodeSignals from "./NodeSignals.ts"
import { pods } from "./PodResource.ts"
import * as Secrets from "./Secrets.ts"
import * as Workloads from "./Workloads.ts"

export interface ClusterView {
  readonly nodes: ReadonlyArray<Candidate>
  readonly groups: ReadonlyArray<GroupResource>
  /** Groups that the schema does not fit. */
  readonly undecodable: ReadonlyArray<Undecodable>
  readonly secret: (ref: Secrets.SecretRef) => Secrets.SecretView
  readonly workload?: (workload: Workload) => Workloads.WorkloadView
  readonly signalOf?: NodeSignals.SignalOf
}

/** How a kind of objects is watched: of several watches the worst. `silence`: since the server was heard, in ms. */
export interface WatchState {
  readonly resource: string
  readonly isLive: boolean
  readonly failures: number
  readonly silence: number | undefined
}

const refsOf = (resources: ReadonlyArray<GroupResource>) => resources.map(({ spec }) => spec.credentialsSecret)

const workloadsOf = (resources: ReadonlyArray<GroupResource>) => resources.flatMap(({ spec }) => spec.workload ?? [])

export class Cluster extends Context.Service<
  Cluster,
  {
    /** Returns once nodes and groups are listed. */
    readonly awaitSynced: Effect.Effect<void>
    /** Which watches do not run, and why; empty when all do. */
    readonly unready: Effect.Effect<ReadonlyArray<string>>
    readonly view: Effect.Effect<ClusterView>
    readonly watches: Effect.Effect<ReadonlyArray<WatchState>>
  }
>()("@netcup-failover/controller/observe/Cluster") {
  static readonly layer = Layer.effect(
    Cluster,
    Effect.gen(function* () {
      const wake = yield* Wake
      const { watchIdleLimit: idleLimit, settlePeriod } = yield* Settings
      const nodeReflector = yield* Reflector.make(nodes, { idleLimit })
      const groupReflector = yield* Reflector.make(groups, { idleLimit })
      const secrets = yield* Secrets.make
      const workloads = yield* Workloads.make
      const drains = yield* Drains.make(Effect.suspend(() => Effect.andThen(candidates, wake.now)))

      const nameStrangeNodes = Effect.gen(function* () {
        for (const { metadata, message } of (yield* nodeReflector.undecodable).values()) {
          yield* Effect.logWarning("a node is not understood, and takes part in nothing", {
            node: metadata.name,
            message
          })
        }
      })
      const signals = NodeSignals.make()
      const candidates: Effect.Effect<ReadonlyArray<Candidate>> = Effect.gen(function* () {
        const resources = [...(yield* nodeReflector.items).values()]
        yield* drains.follow(resources)
        const all = resources.map((one) =>
          toCandidate(one, Duration.toMillis(settlePeriod), drains.isDraining(one.metadata.name))
        )
        if (yield* nodeReflector.synced) yield* signals.note(all)
        return all
      })
      const followAll = (resources: ReadonlyArray<GroupResource>) =>
        Effect.andThen(secrets.follow(refsOf(resources)), workloads.follow(workloadsOf(resources)))
      yield* nodeReflector.changes.pipe(
        Stream.runForEach(() => candidates.pipe(Effect.andThen(nameStrangeNodes), Effect.andThen(wake.now))),
        Effect.forkScoped
      )
      yield* groupReflector.changes.pipe(
        Stream.runForEach(() =>
          groupReflector.items.pipe(
            Effect.flatMap((items) => followAll([...items.values()])),
            Effect.andThen(wake.now)
          )
        ),
        Effect.forkScoped
      )

      const state = (name: string, { health, synced }: Pick<Reflector.Reflector<unknown>, "health" | "synced">) =>
        Effect.map(Effect.all([health, synced]), ([{ _tag, ...detail }, isSynced]) => {
          if ("error" in detail) return [`${name}: ${detail.error.message}`]
          return isSynced ? [] : [`${name}: not listed yet`]
        })

      const watched = Effect.fnUntraced(function* (resource: string, watches: ReadonlyArray<Observable>) {
        const now = yield* Monotonic.now
        const health = yield* Effect.forEach(watches, (watch) => watch.health)
        const heard = yield* Effect.forEach(watches, (watch) => watch.heardAt)
        const silences = heard.flatMap((at) => (at === undefined ? [] : [now - at]))
        return {
          resource,
          isLive: health.every(({ _tag }) => _tag === "Live"),
          failures: Math.max(0, ...health.map((one) => (one._tag === "Failing" ? one.failures : 0))),
          silence: silences.length === 0 ? undefined : Math.max(...silences)
        } satisfies WatchState
      })

      return Cluster.of({
        watches: Effect.gen(function* () {
          return [
            yield* watched(nodes.plural, [nodeReflector]),
            yield* watched(groups.plural, [groupReflector]),
            yield* watched("secrets", secrets.watches()),
            yield* watched(pods.plural, [...workloads.watches(), ...drains.watches()])
          ]
        }),
        awaitSynced: Effect.andThen(nodeReflector.awaitSynced, groupReflector.awaitSynced),
        unready: Effect.map(
          Effect.all([state("nodes", nodeReflector), state(groups.plural, groupReflector)]),
          (parts) => parts.flat()
        ),
        view: Effect.gen(function* () {
          const resources = [...(yield* groupReflector.items).values()]
          yield* followAll(resources)
          return {
            nodes: yield* candidates,
            groups: resources,
            undecodable: [...(yield* groupReflector.undecodable).values()],
            secret: yield* secrets.view,
            workload: yield* workloads.view,
            signalOf: signals.signalOf
          }
        })
      })
    })
  )
}
