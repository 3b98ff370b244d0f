/**
 * The decision for all groups together: where each belongs, and why.
 *
 * Flow: groups that cannot be acted on are held; what is well placed is kept; what is half moved is finished; the rest is
 * spread over its eligible nodes, all groups at once.
 *
 * Guarantees (each a property test): the order of nodes and groups in the input does not matter; planning what was planned
 * changes nothing; a well-placed group never moves; a failing node moves only its own groups; a new node moves nothing.
 */
import * as Data from "effect/Data"
import { type Account, type AccountKey, apiOf } from "./Account.ts"
import type { Candidate, NodeName } from "./Candidate.ts"
import * as Eligibility from "./Eligibility.ts"
import type { Prefix } from "./FailoverAddress.ts"
import { type Group, HoldReason } from "./Group.ts"
import type { Ineligibility } from "./Ineligibility.ts"
import * as Outlook from "./Outlook.ts"
import * as Preference from "./Preference.ts"
import * as Spread from "./Spread.ts"

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
  readonly spread: Spread.Spread
}

/** What the seed system does: any healthy, selected node of the account, none preferred; and that netcup can route to. Loads even. */
export const standard: Policy = {
  eligibility: Eligibility.all(
    Eligibility.healthy,
    Eligibility.selected,
    Eligibility.accountLists,
    Eligibility.running,
    Eligibility.sameSite
  ),
  preference: Preference.indifferent,
  spread: Spread.even
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

const why = (outlook: Outlook.Outlook, to: Candidate): MoveReason => {
  const { group, holders } = outlook
  const missing = Outlook.missingAt(outlook, to)
  // Another name of the server that the group goes to is not left.
  const elsewhere = holders.filter(({ server }) => server !== to.server).map(({ name }) => name)
  const from = [...elsewhere, group.current].find(
    (name) => name !== undefined && name !== to.name && Outlook.against(outlook, name)?.length !== 0
  )
  if (from !== undefined) return MoveReason.LeftNode({ from, reasons: Outlook.against(outlook, from) ?? [] })
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
  const ground = Outlook.groundOf(nodes)
  const groups = [...world.groups].sort(byName)
  const losers = conflicts(groups)
  const decisions = new Map<string, Decision>()
  const load = new Map<NodeName, number>(nodes.map(({ name }) => [name, 0]))
  const carry = (node: NodeName) => load.set(node, (load.get(node) ?? 0) + 1)

  const place = (outlook: Outlook.Outlook, to: Candidate) => {
    const settled = Outlook.missingAt(outlook, to).length === 0
    decisions.set(
      outlook.group.name,
      settled ? Decision.Stay({ node: to.name }) : Decision.Move({ to: to.name, because: why(outlook, to) })
    )
  }

  const unplaced = new Map<string, Outlook.Outlook>()
  const wishes: Array<Spread.Wish> = []
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
    const outlook = Outlook.make(group, account, policy.eligibility, ground)
    const at = Outlook.anchor(outlook)
    const unread = Outlook.unreadServer(outlook)
    if (unread !== undefined) {
      const because = HoldReason.ServerUnknown({ server: unread })
      decisions.set(group.name, Decision.Hold({ until: undefined, because }))
      if (group.current !== undefined) carry(group.current)
      continue
    }
    if (at !== undefined) {
      carry(at.name)
      place(outlook, at)
      continue
    }
    const eligible = Outlook.eligible(outlook)
    if (eligible.length === 0) {
      decisions.set(group.name, Decision.Unplaceable({ reasons: Outlook.reasons(outlook) }))
      continue
    }
    unplaced.set(group.name, outlook)
    wishes.push({ name: group.name, tiers: Preference.tiers(policy.preference.order(group), eligible) })
  }

  for (const [name, at] of policy.spread.place(wishes, load)) {
    const outlook = unplaced.get(name)
    const to = ground.named.get(at)
    if (outlook !== undefined && to !== undefined) place(outlook, to)
  }
  return decisions
}

const unasked = HoldReason.AccountUnknown({ message: "netcup has not been asked yet" })
