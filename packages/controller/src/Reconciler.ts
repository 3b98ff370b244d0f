/**
 * The loop: observe, decide, act, report.
 *
 * Level, not edge: whatever woke it, a pass looks at everything, decides for all groups together, and begins what is due. It
 * waits for nobody: moves and writes run in fibers of their own, and wake it when they end. It may be interrupted anywhere,
 * since every pass starts from what is.
 */
import type { AccountKey } from "@netcup-failover/core/Account"
import type * as Contest from "@netcup-failover/core/Contest"
import type { FailoverAddress, Prefix } from "@netcup-failover/core/FailoverAddress"
import * as Plan from "@netcup-failover/core/Plan"
import * as Steadiness from "@netcup-failover/core/Steadiness"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Metric from "effect/Metric"
import * as LedgerReading from "./act/LedgerReading.ts"
import { Ledgers } from "./act/Ledgers.ts"
import { type Attempts, isUnderWay, Mover, type Order } from "./act/Mover.ts"
import * as NodeAnnotator from "./act/NodeAnnotator.ts"
import { Reclaimer } from "./act/Reclaimer.ts"
import * as BegunBefore from "./decide/BegunBefore.ts"
import type { Case, Ordered } from "./decide/Case.ts"
import * as DriftInput from "./decide/DriftInput.ts"
import * as GroupInput from "./decide/GroupInput.ts"
import * as Orders from "./decide/Orders.ts"
import * as Metrics from "./Metrics.ts"
import { Cluster } from "./observe/Cluster.ts"
import type { GroupResource } from "./observe/GroupResource.ts"
import * as NodeSignals from "./observe/NodeSignals.ts"
import * as Observation from "./observe/Observation.ts"
import * as Failovers from "./report/Failovers.ts"
import * as GroupStatus from "./report/GroupStatus.ts"
import * as LossSigns from "./report/LossSigns.ts"
import * as TermMetrics from "./report/metrics/TermMetrics.ts"
import { NodeEvents } from "./report/NodeEvents.ts"
import { Notices } from "./report/notices/Notices.ts"
import { StatusReporter } from "./report/StatusReporter.ts"
import * as Unchanged from "./report/Unchanged.ts"
import * as UndecodableReporter from "./report/UndecodableReporter.ts"
import * as Waiting from "./report/Waiting.ts"
import { Wake } from "./Wake.ts"

type Begun = ReadonlyArray<FailoverAddress>

/** Until something is looked at again that is due and could not begin, in ms. */
const slowLook = 1_000

/** Between two looks that only time asked for, in ms: a slip in reckoning when to look again must not become a hot loop. */
const shortestPause = 50

/** A look follows the one before not sooner than so many times what that took, and never later for this than so many ms. */
const breaths = { times: 3, longest: 600 }

/** How long after a term began a move is not told of whose ledger is not read yet, in ms: usually that takes less. */
const hush = 1_000

/** The same object each time. */
const noNotices: ReadonlyArray<string> = []

