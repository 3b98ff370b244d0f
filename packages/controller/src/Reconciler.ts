/**
 * The loop: observe, decide, act, report.
 *
 * Level, not edge: whatever woke it, a pass looks at everything, decides for all groups together, and begins what is due. It
 * waits for nobody: moves and writes run in fibers of their own, and wake it when they end. It may be interrupted anywhere,
 * since every pass starts from what is.
 */
import type { Candidate, NodeName } from "@netcup-failover/core/Candidate"
import { verdictFor } from "@netcup-failover/core/detect/DetectionChoice"
import type { FailoverAddress } from "@netcup-failover/core/FailoverAddress"
import type { Group } from "@netcup-failover/core/Group"
import * as Plan from "@netcup-failover/core/Plan"
import * as ServerMapping from "@netcup-failover/core/ServerMapping"
import * as Steadiness from "@netcup-failover/core/Steadiness"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Metric from "effect/Metric"
import * as LedgerReading from "./act/LedgerReading.ts"
import { Ledgers } from "./act/Ledgers.ts"
import { type Attempts, Mover, type Order } from "./act/Mover.ts"
import * as NodeAnnotator from "./act/NodeAnnotator.ts"
import { Reclaimer } from "./act/Reclaimer.ts"
import * as DriftInput from "./decide/DriftInput.ts"
import * as GroupInput from "./decide/GroupInput.ts"
import * as Metrics from "./Metrics.ts"
import { Cluster } from "./observe/Cluster.ts"
import type { GroupResource } from "./observe/GroupResource.ts"
import type { AccountState } from "./observe/NetcupAccount.ts"
import * as NodeSignals from "./observe/NodeSignals.ts"
import * as Observation from "./observe/Observation.ts"
import type { WorkloadView } from "./observe/Workloads.ts"
import * as Failovers from "./report/Failovers.ts"
import * as GroupStatus from "./report/GroupStatus.ts"
import * as TermMetrics from "./report/metrics/TermMetrics.ts"
import { NodeEvents } from "./report/NodeEvents.ts"
import { Notices } from "./report/notices/Notices.ts"
import { StatusReporter } from "./report/StatusReporter.ts"
import * as UndecodableReporter from "./report/UndecodableReporter.ts"
import * as Waiting from "./report/Waiting.ts"
import { Wake } from "./Wake.ts"

/** One group in one pass. */
interface Case {
  readonly resource: GroupResource
  readonly account: Observation.AccountView
  readonly workload: WorkloadView
  readonly group: Group
}

/** One group with what was decided for it. */
interface Ordered extends Case {
  readonly decision: Plan.Decision
  readonly order: Order | undefined
}

type Begun = ReadonlyArray<FailoverAddress>

/** Until something is looked at again that is due and could not begin, in ms. */
const slowLook = 1_000

/** Between two looks that only time asked for, in ms: a slip in reckoning when to look again must not become a hot loop. */
const shortestPause = 50

