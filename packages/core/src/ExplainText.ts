/**
 * Explanations in words: the one place where they are put into lines.
 */
import { moveToAnnotation, type NodeName } from "./Candidate.ts"
import type { Against, Explanation } from "./Explanation.ts"
import * as Wording from "./Wording.ts"

const time = (ms: number): string => new Date(ms).toISOString()

/** Why a group is not on a node, to follow the node's name. */
const against = (reason: Against, chosen: NodeName | undefined): string => {
  switch (reason._tag) {
    case "Ineligible":
      return Wording.ineligible(reason.reasons)
    case "Held":
      return "is not weighed: nothing is moved for now"
    case "Begun":
      return `has to wait: netcup was told already to route to ${chosen}`
    case "Pinned":
      return `could have it, but the annotation ${moveToAnnotation} names ${chosen}`
    case "SameServer":
      return `says that it is the server ${reason.server}, as ${chosen} does`
    case "Stays":
      return `could have it, but the group stays where it is well`
    case "FewerAddresses":
      return `has ${reason.count} of its addresses, ${chosen} has ${reason.chosen}`
    case "NotLast":
      return `could have it, but ${chosen} is where it was`
    case "NotTarget":
      return `could have it, but it is on its way to ${chosen}`
    case "Fuller":
      return `carries ${Wording.groups(reason.load)}, ${chosen} only ${reason.chosen} beside this one`
    case "LessPreferred":
      return `is less preferred: ${reason.preference}`
    case "Unsteady":
      return `gets nothing that does well elsewhere, since it is not ${reason.preference}`
    case "AsGood":
      return `is as good: the hash of the group's name picked ${chosen}`
    case "RoomCameLater":
      return `is as preferred, but had no room when the group had its turn`
    case "Strategy":
      return `could have it, but the strategy ${reason.spread} chose ${chosen}`
  }
}

const head = ({ because, group, node, since }: Explanation): string => {
  const from = since === undefined ? "" : ` since ${time(since)}`
  switch (because._tag) {
    case "Stay": {
      const pinned = because.pinned ? `, and the annotation ${moveToAnnotation} names it` : ""
      return `${group} is on ${node}${from}: all its addresses are there, and it may keep them${pinned}`
    }
    case "Move":
      return `${group} goes to ${node}: ${Wording.moveReason(because.reason)}`
    case "Hold": {
      const until = because.until === undefined ? "" : ` (until ${time(because.until)})`
      const place = node === undefined ? "on no node" : `on ${node}${from}`
      return `${group} is left alone, ${place}: ${Wording.holdReason(because.reason)}${until}`
    }
    case "Unplaceable":
      return `${group} can be on no node: none can take it`
  }
}

/** A few lines: where the group is and why, then each other node, and below it what would have to change. */
export const render = (explanation: Explanation): string => {
  const { node, others, unpinned, setAside = [] } = explanation
  return [
    head(explanation),
    ...(unpinned === undefined ? [] : [`  ${Wording.unpinned(unpinned)}`]),
    ...setAside.map((rule) => `  ${Wording.setAside(rule)}`),
    ...others.flatMap((other) => [
      `  ${other.node} ${against(other.against, node)}`,
      ...other.wouldChange.map((change, i) => `    ${i === 0 ? joint(other.against) : also(other.against)} ${change}`)
    ])
  ].join("\n")
}

const joint = ({ _tag }: Against): string => (_tag === "Ineligible" ? "needs:" : "goes there if:")
const also = ({ _tag }: Against): string => (_tag === "Ineligible" ? "and:" : "or:")
