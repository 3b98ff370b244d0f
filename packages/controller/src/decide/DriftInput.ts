/**
 * What a look tells of addresses that somebody else may have moved, and what placement is told of them.
 */
import type { Account } from "@netcup-failover/core/Account"
import { type Candidate, moveToAnnotation, retryAnnotation } from "@netcup-failover/core/Candidate"
import type * as Contest from "@netcup-failover/core/Contest"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import { hash32 } from "@netcup-failover/core/Fnv1a"
import { type Group, HoldReason } from "@netcup-failover/core/Group"
import * as Plan from "@netcup-failover/core/Plan"
import { serverOf } from "@netcup-failover/core/ServerMapping"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { GroupResource } from "../observe/GroupResource.ts"

export type Sighting = Omit<Contest.Sighting, "isOurs">

/** What the operator has written that counts as an act of theirs. Short, since it is kept. */
const markOf = ({ metadata: { generation, annotations } }: GroupResource): string => {
  const written = JSON.stringify([generation, annotations?.[moveToAnnotation], annotations?.[retryAnnotation]])
  return hash32(written).toString(16)
}

/** Whether the status tells that an address was on its node. */
const wasHome = ({ status, metadata }: GroupResource, address: FailoverAddress, home: ServerName): boolean => {
  const routed = status?.conditions?.find(({ type }) => type === "Routed")
  // An older CRD does not keep which the addresses were.
  if (status?.addresses === undefined)
    return routed?.status === "True" && routed.observedGeneration === metadata.generation
  const said = status.addresses.find(({ ip }) => ip === address.toString())
  if (said?.state === "Routed") return said.node === status.currentNode && said.server === home
  // Told already, by a leader that could not store more.
  return said !== undefined && (routed?.reason === "Drifted" || routed?.reason === "Contested")
}

/** Of a group that does well on its node: where its addresses are. Nothing of a group that is held, or on its way to elsewhere. */
export const sightings = (
  resource: GroupResource,
  group: Group,
  account: Account,
  nodes: ReadonlyArray<Candidate>
): ReadonlyArray<Sighting> => {
  if (group.held !== undefined || group.current === undefined) return []
  if (group.target?.committed === true && group.target.node !== group.current) return []
  const node = nodes.find(({ name }) => name === group.current)
  const home = node && serverOf(node, account)
  if (node === undefined || home === undefined) return []
  if (Plan.standard.eligibility.judge({ group, node, account }).length > 0) return []
  const mark = markOf(resource)
  return group.addresses
    .filter(({ prefix }) => account.unread === undefined || account.unread.size === 0 || account.routes.has(prefix))
    .map((address) => ({
      prefix: address.prefix,
      home,
      at: account.routes.get(address.prefix),
      wasHome: wasHome(resource, address, home),
      mark
    }))
}

/** Whether a look tells of a drift, if it was not we. */
export const isSuspicious = (seen: ReadonlyArray<Sighting>): boolean =>
  seen.some(({ at, home, wasHome }) => at !== home && wasHome)

/** What was moved may not be taken for placed before it is known who moved it. */
export const unknown = (group: Group): Group => {
  const because = HoldReason.AccountUnknown({ message: "the ledger of its moves is not read yet" })
  return { ...group, held: { because, until: undefined } }
}

/** The group with what is remembered of its addresses. */
export const informed = (
  group: Group,
  seen: ReadonlyArray<Sighting>,
  strays: ReadonlyMap<Prefix, Contest.Stray>
): Group => {
  const away = seen.flatMap(({ prefix, home }) => {
    const stray = strays.get(prefix)
    return stray?.home === home && stray.away !== undefined ? [stray] : []
  })
  if (away.length === 0) return group
  const contested = away.some(({ stopped }) => stopped !== undefined)
  return { ...group, strayed: { prefixes: away.map(({ prefix }) => prefix), contested } }
}
