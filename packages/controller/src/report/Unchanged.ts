/**
 * Groups of which there is nothing to report: they stay where they are, and what is stored says so. In a cluster where one node fails
 * that is most of them, at each of many passes.
 */
import { isDeepStrictEqual } from "node:util"
import type { Account } from "@netcup-failover/core/Account"
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import type { FailoverAddress } from "@netcup-failover/core/FailoverAddress"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import type { Decision } from "@netcup-failover/core/Plan"
import { serverOf } from "@netcup-failover/core/ServerMapping"
import type { GroupResource } from "../observe/GroupResource.ts"
import type { WorkloadView } from "../observe/Workloads.ts"
import { type Situation, verdictOn } from "./GroupStatus.ts"

/** What a status that says that a group stays is made from, but for the clock. */
interface Facts {
  readonly resource: GroupResource
  readonly notices: ReadonlyArray<string>
  /** Which nodes there are, and which servers they are. */
  readonly nodes: string
  /** The rest of it as one text. */
  readonly text: string
}

/** After so long, in ms, it is looked at all the same: a login may be about to end, a CRD may be a newer one. */
const longest = 60_000

const serversOf = (addresses: ReadonlyArray<FailoverAddress>, account: Account) =>
  addresses.map(({ prefix }) => account.routes.get(prefix)).join(" ")

const troubleOf = (workload: WorkloadView) => (workload?._tag === "Unreadable" ? workload.message : "")

const isHeld = (situation: Situated, name: NodeName) => {
  const node = situation.nodes.find((one) => one.name === name)
  return node !== undefined && verdictOn(situation, node).guarded === true
}

const isPlain = (decision: Decision): decision is Extract<Decision, { _tag: "Stay" }> =>
  decision._tag === "Stay" &&
  decision.adopted === undefined &&
  decision.unpinned === undefined &&
  decision.setAside === undefined

type Situated = Pick<
  Situation,
  "resource" | "addresses" | "decision" | "attempts" | "account" | "nodes" | "notices" | "workload" | "now"
>

export const make = () => {
  const known = new Map<string, Facts & { readonly until: number }>()
  /** What all groups of an account have in common, of the nodes that were seen last. */
  const common = new Map<Account, string>()
  let seen: ReadonlyArray<Candidate> | undefined

  const nodesOf = (nodes: ReadonlyArray<Candidate>, account: Account): string => {
    if (seen !== nodes) common.clear()
    seen = nodes
    const text = common.get(account) ?? nodes.map((node) => `${node.name}=${serverOf(node, account) ?? ""}`).join(" ")
    common.set(account, text)
    return text
  }

  const factsOf = (situation: Situated): Facts | undefined => {
    const { resource, addresses, decision, attempts, account, nodes, notices, workload } = situation
    if (!isPlain(decision) || attempts.size > 0 || account === undefined) return undefined
    const { node } = decision
    const text = [node, isHeld(situation, node), serversOf(addresses, account), troubleOf(workload)].join("\n")
    return { resource, notices, text, nodes: nodesOf(nodes, account) }
  }

  return {
    /** Whether it is as when it was last noted. */
    is: (situation: Situated): boolean => {
      const before = known.get(situation.resource.metadata.name)
      if (before === undefined || before.resource !== situation.resource || situation.now >= before.until) return false
      const facts = factsOf(situation)
      return facts?.text === before.text && facts.notices === before.notices && facts.nodes === before.nodes
    },
    /** Notes that `status` is what is made of it, if that is what is stored. */
    note: (situation: Situated, status: Status): void => {
      const { resource, now } = situation
      const facts = factsOf(situation)
      if (facts !== undefined && isDeepStrictEqual(resource.status, status))
        known.set(resource.metadata.name, { ...facts, until: now + longest })
      else known.delete(resource.metadata.name)
    },
    retain: (groups: ReadonlySet<string>): void => {
      for (const name of known.keys()) if (!groups.has(name)) known.delete(name)
    }
  }
}
