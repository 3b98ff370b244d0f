/**
 * The decision for all groups together: where each belongs, and why.
 *
 * Flow: groups that cannot be acted on are held; what is well placed is kept; what is half moved is finished; the rest is
 * spread over the least loaded eligible nodes, most preferred first, and a hash of the group's name picks among equals. Last, what
 * is well placed may be placed better, if its policy asks for that.
 *
 * Guarantees (each a property test): the order of nodes and groups in the input does not matter; planning what was planned
 * changes nothing; a well-placed group never moves unless its policy or a pin asks for it; a failing node moves only its own groups;
 * a new node moves nothing; where nothing changes from outside, plans come to rest.
 */
import * as Data from "effect/Data"
import { type Account, type AccountKey, apiOf } from "./Account.ts"
import type { Candidate, NodeName } from "./Candidate.ts"
import * as Eligibility from "./Eligibility.ts"
import type { FailoverAddress, Prefix } from "./FailoverAddress.ts"
import { type Group, HoldReason } from "./Group.ts"
import * as Improvement from "./Improvement.ts"
import type { Ineligibility } from "./Ineligibility.ts"
import * as Pick from "./Pick.ts"
import * as Preference from "./Preference.ts"

/** All that a decision may depend on. */
export interface World {
  readonly nodes: ReadonlyArray<Candidate>
  readonly groups: ReadonlyArray<Group>
  /** Accounts that netcup has told about; a group whose account is not here is held. */
  readonly accounts: ReadonlyMap<AccountKey, Account>
  /** ms since the epoch. Without it nothing depends on time. */
  readonly now?: number
}

/** How to choose among nodes. */
export interface Policy {
  readonly eligibility: Eligibility.Eligibility
  readonly preference: Preference.Preference
}

/**
 * What the seed system does: any healthy, selected node of the account; and that netcup can route to, and that stays. Of several the ones
 * first on which an address is least likely to be stranded, then the ones that the user prefers.
 */
export const standard: Policy = {
  eligibility: Eligibility.all(
    Eligibility.healthy,
    Eligibility.selected,
    Eligibility.accountLists,
    Eligibility.running,
    Eligibility.sameSite,
    Eligibility.remaining
  ),
  preference: [Preference.settled, Preference.unpressed, Preference.uncordoned, Preference.weighted].reduce(
    Preference.andThen
  )
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
  /** The user wants the group there. */
  Pinned: {}
  /** It does well where it is, and the user prefers the other node: failback. */
  Preferred: { readonly over: NodeName }
  /** It does well where it is, on a node with `load` groups, while the other had `other`: rebalance. */
  Uneven: { readonly from: NodeName; readonly load: number; readonly other: number }
}>
export const MoveReason = Data.taggedEnum<MoveReason>()

/** The node that the user wants a group on cannot have it: why not. No `reasons`: there is no such node. */
export interface Unpinned {
  readonly node: NodeName
  readonly reasons: ReadonlyArray<Ineligibility>
}

export type Decision = Data.TaggedEnum<{
  /** All addresses are on `node`, and it may keep them. */
  Stay: { readonly node: NodeName; readonly unpinned?: Unpinned }
  Move: { readonly to: NodeName; readonly because: MoveReason; readonly unpinned?: Unpinned }
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

/** What there is to say of a pin that cannot be followed. */
const unpinned = ({ group: { pin }, eligible, reasons }: Outlook): { readonly unpinned?: Unpinned } =>
  pin === undefined || eligible.some(({ name }) => name === pin)
    ? {}
    : { unpinned: { node: pin, reasons: reasons.get(pin) ?? [] } }

/**
 * Where a group belongs by itself, if anywhere: its way is finished, it is where the user wants it, it is kept, gathered, brought back,
 * or goes where it was to go.
 */
const anchor = (outlook: Outlook): Candidate | undefined => {
  const { group, eligible } = outlook
  const among = (nodes: ReadonlyArray<Candidate>, name: NodeName | undefined) =>
    nodes.find((node) => node.name === name)
  const committed = group.target?.committed === true ? among(eligible, group.target.node) : undefined
  if (committed !== undefined) return committed
  const pinned = among(eligible, group.pin)
  if (pinned !== undefined) return pinned
  const held = (node: Candidate) => group.addresses.length - missingAt(outlook, node).length
  const most = Math.max(0, ...eligible.map(held))
  const fullest = eligible.filter((node) => held(node) === most)
  if (most === group.addresses.length) return among(fullest, group.current) ?? fullest[0]
  if (most > 0) return among(fullest, group.current) ?? Pick.among(group, fullest)
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
  if (to.name === group.pin) return MoveReason.Pinned()
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

  const placed: Array<Outlook & Improvement.Placed> = []
  const move = (outlook: Outlook, to: Candidate, because: MoveReason) =>
    decisions.set(outlook.group.name, Decision.Move({ to: to.name, because, ...unpinned(outlook) }))
  const place = (outlook: Outlook, to: Candidate) => {
    carry(to.name)
    if (missingAt(outlook, to).length > 0) return move(outlook, to, why(outlook, to))
    placed.push({ ...outlook, at: to })
    return decisions.set(outlook.group.name, Decision.Stay({ node: to.name, ...unpinned(outlook) }))
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
    const to = Pick.best(outlook.group, free, policy.preference, world.now)
    if (to !== undefined) place(outlook, to)
  }

  // Not what is where the user wants it, or goes there next, nor what may have a call on its way to elsewhere.
  const isPinned = ({ group: { pin }, eligible }: Improvement.Placed) => eligible.some(({ name }) => name === pin)
  const isCalledAway = ({ group: { target }, at }: Improvement.Placed) =>
    target?.committed === true && target.node !== at.name
  const movable = placed.filter((one) => !isPinned(one) && !isCalledAway(one))
  const scales = { load, preference: policy.preference, now: world.now }
  const improve = ({ group, to }: Improvement.Improvement, because: MoveReason) => {
    const outlook = placed.find((one) => one.group.name === group)
    if (outlook !== undefined) move(outlook, to, because)
  }
  for (const one of Improvement.preferred(movable, scales)) improve(one, MoveReason.Preferred({ over: one.from.name }))
  const isAtRest = groups.every(({ name, target }) => {
    const decision = decisions.get(name)
    if (decision?._tag === "Stay") return target?.committed !== true || target.node === decision.node
    return decision?._tag !== "Move" && target?.committed !== true
  })
  const one = isAtRest ? Improvement.evening(movable, scales) : undefined
  if (one !== undefined) {
    const [from, to] = [one.from.name, one.to.name]
    improve(one, MoveReason.Uneven({ from, load: load.get(from) ?? 0, other: load.get(to) ?? 0 }))
  }
  return decisions
}

const unasked = HoldReason.AccountUnknown({ message: "netcup has not been asked yet" })
