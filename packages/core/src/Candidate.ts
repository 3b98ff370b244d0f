/**
 * A node as placement sees it.
 */
import * as Schema from "effect/Schema"
import type { DetectionKey } from "./detect/DetectionChoice.ts"
import type { Labels } from "./LabelSelector.ts"
import type { ServerName } from "./ServerName.ts"
import type { Verdict } from "./Verdict.ts"

export const NodeName = Schema.NonEmptyString.pipe(Schema.brand("NodeName"))
export type NodeName = typeof NodeName.Type

/** The annotation that says which netcup server a node is. */
export const serverNameAnnotation = "netcup.digilol.net/server-name"

/** The annotation of a node that says that it is in maintenance, and why: its groups leave it at once. Not while it is empty or `false`. */
export const maintenanceAnnotation = "netcup.digilol.net/maintenance"

/** The annotation of a group that names the node that it is to be on. */
export const moveToAnnotation = "netcup.digilol.net/move-to"

/** The annotation of a group that asks, by a new value, to go on with what was given up. */
export const retryAnnotation = "netcup.digilol.net/retry"

export interface Candidate {
  readonly name: NodeName
  /** By {@link serverNameAnnotation}; absent without one. */
  readonly server: ServerName | undefined
  readonly labels: Labels
  /** As the controller is set to judge. */
  readonly verdict: Verdict
  /** As groups want it judged that chose another way; read them by `DetectionChoice.verdictFor`. */
  readonly verdicts?: ReadonlyMap<DetectionKey, Verdict>
  /** From when on it counts as settled after it became ready, ms since the epoch; absent: it does. */
  readonly settledAt?: number
  /** The conditions that say that it is short of something, such as `MemoryPressure`. */
  readonly pressures?: ReadonlyArray<string>
  /** Nothing new is to be scheduled there. */
  readonly cordoned?: boolean
  /** Its public addresses, as its kubelet and the cloud's controller have them, in canonical form. */
  readonly addresses?: ReadonlyArray<string>
  /** What it is called: its name, host names, and what its provider's id names. */
  readonly names?: ReadonlyArray<string>
  /** By this taint the cluster's autoscaler says that it is about to delete it. */
  readonly leaving?: string
}
