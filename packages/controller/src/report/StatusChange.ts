/**
 * What is new in a status: the facts that are told as Events. Pure, and of the two statuses alone, so that who writes the change
 * tells it, and nobody else: no restart and no other leader tells it again.
 */
import type { Condition } from "@netcup-failover/core/Condition"
import type { MoveRecord, Status } from "@netcup-failover/core/FailoverIpResource"
import type { Occurrence } from "@netcup-failover/kubernetes/EventObject"

export type Fact = Pick<Occurrence, "type" | "reason" | "message">

const find = (status: Status | undefined, wanted: string): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === wanted)

/** Another version of the controller may have said nothing of progress: what it said of the addresses stands for it. */
const reached = (status: Status | undefined): string | undefined =>
  (find(status, "Progressing") ?? find(status, "Routed"))?.reason

const isSame = (a: MoveRecord | undefined, b: MoveRecord | undefined): boolean => a?.at === b?.at && a?.to === b?.to

const begun = ({ from, to, reason }: MoveRecord): Fact => ({
  type: "Normal",
  reason: "Routing",
  message: `moving ${from === undefined || from === to ? "" : `from ${from} `}to ${to}, because ${reason}`
})

const credentials = (before: Status | undefined, after: Status): Fact | undefined => {
  const [was, is] = [find(before, "CredentialsHealthy"), find(after, "CredentialsHealthy")]
  if (is === undefined || (was?.status === is.status && was.reason === is.reason)) return undefined
  const isGood = is.status === "True" && is.reason !== "LoginExpiring"
  return { type: isGood ? "Normal" : "Warning", reason: is.reason, message: is.message }
}

/** What became of the group, by the worst that its move has met: an attempt that is repeated is no news. */
const outcome = (before: Status | undefined, after: Status, begins: boolean): Fact | undefined => {
  const routed = find(after, "Routed")
  const now = reached(after)
  if (routed === undefined || now === undefined || now === "Routing") return undefined
  const isElsewhere = now === "NodeSelected" && before?.currentNode !== after.currentNode
  if (!begins && !isElsewhere && reached(before) === now) return undefined
  return { type: routed.status === "True" ? "Normal" : "Warning", reason: now, message: routed.message }
}

/** The facts that `after` has and `before` has not, in their order. */
export const facts = (before: Status | undefined, after: Status): ReadonlyArray<Fact> => {
  const last = after.moves?.at(-1)
  const begins = last !== undefined && !isSame(before?.moves?.at(-1), last)
  const [became, login] = [outcome(before, after, begins), credentials(before, after)]
  return [
    ...(begins ? [begun(last)] : []),
    // The addresses wait for the credentials: one fact, told once.
    ...(became === undefined || became.reason === login?.reason ? [] : [became]),
    ...(login === undefined ? [] : [login])
  ]
}
