/**
 * The status of a group, made from what is: a pure function, so that the same situation always gives the same status and
 * nothing is written when nothing has changed.
 */
import type { Account } from "@netcup-failover/core/Account"
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import * as Condition from "@netcup-failover/core/Condition"
import { keyOf, verdictFor } from "@netcup-failover/core/detect/DetectionChoice"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import type { AddressStatus, MoveRecord, Status } from "@netcup-failover/core/FailoverIpResource"
import type { HoldReason } from "@netcup-failover/core/Group"
import { type Decision, MoveReason } from "@netcup-failover/core/Plan"
import { serverOf } from "@netcup-failover/core/ServerMapping"
import type { Sighting } from "@netcup-failover/core/Sighting"
import { renderSign, type Verdict } from "@netcup-failover/core/Verdict"
import type { Attempt, Attempts } from "../act/Mover.ts"
import type { GroupResource } from "../observe/GroupResource.ts"
import type { WorkloadView } from "../observe/Workloads.ts"
import * as Progress from "./Progress.ts"
import * as Wording from "./Wording.ts"

/** All that a status is made from; `now` in ms since the epoch. */
export interface Situation {
  readonly resource: GroupResource
  readonly addresses: ReadonlyArray<FailoverAddress>
  readonly decision: Decision
  readonly attempts: Attempts
  readonly account: Account | undefined
  /** What an operator should know of the account before it matters. */
  readonly notices: ReadonlyArray<string>
  /** When netcup lets the login end unless it is used before, in ms since the epoch, if anybody knows. */
  readonly loginEndsAt?: number | undefined
  readonly nodes: ReadonlyArray<Candidate>
  /** Where a leader before us may have told netcup to move it, which no status tells. */
  readonly begunBefore?: NodeName | undefined
  /** What convicted the node that the decision leaves. */
  readonly signs?: ReadonlyArray<Sighting>
  readonly workload?: WorkloadView
  readonly now: number
}

/** How many moves a status remembers. */
const rememberedMoves = 10

const time = (millis: number): string => new Date(millis).toISOString()

/** What an attempt that failed leaves to be said. */
const failure = (attempt: Attempt | undefined) => (attempt?.state._tag === "Failed" ? attempt.state : undefined)

const addressState = (
  decision: Decision,
  at: NodeName | undefined,
  attempt: Attempt | undefined
): AddressStatus["state"] => {
  if (decision._tag === "Stay") return "Routed"
  if (decision._tag !== "Move") return "Waiting"
  if (at === decision.to) return "Routed"
  const failed = failure(attempt)
  if (failed === undefined) return "Moving"
  if (failed.reason._tag === "UnknownOutcome") return "Unknown"
  return failed.reason._tag === "RateLimited" ? "Waiting" : "Failed"
}

/** The node that an address is on. Of two nodes that claim its server the one that the decision is about. */
const holderOf = ({ account, nodes, decision }: Situation, { prefix }: FailoverAddress): NodeName | undefined => {
  const server = account?.routes.get(prefix)
  if (account === undefined || server === undefined) return undefined
  const names = nodes.filter((node) => serverOf(node, account) === server).map(({ name }) => name)
  const decided = decision._tag === "Move" ? decision.to : decision._tag === "Stay" ? decision.node : undefined
  return names.find((name) => name === decided) ?? names[0]
}

const isPaused = ({ decision }: Situation): boolean => decision._tag === "Hold" && decision.because._tag === "Paused"

/** Addresses were moved by others, and are left there: netcup is asked about them all the same. */
const isAway = ({ decision }: Situation): boolean =>
  decision._tag === "Hold" && (decision.because._tag === "Drifted" || decision.because._tag === "Contested")

/** The node that all addresses of a paused group are on, as far as netcup has told. */
const pausedAt = (situation: Situation): NodeName | undefined => {
  if (!isPaused(situation)) return undefined
  const [first, ...others] = situation.addresses.map((address) => holderOf(situation, address))
  return others.every((other) => other === first) ? first : undefined
}

