/**
 * The plans of some worlds as text, and a program that prints them: for the law that every process decides alike.
 */
import { type Plan, plan } from "@netcup-failover/core/Plan"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import { worlds } from "./Worlds.ts"

const lines = (decisions: Plan): ReadonlyArray<string> =>
  [...decisions]
    .map(([name, decision]) => `${name} ${decision._tag}${decision._tag === "Move" ? ` ${decision.to}` : ""}`)
    .toSorted()

/** A line for each of 300 worlds. `reversed`: each world is given the other way round. */
export const printed = (reversed: boolean) =>
  Effect.map(Arbitrary.sampleEffect(worlds, { count: 300, seed: 7 }), (sample) =>
    sample
      .map((world) => {
        const turned = world.with({ nodes: world.nodes.toReversed(), groups: world.groups.toReversed() })
        return lines(plan(reversed ? turned : world)).join(", ")
      })
      .join("\n")
  )

if (import.meta.main) process.stdout.write(await Effect.runPromise(printed(true)))
