/**
 * What the cluster says: nodes, groups, and the Secrets that groups name. Kept warm on the standby too.
 */
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import * as DetectionChoice from "@netcup-failover/core/detect/DetectionChoice"
import type { Workload } from "@netcup-failover/core/FailoverIpResource"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import type { Identity } from "@netcup-failover/kubernetes/ObjectMeta"
import * as Reflector from "@netcup-failover/kubernetes/Reflector"
import * as Restarting from "@netcup-failover/kubernetes/Restarting"
import type { Undecodable } from "@netcup-failover/kubernetes/WatchEvent"
import type { Observable } from "@netcup-failover/kubernetes/WatchHealth"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import { Detector } from "./Detector.ts"
import * as Drains from "./Drains.ts"
import { type GroupResource, groups } from "./GroupResource.ts"
import { leases } from "./LeaseResource.ts"
import * as LeaseSource from "./LeaseSource.ts"
import * as MachineDoubts from "./MachineDoubts.ts"
import * as NodeDeclarations from "./NodeDeclarations.ts"
import * as NodeMapping from "./NodeMapping.ts"
import { type NodeResource, nodes, toCandidate } from "./NodeResource.ts"
import * as NodeSignals from "./NodeSignals.ts"
import { pods } from "./PodResource.ts"
import * as Prober from "./Prober.ts"
import * as ProbeTarget from "./ProbeTarget.ts"
import * as Secrets from "./Secrets.ts"
import * as Workloads from "./Workloads.ts"

export interface ClusterView {
  readonly nodes: ReadonlyArray<Candidate>
  readonly groups: ReadonlyArray<GroupResource>
  /** Groups that the schema does not fit. */
  readonly undecodable: ReadonlyArray<Undecodable>
  readonly secret: (ref: Secrets.SecretRef) => Secrets.SecretView
  readonly workload?: (workload: Workload) => Workloads.WorkloadView
  /** @param detection by whose verdicts; absent: by the controller's */
  readonly signalOf?: (node: NodeName, detection?: DetectionChoice.DetectionKey) => NodeSignals.Signal | undefined
  /** Of the nodes that failed or came back before our eyes the last turn. */
  readonly turns?: ReadonlyArray<NodeTurn>
}

export interface NodeTurn {
  readonly metadata: Identity
  readonly turn: NodeSignals.Turn
}

/** How a kind of objects is watched: of several watches the worst. `silence`: since the server was heard, in ms. */
export interface WatchState {
  readonly resource: string
  readonly isLive: boolean
  readonly failures: number
  readonly silence: number | undefined
}

const refsOf = (resources: ReadonlyArray<GroupResource>) => resources.map(({ spec }) => spec.credentialsSecret)

/** How groups want nodes judged. */
const choicesOf = (resources: ReadonlyArray<GroupResource>) =>
  new Map(
    resources.flatMap(({ spec: { detection } }) => {
      const key = DetectionChoice.keyOf(detection)
      return key === undefined || detection === undefined ? [] : [[key, detection] as const]
    })
  )

const workloadsOf = (resources: ReadonlyArray<GroupResource>) => resources.flatMap(({ spec }) => spec.workload ?? [])

export class Cluster extends Context.Service<
  Cluster,
  {
    /** Returns once nodes and groups are listed. */
    readonly awaitSynced: Effect.Effect<void>
    /** Which watches do not run, and why; empty when all do. */
    readonly unready: Effect.Effect<ReadonlyArray<string>>
    readonly view: Effect.Effect<ClusterView>
    /** What tells which netcup servers the nodes are. */
    readonly seekers: Effect.Effect<NodeMapping.Seekers>
    readonly watches: Effect.Effect<ReadonlyArray<WatchState>>
  }
