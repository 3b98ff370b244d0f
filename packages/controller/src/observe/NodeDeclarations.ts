/**
 * What Node objects say of their nodes' health, as signals: each once, or twice where somebody is interrupted, but never not at all.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import { Signal } from "@netcup-failover/core/detect/Signal"
import * as Effect from "effect/Effect"
import { declaredOf, type NodeResource } from "./NodeResource.ts"

/** Gives what to do with all the nodes that there are, whenever that may have changed. */
export const make = (hear: (signal: Signal) => Effect.Effect<void>) => {
  const told = new Map<NodeName, string>()
  return Effect.fnUntraced(function* (resources: ReadonlyArray<NodeResource>) {
    const names = new Set(resources.map(({ metadata }) => metadata.name))
    for (const node of told.keys()) {
      if (names.has(node)) continue
      yield* hear(Signal.Gone({ node }))
      told.delete(node)
    }
    for (const resource of resources) {
      const { name: node } = resource.metadata
      const declared = declaredOf(resource)
      const text = JSON.stringify(declared)
      if (told.get(node) === text) continue
      yield* hear(Signal.Declared({ node, declared }))
      told.set(node, text)
    }
  })
}
