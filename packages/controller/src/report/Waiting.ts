/**
 * A move that nothing forces and that netcup's limits hold back: the group does well where it is meanwhile, and its status says that.
 */
import { Decision } from "@netcup-failover/core/Plan"
import type { Attempts } from "../act/Mover.ts"

/**
 * The decision as the status tells it.
 *
 * @param begins whether something of it begins now
 */
export const told = (decision: Decision, begins: boolean, attempts: Attempts): Decision => {
  if (decision._tag !== "Move" || begins) return decision
  const { because, unpinned } = decision
  const at = because._tag === "Preferred" ? because.over : because._tag === "Uneven" ? because.from : undefined
  const waits = [...attempts.values()].every(
    ({ state }) => state._tag === "Failed" && state.reason._tag === "RateLimited"
  )
  if (at === undefined || !waits) return decision
  return Decision.Stay({ node: at, ...(unpinned === undefined ? {} : { unpinned }) })
}
