/**
 * Why a node cannot take a group: a closed list of reasons as data, and the one place that puts them into words.
 */
import * as Data from "effect/Data"
import { serverNameAnnotation } from "./Candidate.ts"
import { renderSign, type Sign } from "./Verdict.ts"

export type Ineligibility = Data.TaggedEnum<{
  /** The verdict on the node is `Failed`. */
  Failed: { readonly signs: ReadonlyArray<Sign> }
  /** The node does not say which server it is. */
  MissingAnnotation: {}
  /** The group's account does not list the node's server. */
  ForeignServer: { readonly server: string }
  /** The group's node selector does not match. */
  NotSelected: { readonly unmet: ReadonlyArray<string> }
  /** A rule that had to be broken was kept. */
  Negated: { readonly rule: string }
}>
export const Ineligibility = Data.taggedEnum<Ineligibility>()

/** A reason as the end of "the node …". */
export const render: (reason: Ineligibility) => string = Ineligibility.$match({
  Failed: ({ signs }) => signs.map(renderSign).join(" and "),
  MissingAnnotation: () => `has no annotation ${serverNameAnnotation}`,
  ForeignServer: ({ server }) => `is server ${server}, which the account does not list`,
  NotSelected: ({ unmet }) => `is not selected (${unmet.join("; ")})`,
  Negated: ({ rule }) => `is excluded by not(${rule})`
})