/** Runs until interrupted. */
export const run = Effect.gen(function* () {
  const cluster = yield* Cluster
  const mover = yield* Mover
  const ledgers = yield* Ledgers
  const reclaimer = yield* Reclaimer
  const reporter = yield* StatusReporter
  const notices = yield* Notices
  const nodeEvents = yield* NodeEvents
  const wake = yield* Wake
  const reportUndecodable = yield* UndecodableReporter.make
  const annotateNodes = yield* NodeAnnotator.make
  const metrics = yield* TermMetrics.make
  const background = yield* FiberSet.make<void>()
  const failovers = yield* Failovers.make

  /** Makes the ledger of an account usable, if it is not. */
  const openLedger = (state: AccountState) =>
    state.key === undefined ? Effect.succeed(false) : ledgers.open(state.key, LedgerReading.of(state))

  /** The cases with what is known of addresses that others have moved. */
  const informed = Effect.fnUntraced(function* (cases: ReadonlyArray<Case>, { nodes }: Observation.Observation) {
    const losers = Plan.conflicts(cases.map(({ group }) => group))
    const listed = new Set(cases.flatMap(({ group }) => group.addresses.map(({ prefix }) => prefix)))
    return yield* Effect.forEach(
      cases,
      Effect.fnUntraced(function* (one): Effect.fn.Return<Case> {
        const { resource, group, account } = one
        if (account?._tag !== "Usable" || losers.has(group.name)) return one
        const { key, account: known } = account.state
        if (key === undefined || known === undefined) return one
        const sightings = DriftInput.sightings(resource, group, known, nodes)
        const isOpen = yield* openLedger(account.state)
        const strays = isOpen ? yield* ledgers.see(key, sightings, listed) : undefined
        if (strays !== undefined) return { ...one, group: DriftInput.informed(group, sightings, strays) }
        return DriftInput.isSuspicious(sightings) ? { ...one, group: DriftInput.unknown(group) } : one
      })
    )
  })

  /** Begins what of an order is due now. */
  const begin = Effect.fnUntraced(function* ({ resource, order, group, account }: Ordered) {
    yield* mover.aim(group.name, order?.to)
    if (account?._tag !== "Usable") return []
    // Before anything is to be moved, and while netcup is still being asked: a failover shall not wait for it.
    const isOpen = yield* openLedger(account.state)
    if (order === undefined) return []
    const writable = ((yield* reporter.retryAt(resource)) ?? 0) <= (yield* Clock.currentTimeMillis)
    return isOpen && writable ? yield* mover.begin(order) : []
  })

  /** What was begun is told in the ledger and the status before netcup is told. */
  const carryOut = Effect.fnUntraced(function* (
    one: Ordered,
    begun: Begun,
    seen: Observation.Observation,
    lookedAt: bigint
  ) {
    const { resource, group, decision, order } = one
    const now = yield* Clock.currentTimeMillis
    const attempts = yield* mover.attempts(group.name)
    const state = one.account?._tag === "Usable" ? one.account.state : undefined
    const status = GroupStatus.compose({
      resource,
      decision: Waiting.told(decision, begun.length > 0, attempts),
      attempts,
      now,
      addresses: group.addresses,
      account: state?.account,
      notices: state?.notices ?? [],
      loginEndsAt: one.account?._tag === "Usable" ? yield* one.account.account.loginExpiresAt : undefined,
      nodes: seen.nodes,
      signs: signsOf(decision, group, seen),
      workload: one.workload
    })
    metrics.said(group.name, status)
    if (order === undefined || begun.length === 0) yield* reporter.reportSoon(resource, status)
    else yield* mover.carryOut(order, begun, reporter.report(resource, status)).pipe(failovers.within(group.name))
    if (decision._tag === "Stay") {
      yield* mover.settle(group.name)
      yield* failovers.confirmed(group.name, decision.node, lookedAt)
    }
    return yield* nextLook(resource, order, attempts)
  })

  /** When time alone gives this group something to do, in ms since the epoch; `undefined`: never. */
  const nextLook = Effect.fnUntraced(function* (resource: GroupResource, order: Order | undefined, attempts: Attempts) {
    const now = yield* Clock.currentTimeMillis
    const waiting = (order?.missing ?? []).flatMap(({ prefix }) => {
      const state = attempts.get(prefix)?.state
      // What is due and has not begun waits for something that wakes us by itself.
      return state?._tag === "Failed" ? [state.retryAt > now ? state.retryAt : now + slowLook] : []
    })
    const write = yield* reporter.retryAt(resource)
    // Without the write nothing is sent: it comes first.
    return write ?? (waiting.length === 0 ? undefined : Math.min(...waiting))
  })

  const pass = Effect.fn("Reconciler.pass")(function* () {
    yield* Metric.update(Metrics.passes, 1)
    const lookedAt = yield* Clock.currentTimeNanos
    const seen = yield* Observation.look
    const found = yield* Effect.forEach(
      seen.groups,
      Effect.fnUntraced(function* ({ resource, account, workload }): Effect.fn.Return<Case> {
        const newest = yield* reporter.newest(resource)
        const attempts = yield* mover.attempts(resource.metadata.name)
        const group = GroupInput.make(newest, account, attempts, workload)
        return { resource: newest, account, workload, group }
      })
    )
    const cases = yield* informed(found, seen)
    const now = yield* Clock.currentTimeMillis
    const decisions = Plan.plan({
      now,
      nodes: seen.nodes,
      groups: cases.map(({ group }) => group),
      accounts: new Map(
        cases.flatMap(({ account }) =>
          account?._tag === "Usable" && account.state.key !== undefined && account.state.account !== undefined
            ? [[account.state.key, account.state.account] as const]
            : []
        )
      )
    })
    const ordered = cases
      .flatMap((one): ReadonlyArray<Ordered> => {
        const decision = decisions.get(one.group.name)
        return decision === undefined ? [] : [{ ...one, decision, order: orderOf(one, decision, seen, now) }]
      })
      .sort(byUrgency)
    for (const { group, decision, order } of ordered) {
      const left = decision._tag === "Move" && decision.because._tag === "LeftNode" ? decision.because.from : undefined
      const loss = left === undefined ? undefined : seen.signalOf?.(left, group.detection)
      yield* mover.decided(group.name, decision, loss?.isLoss === true ? NodeSignals.detectionOf(loss) : undefined)
      if (decision._tag !== "Move" || order === undefined) continue
      const from = left ?? group.current
      const signal = from === undefined ? undefined : seen.signalOf?.(from, group.detection)
      const { to, because } = decision
      yield* failovers.decided({ group: group.name, from, to, because, signal, lookedAt })
    }
    // All of it first: what netcup's limits leave goes to the most urgent, and one write of a ledger is for all groups.
    const begun = yield* Effect.forEach(ordered, (one) => Effect.map(begin(one), (addresses) => ({ one, addresses })))
    const looks = yield* Effect.forEach(begun, ({ one, addresses }) => carryOut(one, addresses, seen, lookedAt))
    for (const undecodable of seen.undecodable) yield* FiberSet.run(background, reportUndecodable(undecodable))
    yield* FiberSet.run(background, annotateNodes(seen))
    yield* nodeEvents.look(seen.turns ?? [])
    yield* notices.look(seen.groups.map(({ resource }) => resource))
    const leaving = seen.leaving ?? []
    const moving = yield* Effect.filter(
      leaving.map(({ resource }) => resource.metadata.name),
      (name) =>
        Effect.map(mover.attempts(name), (all) => [...all.values()].some(({ state }) => state._tag === "Running"))
    )
    const reclaims = yield* reclaimer.look(seen.groups, leaving, seen.nodes, new Set(moving))
    const names = new Set(cases.map(({ group }) => group.name))
    const reported = new Set([...names, ...leaving.map(({ resource }) => resource.metadata.name)])
    yield* Effect.all([mover.retain(names), reporter.retain(reported), failovers.retain(names)], { discard: true })
    metrics.saw(seen)
    const settling = Steadiness.changesAt(seen.nodes, now)
    const serving = cases.map(({ workload }) => (workload?._tag === "Known" ? workload.changesAt : undefined))
    return Math.min(...[...looks, ...serving, settling, reclaims].filter((look) => look !== undefined))
  })

  yield* cluster.awaitSynced
  yield* Effect.logInfo("reconciling")
  while (true) {
    const nextLookAt = yield* pass()
    const now = yield* Clock.currentTimeMillis
    const pause = Math.max(shortestPause, nextLookAt - now)
    const rest = pause === Number.POSITIVE_INFINITY ? Effect.never : Effect.sleep(Duration.millis(pause))
    yield* Effect.raceFirst(wake.next, rest)
  }
}).pipe(Effect.scoped)

