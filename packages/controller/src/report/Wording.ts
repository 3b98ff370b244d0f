/**
 * Decisions in words: short, concrete, and what to do next. The one place where a status' sentences are made.
 */

import { moveToAnnotation, type NodeName } from "@netcup-failover/core/Candidate"
import type { Reason } from "@netcup-failover/core/Condition"
import { HoldReason } from "@netcup-failover/core/Group"
import * as Ineligibility from "@netcup-failover/core/Ineligibility"
import { MoveReason, type Unpinned } from "@netcup-failover/core/Plan"

/** A reason and its sentence, as a condition shows them. */
export interface Wording {
  readonly reason: Reason
  readonly message: string
}

type Reasons = ReadonlyArray<Ineligibility.Ineligibility>

const againstNode = (node: NodeName, reasons: Reasons): string =>
  reasons.length === 0 ? `${node} is gone` : `${node} ${reasons.map(Ineligibility.render).join(", ")}`

const groups = (count: number): string => (count === 1 ? "1 group" : `${count} groups`)

/** Why a group moves, to follow "because". */
export const moveReason: (because: MoveReason) => string = MoveReason.$match({
  FirstPlacement: () => "the group had no node",
  Begun: () => "the move had begun",
  LeftNode: ({ from, reasons }) => againstNode(from, reasons),
  Incomplete: ({ missing }) => `${missing.join(", ")} ${missing.length === 1 ? "was" : "were"} elsewhere`,
  Drifted: ({ missing }) => `${missing.join(", ")} had been moved away`,
  Pinned: () => `the annotation ${moveToAnnotation} names it`,
  Preferred: ({ over }) => `the group's preferences weigh it more than ${over}`,
  Uneven: ({ from, load, other }) => `it had ${groups(other)} and ${from} had ${load}`
})

/** What there is to say where a group cannot be on the node that it is pinned to. */
export const unpinned = ({ node, reasons }: Unpinned): string =>
  reasons.length === 0
    ? `the annotation ${moveToAnnotation} names ${node}, which is no node of this cluster: correct or remove it`
    : `the annotation ${moveToAnnotation} is not followed for now: ${againstNode(node, reasons)}`

const paused = "nothing is moved while spec.paused is true"

export const hold: (because: HoldReason) => Wording = HoldReason.$match({
  InvalidSpec: ({ message }): Wording => ({ reason: "InvalidSpec", message }),
  CredentialsError: ({ message }): Wording => ({ reason: "CredentialsError", message }),
  AccountUnknown: ({ message }): Wording => ({
    reason: "RoutingFailed",
    message: `netcup cannot be asked: ${message}`
  }),
  ServerUnknown: ({ server }): Wording => ({
    reason: "RoutingFailed",
    message: `netcup does not tell what is routed to ${server}, where the addresses may be`
  }),
  Paused: (): Wording => ({ reason: "Paused", message: paused }),
  Conflict: ({ prefix, holder }): Wording => ({
    reason: "Conflict",
    message: `${prefix} belongs to the older ${holder} of the same account: remove it from one of them`
  })
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
