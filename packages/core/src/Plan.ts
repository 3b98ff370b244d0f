/**
 * The decision for all groups together: where each belongs, and why.
 *
 * Flow: groups that cannot be acted on are held; what is well placed is kept; what is half moved is finished; the rest is
 * spread over the least loaded eligible nodes, most preferred first, and a hash of the group's name picks among equals.
 *
 * Guarantees (each a property test): the order of nodes and groups in the input does not matter; planning what was planned
 * changes nothing; a well-placed group never moves; a failing node moves only its own groups; a new node moves nothing.
 */
import * as Data from "effect/Data"
import { type Account, type AccountKey, apiOf } from "./Account.ts"
import type { Candidate, NodeName } from "./Candidate.ts"
import * as Eligibility from "./Eligibility.ts"
import type { FailoverAddress, Prefix } from "./FailoverAddress.ts"
import * as Fnv1a from "./Fnv1a.ts"
import { type Group, HoldReason } from "./Group.ts"
import type { Ineligibility } from "./Ineligibility.ts"
import * as Preference from "./Preference.ts"

/** All that a decision may depend on. */
export interface World {
  readonly nodes: ReadonlyArray<Candidate>
  readonly groups: ReadonlyArray<Group>
  /** Accounts that netcup has told about; a group whose account is not here is held. */
  readonly accounts: ReadonlyMap<AccountKey, Account>
}

/** How to choose among nodes. */
export interface Policy {
  readonly eligibility: Eligibility.Eligibility
  readonly preference: Preference.Preference
}

/** What the seed system does: any healthy, selected node of the account, none preferred; and that netcup can route to. */
export const standard: Policy = {
  eligibility: Eligibility.all(
    Eligibility.healthy,
    Eligibility.selected,
    Eligibility.accountLists,
    Eligibility.running,
    Eligibility.sameSite
  ),
  preference: Preference.indifferent
}

export type MoveReason = Data.TaggedEnum<{
  /** Nothing is known of an earlier place. */
  FirstPlacement: {}
  /** netcup was told already: a way that has begun is finished, whatever else has changed. */
  Begun: {}
  /** The node that had the group cannot keep it. No `reasons`: it is gone. */
  LeftNode: { readonly from: NodeName; readonly reasons: ReadonlyArray<Ineligibility> }
  /** Some addresses are there already: the others follow. */
  Incomplete: { readonly missing: ReadonlyArray<Prefix> }
  /** netcup routes the addresses elsewhere than to the node that should have them. */
  Drifted: { readonly missing: ReadonlyArray<Prefix> }
}>
export const MoveReason = Data.taggedEnum<MoveReason>()

export type Decision = Data.TaggedEnum<{
  /** All addresses are on `node`, and it may keep them. */
  Stay: { readonly node: NodeName }
  Move: { readonly to: NodeName; readonly because: MoveReason }
  /** Nothing is done before `until` (ms since the epoch), or before something outside changes. */
  Hold: { readonly until: number | undefined; readonly because: HoldReason }
  /** No node can take the group; for each node the reasons why not. */
  Unplaceable: { readonly reasons: ReadonlyMap<NodeName, ReadonlyArray<Ineligibility>> }
}>
export const Decision = Data.taggedEnum<Decision>()

/** The decision for each group, by its name. */
export type Plan = ReadonlyMap<string, Decision>

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0

const byAge = (a: Group, b: Group): number => a.createdAt - b.createdAt || byName(a, b)

/** What there is to know about a group before groups are weighed against each other. */
interface Outlook {
  readonly group: Group
  readonly account: Account
  readonly eligible: ReadonlyArray<Candidate>
  readonly reasons: ReadonlyMap<NodeName, ReadonlyArray<Ineligibility>>
  /** The nodes that hold addresses now, the eligible ones first; where two nodes claim one server, both. */
  readonly holders: ReadonlyArray<Candidate>
}

