/**
 * The decision for all groups together: where each belongs, and why.
 *
 * Flow: groups that cannot be acted on are held; what others have moved away is brought back or followed, as the group
 * wants; what is well placed is kept; what is half moved is finished; the rest is
 * spread over its eligible nodes, all groups at once. Last, what is well placed may be placed better, if its policy asks for that.
 *
 * Guarantees (each a property test): the order of nodes and groups in the input does not matter; planning what was planned
 * changes nothing; a well-placed group never moves unless its policy or a pin asks for it; a failing node moves only its own groups;
 * a new node moves nothing; where nothing changes from outside, plans come to rest.
 */
import * as Data from "effect/Data"
import { type Account, type AccountKey, apiOf } from "./Account.ts"
import type { Candidate, NodeName } from "./Candidate.ts"
import * as Drift from "./Drift.ts"
import * as Eligibility from "./Eligibility.ts"
import type { Prefix } from "./FailoverAddress.ts"
import { type Group, HoldReason } from "./Group.ts"
import * as Improvement from "./Improvement.ts"
import type { Ineligibility } from "./Ineligibility.ts"
import * as Outlook from "./Outlook.ts"
import * as Preference from "./Preference.ts"
import { serverOf } from "./ServerMapping.ts"
import * as Spread from "./Spread.ts"
import type { Rules } from "./Yielding.ts"

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
export interface Policy extends Rules {
  readonly preference: Preference.Preference
  readonly spread: Spread.Spread
}

/**
 * What the seed system does: any healthy, selected node of the account; and that netcup can route to, and that stays. Loads even. Of
 * nodes that are as good the ones first on which an address is least likely to be stranded, then the ones that the user prefers.
 */
