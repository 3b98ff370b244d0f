/**
 * The world as far as the cluster alone tells of it: what a plan made from outside, without asking netcup, has to do with.
 *
 * netcup's part is taken from statuses: where addresses are, and credentials that are refused. What no status tells is assumed to be well:
 * every server that a node names is the account's, runs, and is at the addresses' site. A node that names none is the server that statuses
 * tell of it; one that never had an address is known to netcup alone.
 */
import { type Account, AccountKey } from "@netcup-failover/core/Account"
import type { Candidate } from "@netcup-failover/core/Candidate"
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import { type Group, HoldReason } from "@netcup-failover/core/Group"
import type { World } from "@netcup-failover/core/Plan"
import * as ServerMapping from "@netcup-failover/core/ServerMapping"
import { ServerName } from "@netcup-failover/core/ServerName"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type GroupResource, groups } from "../observe/GroupResource.ts"
import { type NodeResource, nodes, toCandidate } from "../observe/NodeResource.ts"
import * as GroupInput from "./GroupInput.ts"

/** All Nodes, as their API lists them. */
export const Nodes = Schema.Struct({ items: Schema.Array(nodes.schema) })
/** All groups, as their API lists them. */
export const Groups = Schema.Struct({ items: Schema.Array(groups.schema) })

/** What the controller takes unless it is told otherwise, ms. */
const settlePeriod = 5 * 60_000

/** An address is of one account only, so what groups claim of each other comes out as if all of them were of this one. */
const account = AccountKey.make("cluster")

/** Credentials that the controller says it cannot use keep a group from being acted on. */
const refused = ({ status }: GroupResource): Group["held"] => {
  const condition = status?.conditions?.find(({ reason }) => reason === "CredentialsError")
  if (condition === undefined) return undefined
  return { because: HoldReason.CredentialsError({ message: condition.message }), until: undefined }
}

/** What the controller says that others have moved away. */
const strayed = ({ status }: GroupResource): Pick<Group, "strayed"> => {
  const reason = status?.conditions?.find(({ type }) => type === "Routed")?.reason
  if (reason !== "Drifted" && reason !== "Contested") return {}
  const prefixes = (status?.addresses ?? []).flatMap(({ ip, state }) => {
    const parsed = FailoverAddress.parse(ip)
    return state === "Routed" || Result.isFailure(parsed) ? [] : [parsed.success.prefix]
  })
  return { strayed: { prefixes, contested: reason === "Contested" } }
}

const toGroup = (resource: GroupResource): Group => {
  // What the account itself would hold is not to be known here.
  const group = GroupInput.make(resource, undefined, new Map())
  const isOwn = group.held?.because._tag === "InvalidSpec" || group.held?.because._tag === "Paused"
  return { ...group, ...strayed(resource), account, held: isOwn ? group.held : refused(resource) }
}

const routesOf = ({ status }: GroupResource): ReadonlyArray<readonly [FailoverAddress.Prefix, ServerName]> =>
  (status?.addresses ?? []).flatMap(({ ip, server }) => {
    const parsed = FailoverAddress.parse(ip)
    if (Result.isFailure(parsed) || server === undefined || server === "") return []
    return [[parsed.success.prefix, ServerName.make(server)] as const]
  })

/** What statuses tell of the servers that nodes are: by it the controller knows them, too, or did. */
const identities = (
  candidates: ReadonlyArray<Candidate>,
  resources: ReadonlyArray<GroupResource>
): ReadonlyMap<ServerName, ServerMapping.ServerIdentity> => {
  const found = new Map<ServerName, ServerMapping.ServerIdentity>()
  const told = resources.flatMap(({ status }) => status?.addresses ?? [])
  for (const { name, server, addresses = [] } of candidates) {
    const said =
      server ?? told.find((one) => one.node === name && one.server !== undefined && one.server !== "")?.server
    if (said === undefined) continue
    const own = server === undefined ? addresses.map(ownPrefix) : []
    const names = server === undefined ? [name] : []
    const key = ServerName.make(said)
    const before = found.get(key)
    found.set(key, {
      name: key,
      addresses: [...(before?.addresses ?? []), ...own],
      names: [...(before?.names ?? []), ...names]
    })
  }
  return found
}

/** The network of this address alone. */
const ownPrefix = (text: string): FailoverAddress.Prefix =>
  FailoverAddress.Prefix.make(`${text}/${text.includes(":") ? 128 : 32}`)

/** Since when a group is where it is, ms since the epoch: its last move there, as far as that is still remembered. */
const sinceOf = ({ status }: GroupResource): number | undefined => {
  const last = status?.moves?.at(-1)
  if (last !== undefined && last.to === (status?.currentNode ?? "")) return Date.parse(last.at)
  return undefined
}

export interface ClusterWorld {
  readonly world: World
  /** For explanations: by the groups' names. */
  readonly since: ReadonlyMap<string, number>
}

/** @param now ms since the epoch */
export const make = (
  cluster: { readonly nodes: ReadonlyArray<NodeResource>; readonly groups: ReadonlyArray<GroupResource> },
  now: number
): ClusterWorld => {
  const candidates = cluster.nodes.map((node) => toCandidate(node, settlePeriod))
  const taking = cluster.groups.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const groups = taking.map(toGroup)
  const known = identities(candidates, taking)
  const failover = new Set(groups.flatMap(({ addresses }) => addresses.map(({ prefix }) => prefix)))
  const what: Account = {
    servers: new Set(known.keys()),
    routes: new Map(taking.flatMap(routesOf)),
    mapping: ServerMapping.map(candidates, { identities: known, failover })
  }
  return {
    world: { now, nodes: candidates, groups, accounts: new Map([[account, what]]) },
    since: new Map(
      taking.flatMap((resource) => {
        const since = sinceOf(resource)
        return since === undefined ? [] : [[resource.metadata.name, since] as const]
      })
    )
  }
}
