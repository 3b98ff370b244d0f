/**
 * The status of a group that is being deleted while its addresses are unrouted.
 */
import * as Condition from "@netcup-failover/core/Condition"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import type { GroupResource } from "../observe/GroupResource.ts"
import * as Progress from "./Progress.ts"

/**
 * @param waitsFor what keeps it from going on, if anything
 * @param now ms since the epoch
 */
export const compose = ({ status, metadata }: GroupResource, waitsFor: string | undefined, now: number): Status => {
  const before = status?.conditions ?? []
  const message = `the group is deleted, and its addresses are being unrouted${waitsFor === undefined ? "" : `; it waits: ${waitsFor}`}`
  const routed: Condition.Claim = { type: "Routed", status: "False", reason: "Unrouting", message }
  const progressing = before.find(({ type }) => type === "Progressing")
  const time = new Date(now).toISOString()
  return {
    ...status,
    observedGeneration: metadata.generation,
    conditions: [routed, Progress.claim(progressing, routed, true)].reduce<ReadonlyArray<Condition.Condition>>(
      (all, claim) => Condition.set(all, claim, metadata.generation, time),
      before
    )
  }
}