export const standard: Policy = {
  eligibility: Eligibility.all(
    Eligibility.healthy,
    Eligibility.selected,
    Eligibility.accountLists,
    Eligibility.running,
    Eligibility.sameSite,
    Eligibility.remaining,
    Eligibility.unguarded
  ),
  // To be where nothing serves is of no use, to be on a suspect probably is: of both, this is the order.
  yielding: [Eligibility.serving, Eligibility.answering],
  preference: [Preference.settled, Preference.unpressed, Preference.uncordoned, Preference.weighted].reduce(
    Preference.andThen
  ),
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
  /** Somebody else moved addresses there, and the user wants that followed. */
  Adopted: { readonly moved: ReadonlyArray<Prefix> }
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

/** What is not as it was wished for. */
export interface Exceptions {
  readonly unpinned?: Unpinned
  /** Rules that yielded, by their names: no node that could take the group passes them. Never empty. */
  readonly setAside?: ReadonlyArray<string>
}

export type Decision = Data.TaggedEnum<{
  /** All addresses are on `node`, and it may keep them. `adopted`: since somebody else has moved them there. */
  Stay: Exceptions & { readonly node: NodeName; readonly adopted?: MoveReason }
  Move: Exceptions & { readonly to: NodeName; readonly because: MoveReason }
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
export const conflicts = (groups: ReadonlyArray<Group>): ReadonlyMap<string, HoldReason> => {
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

/** What there is to say of a pin that cannot be followed. */
const unpinned = (outlook: Outlook.Outlook): { readonly unpinned?: Unpinned } => {
  const { pin } = outlook.group
  if (pin === undefined) return {}
  const reasons = Outlook.against(outlook, pin)
  return reasons?.length === 0 ? {} : { unpinned: { node: pin, reasons: reasons ?? [] } }
}

const exceptions = (outlook: Outlook.Outlook): Exceptions => {
  const setAside = outlook.setAside()
  const pin = unpinned(outlook)
  return setAside.length === 0 ? pin : { ...pin, setAside: setAside.map(({ name }) => name) }
}

const why = (outlook: Outlook.Outlook, to: Candidate): MoveReason => {
  const { group, holders } = outlook
  const missing = Outlook.missingAt(outlook, to)
  // Another name of the server that the group goes to is not left.
  const server = serverOf(to, outlook.account)
  const elsewhere = holders.filter((node) => serverOf(node, outlook.account) !== server).map(({ name }) => name)
  const from = [...elsewhere, group.current].find(
    (name) => name !== undefined && name !== to.name && Outlook.against(outlook, name)?.length !== 0
  )
  if (from !== undefined) return MoveReason.LeftNode({ from, reasons: Outlook.against(outlook, from) ?? [] })
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
  const ground = Outlook.groundOf(nodes)
  const groups = [...world.groups].sort(byName)
  const losers = conflicts(groups)
  const decisions = new Map<string, Decision>()
  const load = new Map<NodeName, number>(nodes.map(({ name }) => [name, 0]))
  const carry = (node: NodeName) => load.set(node, (load.get(node) ?? 0) + 1)

  const placed: Array<{ readonly outlook: Outlook.Outlook; readonly at: Candidate }> = []
  const move = (outlook: Outlook.Outlook, to: Candidate, because: MoveReason) =>
    decisions.set(outlook.group.name, Decision.Move({ to: to.name, because, ...exceptions(outlook) }))
  const place = (outlook: Outlook.Outlook, to: Candidate) => {
    carry(to.name)
    if (Outlook.missingAt(outlook, to).length > 0) return move(outlook, to, why(outlook, to))
    placed.push({ outlook, at: to })
    return decisions.set(outlook.group.name, Decision.Stay({ node: to.name, ...exceptions(outlook) }))
  }

  /** What others have moved is not weighed against anything else. */
  const follow = (outlook: Outlook.Outlook, drift: Drift.Answer) => {
    if (drift._tag === "Hold") {
      if (outlook.group.current !== undefined) carry(outlook.group.current)
      return decisions.set(outlook.group.name, Decision.Hold({ until: undefined, because: drift.because }))
    }
    const to = drift._tag === "Back" ? drift.home : drift.to
    carry(to.name)
    const missing = Outlook.missingAt(outlook, to)
    if (drift._tag === "Back") return move(outlook, to, MoveReason.Drifted({ missing }))
    const adopted = MoveReason.Adopted({ moved: drift.moved })
    if (missing.length > 0) return move(outlook, to, adopted)
    return decisions.set(outlook.group.name, Decision.Stay({ node: to.name, adopted, ...unpinned(outlook) }))
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
    const outlook = Outlook.make(group, account, policy, ground)
    const at = Outlook.anchor(outlook)
    const unread = Outlook.unreadServer(outlook)
    if (unread !== undefined) {
      const because = HoldReason.ServerUnknown({ server: unread })
      decisions.set(group.name, Decision.Hold({ until: undefined, because }))
      if (group.current !== undefined) carry(group.current)
      continue
    }
    const drift = Drift.answer(outlook)
    if (drift !== undefined) {
      follow(outlook, drift)
      continue
    }
    const locked = Outlook.lockedOf(outlook)
    if (locked.length > 0) {
      const keeper = Outlook.keeperOfLocked(outlook, at)
      if (keeper !== undefined) {
        place(outlook, keeper)
        continue
      }
      const because = HoldReason.AddressLocked({ prefixes: locked })
      decisions.set(group.name, Decision.Hold({ until: undefined, because }))
      if (group.current !== undefined) carry(group.current)
      continue
    }
    if (at !== undefined) {
      place(outlook, at)
      continue
    }
    const eligible = Outlook.eligible(outlook)
    if (eligible.length === 0) {
      decisions.set(group.name, Decision.Unplaceable({ reasons: Outlook.reasons(outlook) }))
      continue
    }
    unplaced.set(group.name, outlook)
    wishes.push({ name: group.name, tiers: Preference.tiers(policy.preference.order(group, world.now), eligible) })
  }

  for (const [name, at] of policy.spread.place(wishes, new Map(load))) {
    const outlook = unplaced.get(name)
    const to = ground.named.get(at)
    if (outlook !== undefined && to !== undefined) place(outlook, to)
  }

  const movable = placed
    .filter(({ outlook, at }) => {
      const { group } = outlook
      const isAsked = group.failback === "WhenPreferred" || group.rebalance === "WhenUneven"
      if (!isAsked || Outlook.lockedOf(outlook).length > 0) return false
      return !(group.target?.committed === true && group.target.node !== at.name)
    })
    .map(({ outlook, at }) => ({ group: outlook.group, at, eligible: Outlook.eligible(outlook) }))
    // Not what is where the user wants it, or goes there next, nor what may have a call on its way to elsewhere.
    .filter(({ group: { pin }, eligible }) => !eligible.some(({ name }) => name === pin))
  const scales = { load, preference: policy.preference, now: world.now }
  const improve = ({ group, to }: Improvement.Improvement, because: MoveReason) => {
    const found = placed.find(({ outlook }) => outlook.group.name === group)
    if (found !== undefined) move(found.outlook, to, because)
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
