/**
 * What the laws of placement ask about worlds and plans, written from the documentation and apart from the planner.
 */
import type { Account } from "@netcup-failover/core/Account"
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import type { Group } from "@netcup-failover/core/Group"
import * as LabelSelector from "@netcup-failover/core/LabelSelector"
import type { Decision, Plan } from "@netcup-failover/core/Plan"
import type { ServerName } from "@netcup-failover/core/ServerName"
import type { SmallWorld } from "./Worlds.ts"

/** Where a decision wants a group to be. */
export const destination = (decision: Decision | undefined): NodeName | undefined => {
  switch (decision?._tag) {
    case "Stay":
      return decision.node
    case "Move":
      return decision.to
    default:
      return undefined
  }
}

/** Whether a node may have a group under the standard policy, but for the rules that yield. */
export const canTake = (group: Group, node: Candidate, account: Account): boolean => {
  const { server, labels, verdict, leaving } = node
  return (
    verdict.state !== "Failed" &&
    leaving === undefined &&
    server !== undefined &&
    account.servers.has(server) &&
    LabelSelector.unmet(group.selector, labels).length === 0 &&
    canBeRoutedTo(group, server, account) &&
    (verdict.guarded !== true || keeps(group, node, account))
  )
}

const isAllAt = ({ addresses }: Group, server: ServerName | undefined, { routes }: Account): boolean =>
  server !== undefined && addresses.every(({ prefix }) => routes.get(prefix) === server)

/** A suspicion takes nothing away from where it is, and gives up no way that has begun. */
const keeps = (group: Group, { name, server }: Candidate, account: Account): boolean =>
  isAllAt(group, server, account) || (group.target?.committed === true && group.target.node === name)

/** Of nodes that can take a group those that may: where its workload is ready, if anywhere; of these, what is no suspect, if any. */
const mayTake = (group: Group, able: ReadonlyArray<Candidate>, account: Account): ReadonlyArray<Candidate> => {
  const served = able.filter(({ name }) => group.serving === undefined || group.serving.has(name))
  const left = served.length > 0 ? served : able
  const answering = left.filter((node) => node.verdict.state === "Healthy" || keeps(group, node, account))
  return answering.length > 0 ? answering : left
}

/** netcup routes nothing to a server that is off, but leaves there what is there; and no address to another site, ever. */
const canBeRoutedTo = ({ addresses }: Group, server: ServerName, { routes, notRunning, offSite }: Account): boolean => {
  const isElsewhere = addresses.some(({ prefix }) => routes.get(prefix) !== server)
  const isApart = addresses.some(({ prefix }) => offSite?.get(prefix)?.has(server) === true)
  return !isApart && !(isElsewhere && notRunning?.has(server) === true)
}

const byName = (a: Candidate, b: Candidate) => (a.name < b.name ? -1 : 1)

/** The nodes that may have a group, in the order of their names. */
export const takers = (world: SmallWorld, group: Group, account: Account): ReadonlyArray<Candidate> =>
  mayTake(group, world.nodes.filter((node) => canTake(group, node, account)).sort(byName), account)

/** What placement may do with one group: nothing is known of it unless its account is and nothing holds it. */
export interface Free {
  readonly group: Group
  readonly account: Account
  /** In the order of their names. */
  readonly eligible: ReadonlyArray<Candidate>
  /** The node that has each address, in the order of the addresses. */
  readonly holders: ReadonlyArray<NodeName | undefined>
}

/** The groups that nothing holds: neither their own state, nor an unknown account, nor an older group. */
export const freeGroups = (world: SmallWorld, plan: Plan): ReadonlyArray<Free> =>
  world.groups.flatMap((group) => {
    const account = world.accountOf(group)
    const decision = plan.get(group.name)
    const conflict = decision?._tag === "Hold" && decision.because._tag === "Conflict"
    if (account === undefined || group.held !== undefined || conflict) return []
    const eligible = takers(world, group, account)
    const holders = group.addresses.map(({ prefix }) => {
      const at = account.routes.get(prefix)
      return at === undefined ? undefined : world.nodes.find(({ server }) => server === at)?.name
    })
    return [{ group, account, eligible, holders }]
  })

/** The eligible node that has all addresses of a group. */
export const placeOf = ({ eligible, holders }: Free): NodeName | undefined =>
  eligible.find(({ name }) => holders.every((holder) => holder === name))?.name

/** The world after a plan: netcup routes each moved group to its node, and the status of all that are placed says so. */
export const carryOut = (world: SmallWorld, plan: Plan): SmallWorld => {
  const groups = world.groups.map((group) => {
    const at = destination(plan.get(group.name))
    return at === undefined ? group : { ...group, current: at, target: undefined }
  })
  const accounts = [...world.accounts].map(([key, account]) => {
    const routes = new Map(account.routes)
    for (const group of world.groups) {
      const at = destination(plan.get(group.name))
      const server = world.nodes.find(({ name }) => name === at)?.server
      if (group.account !== key || server === undefined) continue
      for (const { prefix } of group.addresses) routes.set(prefix, server)
    }
    return [key, { ...account, routes }] as const
  })
  return world.with({ groups, accounts: new Map(accounts) })
}