const addressStatus = (situation: Situation, address: FailoverAddress): AddressStatus => {
  const { resource, decision, attempts, account, now } = situation
  const ip = address.toString()
  const before = resource.status?.addresses?.find((one) => one.ip === ip)
  // Held: nothing new is known or done, so that what was true stays said.
  const isAsked = (isPaused(situation) || isAway(situation)) && account !== undefined
  if (decision._tag === "Hold" && before !== undefined && !isAsked) return before
  const server = account?.routes.get(address.prefix)
  const node = holderOf(situation, address)
  const attempt = attempts.get(address.prefix)
  const failed = decision._tag === "Move" && node !== decision.to ? failure(attempt) : undefined
  // Another controller may have told of all addresses at once.
  const believed = wasRouted(situation) ? "Routed" : "Unknown"
  const home = isAway(situation) ? resource.status?.currentNode : pausedAt(situation)
  const held = node !== undefined && node === home ? "Routed" : isAsked ? "Waiting" : believed
  const state = decision._tag === "Hold" ? held : addressState(decision, node, attempt)
  const attemptedAt = attempt?.startedAt === undefined ? before?.attemptedAt : time(attempt.startedAt)
  const same = before?.state === state && before?.server === server && before?.since !== undefined
  return {
    ip,
    ...(server === undefined ? {} : { server }),
    ...(node === undefined ? {} : { node }),
    state,
    since: same && before?.since !== undefined ? before.since : time(now),
    ...(attemptedAt === undefined ? {} : { attemptedAt }),
    ...(failed === undefined
      ? {}
      : {
          nextAttemptAt: time(failed.retryAt),
          lastError: { reason: failed.reason._tag, message: failed.reason.message }
        })
  }
}

/** Of several failures the one that is worth an operator's look: anything rather than a limit that passes by itself. */
const worst = (attempts: ReadonlyArray<readonly [Prefix, Attempt]>) => {
  const failures = attempts.flatMap(([prefix, attempt]) => {
    const failed = failure(attempt)
    return failed === undefined ? [] : [{ prefix, failed }]
  })
  return failures.find(({ failed }) => failed.reason._tag !== "RateLimited") ?? failures[0]
}

/** What adds to a message that not all is as it was wished for. */
const exceptions = (
  { workload, resource: { spec } }: Situation,
  { unpinned, setAside = [] }: Extract<Decision, { _tag: "Move" | "Stay" }>
): string =>
  [
    ...(unpinned === undefined ? [] : [Wording.unpinned(unpinned)]),
    ...setAside.map(Wording.setAside),
    ...(workload?._tag !== "Unreadable" || spec.workload === undefined
      ? []
      : [Wording.workloadUnreadable(spec.workload.namespace, workload.message)])
  ]
    .map((text) => `; ${text}`)
    .join("")

const moving = (situation: Situation, decision: Extract<Decision, { _tag: "Move" }>): Wording.Wording => {
  const { addresses, attempts } = situation
  const missing = addresses
    .filter((address) => holderOf(situation, address) !== decision.to)
    .map(({ prefix }) => prefix)
  const progress = `${addresses.length - missing.length} of ${addresses.length} addresses are on ${decision.to}`
  // A move under way is still made for the reason that began it.
  const begun = situation.resource.status?.moves?.at(-1)
  const goesOn = situation.resource.status?.targetNode === decision.to && begun?.to === decision.to
  const why = goesOn ? begun.reason : Wording.moveReason(decision.because)
  const problem = worst([...attempts].filter(([prefix]) => missing.includes(prefix)))
  if (problem === undefined)
    return {
      reason: "Routing",
      message: `routing ${missing.length} of ${addresses.length} addresses to ${decision.to}, because ${why}${exceptions(situation, decision)}`
    }
  const { prefix, failed } = problem
  return {
    reason: failed.reason._tag === "RateLimited" ? "RateLimited" : "RoutingFailed",
    message: `${progress}; ${prefix}: ${failed.reason.message} (next attempt at ${time(failed.retryAt)})`
  }
}

const saysRouted = ({ resource: { status } }: Situation): boolean =>
  status?.conditions?.some(({ type, status }) => type === "Routed" && status === "True") === true

/** Whether all addresses that the spec has now were routed, by what is said of each: one that was added since was not. */
const eachWasRouted = ({ resource: { status }, addresses }: Situation): boolean =>
  addresses.every((address) =>
    status?.addresses?.some(({ ip, state }) => ip === address.toString() && state === "Routed")
  )

/** The same of the group. An older CRD does not keep which the addresses were. */
const wasRouted = (situation: Situation): boolean => {
  const { metadata, status } = situation.resource
  if (!saysRouted(situation)) return false
  if (status?.addresses === undefined)
    return status?.conditions?.find(({ type }) => type === "Routed")?.observedGeneration === metadata.generation
  return eachWasRouted(situation)
}

