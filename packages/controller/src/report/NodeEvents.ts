/**
 * Kubernetes Events of Nodes: one when a node counts as failed, with what convicted it and since when, and one when it is back. Told by
 * the leader, of what it witnessed itself; a new leader tells what happened while nobody led, and nothing that another may have told.
 */
import * as Sighting from "@netcup-failover/core/Sighting"
import { clock } from "@netcup-failover/core/Verdict"
import { Events } from "@netcup-failover/kubernetes/Events"
import { Leadership } from "@netcup-failover/kubernetes/Leadership"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { NodeTurn } from "../observe/Cluster.ts"
import { nodes } from "../observe/NodeResource.ts"
import type { Turn } from "../observe/NodeSignals.ts"

const fact = ({ isFailed, failedAt, signs }: Turn) =>
  isFailed
    ? ({
        type: "Warning",
        reason: "NodeFailed",
        message: `counts as failed: the node ${Sighting.render(signs)}`
      } as const)
    : ({
        type: "Normal",
        reason: "NodeRecovered",
        message: `counts as failed no longer; it had since ${clock(failedAt)}`
      } as const)

export class NodeEvents extends Context.Service<
  NodeEvents,
  {
    /** Tells what is new. Returns at once. */
    readonly look: (turns: ReadonlyArray<NodeTurn>) => Effect.Effect<void>
  }
>()("@netcup-failover/controller/report/NodeEvents") {
  /** Of the whole replica, not of a term: who leads again has told what it told. */
  static readonly layer = Layer.effect(
    NodeEvents,
    Effect.gen(function* () {
      const events = yield* Events
      const leadership = yield* Leadership
      const told = new WeakSet<Turn>()
      return NodeEvents.of({
        look: Effect.fnUntraced(function* (turns) {
          const news = turns.filter(({ turn }) => !told.has(turn))
          if (news.length === 0 || !(yield* leadership.isLeader)) return
          const knownToOthers = (yield* leadership.othersLedUntil) ?? Number.NEGATIVE_INFINITY
          for (const { metadata, turn } of news) {
            told.add(turn)
            if (turn.heardAt > knownToOthers) yield* events.record({ kind: nodes, metadata, ...fact(turn) })
          }
        })
      })
    })
  )
}