>()("@netcup-failover/controller/observe/Cluster") {
  static readonly layer = Layer.effect(
    Cluster,
    Effect.gen(function* () {
      const wake = yield* Wake
      const detector = yield* Detector
      const settings = yield* Settings
      const { watchIdleLimit: idleLimit, settlePeriod } = settings
      const nodeReflector = yield* Reflector.make(nodes, { idleLimit })
      const groupReflector = yield* Reflector.make(groups, { idleLimit })
      const leaseSource = yield* LeaseSource.make(settings)
      yield* MachineDoubts.follow(detector.suspects)
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
      const declare = NodeDeclarations.make(detector.hear)
      const signals = NodeSignals.make()
      /** The same by the verdicts of groups that chose their own. */
      const signalsBy = new Map<DetectionChoice.DetectionKey, NodeSignals.NodeSignals>()
      const followChoices = Effect.fnUntraced(function* (resources: ReadonlyArray<GroupResource>) {
        const choices = choicesOf(resources)
        for (const key of choices.keys()) if (!signalsBy.has(key)) signalsBy.set(key, NodeSignals.make(key))
        for (const key of signalsBy.keys()) if (!choices.has(key)) signalsBy.delete(key)
        yield* detector.follow(choices)
      })
      /** With the verdicts that stand now. */
      const judged = Effect.fnUntraced(function* (resources: ReadonlyArray<NodeResource>) {
        const judge = yield* detector.judge
        const settling = Duration.toMillis(settlePeriod)
        return resources.map((one) => judge(toCandidate(one, settling, drains.isDraining(one.metadata.name))))
      })
      const candidates: Effect.Effect<ReadonlyArray<Candidate>> = Effect.gen(function* () {
        const resources = [...(yield* nodeReflector.items).values()]
        if (!(yield* nodeReflector.synced)) return []
        yield* drains.follow(resources)
        yield* declare(resources, drains.isDraining)
        const all = yield* judged(resources)
        yield* Effect.forEach([signals, ...signalsBy.values()], ({ note }) => note(all), { discard: true })
        return all
      })
      yield* Prober.run({
        targets: nodeReflector.changes.pipe(
          Stream.mapEffect(() => Effect.map(nodeReflector.items, (items) => ProbeTarget.all(items.values(), settings)))
        ),
        hear: detector.hear,
        settings
      }).pipe(Effect.forkScoped)
      // Who convicts a node notes when, on the standby too.
      yield* detector.changes.pipe(
        Stream.runForEach(() => candidates),
        Restarting.afterDefects("noting what nodes were judged"),
        Effect.forkScoped
      )
      let followed: ReadonlyMap<string, GroupResource> | undefined
      /** Once for each state of the groups, whoever comes first. */
      const followAll = Effect.fnUntraced(function* (items: ReadonlyMap<string, GroupResource>) {
        if (items === followed) return
        const resources = [...items.values()]
        yield* Effect.all(
          [secrets.follow(refsOf(resources)), workloads.follow(workloadsOf(resources)), followChoices(resources)],
          { discard: true }
        )
        followed = items
      })
      yield* nodeReflector.changes.pipe(
        Stream.runForEach(() => candidates.pipe(Effect.andThen(nameStrangeNodes), Effect.andThen(wake.now))),
        Restarting.afterDefects("following the nodes"),
        Effect.forkScoped
      )
      yield* groupReflector.changes.pipe(
        Stream.runForEach(() => groupReflector.items.pipe(Effect.flatMap(followAll), Effect.andThen(wake.now))),
        Restarting.afterDefects("following the groups"),
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
            yield* watched(leases.plural, [leaseSource]),
            yield* watched("secrets", secrets.watches()),
            yield* watched(pods.plural, [...workloads.watches(), ...drains.watches()])
          ]
        }),
        awaitSynced: Effect.andThen(nodeReflector.awaitSynced, groupReflector.awaitSynced),
        unready: Effect.map(
          Effect.all([state("nodes", nodeReflector), state(groups.plural, groupReflector)]),
          (parts) => parts.flat()
        ),
        seekers: Effect.gen(function* () {
          const all = yield* judged([...(yield* nodeReflector.items).values()])
          const resources = [...(yield* groupReflector.items).values()]
          return NodeMapping.seekersOf(all, resources, settings.nodeMapping === "automatic")
        }),
        view: Effect.gen(function* () {
          const items = yield* groupReflector.items
          yield* followAll(items)
          const nodes = yield* candidates
          const turns = [...(yield* nodeReflector.items).values()].flatMap(({ metadata }) => {
            const turn = signals.turnOf(metadata.name)
            return turn === undefined ? [] : [{ metadata, turn }]
          })
          return {
            nodes,
            groups: [...items.values()],
            undecodable: [...(yield* groupReflector.undecodable).values()],
            secret: yield* secrets.view,
            workload: yield* workloads.view,
            signalOf: (node, detection) =>
              ((detection === undefined ? undefined : signalsBy.get(detection)) ?? signals).signalOf(node),
            turns
          }
        })
      })
    })
  )
}
