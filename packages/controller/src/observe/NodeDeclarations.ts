/**
 * What Node objects say of their nodes' health, as signals: each once, or twice where somebody is interrupted, but never not at all.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import { Signal } from "@netcup-failover/core/detect/Signal"
import * as Effect from "effect/Effect"
import { declaredOf, type NodeResource } from "./NodeResource.ts"

/**
 * Gives what to do with all the nodes that there are, whenever that may have changed.
 *
 * @param hear told all that is new of one look at once
 */
export const make = (hear: (...signals: ReadonlyArray<Signal>) => Effect.Effect<void>) => {
  const told = new Map<NodeName, string>()
  return (resources: ReadonlyArray<NodeResource>, isDraining: (node: NodeName) => boolean = () => false) =>
    Effect.suspend(() => {
      const names = new Set(resources.map(({ metadata }) => metadata.name))
      const gone = [...told.keys()].filter((node) => !names.has(node))
      const news = resources.flatMap((resource) => {
        const { name: node } = resource.metadata
        const declared = declaredOf(resource, isDraining(node))
        const text = JSON.stringify(declared)
        return told.get(node) === text ? [] : [{ node, declared, text }]
      })
      if (gone.length === 0 && news.length === 0) return Effect.void
      const signals = [
        ...gone.map((node) => Signal.Gone({ node })),
        ...news.map(({ declared, node }) => Signal.Declared({ node, declared }))
      ]
      const note = Effect.sync(() => {
        for (const node of gone) told.delete(node)
        for (const { node, text } of news) told.set(node, text)
      })
      return Effect.andThen(hear(...signals), note)
    })
}