/** What convicted the node that a move leaves, if it had failed: another may be left that is well, but not there to be chosen. */
const signsOf = (decision: Plan.Decision, group: Group, { signalOf }: Observation.Observation) => {
  if (decision._tag !== "Move" || decision.because._tag !== "LeftNode") return []
  const { from, reasons } = decision.because
  const hasFailed = reasons.length === 0 || reasons.some(({ _tag }) => _tag === "Failed")
  return (hasFailed ? signalOf?.(from, group.detection)?.signs : undefined) ?? []
}

/** What is dead first, then what is nowhere yet, then what can wait. */
const urgencyOf = ({ order, group }: Ordered): number => {
  if (order === undefined || order.missing.every(({ prefix }) => order.upkeep.has(prefix))) return 2
  return group.current === undefined ? 1 : 0
}

/** The most urgent, then by the user's priority; of equal ones the older, as with conflicts. */
const byUrgency = (a: Ordered, b: Ordered): number =>
  urgencyOf(a) - urgencyOf(b) ||
  (b.resource.spec.priority ?? 0) - (a.resource.spec.priority ?? 0) ||
  a.group.createdAt - b.group.createdAt ||
  (a.group.name < b.group.name ? -1 : 1)

/** After so many moves within so long, ms, a group waits where its node is well: its workload comes and goes, and takes it along. */
const restless = { moves: 2, within: 3_600_000 }

/** Whether a group has moved about lately, apart from the way that it is on. */
const isRestless = ({ resource: { status } }: Case, to: NodeName, now: number): boolean => {
  const before = (status?.moves ?? []).slice(0, status?.targetNode === to ? -1 : undefined)
  return before.filter(({ at }) => now - Date.parse(at) < restless.within).length >= restless.moves
}

/** What the mover is to do, if the decision is a move that can be made. */
const orderOf = (
  one: Case,
  decision: Plan.Decision,
  { nodes }: Observation.Observation,
  now: number
): Order | undefined => {
  const { account, group } = one
  if (decision._tag !== "Move" || account?._tag !== "Usable" || account.state.key === undefined) return undefined
  const { key, account: known } = account.state
  const serverOf = (node: Candidate) => (known === undefined ? node.server : ServerMapping.serverOf(node, known))
  const to = nodes.find(({ name }) => name === decision.to)
  const server = to && serverOf(to)
  if (server === undefined) return undefined
  const missing = group.addresses.filter(({ prefix }) => !account.account.holds(prefix, server))
  /** Whether a node is well, as far as that is known: what it has can wait. */
  const isAlive = (node: Candidate | undefined) => {
    const on = node && serverOf(node)
    return (
      node !== undefined &&
      verdictFor(group, node).state !== "Failed" &&
      !(on !== undefined && known?.notRunning?.has(on) === true)
    )
  }
  /**
   * Where nothing serves behind the addresses, they are as good as lost: that cannot wait. Unless it comes and goes: then the account's
   * moves would be gone when a node dies.
   */
  const isServed = (node: Candidate | undefined) =>
    node === undefined ||
    group.serving?.has(decision.to) !== true ||
    group.serving.has(node.name) ||
    isRestless(one, decision.to, now)
  const current = nodes.find(({ name }) => name === group.current)
  const canWait = ({ prefix }: FailoverAddress) => {
    const on = known?.routes.get(prefix)
    const holder = (on === undefined ? undefined : nodes.find((node) => serverOf(node) === on)) ?? current
    return isAlive(holder) && isServed(holder)
  }
  return {
    group: group.name,
    to: decision.to,
    server,
    account: account.account,
    key,
    missing,
    upkeep: new Set(missing.filter(canWait).map(({ prefix }) => prefix))
  }
}