type Strays = ReadonlyMap<Prefix, Contest.Stray>

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
  const unchanged = Unchanged.make()
  const hushedUntil = (yield* Clock.currentTimeMillis) + hush

  /** Makes the ledgers of all accounts usable that are not, while netcup is still being asked: a failover shall not wait for it. */
  const openLedgers = Effect.fnUntraced(function* (groups: ReadonlyArray<Observation.GroupObservation>) {
    const open = new Set<AccountKey>()
    const states = groups.flatMap(({ account }) => (account?._tag === "Usable" ? [account] : []))
    for (const { state } of new Map(states.map((one) => [one.account, one])).values()) {
      const { key } = state
      if (key !== undefined && (yield* ledgers.open(key, LedgerReading.of(state)))) open.add(key)
    }
    return open
  })

  /** The cases with what is known of addresses that others have moved. */
  const informed = Effect.fnUntraced(function* (cases: ReadonlyArray<Case>, { nodes }: Observation.Observation) {
    const losers = Plan.conflicts(cases.map(({ group }) => group))
    const listed = new Set(cases.flatMap(({ group }) => group.addresses.map(({ prefix }) => prefix)))
    const seen = cases.map((one) => {
      const { resource, group, account } = one
      const state = account?._tag === "Usable" && !losers.has(group.name) ? account.state : undefined
      const key = state?.account === undefined ? undefined : state.key
      const sightings = state?.account && DriftInput.sightings(resource, group, state.account, nodes)
      return { one, key, sightings: sightings ?? [] }
    })
    const strays = new Map<AccountKey, Strays>()
    for (const [key, of] of Map.groupBy(seen, (each) => each.key)) {
      if (key === undefined) continue
      const told = yield* ledgers.see(
        key,
        of.flatMap(({ sightings }) => sightings),
        listed
      )
      if (told !== undefined) strays.set(key, told)
    }
    return seen.map(({ one, key, sightings }): Case => {
      if (key === undefined) return one
      const known = strays.get(key)
      if (known !== undefined) return { ...one, group: DriftInput.informed(one.group, sightings, known) }
      return DriftInput.isSuspicious(sightings) ? { ...one, group: DriftInput.unknown(one.group) } : one
    })
  })

  /** Begins what of an order is due now. */
  const begin = Effect.fnUntraced(function* ({ order, group }: Ordered, open: ReadonlySet<AccountKey>) {
    yield* mover.aim(group.name, order?.to)
    return order !== undefined && open.has(order.key) ? yield* mover.begin(order) : []
  })

  /** Says of a group what is decided and under way. What is under way is said a moment later, as a rule with its end. */
  const report = Effect.fnUntraced(function* (
    one: Ordered,
    begun: Begun,
    seen: Observation.Observation,
    lookedAt: bigint,
    open: ReadonlySet<AccountKey>
  ) {
    const { resource, group, decision, order } = one
    const state = one.account?._tag === "Usable" ? one.account.state : undefined
    const isNews = order !== undefined || (decision._tag === "Stay" && decision.node !== resource.status?.currentNode)
    const isOpen = state?.key === undefined || open.has(state.key)
    // The ledger may tell of a move that a leader before us began, there or to another node.
    if (isNews && !isOpen && (yield* Clock.currentTimeMillis) < hushedUntil) return hushedUntil
    const attempts = yield* mover.attempts(group.name)
    const situation = {
      resource,
      decision: Waiting.told(decision, begun.length > 0, attempts),
      attempts,
      now: yield* Clock.currentTimeMillis,
      addresses: group.addresses,
      account: state?.account,
      notices: state?.notices ?? noNotices,
      nodes: seen.nodes,
      signs: LossSigns.of(decision, group, seen),
      begunBefore: one.begunBefore,
      workload: one.workload
    }
    if (!unchanged.is(situation)) {
      const loginEndsAt = one.account?._tag === "Usable" ? yield* one.account.account.loginExpiresAt : undefined
      const status = GroupStatus.compose({ ...situation, loginEndsAt })
      metrics.said(group.name, status)
      const write = decision._tag === "Move" && isUnderWay(attempts) ? reporter.reportLater : reporter.reportSoon
      yield* write(resource, status).pipe(failovers.within(group.name))
      unchanged.note(situation, status)
    }
    if (decision._tag === "Stay") {
      yield* mover.settle(group.name)
      if (state?.key !== undefined) {
        const prefixes = group.addresses.map(({ prefix }) => prefix)
        yield* ledgers.arrived(state.key, prefixes)
      }
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
    const looks = write === undefined ? waiting : [...waiting, write]
    return looks.length === 0 ? undefined : Math.min(...looks)
  })

  const pass = Effect.fn("Reconciler.pass")(function* () {
    yield* Metric.update(Metrics.passes, 1)
    const lookedAt = yield* Clock.currentTimeNanos
    const seen = yield* Observation.look
    const open = yield* openLedgers(seen.groups)
    const found = yield* Effect.forEach(
      seen.groups,
      Effect.fnUntraced(function* ({ resource, account, workload }): Effect.fn.Return<Case> {
        const newest = yield* reporter.newest(resource)
        const attempts = yield* mover.attempts(resource.metadata.name)
        const state = account?._tag === "Usable" ? account.state : undefined
        const begun = state?.key === undefined ? undefined : yield* ledgers.begunBefore(state.key)
        const { last, underWay } = BegunBefore.of(newest, begun, state?.account, seen.nodes)
        const unsent = yield* mover.unsent(resource.metadata.name)
        const group = GroupInput.make(newest, account, attempts, { workload, begunBefore: underWay, unsent })
        return { resource: newest, account, workload, group, begunBefore: last }
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
        return decision === undefined ? [] : [{ ...one, decision, order: Orders.of(one, decision, seen.nodes, now) }]
      })
      .sort(Orders.byUrgency)
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
    const begun = yield* Effect.forEach(ordered, (one) =>
      Effect.map(begin(one, open), (addresses) => ({ one, addresses }))
    )
    for (const { one, addresses } of begun) {
      if (one.order === undefined || addresses.length === 0) continue
      yield* mover.carryOut(one.order, addresses).pipe(failovers.within(one.group.name))
    }
    // The ledger's write is on its way before anything is told.
    yield* Effect.yieldNow
    const looks = yield* Effect.forEach(begun, ({ one, addresses }) => report(one, addresses, seen, lookedAt, open))
    for (const undecodable of seen.undecodable) yield* FiberSet.run(background, reportUndecodable(undecodable))
    yield* FiberSet.run(background, annotateNodes(seen))
    yield* nodeEvents.look(seen.turns ?? [])
    yield* notices.look(seen.groups.map(({ resource }) => resource))
    const leaving = seen.leaving ?? []
    const moving = yield* Effect.filter(
      leaving.map(({ resource }) => resource.metadata.name),
      (name) => Effect.map(mover.attempts(name), isUnderWay)
    )
    const reclaims = yield* reclaimer.look(seen.groups, leaving, seen.nodes, new Set(moving))
    const names = new Set(cases.map(({ group }) => group.name))
    const reported = new Set([...names, ...leaving.map(({ resource }) => resource.metadata.name)])
    yield* Effect.all([mover.retain(names), reporter.retain(reported), failovers.retain(names)], { discard: true })
    unchanged.retain(names)
    metrics.saw(seen)
    const settling = Steadiness.changesAt(seen.nodes, now)
    const serving = cases.map(({ workload }) => (workload?._tag === "Known" ? workload.changesAt : undefined))
    return Math.min(...[...looks, ...serving, settling, reclaims].filter((look) => look !== undefined))
  })

  yield* cluster.awaitSynced
  yield* Effect.logInfo("reconciling")
  while (true) {
    const began = yield* Monotonic.now
    const nextLookAt = yield* pass()
    const ended = yield* Monotonic.now
    const now = yield* Clock.currentTimeMillis
    const pause = Math.max(shortestPause, nextLookAt - now)
    const rest = pause === Number.POSITIVE_INFINITY ? Effect.never : Effect.sleep(Duration.millis(pause))
    yield* Effect.raceFirst(wake.next, rest)
    // Of hundreds of answers that come one after the other many are seen by one look, and moves have their share of the time.
    const breath = Math.min(breaths.longest, breaths.times * (ended - began)) - ((yield* Monotonic.now) - ended)
    if (breath > 0) yield* Effect.sleep(Duration.millis(breath))
  }
}).pipe(Effect.scoped)
