/**
 * What there is to know about a group before groups are weighed against each other. Nodes are judged only when asked about:
 * a group that is well placed asks about its own one, so that a failure costs what its groups cost, not what the world does.
 */
import type { Account } from "./Account.ts"
import type { Candidate, NodeName } from "./Candidate.ts"
import { verdictFor } from "./detect/DetectionChoice.ts"
import type { Eligibility, Question } from "./Eligibility.ts"
import type { FailoverAddress, Prefix } from "./FailoverAddress.ts"
import type { Group } from "./Group.ts"
import type { Ineligibility } from "./Ineligibility.ts"
import * as Pick from "./Pick.ts"
import { doubtOf, serverOf } from "./ServerMapping.ts"
import type { ServerName } from "./ServerName.ts"
import * as Yielding from "./Yielding.ts"

/** The nodes of a world in the order of their names, and where to find them. */
export interface Ground {
  readonly nodes: ReadonlyArray<Candidate>
  readonly named: ReadonlyMap<NodeName, Candidate>
  /** By the servers that nodes are, to an account. Where two nodes claim one server, both. */
  readonly withServer: (account: Account) => ReadonlyMap<ServerName, ReadonlyArray<Candidate>>
}

const indexFor = (nodes: ReadonlyArray<Candidate>, account: Account) => {
  const withServer = new Map<ServerName, Array<Candidate>>()
  for (const node of nodes) {
    const server = serverOf(node, account)
    if (server === undefined) continue
    const claimants = withServer.get(server)
    if (claimants === undefined) withServer.set(server, [node])
    else claimants.push(node)
  }
  return withServer
}

/** Of sorted nodes. */
export const groundOf = (nodes: ReadonlyArray<Candidate>): Ground => {
  // Many groups share an account: worked out once for each.
  const known = new Map<Account["mapping"], ReadonlyMap<ServerName, ReadonlyArray<Candidate>>>()
  return {
    nodes,
    named: new Map(nodes.map((node) => [node.name, node])),
    withServer: (account) => {
      const found = known.get(account.mapping) ?? indexFor(nodes, account)
      known.set(account.mapping, found)
      return found
    }
  }
}

export interface Outlook {
  readonly group: Group
  readonly account: Account
  readonly ground: Ground
  readonly rules: Yielding.Rules
  /** Whether a node can take the group. */
  readonly admits: (node: Candidate) => boolean
  /** The reasons why a node cannot take the group: none where it can. */
  readonly judge: (node: Candidate) => ReadonlyArray<Ineligibility>
  /** What becomes of the rules that yield. Looks at all nodes, once. */
  readonly sieve: () => Yielding.Sieve
  /** The rules that were set aside, once a node that may have the group was asked about: where it passes all of them, none was. */
  readonly setAside: () => ReadonlyArray<Eligibility>
  /** The nodes that hold addresses of the group now, in the order of their names. */
  readonly holders: ReadonlyArray<Candidate>
}

const compare = (a: Candidate, b: Candidate): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

const nodesWith = (
  ground: Ground,
  account: Account,
  servers: Iterable<ServerName | undefined>
): ReadonlyArray<Candidate> => {
  const withServer = ground.withServer(account)
  return [...new Set(servers)]
    .flatMap((server) => (server === undefined ? [] : (withServer.get(server) ?? [])))
    .sort(compare)
}

const noRules: ReadonlyArray<Eligibility> = []

export const make = (group: Group, account: Account, rules: Yielding.Rules, ground: Ground): Outlook => {
  const { eligibility, yielding = noRules } = rules
  let sieved: Yielding.Sieve | undefined
  const sieve = () => {
    const passes = (rule: Eligibility, node: Candidate) => rule.judge({ group, node, account }).length === 0
    sieved ??= Yielding.sift(
      ground.nodes.filter((node) => passes(eligibility, node)),
      yielding,
      passes
    )
    return sieved
  }
  // One that passes every rule is left by every rule, whatever the other nodes are: most groups ask about no other.
  const breaks = (question: Question) => {
    for (const rule of yielding) if (rule.judge(question).length > 0) return true
    return false
  }
  return {
    group,
    account,
    ground,
    rules,
    sieve,
    setAside: () => sieved?.setAside ?? noRules,
    admits: (node) => {
      const question = { group, node, account }
      return eligibility.judge(question).length === 0 && (!breaks(question) || sieve().nodes.includes(node))
    },
    judge: (node) => {
      const question = { group, node, account }
      const reasons = eligibility.judge(question)
      if (!breaks(question)) return reasons
      return [...reasons, ...sieve().inForce.flatMap((rule) => rule.judge(question))]
    },
    holders: nodesWith(
      ground,
      account,
      group.addresses.map(({ prefix }) => account.routes.get(prefix))
    )
  }
}

/** The nodes that are these servers, in the order of their names. */
export const nodesOn = (
  { account, ground }: Outlook,
  servers: Iterable<ServerName | undefined>
): ReadonlyArray<Candidate> => nodesWith(ground, account, servers)

/** All nodes that may take the group. */
export const eligible = ({ sieve }: Outlook): ReadonlyArray<Candidate> => sieve().nodes

