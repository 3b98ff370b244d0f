/**
 * A node as placement sees it.
 */
import * as Schema from "effect/Schema"
import type { Labels } from "./LabelSelector.ts"
import type { ServerName } from "./ServerName.ts"
import type { Verdict } from "./Verdict.ts"

export const NodeName = Schema.NonEmptyString.pipe(Schema.brand("NodeName"))
export type NodeName = typeof NodeName.Type

/** The annotation that says which netcup server a node is. */
export const serverNameAnnotation = "netcup.digilol.net/server-name"

export interface Candidate {
  readonly name: NodeName
  /** By {@link serverNameAnnotation}; absent without one. */
  readonly server: ServerName | undefined
  readonly labels: Labels
  readonly verdict: Verdict
}