/**
 * Groups that an older group of the same account keeps from acting, since it has one of their addresses. A group whose spec is
 * not valid has no claim; one whose account is not known keeps what it once had from everybody, since its Secret may be back soon.
 */
const conflicts = (groups: ReadonlyArray<Group>): ReadonlyMap<string, HoldReason> => {
  const owners = new Map<string, string>()
  const apis = new Map<Prefix, { readonly api: ReturnType<typeof apiOf>; readonly name: string }>()
  const losers = new Map<string, HoldReason>()
  const claimants = groups.filter(({ held }) => held?.because._tag !== "InvalidSpec").sort(byAge)
  for (const { name, account, addresses, current } of claimants) {
    const claims = addresses.map(({ prefix }) => ({
      prefix,
      own: `${account ?? ""}\n${prefix}`,
      anyone: `\n${prefix}`
    }))
    const byOtherApi = ({ prefix }: { readonly prefix: Prefix }) => {
      const owner = account === undefined ? undefined : apis.get(prefix)
      return owner !== undefined && account !== undefined && owner.api !== apiOf(account) ? owner.name : undefined
    }
    if (account === undefined) {
      if (current !== undefined) for (const { anyone } of claims) if (!owners.has(anyone)) owners.set(anyone, name)
      continue
    }
    const taken = claims.find(
      (claim) => owners.has(claim.own) || owners.has(claim.anyone) || byOtherApi(claim) !== undefined
    )
    const holder = taken && (owners.get(taken.own) ?? owners.get(taken.anyone) ?? byOtherApi(taken))
    if (taken !== undefined && holder !== undefined)
      losers.set(name, HoldReason.Conflict({ prefix: taken.prefix, holder }))
    else
      for (const { own, prefix } of claims) {
        owners.set(own, name)
        if (!apis.has(prefix)) apis.set(prefix, { api: apiOf(account), name })
      }
  }
  return losers
}

const survey = (
  group: Group,
  nodes: ReadonlyArray<Candidate>,
  account: Account,
  rule: Eligibility.Eligibility
): Outlook => {
  const reasons = new Map(nodes.map((node) => [node.name, rule.judge({ group, node, account })]))
  const eligible = nodes.filter(({ name }) => reasons.get(name)?.length === 0)
  const others = nodes.filter(({ name }) => reasons.get(name)?.length !== 0)
  const servers = new Set(group.addresses.map(({ prefix }) => account.routes.get(prefix)))
  const holders = [...eligible, ...others].filter(({ server }) => server !== undefined && servers.has(server))
  return { group, account, eligible, reasons, holders }
}

/** The addresses that are not on a node. Servers are compared: of two nodes that claim one, both have what is there. */
const missingAt = ({ group, account }: Outlook, { server }: Candidate): ReadonlyArray<Prefix> =>
  group.addresses
    .map(({ prefix }: FailoverAddress) => prefix)
    .filter((prefix) => server === undefined || account.routes.get(prefix) !== server)

/** A server that netcup has not told about, on which an address may be that is nowhere else, and may stay. */
const unreadServer = ({ group, account, eligible }: Outlook): string | undefined =>
  group.addresses.every(({ prefix }) => account.routes.has(prefix))
    ? undefined
    : eligible.find(({ server }) => server !== undefined && account.unread?.has(server) === true)?.server

/** The picked one of a non-empty sorted pool. */
const pick = (group: Group, pool: ReadonlyArray<Candidate>): Candidate | undefined =>
  pool[Fnv1a.hash32(group.name) % pool.length]

/** Where a group belongs by itself, if anywhere: its way is finished, it is kept, gathered, brought back, or goes where it was to go. */
const anchor = (outlook: Outlook): Candidate | undefined => {
  const { group, eligible } = outlook
  const among = (nodes: ReadonlyArray<Candidate>, name: NodeName | undefined) =>
    nodes.find((node) => node.name === name)
  const committed = group.target?.committed === true ? among(eligible, group.target.node) : undefined
  if (committed !== undefined) return committed
  const held = (node: Candidate) => group.addresses.length - missingAt(outlook, node).length
  const most = Math.max(0, ...eligible.map(held))
  const fullest = eligible.filter((node) => held(node) === most)
  if (most === group.addresses.length) return among(fullest, group.current) ?? fullest[0]
  if (most > 0) return among(fullest, group.current) ?? pick(group, fullest)
  return among(eligible, group.current) ?? among(eligible, group.target?.node)
}

