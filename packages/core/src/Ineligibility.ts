/**
 * Why a node cannot take a group: a closed list of reasons as data, and the one place that puts them into words.
 */
import * as Data from "effect/Data"
import { serverNameAnnotation } from "./Candidate.ts"
import { renderSign, type Sign } from "./Verdict.ts"

export type Ineligibility = Data.TaggedEnum<{
  /** The verdict on the node is `Failed`. */
  Failed: { readonly signs: ReadonlyArray<Sign> }
  /** The node does not say which server it is, and nothing else tells. */
  MissingAnnotation: {}
  /** The node has addresses, or names, of several servers. */
  AmbiguousServer: { readonly servers: ReadonlyArray<string> }
  /** Other nodes say that they are the same server. */
  SharedServer: { readonly server: string; readonly nodes: ReadonlyArray<string> }
  /** The node says that it is one server, and has an address of another one. */
  ContradictingServer: { readonly server: string; readonly other: string; readonly address: string }
  /** The group's account does not list the node's server. */
  ForeignServer: { readonly server: string }
  /** netcup routes nothing to the node's server, since it is off or in the rescue system. */
  ServerNotRunning: { readonly server: string }
  /** netcup routes nothing to the node's server: it is disabled, or has no interface to route to. */
  ServerUnroutable: { readonly server: string }
  /** The node's server is at another site than these addresses. */
  WrongSite: { readonly server: string; readonly prefixes: ReadonlyArray<string> }
  /** The group's node selector does not match. */
  NotSelected: { readonly unmet: ReadonlyArray<string> }
  /** The cluster's autoscaler is about to delete the node, as the taint says. */
  Leaving: { readonly taint: string }
  /** It may have failed: it is given nothing that it has not got. */
  Suspect: { readonly signs: ReadonlyArray<Sign> }
  /** It may have failed, together with so many that it is taken for our own trouble. */
  Guarded: { readonly signs: ReadonlyArray<Sign> }
  /** No Pod of the group's workload is ready there. */
  NotServing: {}
  /** A rule that had to be broken was kept. */
  Negated: { readonly rule: string }
}>
export const Ineligibility = Data.taggedEnum<Ineligibility>()

const all = (signs: ReadonlyArray<Sign>): string => signs.map(renderSign).join(" and ")

/** A reason as the end of "the node …". */
export const render: (reason: Ineligibility) => string = Ineligibility.$match({
  Failed: ({ signs }) => all(signs),
  MissingAnnotation: () => `has no annotation ${serverNameAnnotation}, and nothing else tells which server it is`,
  AmbiguousServer: ({ servers }) => `could be any of the servers ${servers.join(" and ")} by its addresses or its name`,
  SharedServer: ({ server, nodes }) =>
    `claims to be server ${server}, as ${nodes.join(" and ")} ${nodes.length === 1 ? "does" : "do"}`,
  ContradictingServer: ({ server, other, address }) =>
    `is server ${server} by its annotation, but has the address ${address} of server ${other}`,
  ForeignServer: ({ server }) => `is server ${server}, which the account does not list`,
  ServerNotRunning: ({ server }) => `is server ${server}, which is off or in the rescue system`,
  ServerUnroutable: ({ server }) => `is server ${server}, which is disabled or has no interface to route to`,
  WrongSite: ({ server, prefixes }) => `is server ${server}, which is at another site than ${prefixes.join(", ")}`,
  NotSelected: ({ unmet }) => `is not selected (${unmet.join("; ")})`,
  Leaving: ({ taint }) => `is about to be deleted (taint ${taint})`,
  Suspect: ({ signs }) => `is suspect, since it ${all(signs)}`,
  Guarded: ({ signs }) =>
    `is suspect, since it ${all(signs)}, and held by the guard: it may be our own trouble, or the API server's`,
  NotServing: () => "has no ready Pod that spec.workload selects",
  Negated: ({ rule }) => `is excluded by not(${rule})`
})
