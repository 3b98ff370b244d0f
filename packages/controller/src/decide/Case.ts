import type { NodeName } from "@netcup-failover/core/Candidate"
import type { Group } from "@netcup-failover/core/Group"
import type { Decision } from "@netcup-failover/core/Plan"
import type { Order } from "../act/Mover.ts"
import type { GroupResource } from "../observe/GroupResource.ts"
import type { AccountView } from "../observe/Observation.ts"
import type { WorkloadView } from "../observe/Workloads.ts"

/** One group in one pass. */
export interface Case {
  readonly resource: GroupResource
  readonly account: AccountView
  readonly workload: WorkloadView
  readonly group: Group
  /** Where a leader before us may have told netcup to move it. */
  readonly begunBefore: NodeName | undefined
}

/** One group with what was decided for it. */
export interface Ordered extends Case {
  readonly decision: Decision
  readonly order: Order | undefined
}