const why = (outlook: Outlook, to: Candidate): MoveReason => {
  const { group, holders, reasons } = outlook
  const missing = missingAt(outlook, to)
  // Another name of the server that the group goes to is not left.
  const elsewhere = holders.filter(({ server }) => server !== to.server).map(({ name }) => name)
  const from = [...elsewhere, group.current].find(
    (name) => name !== undefined && name !== to.name && reasons.get(name)?.length !== 0
  )
  if (from !== undefined) return MoveReason.LeftNode({ from, reasons: reasons.get(from) ?? [] })
  const hasPlace = group.current !== undefined || holders.length > 0
  if (hasPlace && group.target?.committed === true && to.name === group.target.node) return MoveReason.Begun()
  if (to.name === group.current) return MoveReason.Drifted({ missing })
  return missing.length < group.addresses.length ? MoveReason.Incomplete({ missing }) : MoveReason.FirstPlacement()
}

/**
 * Decides for all groups of a world.
 *
 * Assumption: names of nodes and of groups are unique, as Kubernetes guarantees.
 */
export const plan = (world: World, policy: Policy = standard): Plan => {
  const nodes = [...world.nodes].sort(byName)
  const groups = [...world.groups].sort(byName)
  const losers = conflicts(groups)
  const decisions = new Map<string, Decision>()
  const load = new Map<NodeName, number>(nodes.map(({ name }) => [name, 0]))
  const carry = (node: NodeName) => load.set(node, (load.get(node) ?? 0) + 1)

  const place = (outlook: Outlook, to: Candidate) => {
    carry(to.name)
    const settled = missingAt(outlook, to).length === 0
    decisions.set(
      outlook.group.name,
      settled ? Decision.Stay({ node: to.name }) : Decision.Move({ to: to.name, because: why(outlook, to) })
    )
  }

  const unplaced: Array<Outlook> = []
  for (const group of groups) {
    const account = group.account === undefined ? undefined : world.accounts.get(group.account)
    const conflict = losers.get(group.name)
    if (group.held !== undefined || conflict !== undefined || account === undefined) {
      const because = group.held?.because ?? conflict ?? unasked
      decisions.set(group.name, Decision.Hold({ until: group.held?.until, because }))
      // A held group still uses its node's bandwidth, unless its addresses are another group's.
      if (group.current !== undefined && conflict === undefined) carry(group.current)
      continue
    }
    const outlook = survey(group, nodes, account, policy.eligibility)
    const at = anchor(outlook)
    const unread = unreadServer(outlook)
    if (outlook.eligible.length === 0) decisions.set(group.name, Decision.Unplaceable({ reasons: outlook.reasons }))
    else if (unread !== undefined) {
      const because = HoldReason.ServerUnknown({ server: unread })
      decisions.set(group.name, Decision.Hold({ until: undefined, because }))
      if (group.current !== undefined) carry(group.current)
    } else if (at === undefined) unplaced.push(outlook)
    else place(outlook, at)
  }

  for (const outlook of unplaced) {
    const lowest = Math.min(...outlook.eligible.map(({ name }) => load.get(name) ?? 0))
    const free = outlook.eligible.filter(({ name }) => (load.get(name) ?? 0) === lowest)
    const order = policy.preference(outlook.group)
    const best = free.filter((node) => free.every((other) => order(node, other) <= 0))
    const to = pick(outlook.group, best)
    if (to !== undefined) place(outlook, to)
  }
  return decisions
}

const unasked = HoldReason.AccountUnknown({ message: "netcup has not been asked yet" })
