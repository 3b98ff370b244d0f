/**
 * One group as placement sees it, made from the resource, its Secret and its account. Whatever cannot be acted on becomes a
 * reason to hold, in words that say what to do.
 */
import { moveToAnnotation, NodeName } from "@netcup-failover/core/Candidate"
import * as DetectionChoice from "@netcup-failover/core/detect/DetectionChoice"
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import { type Group, HoldReason, type Target } from "@netcup-failover/core/Group"
import * as LabelSelector from "@netcup-failover/core/LabelSelector"
import * as Result from "effect/Result"
import type { Attempts } from "../act/Mover.ts"
import { isLoginTrouble } from "../observe/AccountHealth.ts"
import type { GroupResource } from "../observe/GroupResource.ts"
import type { AccountView } from "../observe/Observation.ts"
import type { WorkloadView } from "../observe/Workloads.ts"

/** The valid addresses of a spec, and what is wrong with it as sentences. */
const read = ({ ips, nodeSelector, workload, preferences = [] }: GroupResource["spec"]) => {
  const parsed = ips.map(FailoverAddress.parse)
  const written = parsed.flatMap((result) => (Result.isSuccess(result) ? [result.success] : []))
  const isFirst = ({ prefix }: FailoverAddress.FailoverAddress, i: number) =>
    written.findIndex((other) => other.prefix === prefix) === i
  const addresses = written.filter(isFirst)
  const twice = written.filter((address, i) => !isFirst(address, i))
  const problems = [
    ...(ips.length === 0 ? ["spec.ips is empty: name at least one address"] : []),
    ...parsed.flatMap((result) => (Result.isFailure(result) ? [result.failure] : [])),
    ...twice.map((address) => `"${address}" is listed twice: keep one`),
    ...(nodeSelector === undefined ? [] : LabelSelector.problems(nodeSelector)),
    ...(workload === undefined ? [] : LabelSelector.problems(workload.selector, "workload.selector")),
    ...preferences.flatMap((one, i) =>
      LabelSelector.problems(one.nodeSelector).map((problem) => `preferences[${i}].${problem}`)
    )
  ]
  return { addresses, problems }
}

const hold = (problems: ReadonlyArray<string>, paused: boolean, account: AccountView): Group["held"] => {
  if (problems.length > 0)
    return { because: HoldReason.InvalidSpec({ message: problems.join("; ") }), until: undefined }
  const held = heldByAccount(account)
  if (!paused) return held
  const credentials = held?.because._tag === "CredentialsError" ? { credentials: held.because.message } : {}
  return { because: HoldReason.Paused(credentials), until: undefined }
}

const heldByAccount = (account: AccountView): Group["held"] => {
  if (account === undefined) {
    return { because: HoldReason.AccountUnknown({ message: "the Secret is not read yet" }), until: undefined }
  }
  if (account._tag === "Unusable") {
    return { because: HoldReason.CredentialsError({ message: account.message }), until: undefined }
  }
  const { account: known, trouble } = account.state
  if (trouble !== undefined && isLoginTrouble(trouble.reason)) {
    const message = `netcup refuses the credentials: ${trouble.reason.message} Correct the Secret`
    return { because: HoldReason.CredentialsError({ message }), until: trouble.retryAt }
  }
  if (known !== undefined) return undefined
  const message = trouble === undefined ? "netcup has not answered yet" : trouble.reason.message
  return { because: HoldReason.AccountUnknown({ message }), until: trouble?.retryAt }
}

/** What may be known of a group beside its resource and its account. */
interface Known {
  readonly workload?: WorkloadView
  /** Where a leader before us may have told netcup to move its addresses, by the ledger. */
  readonly begunBefore?: NodeName | undefined
  /** When attempts of ours were started (ms since the epoch) of which nothing was sent. */
  readonly unsent?: ReadonlySet<number>
}

/**
 * Where the group is going. Committed, if netcup was told: by us, or as the ledger or the status says by a leader before us. That one
 * wrote when it was about to tell, and has not said since that netcup refused.
 */
const target = (
  attempts: Attempts,
  status: GroupResource["status"],
  { begunBefore, unsent }: Known
): Target | undefined => {
  const told = [...attempts.values()]
    .filter(({ state }) => state._tag !== "Failed")
    .sort((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0))[0]
  if (told !== undefined) return { node: told.to, committed: true }
  if (begunBefore !== undefined) return { node: begunBefore, committed: attempts.size === 0 }
  const named = status?.targetNode
  if (named === undefined || named === "") return undefined
  const begun = status?.moves?.at(-1)
  const wasTold = status?.addresses?.some(
    ({ attemptedAt, lastError }) =>
      attemptedAt !== undefined &&
      lastError === undefined &&
      attemptedAt >= (begun?.at ?? "") &&
      unsent?.has(Date.parse(attemptedAt)) !== true
  )
  return { node: NodeName.make(named), committed: attempts.size === 0 && begun?.to === named && wasTold === true }
}

/** A group that is somewhere stays there meanwhile, or fails over: that cannot wait. */
const heldByWorkload = ({ spec, status }: GroupResource, view: WorkloadView): Group["held"] =>
  spec.workload === undefined || view !== undefined || status?.currentNode
    ? undefined
    : { because: HoldReason.WorkloadUnknown(), until: undefined }

export const make = (resource: GroupResource, account: AccountView, attempts: Attempts, known: Known = {}): Group => {
  const { workload } = known
  const { metadata, spec, status } = resource
  const { addresses, problems } = read(spec)
  const { preferences, failback, rebalance, drift, paused = false } = spec
  const detection = DetectionChoice.keyOf(spec.detection)
  const pin = metadata.annotations?.[moveToAnnotation]?.trim()
  return {
    name: metadata.name,
    createdAt: Date.parse(metadata.creationTimestamp),
    addresses,
    selector: spec.nodeSelector ?? LabelSelector.everything,
    account: account?._tag === "Usable" ? account.state.key : undefined,
    current: status?.currentNode ? NodeName.make(status.currentNode) : undefined,
    target: target(attempts, status, known),
    ...(preferences === undefined ? {} : { preferences }),
    ...(failback === undefined ? {} : { failback }),
    ...(rebalance === undefined ? {} : { rebalance }),
    ...(detection === undefined ? {} : { detection }),
    ...(drift === undefined ? {} : { drift }),
    ...(pin === undefined || pin === "" ? {} : { pin: NodeName.make(pin) }),
    ...(workload?._tag === "Known" ? { serving: workload.serving } : {}),
    held: hold(problems, paused, account) ?? heldByWorkload(resource, workload)
  }
}
