/**
 * What is done about addresses that somebody else has moved away from a node where their group does well.
 *
 * What the node's failure, a move under way or a pin asks for goes first: then this says nothing.
 */
import type { Candidate } from "./Candidate.ts"
import { verdictFor } from "./detect/DetectionChoice.ts"
import type { Prefix } from "./FailoverAddress.ts"
import { HoldReason, type MovedAway } from "./Group.ts"
import * as Outlook from "./Outlook.ts"
import * as Pick from "./Pick.ts"

export type Answer =
  | { readonly _tag: "Hold"; readonly because: HoldReason }
  /** All of it goes where the group was. */
  | { readonly _tag: "Back"; readonly home: Candidate }
  /** All of it goes where netcup has what was `moved`. */
  | { readonly _tag: "Follow"; readonly to: Candidate; readonly moved: ReadonlyArray<Prefix> }

/** The nodes that are the server which an address is on. */
const holdersOf = ({ account, ground }: Outlook.Outlook, prefix: Prefix): ReadonlyArray<Candidate> => {
  const server = account.routes.get(prefix)
  return server === undefined ? [] : (ground.withServer.get(server) ?? [])
}

/** What is there serves nobody: it is no drift to be thought about, but dead. */
const isDead = (outlook: Outlook.Outlook, prefix: Prefix): boolean => {
  const server = outlook.account.routes.get(prefix)
  if (server !== undefined && outlook.account.notRunning?.has(server) === true) return true
  const holders = holdersOf(outlook, prefix)
  return holders.length > 0 && holders.every((node) => verdictFor(outlook.group, node).state === "Failed")
}

/** Of the nodes that have what was moved the one with most of it that may have the group. */
const followed = (outlook: Outlook.Outlook, away: ReadonlyArray<Prefix>) => {
  const holders = [...new Set(away.flatMap((prefix) => holdersOf(outlook, prefix)))]
    .filter(({ name }) => Outlook.against(outlook, name)?.length === 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const on = (node: Candidate) => away.filter((prefix) => outlook.account.routes.get(prefix) === node.server)
  const most = Math.max(0, ...holders.map((node) => on(node).length))
  const fullest = holders.filter((node) => on(node).length === most)
  const to = Pick.among(outlook.group, fullest)
  return to === undefined ? undefined : { to, moved: on(to) }
}

export const answer = (outlook: Outlook.Outlook): Answer | undefined => {
  const { group, account, ground } = outlook
  const home = group.current === undefined ? undefined : ground.named.get(group.current)
  if (home === undefined || group.strayed === undefined || Outlook.against(outlook, home.name)?.length !== 0)
    return undefined
  if (group.target?.committed === true && group.target.node !== home.name) return undefined
  const isPinned = group.pin !== undefined && Outlook.against(outlook, group.pin)?.length === 0
  if (isPinned && group.pin !== home.name) return undefined
  const missing = new Set(Outlook.missingAt(outlook, home))
  const away = group.strayed.prefixes.filter((prefix) => missing.has(prefix))
  if (away.length === 0 || away.some((prefix) => isDead(outlook, prefix))) return undefined
  const follow = group.drift === "Adopt" && !isPinned ? followed(outlook, away) : undefined
  if (follow !== undefined) return { _tag: "Follow", ...follow }
  const moved = away.map((prefix): MovedAway => {
    const server = account.routes.get(prefix)
    return { prefix, ...(server === undefined ? {} : { server }) }
  })
  const { name: node } = home
  if (group.strayed.contested) return { _tag: "Hold", because: HoldReason.Contested({ node, moved }) }
  if (group.drift === "Alert") return { _tag: "Hold", because: HoldReason.Drifted({ node, moved }) }
  return { _tag: "Back", home }
}
