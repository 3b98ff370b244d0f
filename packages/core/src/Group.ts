/**
 * A group of addresses as placement sees it.
 */
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"
import type { AccountKey } from "./Account.ts"
import type { NodeName } from "./Candidate.ts"
import type { DetectionKey } from "./detect/DetectionChoice.ts"
import type { FailoverAddress, Prefix } from "./FailoverAddress.ts"
import type { LabelSelector } from "./LabelSelector.ts"
import type { ServerName } from "./ServerName.ts"

/** An address that somebody else has moved. No `server`: it is on none of the cluster's servers. */
export interface MovedAway {
  readonly prefix: Prefix
  readonly server?: ServerName
}

/** Why a group is left alone for now. */
export type HoldReason = Data.TaggedEnum<{
  /** The resource cannot be acted on as written. */
  InvalidSpec: { readonly message: string }
  /** The Secret is missing or incomplete, or netcup refuses the credentials. */
  CredentialsError: { readonly message: string }
  /** netcup has not told yet what the account has. */
  AccountUnknown: { readonly message: string }
  /** netcup does not tell what is routed to one of the servers that the group may be on. */
  ServerUnknown: { readonly server: string }
  /** It was never placed, and the Pods of its workload are not listed yet. */
  WorkloadUnknown: {}
  /** netcup does not let this login route these addresses. */
  AddressLocked: { readonly prefixes: ReadonlyArray<string> }
  /** The user wants it left alone. `credentials`: what would hold it else. */
  Paused: { readonly credentials?: string }
  /** An older group of the same account has one of the addresses. */
  Conflict: { readonly prefix: string; readonly holder: string }
  /** Somebody else has moved addresses away from `node`, and the user wants to be told, no more. */
  Drifted: { readonly node: NodeName; readonly moved: ReadonlyArray<MovedAway> }
  /** The same, again and again after they were put back. */
  Contested: { readonly node: NodeName; readonly moved: ReadonlyArray<MovedAway> }
}>
export const HoldReason = Data.taggedEnum<HoldReason>()

/** Where a group is on its way to. `committed`: netcup was told for at least one address, so the way is finished, not changed. */
export interface Target {
  readonly node: NodeName
  readonly committed: boolean
}

export const Failback = Schema.Literals(["Never", "WhenPreferred"])
type Failback = typeof Failback.Type

export const Rebalance = Schema.Literals(["Never", "WhenUneven"])
type Rebalance = typeof Rebalance.Type

/** What is done where somebody else has moved addresses away: they are brought back, followed, or only told about. */
export const DriftPolicy = Schema.Literals(["Enforce", "Adopt", "Alert"])
type DriftPolicy = typeof DriftPolicy.Type

/** What becomes of the routes of a group that is deleted. */
export const ReclaimPolicy = Schema.Literals(["Retain", "Unroute"])

/** Nodes that a group rather takes than others. */
export interface WeightedSelector {
  readonly weight: number
  readonly nodeSelector: LabelSelector
}

export interface Group {
  readonly name: string
  /** Creation, ms since the epoch: of two groups that want one address, the older has it. */
  readonly createdAt: number
  readonly addresses: ReadonlyArray<FailoverAddress>
  readonly selector: LabelSelector
  readonly account: AccountKey | undefined
  /** The last node where all addresses were confirmed. */
  readonly current: NodeName | undefined
  readonly target: Target | undefined
  /** What the user prefers: weights add up. */
  readonly preferences?: ReadonlyArray<WeightedSelector>
  /** Whether the group leaves a node that serves it well for one that the user prefers. */
  readonly failback?: Failback
  /** Whether the group leaves a node that serves it well for one with fewer groups. */
  readonly rebalance?: Rebalance
  /** How it wants nodes judged; absent: as the controller is set. */
  readonly detection?: DetectionKey
  /** The nodes with a ready Pod of its workload. Absent: it names none, or its Pods are not known. */
  readonly serving?: ReadonlySet<NodeName>
  /** What is done where somebody else has moved addresses away; `Enforce` when absent. */
  readonly drift?: DriftPolicy
  /** The addresses that somebody else has moved away from `current`. `contested`: again and again, so that they are left there. */
  readonly strayed?: { readonly prefixes: ReadonlyArray<Prefix>; readonly contested: boolean }
  /** Where the user wants it, as long as it may be there. */
  readonly pin?: NodeName
  /** Set when the group cannot be acted on before something outside changes. */
  readonly held: { readonly because: HoldReason; readonly until: number | undefined } | undefined
}