/** The verdict on a node that this group goes by. */
/** By the verdicts that the group goes by. */
export const verdictOn = ({ resource }: Pick<Situation, "resource">, node: Candidate): Verdict => {
  const detection = keyOf(resource.spec.detection)
  return verdictFor(detection === undefined ? {} : { detection }, node)
}

/** A suspect may be well: what is there is left there. */
const isWell = (situation: Situation): boolean =>
  situation.nodes.some(
    (node) => node.name === situation.resource.status?.currentNode && verdictOn(situation, node).state !== "Failed"
  )

/** We have just started, and netcup or the Secret was not read yet: there is nothing to say, unless what was said is wrong now. */
const isUntold = (situation: Situation): boolean => {
  const { decision } = situation
  if (decision._tag !== "Hold" || decision.until !== undefined) return false
  if (decision.because._tag !== "AccountUnknown" && decision.because._tag !== "WorkloadUnknown") return false
  return !saysRouted(situation) || (wasRouted(situation) && isWell(situation))
}

const routedTo = (addresses: ReadonlyArray<FailoverAddress>, node: string): string =>
  `${addresses.length === 1 ? "the address is" : `all ${addresses.length} addresses are`} routed to ${node}`

/** Of a paused group it is told where it is, as far as that is known, and what becomes of it there. */
const paused = (situation: Situation, { reason, message }: Wording.Wording): Condition.Claim => {
  const { resource, addresses, account, nodes } = situation
  // Not by what the condition says: it turns False when the node fails, and the addresses are there all the same.
  const wasThere = wasRouted(situation) || eachWasRouted(situation)
  const last = account === undefined && wasThere ? resource.status?.currentNode : undefined
  const at = pausedAt(situation) ?? last
  const node = nodes.find(({ name }) => name === at)
  const place =
    at !== undefined
      ? routedTo(addresses, at)
      : account === undefined
        ? "netcup has not told where the addresses are"
        : "the addresses are not all on one node"
  const verdict = node && verdictOn(situation, node)
  const isNodeWell = verdict !== undefined && verdict.state !== "Failed"
  const signs = verdict === undefined ? "is gone" : verdict.reasons.map(renderSign).join(" and ")
  const trouble = at === undefined || isNodeWell ? "" : `, which ${signs}`
  // What was said to be down is up again by netcup's word alone.
  const isServed = isNodeWell && (pausedAt(situation) !== undefined || wasRouted(situation))
  return { type: "Routed", status: isServed ? "True" : "False", reason, message: `${place}${trouble}; ${message}` }
}

/** How much of the group is where it belongs, and who has the rest. */
const away = (
  { addresses }: Situation,
  because: Extract<HoldReason, { _tag: "Drifted" | "Contested" }>
): Wording.Wording => {
  const { reason, message } = Wording.hold(because)
  const count = addresses.length - because.moved.length
  return { reason, message: `${count} of ${addresses.length} addresses are on ${because.node}; ${message}` }
}

/** Of a node that keeps the group only since the guard holds. No sign is named: each would be a write of each group. */
const held = (situation: Situation, name: NodeName): string => {
  const node = situation.nodes.find((one) => one.name === name)
  return node !== undefined && verdictOn(situation, node).guarded === true ? `; ${Wording.guarded(name)}` : ""
}

/** What is said of the addresses; `undefined`: what was said stays. */
const routed = (situation: Situation): Condition.Claim | undefined => {
  const { decision, addresses } = situation
  const not = (wording: Wording.Wording): Condition.Claim => ({ type: "Routed", status: "False", ...wording })
  switch (decision._tag) {
    case "Stay": {
      const message = `${routedTo(addresses, decision.node)}${exceptions(situation, decision)}${held(situation, decision.node)}`
      return { type: "Routed", status: "True", reason: "NodeSelected", message }
    }
    case "Move":
      return not(moving(situation, decision))
    case "Unplaceable":
      return not(Wording.unplaceable(decision.reasons))
    case "Hold": {
      const { because } = decision
      if (because._tag === "Paused") return paused(situation, Wording.hold(because))
      if (because._tag === "Drifted" || because._tag === "Contested") return not(away(situation, because))
      if (because._tag === "InvalidSpec" || because._tag === "Conflict" || because._tag === "AddressLocked")
        return not(Wording.hold(because))
      // Without netcup's word nothing new is known: its last word stands while the node that it was about is well.
      return wasRouted(situation) && isWell(situation) ? undefined : not(Wording.hold(because))
    }
  }
}

