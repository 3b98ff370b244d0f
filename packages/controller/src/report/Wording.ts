/**
 * Decisions in words: short, concrete, and what to do next. The one place where a status' sentences are made, of core's words.
 */

import type { NodeName } from "@netcup-failover/core/Candidate"
import type { Reason } from "@netcup-failover/core/Condition"
import type { HoldReason } from "@netcup-failover/core/Group"
import type { Ineligibility } from "@netcup-failover/core/Ineligibility"
import { againstNode, holdReason } from "@netcup-failover/core/Wording"

/** A reason and its sentence, as a condition shows them. */
export interface Wording {
  readonly reason: Reason
  readonly message: string
}

type Reasons = ReadonlyArray<Ineligibility>

export { guarded, moveReason, setAside, unpinned } from "@netcup-failover/core/Wording"

const holdReasons: Readonly<Record<HoldReason["_tag"], Reason>> = {
  InvalidSpec: "InvalidSpec",
  CredentialsError: "CredentialsError",
  AccountUnknown: "RoutingFailed",
  ServerUnknown: "RoutingFailed",
  WorkloadUnknown: "RoutingFailed",
  AddressLocked: "AddressLocked",
  Paused: "Paused",
  Conflict: "Conflict",
  Drifted: "Drifted",
  Contested: "Contested"
}

export const hold = (because: HoldReason): Wording => ({
  reason: holdReasons[because._tag],
  message: holdReason(because)
})

/**
 * Why no node can take a group. `MissingAnnotation` when an annotation is all that some node lacks: adding it helps at once.
 */
export const unplaceable = (reasons: ReadonlyMap<NodeName, Reasons>): Wording => {
  if (reasons.size === 0) return { reason: "NoEligibleNodes", message: "the cluster has no nodes" }
  const lacksOnlyAnnotation = ([, against]: readonly [NodeName, Reasons]) =>
    against.every(({ _tag }) => _tag === "MissingAnnotation")
  return {
    reason: [...reasons].some(lacksOnlyAnnotation) ? "MissingAnnotation" : "NoEligibleNodes",
    message: `no node can take the group: ${[...reasons].map(([node, against]) => againstNode(node, against)).join("; ")}`
  }
}

/** Of a workload whose Pods are not to be had; `message` is the API server's. */
export const workloadUnreadable = (namespace: string, message: string): string =>
  `spec.workload is set aside, since the Pods of ${namespace} cannot be listed (${message}): install the chart with rbac.pods=true`

/** How long before its end a login is said to expire, in ms: as the alert of the same name has it. */
export const expiringFor = 7 * 24 * 60 * 60 * 1_000

/**
 * Of a login that ends soon. It names a day and no time: an end that moves on with each use shall not be written with each use.
 *
 * @param endsAt ms since the epoch
 */
export const loginExpiring = (endsAt: number): Wording => ({
  reason: "LoginExpiring",
  message: `netcup lets this login end on ${new Date(endsAt).toISOString().slice(0, 10)} unless it is used before: log in anew with netcup-failover login, which asks for one that lasts`
})

/** The day of {@link loginExpiring}, as `YYYY-MM-DD`; `undefined` where a message names none. */
export const dayOfLoginsEnd = (message: string): string | undefined =>
  /netcup lets this login end on (\d{4}-\d{2}-\d{2}) /u.exec(message)?.[1]
