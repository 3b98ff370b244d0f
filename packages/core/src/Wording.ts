/**
 * Decisions in words, to be put into sentences: by a status, and by an explanation.
 */
import { moveToAnnotation, type NodeName, retryAnnotation } from "./Candidate.ts"
import { answering, serving } from "./Eligibility.ts"
import { HoldReason, type MovedAway } from "./Group.ts"
import * as Ineligibility from "./Ineligibility.ts"
import { MoveReason, type Unpinned } from "./Plan.ts"

type Reasons = ReadonlyArray<Ineligibility.Ineligibility>

/** What speaks against a node, to follow its name; no reasons: it is gone. */
export const ineligible = (reasons: Reasons): string =>
  reasons.length === 0 ? "is gone" : reasons.map(Ineligibility.render).join(", ")

export const againstNode = (node: NodeName, reasons: Reasons): string => `${node} ${ineligible(reasons)}`

export const groups = (count: number): string => (count === 1 ? "1 group" : `${count} groups`)

/** Why a group moves, to follow "because". */
export const moveReason: (because: MoveReason) => string = MoveReason.$match({
  FirstPlacement: () => "the group had no node",
  Begun: () => "the move had begun",
  LeftNode: ({ from, reasons }) => againstNode(from, reasons),
  Incomplete: ({ missing }) => `${missing.join(", ")} ${missing.length === 1 ? "was" : "were"} elsewhere`,
  Drifted: ({ missing }) => `${missing.join(", ")} had been moved away`,
  Adopted: ({ moved }) => `${moved.join(", ")} had been moved there`,
  Pinned: () => `the annotation ${moveToAnnotation} names it`,
  Preferred: ({ over }) => `the group's preferences weigh it more than ${over}`,
  Uneven: ({ from, load, other }) => `it had ${groups(other)} and ${from} had ${load}`
})

/** What there is to say where a group cannot be on the node that it is pinned to. */
export const unpinned = ({ node, reasons }: Unpinned): string =>
  reasons.length === 0
    ? `the annotation ${moveToAnnotation} names ${node}, which is no node of this cluster: correct or remove it`
    : `the annotation ${moveToAnnotation} is not followed for now: ${againstNode(node, reasons)}`

/** That a node is not taken for failed, though what speaks against it would do. */
export const guarded = (node: NodeName): string =>
  `${node} is suspect and not taken for failed, since it may be our own trouble, or the API server's: the guard holds until that is clear`

/** That a rule yielded, by its name. */
export const setAside = (rule: string): string => {
  switch (rule) {
    case serving.name:
      return "no node that could have it has a ready Pod that spec.workload selects: that rule is set aside"
    case answering.name:
      return "every node that could have it is suspect: that rule is set aside"
    default:
      return `no node that could have it passes the rule ${rule}: it is set aside`
  }
}
const place = ({ prefix, server }: MovedAway): string =>
  `${prefix} ${server === undefined ? "is on none of the cluster's servers" : `is on ${server}`}`

const them = ({ length }: ReadonlyArray<unknown>): string => (length === 1 ? "it" : "them")

const places = (moved: ReadonlyArray<MovedAway>): string => moved.map(place).join(", ")

/** Why nothing is done for a group. */
export const holdReason: (because: HoldReason) => string = HoldReason.$match({
  InvalidSpec: ({ message }) => message,
  CredentialsError: ({ message }) => message,
  AccountUnknown: ({ message }) => `netcup cannot be asked: ${message}`,
  ServerUnknown: ({ server }) => `netcup does not tell what is routed to ${server}, where the addresses may be`,
  WorkloadUnknown: () => "the Pods that spec.workload selects are not listed yet",
  AddressLocked: ({ prefixes }) =>
    `netcup does not let this login route ${prefixes.join(", ")}: unlock ${them(prefixes)} in netcup's panel, or use the login of who owns ${them(prefixes)}`,
  Paused: () => "nothing is moved while spec.paused is true",
  Conflict: ({ prefix, holder }) =>
    `${prefix} belongs to the older ${holder} of the same account: remove it from one of them`,
  Drifted: ({ node, moved }) =>
    `${places(moved)}: somebody moved ${them(moved)} away from ${node}, and spec.drift is Alert: route ${them(moved)} back, or pin the group with the annotation ${moveToAnnotation}; the group moves only if a node fails`,
  Contested: ({ node, moved }) =>
    `${places(moved)}: somebody keeps moving ${them(moved)} away from ${node} again: find out who (the panel, a second controller, another cluster) and stop them, then set the annotation ${retryAnnotation} to a new value; until then the group moves only if a node fails`
})
