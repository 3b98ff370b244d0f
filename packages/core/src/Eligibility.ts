/**
 * Rules that tell whether a node can take a group. Rules compose; reasons accumulate, so that an unplaceable group
 * can say for each node all that speaks against it.
 */
import type { Account } from "./Account.ts"
import type { Candidate } from "./Candidate.ts"
import { verdictFor } from "./detect/DetectionChoice.ts"
import type { Group } from "./Group.ts"
import { Ineligibility } from "./Ineligibility.ts"
import * as LabelSelector from "./LabelSelector.ts"

/** What a rule may look at. */
export interface Question {
  readonly group: Group
  readonly node: Candidate
  readonly account: Account
}

/** `judge` gives the reasons against; none means eligible. */
export interface Eligibility {
  readonly name: string
  readonly judge: (question: Question) => ReadonlyArray<Ineligibility>
}

const none: ReadonlyArray<Ineligibility> = []

/** Holds for every node: the identity of {@link all}. */
export const always: Eligibility = { name: "always", judge: () => [] }

/** Holds where every rule holds; the reasons of all that do not, in their order. */
export const all = (...rules: ReadonlyArray<Eligibility>): Eligibility => ({
  name: `all(${rules.map((rule) => rule.name).join(", ")})`,
  // The planner asks for each group and node, and most are eligible: nothing is allocated for those.
  judge: (question) => {
    let reasons: ReadonlyArray<Ineligibility> = none
    for (const rule of rules) {
      const more = rule.judge(question)
      if (more.length > 0) reasons = reasons.length === 0 ? more : [...reasons, ...more]
    }
    return reasons
  }
})

/** Holds where at least one rule holds; else the reasons of all of them. Without rules it holds nowhere. */
export const any = (...rules: ReadonlyArray<Eligibility>): Eligibility => {
  const name = `any(${rules.map((rule) => rule.name).join(", ")})`
  return {
    name,
    judge: (question) => {
      const verdicts = rules.map((rule) => rule.judge(question))
      if (verdicts.some((reasons) => reasons.length === 0)) return []
      return rules.length === 0 ? [Ineligibility.Negated({ rule: always.name })] : verdicts.flat()
    }
  }
}

/** Holds where `rule` does not. */
export const not = (rule: Eligibility): Eligibility => ({
  name: `not(${rule.name})`,
  judge: (question) => (rule.judge(question).length === 0 ? [Ineligibility.Negated({ rule: rule.name })] : [])
})

/** The verdict on the node that the group goes by is not `Failed`. */
export const healthy: Eligibility = {
  name: "healthy",
  judge: ({ group, node }) => {
    const { state, reasons } = verdictFor(group, node)
    return state === "Failed" ? [Ineligibility.Failed({ signs: reasons })] : []
  }
}

/** Whether the node has the group, or netcup was told that it gets it. */
const has = ({ group, node, account }: Question): boolean =>
  group.current === node.name ||
  (group.target?.committed === true && group.target.node === node.name) ||
  (node.server !== undefined && group.addresses.every(({ prefix }) => account.routes.get(prefix) === node.server))

/** The node is no suspect, or has the group already: a suspect keeps what it has and is given nothing. */
export const unsuspected: Eligibility = {
  name: "unsuspected",
  judge: (question) => {
    const { state, reasons } = verdictFor(question.group, question.node)
    return state === "Suspect" && !has(question) ? [Ineligibility.Suspect({ signs: reasons })] : []
  }
}

/** The node says which server it is, and the group's account lists that server. */
export const accountLists: Eligibility = {
  name: "accountLists",
  judge: ({ node, account }) => {
    if (node.server === undefined) return [Ineligibility.MissingAnnotation()]
    return account.servers.has(node.server) ? [] : [Ineligibility.ForeignServer({ server: node.server })]
  }
}

/** The node's server can be routed to as far as netcup says, or has all of the group already: what is there is not taken away. */
export const running: Eligibility = {
  name: "running",
  judge: ({ group, node: { server }, account }) => {
    if (server === undefined || account.notRunning?.has(server) !== true) return []
    const hasAll = group.addresses.every(({ prefix }) => account.routes.get(prefix) === server)
    return hasAll ? [] : [Ineligibility.ServerNotRunning({ server })]
  }
}

/** The node's server is not known to be at another site than an address of the group. */
export const sameSite: Eligibility = {
  name: "sameSite",
  judge: ({ group, node: { server }, account }) => {
    if (server === undefined) return []
    const prefixes = group.addresses
      .map(({ prefix }) => prefix)
      .filter((prefix) => account.offSite?.get(prefix)?.has(server) === true)
    return prefixes.length === 0 ? [] : [Ineligibility.WrongSite({ server, prefixes })]
  }
}

/** The node is not about to be deleted by the cluster's autoscaler. */
export const remaining: Eligibility = {
  name: "remaining",
  judge: ({ node: { leaving } }) => (leaving === undefined ? [] : [Ineligibility.Leaving({ taint: leaving })])
}

/** The group's node selector matches the node's labels. */
export const selected: Eligibility = {
  name: "selected",
  judge: ({ group, node }) => {
    const unmet = LabelSelector.unmet(group.selector, node.labels)
    return unmet.length === 0 ? [] : [Ineligibility.NotSelected({ unmet })]
  }
}
