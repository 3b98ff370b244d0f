/**
 * What the leader alone says, for as long as its term lasts: two replicas never claim the same group.
 */
import type { Candidate } from "@netcup-failover/core/Candidate"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Ledgers } from "../../act/Ledgers.ts"
import type { Observation } from "../../observe/Observation.ts"
import * as AccountMetrics from "./AccountMetrics.ts"
import { Collectors } from "./Collectors.ts"
import { type Sample, sample } from "./Exposition.ts"
import * as GroupMetrics from "./GroupMetrics.ts"

const ofNode = ({ name: node, verdict }: Candidate): ReadonlyArray<Sample> => [
  sample("netcup_failover_node_verdict", 1, { node, state: verdict.state }),
  ...verdict.reasons.map(({ _tag: sign }) => sample("netcup_failover_node_sign", 1, { node, sign }))
]

/** A group that does not fit its schema, whose own status may be what does not. */
const invalid: Status = {
  conditions: [{ type: "Routed", status: "False", reason: "InvalidSpec", message: "", lastTransitionTime: "" }]
}

/** Keeps what the last pass saw and said, and tells it when somebody asks. Nothing before the first pass. */
export const make = Effect.gen(function* () {
  const { add } = yield* Collectors
  const ledgers = yield* Ledgers
  const statuses = new Map<string, Status>()
  let seen: Observation | undefined

  yield* add(
    Effect.gen(function* () {
      if (seen === undefined) return []
      const now = yield* Clock.currentTimeMillis
      const undecodable = seen.undecodable.map(({ metadata }) => [metadata.name, invalid] as const)
      return [
        ...GroupMetrics.samples(new Map([...statuses, ...undecodable]), now),
        ...seen.nodes.flatMap(ofNode),
        ...(yield* AccountMetrics.credentials(seen.groups, ledgers.nameOf)),
        ...AccountMetrics.budgets(yield* ledgers.budgets, now)
      ]
    })
  )

  return {
    /** What a pass says of a group. */
    said: (group: string, status: Status) => void statuses.set(group, status),
    /** What it saw, at its end; groups that were not there are forgotten. */
    saw: (observation: Observation) => {
      seen = observation
      const names = new Set(observation.groups.map(({ resource }) => resource.metadata.name))
      for (const name of statuses.keys()) if (!names.has(name)) statuses.delete(name)
    }
  }
})
