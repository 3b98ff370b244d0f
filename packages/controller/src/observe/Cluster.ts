/**
 * What the cluster says: nodes, groups, and the Secrets that groups name. Kept warm on the standby too.
 */
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import * as Reflector from "@netcup-failover/kubernetes/Reflector"
import type { Undecodable } from "@netcup-failover/kubernetes/WatchEvent"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import { type GroupResource, groups } from "./GroupResource.ts"
import { nodes, toCandidate } from "./NodeResource.ts"
import * as NodeSignals from "./NodeSignals.ts"
import * as Secrets from "./Secrets.ts"

export interface ClusterView {
  readonly nodes: ReadonlyArray<Candidate>
  readonly groups: ReadonlyArray<GroupResource>
  /** Groups that the schema does not fit. */
  readonly undecodable: ReadonlyArray<Undecodable>
  readonly secret: (ref: Secrets.SecretRef) => Secrets.SecretView
  /** When a node last changed, in ns since the epoch, if it did. */
  readonly changedAt?: (node: NodeName) => bigint | undefined
}

const refsOf = (resources: ReadonlyArray<GroupResource>) => resources.map(({ spec }) => spec.credentialsSecret)

export class Cluster extends Context.Service<
  Cluster,
  {
    /** Returns once nodes and groups are listed. */
    readonly awaitSynced: Effect.Effect<void>
    /** Which watches do not run, and why; empty when all do. */
    readonly unready: Effect.Effect<ReadonlyArray<string>>
    readonly view: Effect.Effect<ClusterView>
  }
>()("@netcup-failover/controller/observe/Cluster") {
  static readonly layer = Layer.effect(
    Cluster,
    Effect.gen(function* () {
      const wake = yield* Wake
      const { watchIdleLimit: idleLimit } = yield* Settings
      const nodeReflector = yield* Reflector.make(nodes, { idleLimit })
      const groupReflector = yield* Reflector.make(groups, { idleLimit })
      const secrets = yield* Secrets.make
      const signals = yield* NodeSignals.make
      const candidates = Effect.map(nodeReflector.items, (items) => [...items.values()].map(toCandidate))

      const nameStrangeNodes = Effect.gen(function* () {
        for (const { metadata, message } of (yield* nodeReflector.undecodable).values()) {
          yield* Effect.logWarning("a node is not understood, and takes part in nothing", {
            node: metadata.name,
            message
          })
        }
      })
      yield* nodeReflector.changes.pipe(
        Stream.runForEach(() =>
          Effect.all([Effect.flatMap(candidates, signals.note), nameStrangeNodes, wake.now], { discard: true })
        ),
        Effect.forkScoped
      )
      yield* groupReflector.changes.pipe(
        Stream.runForEach(() =>
          groupReflector.items.pipe(
            Effect.flatMap((items) => secrets.follow(refsOf([...items.values()]))),
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

      return Cluster.of({
        awaitSynced: Effect.andThen(nodeReflector.awaitSynced, groupReflector.awaitSynced),
        unready: Effect.map(
          Effect.all([state("nodes", nodeReflector), state(groups.plural, groupReflector)]),
          (parts) => parts.flat()
        ),
        view: Effect.gen(function* () {
          const resources = [...(yield* groupReflector.items).values()]
          yield* secrets.follow(refsOf(resources))
          return {
            nodes: yield* candidates,
            groups: resources,
            undecodable: [...(yield* groupReflector.undecodable).values()],
            secret: yield* secrets.view,
            changedAt: signals.changedAt
          }
        })
      })
    })
  )
}