/** For each node what speaks against it. */
export const reasons = ({ ground, judge }: Outlook): ReadonlyMap<NodeName, ReadonlyArray<Ineligibility>> =>
  new Map(ground.nodes.map((node) => [node.name, judge(node)]))

/** Why a node cannot have the group: none if it can, undefined if there is no such node. */
export const against = ({ ground, judge }: Outlook, name: NodeName): ReadonlyArray<Ineligibility> | undefined => {
  const node = ground.named.get(name)
  return node === undefined ? undefined : judge(node)
}

/** The addresses that are not on a node. Servers are compared: of two nodes that claim one, both have what is there. */
export const missingAt = ({ group, account }: Outlook, node: Candidate): ReadonlyArray<Prefix> => {
  const server = serverOf(node, account)
  return group.addresses
    .map(({ prefix }: FailoverAddress) => prefix)
    .filter((prefix) => server === undefined || account.routes.get(prefix) !== server)
}

/** Whether a node may keep what is perhaps there. A suspect, and one in doubt, is asked about as if it had all that is nowhere else. */
const mayKeep = (outlook: Outlook, node: Candidate): boolean => {
  const { group, account, ground, rules } = outlook
  const server = serverOf(node, account)
  const keepsOnly = verdictFor(group, node).state === "Suspect" || doubtOf(node, account.mapping) !== undefined
  if (!keepsOnly || server === undefined) return outlook.admits(node)
  const routes = new Map(account.routes)
  for (const { prefix } of group.addresses) if (!routes.has(prefix)) routes.set(prefix, server)
  return make(group, { ...account, routes }, rules, ground).admits(node)
}

/** A server that netcup has not told about, on which an address may be that is nowhere else, and may stay. */
export const unreadServer = (outlook: Outlook): ServerName | undefined => {
  const { group, account } = outlook
  const unidentified = unidentifiedServer(outlook)
  if (unidentified !== undefined) return unidentified
  if (account.unread === undefined || group.addresses.every(({ prefix }) => account.routes.has(prefix)))
    return undefined
  const unread = nodesOn(outlook, account.unread).find((node) => mayKeep(outlook, node))
  return unread && serverOf(unread, account)
}

/** What speaks against a node only as long as it is not known to have the group. */
const doubts: ReadonlySet<Ineligibility["_tag"]> = new Set(["MissingAnnotation", "Suspect", "Guarded"])

/** A server that the group's node may be, of which netcup has not told enough to say: all else speaks for that node. */
const unidentifiedServer = ({ group, account, ground, judge }: Outlook): ServerName | undefined => {
  if (account.unidentified === undefined || group.current === undefined) return undefined
  const node = ground.named.get(group.current)
  if (node === undefined || serverOf(node, account) !== undefined) return undefined
  return judge(node).every(({ _tag }) => doubts.has(_tag)) ? [...account.unidentified][0] : undefined
}

/** The addresses of the group that netcup does not let this login route. */
export const lockedOf = ({ group, account: { locked } }: Outlook): ReadonlyArray<Prefix> =>
  locked === undefined ? [] : group.addresses.map(({ prefix }) => prefix).filter((prefix) => locked.has(prefix))

/** Whether a node has all of the group that cannot move: else the group is never whole there. */
export const hasLocked = (outlook: Outlook, node: Candidate): boolean => {
  const { account } = outlook
  const server = serverOf(node, account)
  return lockedOf(outlook).every((prefix) => server !== undefined && account.routes.get(prefix) === server)
}

/** A node that may have the group and has all of it that cannot move: `wanted` if that is one. */
export const keeperOfLocked = (outlook: Outlook, wanted: Candidate | undefined): Candidate | undefined =>
  [...(wanted === undefined ? [] : [wanted]), ...outlook.holders].find(
    (node) => hasLocked(outlook, node) && outlook.admits(node)
  )

/**
 * Where a group belongs by itself, if anywhere: its way is finished, it is where the user wants it, it is kept, gathered, brought back,
 * or goes where it was to go.
 */
export const anchor = (outlook: Outlook): Candidate | undefined => {
  const { group, ground, holders } = outlook
  const ifEligible = (name: NodeName | undefined) => {
    const node = name === undefined ? undefined : ground.named.get(name)
    return node !== undefined && outlook.admits(node) ? node : undefined
  }
  const committed = group.target?.committed === true ? ifEligible(group.target.node) : undefined
  if (committed !== undefined) return committed
  const pinned = ifEligible(group.pin)
  if (pinned !== undefined) return pinned
  // What has no addresses is wholly on each node.
  const keepers = group.addresses.length === 0 ? eligible(outlook) : holders.filter((node) => outlook.admits(node))
  const held = keepers.map((node) => group.addresses.length - missingAt(outlook, node).length)
  const most = Math.max(0, ...held)
  const fullest = keepers.filter((_, i) => held[i] === most)
  const current = fullest.find(({ name }) => name === group.current)
  if (fullest.length > 0) return current ?? (most === group.addresses.length ? fullest[0] : Pick.among(group, fullest))
  return ifEligible(group.current) ?? ifEligible(group.target?.node)
}
