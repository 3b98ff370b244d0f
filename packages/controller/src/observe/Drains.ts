/**
 * Which nodes are being drained. Pods are watched on cordoned nodes only, and there only until a drain is seen: from then on the node
 * counts as drained until it takes Pods again, though its Pods are gone by then.
 */
import { NodeName } from "@netcup-failover/core/Candidate"
import * as Effect from "effect/Effect"
import { Settings } from "../Settings.ts"
import type { NodeResource } from "./NodeResource.ts"
import { isBeingEmptied, pods } from "./PodResource.ts"
import * as Watches from "./Watches.ts"

/**
 * Runs until the scope ends.
 *
 * @param changed run when a drain is seen
 */
export const make = Effect.fnUntraced(function* (changed: Effect.Effect<void>) {
  const { drainDetection } = yield* Settings
  const draining = new Set<NodeName>()

  const watches = yield* Watches.make(
    pods,
    Effect.fnUntraced(function* (key, reflector) {
      const node = NodeName.make(key)
      if (draining.has(node) || !(yield* reflector.synced)) return
      if (!isBeingEmptied([...(yield* reflector.items).values()])) return
      draining.add(node)
      yield* Effect.logInfo("node is being drained", { node })
      yield* changed
    })
  )

  return {
    /** Watches the Pods of those of the nodes that are cordoned. */
    follow: Effect.fnUntraced(function* (nodes: Iterable<NodeResource>) {
      if (drainDetection === "off") return
      const cordoned = new Set(
        [...nodes].flatMap(({ metadata, spec }) => (spec?.unschedulable === true ? [metadata.name] : []))
      )
      for (const name of [...draining]) if (!cordoned.has(name)) draining.delete(name)
      const open = [...cordoned].filter((name) => !draining.has(name))
      yield* watches.follow(new Map(open.map((name) => [name, { fieldSelector: `spec.nodeName=${name}` }])))
    }),
    isDraining: (name: NodeName): boolean => draining.has(name),
    watches: watches.watches
  }
})
