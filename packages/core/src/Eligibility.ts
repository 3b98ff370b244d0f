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
import * as ServerMapping from "./ServerMapping.ts"
import type { ServerName } from "./ServerName.ts"

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

/** What is on a server already is not taken away from it. */
const hasAll = ({ group, account }: Question, server: ServerName): boolean =>
  group.addresses.every(({ prefix }) => account.routes.get(prefix) === server)

/** It is known which server the node is, beyond doubt or since all of the group is there, and the group's account lists that server. */
export const accountLists: Eligibility = {
  name: "accountLists",
  judge: (question) => {
    const { node, account } = question
    const server = ServerMapping.serverOf(node, account)
    const doubt = ServerMapping.doubtOf(node, account.mapping)
    const isForeign = server !== undefined && !account.servers.has(server)
    if (isForeign && doubt?._tag !== "ContradictingServer") return [Ineligibility.ForeignServer({ server })]
    if (doubt !== undefined && !(server !== undefined && hasAll(question, server))) return [doubt]
    return server === undefined ? [Ineligibility.MissingAnnotation()] : []
  }
}

/** Whether all of the group is on the node's server, or netcup was told to bring it there: a way that has begun is not given up for a suspicion. */
const keeps = (question: Question): boolean => {
  const { account, group, node } = question
  if (group.target?.committed === true && group.target.node === node.name) return true
  const server = ServerMapping.serverOf(node, account)
  return server !== undefined && hasAll(question, server)
}

/** The node's server can be routed to as far as netcup says, or has all of the group already: what is there is not taken away. */
export const running: Eligibility = {
  name: "running",
  judge: (question) => {
    const { node, account } = question
    if (account.notRunning === undefined && account.unroutable === undefined) return none
    const server = ServerMapping.serverOf(node, account)
    if (server === undefined) return none
    const isStopped = account.notRunning?.has(server) === true
    if (!isStopped && account.unroutable?.has(server) !== true) return none
    if (hasAll(question, server)) return none
    return [isStopped ? Ineligibility.ServerNotRunning({ server }) : Ineligibility.ServerUnroutable({ server })]
  }
}

/** The node's server is not known to be at another site than an address of the group. */
export const sameSite: Eligibility = {
  name: "sameSite",
  judge: ({ group, node, account }) => {
    if (account.offSite === undefined) return none
    const server = ServerMapping.serverOf(node, account)
    if (server === undefined) return none
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

/**
 * The node is not one of so many that were lost together that it is taken for our own trouble, or the group is wholly there, or on its way. While
 * we cannot tell who lives, nothing is moved to where nobody answers.
 */
export const unguarded: Eligibility = {
  name: "unguarded",
  judge: (question) => {
    const { state, guarded, reasons } = verdictFor(question.group, question.node)
    if (state !== "Suspect" || guarded !== true || keeps(question)) return none
    return [Ineligibility.Guarded({ signs: reasons })]
  }
}

/** The node is no suspect, or the group is wholly there, or on its way: a suspect keeps what it has and is given nothing. Meant to yield. */
export const answering: Eligibility = {
  name: "answering",
  judge: (question) => {
    const { state, reasons } = verdictFor(question.group, question.node)
    return state !== "Suspect" || keeps(question) ? none : [Ineligibility.Suspect({ signs: reasons })]
  }
}

/** A Pod of the group's workload is ready on the node, as far as that is known. Meant to yield. */
export const serving: Eligibility = {
  name: "serving",
  judge: ({ group, node }) =>
    group.serving === undefined || group.serving.has(node.name) ? none : [Ineligibility.NotServing()]
}

/** The group's node selector matches the node's labels. */
export const selected: Eligibility = {
  name: "selected",
  judge: ({ group, node }) => {
    const unmet = LabelSelector.unmet(group.selector, node.labels)
    return unmet.length === 0 ? [] : [Ineligibility.NotSelected({ unmet })]
  }
}