/** What is said of the work on it, of the same that is said of the addresses. */
const progressing = ({ resource: { status } }: Situation, said: Condition.Claim, begins: boolean): Condition.Claim =>
  Progress.claim(
    status?.conditions?.find(({ type }) => type === "Progressing"),
    said,
    begins
  )

/** What is said of the credentials; `undefined`: what was said stays. */
const credentials = (situation: Situation): Condition.Claim | undefined => {
  const { decision, account, notices, loginEndsAt, now } = situation
  if (decision._tag === "Hold" && decision.because._tag === "CredentialsError") {
    return { type: "CredentialsHealthy", status: "False", ...Wording.hold(decision.because) }
  }
  if (decision._tag === "Hold" && decision.because._tag === "Paused" && decision.because.credentials !== undefined) {
    const message = decision.because.credentials
    return { type: "CredentialsHealthy", status: "False", reason: "CredentialsError", message }
  }
  const isAsked = decision._tag !== "Hold" || isPaused(situation) || isAway(situation)
  if (account === undefined || !isAsked) return undefined
  const accepted = { reason: "CredentialsAccepted", message: "netcup accepts the credentials" } as const
  const ends = loginEndsAt !== undefined && loginEndsAt - now < Wording.expiringFor
  const { reason, message } = ends ? Wording.loginExpiring(loginEndsAt) : accepted
  return { type: "CredentialsHealthy", status: "True", reason, message: [message, ...notices].join("; ") }
}

/** A move is remembered when it begins, with why: what becomes of it, the rest of the status tells. */
const moves = (situation: Situation): ReadonlyArray<MoveRecord> => {
  const { begunBefore, decision, now, resource, signs = [] } = situation
  const { status } = resource
  const before = status?.moves ?? []
  const from = status?.currentNode === undefined ? {} : { from: status.currentNode }
  if (decision._tag === "Stay") {
    // Somebody else made this move, and we have followed; or a leader before us did, and was killed before it could say so.
    const { node: to, adopted = begunBefore === to ? MoveReason.Begun() : undefined } = decision
    if (adopted === undefined || status?.currentNode === to || status?.targetNode === to) return before
    return [...before, { at: time(now), ...from, to, reason: Wording.moveReason(adopted) }].slice(-rememberedMoves)
  }
  if (decision._tag !== "Move" || status?.targetNode === decision.to) return before
  const record = {
    at: time(now),
    ...from,
    to: decision.to,
    reason: Wording.moveReason(decision.because),
    ...(signs.length === 0 ? {} : { signs: signs.map(({ sign, since }) => ({ sign, since: time(since) })) })
  }
  return [...before, record].slice(-rememberedMoves)
}

/** The status as it should be now. */
export const compose = (situation: Situation): Status => {
  const { resource, addresses, decision, now } = situation
  const { status, metadata } = resource
  if (isUntold(situation)) return status ?? {}
  const moved = moves(situation)
  const said = routed(situation)
  const progress = said === undefined ? undefined : progressing(situation, said, moved.at(-1) !== status?.moves?.at(-1))
  const claims = [said, progress, credentials(situation)].filter((claim) => claim !== undefined)
  const conditions = claims.reduce<ReadonlyArray<Condition.Condition>>(
    (all, claim) => Condition.set(all, claim, metadata.generation, time(now)),
    status?.conditions ?? []
  )
  const restsAt = pausedAt(situation)
  const currentNode = decision._tag === "Stay" ? decision.node : (restsAt ?? status?.currentNode)
  // Held in the middle of a way: it is gone on with later.
  const goesOnTo = status?.targetNode === restsAt || isAway(situation) ? undefined : status?.targetNode
  const targetNode = decision._tag === "Move" ? decision.to : decision._tag === "Hold" ? goesOnTo : undefined
  return {
    ...(currentNode === undefined ? {} : { currentNode }),
    ...(targetNode === undefined ? {} : { targetNode }),
    observedGeneration: metadata.generation,
    addresses: addresses.map((address) => addressStatus(situation, address)),
    ...(moved.length === 0 ? {} : { moves: moved }),
    ...(conditions.length === 0 ? {} : { conditions })
  }
}
