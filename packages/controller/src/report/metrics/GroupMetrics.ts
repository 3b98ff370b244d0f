/**
 * Groups as metrics, from the statuses that the last pass composed: metrics never say anything else than the resource does.
 */
import * as Condition from "@netcup-failover/core/Condition"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import { type Sample, sample } from "./Exposition.ts"

/** No pass has said anything of the group yet. */
const untold = "Unknown"

/** Each state that a group may be in: the reasons of the condition `Routed`. */
export const states: ReadonlyArray<string> = [
  ...Condition.reasons.filter((reason) => reason !== "CredentialsAccepted" && reason !== "LoginExpiring"),
  untold
]

const hour = 3_600_000

const conditionOf = ({ conditions }: Status) => conditions?.find(({ type }) => type === "Routed")

/** Another version's reason is none that we know. */
const stateOf = (status: Status): string => {
  const reason = conditionOf(status)?.reason
  return reason !== undefined && states.includes(reason) ? reason : untold
}

const ofGroup = (group: string, status: Status, now: number): ReadonlyArray<Sample> => {
  const condition = conditionOf(status)
  const isRouted = condition?.status === "True"
  const recent = (status.moves ?? []).filter(({ at }) => now - Date.parse(at) < hour)
  const { currentNode: node } = status
  return [
    sample("netcup_failover_group_state", 1, { group, state: stateOf(status) }),
    sample("netcup_failover_group_routed", isRouted ? 1 : 0, { group }),
    ...(node === undefined ? [] : [sample("netcup_failover_group_node", 1, { group, node })]),
    ...(isRouted
      ? [
          sample(
            "netcup_failover_group_routed_since_timestamp_seconds",
            Date.parse(condition.lastTransitionTime) / 1000,
            { group }
          )
        ]
      : []),
    sample("netcup_failover_group_recent_moves", recent.length, { group })
  ]
}

/**
 * @param statuses by the group's name
 * @param now in ms since the epoch
 */
export const samples = (statuses: ReadonlyMap<string, Status>, now: number): ReadonlyArray<Sample> => {
  const all = [...statuses.values()].map(stateOf)
  return [
    // All states, also those that nobody is in: an alert's query finds a number before anything was ever wrong.
    ...states.map((state) => sample("netcup_failover_groups", all.filter((one) => one === state).length, { state })),
    ...[...statuses].flatMap(([group, status]) => ofGroup(group, status, now))
  ]
}
