/**
 * The condition `Progressing`: whether the controller is at work on a group by itself. While `Routed` tells how things are at this
 * moment, this one keeps the worst that a move has met so far, so that repeated attempts change nothing in it.
 *
 * It is made of what `Routed` says and of nothing else that changes, so that it never costs a write of its own.
 */
import type { Claim, Condition, Reason } from "@netcup-failover/core/Condition"

/** Ranks what goes on by itself; what has ended, or waits for somebody, has no rank. */
const says: Readonly<Record<Reason, { readonly rank?: number; readonly message: string }>> = {
  Routing: { rank: 0, message: "addresses are being routed" },
  RateLimited: { rank: 1, message: "netcup's limits held up this move: it goes on by itself" },
  RoutingFailed: { rank: 2, message: "an attempt of this move failed: attempts go on by themselves" },
  NodeSelected: { message: "nothing is under way: all addresses are where they belong" },
  NoEligibleNodes: { message: "nothing is under way: no node can take the group" },
  MissingAnnotation: { message: "nothing is under way: no node can take the group before it is annotated" },
  CredentialsError: { message: "nothing is under way: netcup cannot be asked with these credentials" },
  InvalidSpec: { message: "nothing is under way: the spec has to be corrected" },
  Conflict: { message: "nothing is under way: another group has one of the addresses" },
  AddressLocked: { message: "nothing is under way: netcup does not let this login route one of the addresses" },
  Paused: { message: "nothing is under way: the group is paused" },
  Drifted: { message: "nothing is under way: somebody else has moved addresses, which is only told" },
  Contested: { message: "nothing is under way: somebody else keeps moving addresses" },
  Unrouting: { rank: 0, message: "the group is deleted, and its addresses are being unrouted" },
  // Never said of addresses.
  RouteRetained: { message: "nothing is under way" },
  CredentialsAccepted: { message: "nothing is under way" },
  LoginExpiring: { message: "nothing is under way" }
}

/**
 * @param before what was said last, if anything
 * @param routed what is said of the addresses now
 * @param begins whether a move begins with it: what became of the one before is over
 */
export const claim = (before: Condition | undefined, routed: Claim, begins: boolean): Claim => {
  const rankOf = (reason: Reason) => says[reason].rank ?? -1
  const met = Object.keys(says).find((reason): reason is Reason => reason === before?.reason)
  const goesOn = !begins && before?.status === "True" && met !== undefined && rankOf(routed.reason) >= 0
  const reason = goesOn && rankOf(met) > rankOf(routed.reason) ? met : routed.reason
  const { rank, message } = says[reason]
  return { type: "Progressing", status: rank === undefined ? "False" : "True", reason, message }
}
