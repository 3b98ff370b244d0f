import type { Group } from "@netcup-failover/core/Group"
import type { Decision } from "@netcup-failover/core/Plan"
import type { Sighting } from "@netcup-failover/core/Sighting"
import type { Observation } from "../observe/Observation.ts"

/** What convicted the node that a move leaves, if it had failed: another may be left that is well, but not there to be chosen. */
export const of = (decision: Decision, group: Group, { signalOf }: Observation): ReadonlyArray<Sighting> => {
  if (decision._tag !== "Move" || decision.because._tag !== "LeftNode") return []
  const { from, reasons } = decision.because
  const hasFailed = reasons.length === 0 || reasons.some(({ _tag }) => _tag === "Failed")
  return (hasFailed ? signalOf?.(from, group.detection)?.signs : undefined) ?? []
}
