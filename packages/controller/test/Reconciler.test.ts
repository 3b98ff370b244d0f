import { assert, describe, it } from "@effect/vitest"
import { Ledgers } from "@netcup-failover/controller/act/Ledgers"
import { Mover } from "@netcup-failover/controller/act/Mover"
import { Reclaimer } from "@netcup-failover/controller/act/Reclaimer"
import { CalledOff } from "@netcup-failover/controller/observe/AccountRouting"
import { Accounts } from "@netcup-failover/controller/observe/Accounts"
import { Cluster } from "@netcup-failover/controller/observe/Cluster"
import type { GroupResource } from "@netcup-failover/controller/observe/GroupResource"
import type { AccountState, NetcupAccount } from "@netcup-failover/controller/observe/NetcupAccount"
import { secrets } from "@netcup-failover/controller/observe/SecretResource"
import * as Reconciler from "@netcup-failover/controller/Reconciler"
import { GroupEvents } from "@netcup-failover/controller/report/GroupEvents"
import { Collectors } from "@netcup-failover/controller/report/metrics/Collectors"
import { NodeEvents } from "@netcup-failover/controller/report/NodeEvents"
import { StatusReporter } from "@netcup-failover/controller/report/StatusReporter"
import { Wake } from "@netcup-failover/controller/Wake"
import type { AccountKey } from "@netcup-failover/core/Account"
import type { Candidate } from "@netcup-failover/core/Candidate"
import { Status } from "@netcup-failover/core/FailoverIpResource"
import type { ServerName } from "@netcup-failover/core/ServerName"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import {
  AddressNotFound,
  NetcupError,
  type NetcupErrorReason,
  RateLimited,
  Refused,
  UnknownOutcome,
  Unreachable
} from "@netcup-failover/netcup/NetcupError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as LedgerTerm from "./act/LedgerTerm.ts"
import * as FakeData from "./FakeData.ts"
import * as FakeKube from "./FakeKube.ts"
import { account, accountState, address, candidate, resource, restKey, server, soapKey } from "./Given.ts"
import * as PromptDigest from "./PromptDigest.ts"
import * as FakeCluster from "./report/FakeCluster.ts"
import { settingsOf } from "./TestSettings.ts"

const secret = Schema.decodeUnknownSync(secrets.schema)({
  metadata: { name: "s", namespace: "netcup-system", uid: "s", resourceVersion: "1" },
  data: { loginName: "MTIzNDU=", password: "Z2VoZWlt" }
})

const { settled } = LedgerTerm

/** A second in which the loop looks, writes a ledger and a status, and tells netcup. */
const second = Effect.andThen(TestClock.adjust("1 second"), Effect.repeat(Effect.yieldNow, { times: 15 }))

/** In steps: one big one would jump past fibers that have not gone to sleep yet. */
const seconds = (n: number) => Effect.repeat(second, { times: n - 1 })

interface World {
  readonly route: NetcupAccount["route"]
  /** One group of one address unless a world has others. */
  readonly groups?: ReadonlyArray<GroupResource>
  readonly key?: AccountKey
  /** Whether netcup has told where addresses are by now. */
  readonly isRead?: () => boolean
  /** The first answers to writes of a status. */
  readonly answers?: Parameters<typeof FakeCluster.make>[1]
  /** The addresses are routed to no server of ours. */
  readonly lost?: boolean
  /** What netcup is told comes about. */
  readonly isMoved?: boolean
  /** Addresses that no group has. */
  readonly known?: ReadonlyArray<string>
  /** Or each where this says. */
  readonly place?: (address: string) => ServerName | undefined
  readonly first?: AccountState["first"]
  readonly notices?: ReadonlyArray<string>
  readonly nodes?: () => ReadonlyArray<Candidate>
  /** The nodes on which the groups' workload serves. */
  readonly serving?: () => ReadonlyArray<Candidate>
  /** The watch tells nothing after its first word. */
  readonly deaf?: boolean
  readonly data?: FakeData.FakeData
}

/** Another leader's ledger, in which the group's address is on its way to a server. */
const ledgerOf = Effect.fnUntraced(function* (data: FakeData.FakeData, to: number) {
  yield* Effect.gen(function* () {
    const ledgers = yield* Ledgers
    const { prefix } = address("198.51.100.1/32")
    const grant = yield* ledgers.ask(restKey, { prefix, server: server(to), purpose: "Failover" })
    assert.strictEqual(grant._tag, "Granted")
    yield* ledgers.commit(restKey, grant._tag === "Granted" ? [grant.ticket] : [])
  }).pipe(Effect.provide(LedgerTerm.opened({ data })))
  const path = data.paths().find((one) => data.data(one)?.account === restKey) ?? ""
  data.put(path, { ...data.data(path), term: "another" })
  return path
})

/** Runs the loop over groups whose addresses are routed to the second of two healthy nodes unless a world says otherwise. */
const running = Effect.fnUntraced(function* ({ route, answers = [], lost = false, deaf = false, ...more }: World) {
  const { nodes = () => [candidate(1), candidate(2)], data = FakeData.make(), key = soapKey } = more
  const { isRead = () => true, isMoved = false } = more
  const { first = { changes: [], asOf: 0 }, notices = [], groups = [resource()] } = more
  const { place = () => (lost ? undefined : server(2)) } = more
  const { serving, known = [] } = more
  const clusters = groups.map((group) => FakeCluster.make(group, answers))
  const [cluster] = clusters
  if (cluster === undefined) return yield* Effect.die("a world has at least one group")
  const looks: Array<number> = []
  const told: Array<number> = []
  const sent: Array<string> = []
  const note = (times: Array<number>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sync(() => times.push(now)))
  const addresses = [...groups.flatMap(({ spec }) => spec.ips), ...known].map(address)
  const routes = new Map(
    addresses.flatMap((one) => {
      const at = place(`${one}`)
      return at === undefined ? [] : [[one.prefix, at] as const]
    })
  )
  const netcup = account({
    state: Effect.sync(() =>
      isRead()
        ? accountState({
            key,
            account: { servers: new Set([server(1), server(2), server(3)]), routes },
            first,
            notices
          })
        : accountState({ key })
    ),
    holds: (prefix, at) => routes.get(prefix) === at,
    route: (...order) =>
      Effect.gen(function* () {
        sent.push(`${order[0]}`)
        yield* note(told)
        yield* route(...order)
        if (isMoved) routes.set(order[0].prefix, order[1])
      })
  })
  const answer: FakeKube.Answer = (request) => {
    const named = clusters.find((one) => request.path.endsWith(`/${one.resource().metadata.name}/status`))
    return (named ?? data).answer(request)
  }
  const world = Layer.mergeAll(
    Layer.mock(Cluster, {
      awaitSynced: Effect.void,
      view: Effect.map(note(looks), () => ({
        nodes: nodes(),
        groups: deaf ? groups : clusters.map((one) => one.resource()),
        undecodable: [],
        secret: () => ({ _tag: "Found" as const, secret }),
        ...(serving === undefined
          ? {}
          : {
              workload: () => ({
                _tag: "Known" as const,
                serving: new Set(serving().map(({ name }) => name)),
                changesAt: undefined
              })
            })
      }))
    }),
    Layer.succeed(Accounts, { use: () => Effect.succeed(() => netcup), open: Effect.succeed([netcup]) }),
    Layer.succeed(GroupEvents, { changed: () => Effect.void }),
    Layer.succeed(NodeEvents, { look: () => Effect.void }),
    Layer.succeed(Reclaimer, { look: () => Effect.succeed(undefined) }),
    Layer.mergeAll(FakeKube.layer(answer), Wake.layer, Collectors.layer, settingsOf(), PromptDigest.layer)
  )
  const services = yield* Layer.build(
    Layer.mergeAll(Mover.layer.pipe(Layer.provideMerge(Ledgers.layer)), StatusReporter.layer).pipe(
      Layer.provideMerge(world)
    )
  )
  yield* Effect.forkScoped(Effect.provide(Reconciler.run, services))
  // What is under way when the test ends is waited for, and then given up.
  yield* Effect.addFinalizer(() => Effect.forkDetach(seconds(10)))
  yield* settled
  return { looks, told, sent, cluster, clusters, data, wake: Context.get(services, Wake) }
})

/** Enough time for hours of a test's. */
const patience = 60_000

describe("the loop", () => {
  it.effect("asks every 30 seconds whether a limit has ended whose end nobody knows", () =>
    Effect.gen(function* () {
      const limited = Effect.fail(new NetcupError({ reason: new RateLimited({ message: "once every 5 minutes" }) }))
      const { told } = yield* running({ lost: true, route: () => limited })
      yield* seconds(100)
      assert.deepStrictEqual(told, [0, 30_000, 60_000, 90_000])
    })
  )

  it.effect("rests while nothing changes", () =>
    Effect.gen(function* () {
      const { looks, cluster } = yield* running({ route: () => Effect.never })
      yield* seconds(60)
      assert.strictEqual(cluster.status()?.currentNode, "node-2")
      // The second when the ledger was opened.
      assert.strictEqual(looks.length, 2)
    })
  )

  it.effect("rests again after a status was stored whose answer was lost", () =>
    Effect.gen(function* () {
      const lost = Effect.fail(new KubeErrors.Unreachable({ message: "no answer within 5s" }))
      const { looks, cluster } = yield* running({
        route: () => Effect.never,
        answers: [
          Effect.delay(
            Effect.suspend(() => Effect.andThen(stored, lost)),
            "1 second"
          )
        ]
      })
      const stored: Effect.Effect<void> = Effect.sync(() => {
        const { currentNode, addresses, conditions } = cluster.patches[0]?.status ?? {}
        const status = { currentNode, observedGeneration: 1, addresses, conditions }
        cluster.put({ status: Schema.decodeUnknownSync(Status)(status) })
      })
      yield* seconds(60)
      assert.strictEqual(cluster.patches.length, 1)
      assert.isAtMost(looks.length, 5)
    })
  )

  it.effect("rests while a call hangs whose status was stored though the answer was lost", () =>
    Effect.gen(function* () {
      const lost = Effect.fail(new KubeErrors.Unreachable({ message: "no answer within 5s" }))
      const { looks, cluster } = yield* running({
        lost: true,
        route: () => Effect.never,
        answers: [Effect.suspend(() => Effect.andThen(stored, lost))]
      })
      const stored: Effect.Effect<void> = Effect.sync(() => {
        const { targetNode, addresses, moves, conditions } = cluster.patches[0]?.status ?? {}
        const status = { targetNode, observedGeneration: 1, addresses, moves, conditions }
        cluster.put({ status: Schema.decodeUnknownSync(Status)(status) })
      })
      yield* seconds(60)
      assert.lengthOf(cluster.patches, 1)
      assert.strictEqual(cluster.status()?.addresses?.[0]?.state, "Moving")
      assert.isAtMost(looks.length, 6)
    })
  )

  it.effect("rests while an API server that answered nothing is asked again", () =>
    Effect.gen(function* () {
      const silence = Effect.fail(new KubeErrors.Unreachable({ message: "no answer within 5s" }))
      const { looks, told, cluster } = yield* running({
        lost: true,
        route: () => Effect.never,
        answers: Array.from({ length: 100 }, () => Effect.andThen(Effect.sleep("5 seconds"), silence))
      })
      yield* seconds(120)
      assert.lengthOf(told, 1)
      assert.isAtLeast(cluster.patches.length, 8)
      assert.isAtMost(looks.length, 4 * cluster.patches.length)
    })
  )

  it.effect("calls off a move that waited for its turn until the group stays", () =>
    Effect.gen(function* () {
      const silent = { verdict: fromDeclared({ ready: "Unknown", deleting: false }) }
      let nodes = [candidate(1), candidate(2, silent)]
      const gate = yield* Deferred.make<void>()
      const sent: Array<string> = []
      const { told, cluster, wake } = yield* running({
        nodes: () => nodes,
        route: (_, to, permitted) =>
          Effect.gen(function* () {
            yield* Deferred.await(gate)
            if (!(yield* permitted)) return yield* new CalledOff()
            sent.push(to)
          })
      })
      yield* seconds(2)
      assert.deepStrictEqual(told, [0])
      assert.strictEqual(cluster.status()?.targetNode, "node-1")
      nodes = [candidate(1, silent), candidate(2)]
      yield* wake.now
      yield* seconds(2)
      yield* Deferred.succeed(gate, undefined)
      yield* seconds(2)
      assert.deepStrictEqual(sent, [])
      assert.strictEqual(cluster.status()?.currentNode, "node-2")
      assert.isUndefined(cluster.status()?.targetNode)
    })
  )

  it.effect("leaves most of netcup's moves to failovers when a group's workload flaps from node to node", () =>
    Effect.gen(function* () {
      const nodes = [candidate(1), candidate(2)]
      const [one, other] = nodes
      let serving = [one, other].filter((node) => node !== undefined)
      const workload = { namespace: "default", selector: { matchLabels: { app: "ingress" } } }
      const { told, wake } = yield* running({
        key: restKey,
        groups: [resource({ spec: { workload } })],
        nodes: () => nodes,
        serving: () => serving,
        isMoved: true,
        route: () => Effect.void
      })
      yield* seconds(2)
      for (let turn = 0; turn < 120; turn++) {
        serving = nodes.filter((_, n) => n === turn % 2)
        yield* wake.now
        yield* TestClock.adjust("1 second")
        yield* seconds(5)
        yield* TestClock.adjust("24 seconds")
      }
      // The first ones at once: what nobody serves is lost. By 8 of the hour's 20 it can wait.
      assert.isAtLeast(told.length, 5)
      assert.isAtMost(told.length, 10)
      assert.isBelow(told[1] ?? 0, 60_000)
    })
  )

  it.effect(
    "tells netcup while no status can be written, since the ledger has it, and says what it did once it can",
    () =>
      Effect.gen(function* () {
        const forbidden = Effect.fail(new KubeErrors.Forbidden({ message: "the role does not allow it" }))
        const { told, looks, cluster } = yield* running({
          lost: true,
          route: () => Effect.never,
          answers: [forbidden, forbidden]
        })
        yield* seconds(10)
        assert.lengthOf(told, 1)
        assert.isAtMost(told[0] ?? Number.NaN, 1_000)
        // After a pause of one second, and one of two, give or take a fifth.
        assert.lengthOf(cluster.patches, 3)
        assert.strictEqual(cluster.status()?.moves?.length, 1)
        assert.isAtMost(looks.length, 10)
      })
  )

  it.effect("writes once of a move that ends at once, and what began with what came of it", () =>
    Effect.gen(function* () {
      const { cluster, sent } = yield* running({ lost: true, isMoved: true, route: () => Effect.sleep("50 millis") })
      yield* seconds(5)
      assert.lengthOf(sent, 1)
      assert.lengthOf(cluster.patches, 1)
      const { currentNode, targetNode, moves, conditions } = cluster.status() ?? {}
      assert.isDefined(currentNode)
      assert.isUndefined(targetNode)
      assert.deepStrictEqual(
        moves?.map(({ to }) => to),
        [currentNode]
      )
      assert.deepStrictEqual(
        conditions?.map(({ type, status, reason }) => [type, status, reason]),
        [
          ["Routed", "True", "NodeSelected"],
          ["Progressing", "False", "NodeSelected"],
          ["CredentialsHealthy", "True", "CredentialsAccepted"]
        ]
      )
    })
  )

  it.effect("says a moment after it began that a move is under way", () =>
    Effect.gen(function* () {
      const { cluster } = yield* running({ lost: true, route: () => Effect.never })
      yield* TestClock.adjust("900 millis")
      assert.lengthOf(cluster.patches, 0)
      yield* TestClock.adjust("100 millis")
      assert.lengthOf(cluster.patches, 1)
      assert.isDefined(cluster.status()?.targetNode)
      assert.strictEqual(cluster.status()?.addresses?.[0]?.state, "Moving")
    })
  )

  for (const there of [2, 3]) {
    it.effect(
      `finishes what the ledger says that a leader before it began, to node ${there}, of which no status tells`,
      () =>
        Effect.gen(function* () {
          const data = FakeData.make()
          const path = yield* ledgerOf(data, there)
          const { cluster, sent } = yield* running({
            lost: true,
            isMoved: true,
            data,
            key: restKey,
            nodes: () => [candidate(1), candidate(2), candidate(3)],
            route: () => Effect.void
          })
          yield* seconds(5)
          assert.lengthOf(sent, 1)
          assert.strictEqual(cluster.status()?.currentNode, `node-${there}`)
          assert.isDefined(data.data(path))
        })
    )
  }

  it.effect("does not go on an hour later with what the ledger had of an address that no group had meanwhile", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      yield* ledgerOf(data, 3)
      const other = "198.51.100.2/32"
      const { cluster, sent, wake } = yield* running({
        isMoved: true,
        data,
        key: restKey,
        groups: [resource({ spec: { ips: [other] } })],
        nodes: () => [candidate(1), candidate(2), candidate(3)],
        place: () => server(2),
        known: ["198.51.100.1/32"],
        route: () => Effect.void
      })
      yield* seconds(5)
      assert.strictEqual(cluster.status()?.currentNode, "node-2")
      yield* TestClock.adjust("1 hour")
      // An operator gives the group one more address, which is where the group is.
      cluster.put({ spec: resource({ spec: { ips: [other, "198.51.100.1/32"] } }).spec })
      yield* wake.now
      yield* seconds(5)
      assert.deepStrictEqual(sent, [])
      assert.strictEqual(cluster.status()?.currentNode, "node-2")
    })
  )

  it.effect("goes on from its own last write while the watch lags behind", () =>
    Effect.gen(function* () {
      const { cluster, looks, wake } = yield* running({ deaf: true, route: () => Effect.never })
      yield* seconds(1)
      yield* wake.now
      yield* seconds(60)
      assert.strictEqual(looks.length, 3)
      assert.strictEqual(cluster.patches.length, 1)
      assert.strictEqual(cluster.status()?.currentNode, "node-2")
    })
  )

  /** In seconds; attempts each half minute are 121, the first and the last included. */
  const hour = 3600
  /** Attempts in an hour with pauses of 1, 2, 4, 8 and then 10 seconds, each give or take a fifth. */
  const paced = { least: 1 + 4 + Math.floor((hour - 1.2 * 15) / 12), most: 1 + 4 + Math.ceil((hour - 0.8 * 15) / 8) }
  const refusals: ReadonlyArray<readonly [NetcupErrorReason, { readonly least: number; readonly most: number }]> = [
    [new Refused({ message: "no" }), { least: 121, most: 121 }],
    [new AddressNotFound({ message: "no such address" }), { least: 121, most: 121 }],
    [new RateLimited({ message: "once every 5 minutes" }), { least: 121, most: 121 }],
    [new Unreachable({ message: "refused" }), paced],
    [new UnknownOutcome({ message: "no answer" }), paced]
  ]
  for (const [reason, { least, most }] of refusals) {
    it.effect(
      `tells netcup as often as the schedule says when all it gets for an hour is ${reason._tag}`,
      () =>
        Effect.gen(function* () {
          const { told, cluster, looks } = yield* running({
            lost: true,
            route: () => Effect.fail(new NetcupError({ reason }))
          })
          yield* seconds(hour)
          assert.isAtLeast(told.length, least)
          assert.isAtMost(told.length, most)
          // Each attempt is told before, and its end after.
          assert.isAtMost(cluster.patches.length, 2 * told.length + 1)
          assert.isAtMost(looks.length, 4 * told.length + 1)
        }),
      patience
    )
  }

  it.effect(
    "writes as often as the schedule says, and tells netcup nothing, when Kubernetes refuses for an hour",
    () =>
      Effect.gen(function* () {
        const refuse = Effect.fail(new KubeErrors.ServerError({ message: "etcdserver: no leader", status: 500 }))
        const data = FakeData.make()
        data.turns.writes.push(...Array.from({ length: 10_000 }, () => ({ before: refuse })))
        const { told, cluster, looks } = yield* running({
          lost: true,
          route: () => Effect.void,
          answers: Array.from({ length: 10_000 }, () => refuse),
          data
        })
        yield* seconds(hour)
        assert.lengthOf(told, 0)
        assert.isAtLeast(cluster.patches.length, paced.least)
        assert.isAtMost(cluster.patches.length, paced.most)
        assert.isAtMost(looks.length, 4 * cluster.patches.length + 1)
      }),
    patience
  )
})

describe("what netcup's limits do not allow at once", () => {
  /** Groups of one address each, that is nowhere; the older ones come first. */
  const group = (n: number, priority?: number) =>
    resource({
      name: `group-${n}`,
      spec: { ips: [`198.51.100.${n}/32`], ...(priority === undefined ? {} : { priority }) }
    })
  const ip = (n: number) => `198.51.100.${n}/32`
  const pending = () => Effect.never

  it.effect("goes to what is on a dead node before what lives where it may not stay, however old that is", () =>
    Effect.gen(function* () {
      const deselected = (n: number) => ({
        ...group(n, 100),
        spec: { ...group(n, 100).spec, nodeSelector: { matchLabels: { edge: "yes" } } },
        status: { currentNode: "node-1" }
      })
      const dead = { ...group(12), status: { currentNode: "node-2" } }
      const groups = [...Array.from({ length: 10 }, (_, i) => deselected(i + 1)), dead]
      const failed = fromDeclared({ ready: "False", deleting: false })
      const { sent } = yield* running({
        key: restKey,
        groups,
        nodes: () => [candidate(1), candidate(2, { verdict: failed }), candidate(3, { labels: { edge: "yes" } })],
        place: (address) => (address === ip(12) ? server(2) : server(1)),
        route: pending
      })
      assert.strictEqual(sent[0], ip(12))
      // The reserve for failovers is left: what lives has waited for nothing worse.
      assert.lengthOf(sent, 5)
    })
  )

  it.effect("is left by the groups of lowest priority: ten of twelve are sent, by one write of the ledger", () =>
    Effect.gen(function* () {
      // Without a word the priority is 0.
      const priorities = [0, -1, 5, undefined, 1, 1, 1, 1, 1, 1, 1, -2]
      const groups = priorities.map((priority, i) => group(i + 1, priority))
      const { sent, data, clusters } = yield* running({ key: restKey, lost: true, groups, route: pending })
      assert.strictEqual(sent.length, 10)
      assert.sameMembers(sent, [1, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(ip))
      yield* TestClock.adjust("1 second")
      const states = clusters.map(({ status }) => status()?.addresses?.[0]?.state)
      assert.deepStrictEqual(
        states,
        priorities.map((priority) => ((priority ?? 0) < 0 ? "Waiting" : "Moving"))
      )
      for (const n of [2, 12]) {
        const status = clusters[n - 1]?.status()
        assert.strictEqual(status?.addresses?.[0]?.lastError?.reason, "RateLimited")
        assert.strictEqual(status?.addresses?.[0]?.nextAttemptAt, "1970-01-01T00:05:01.000Z")
        assert.notProperty(status?.addresses?.[0], "attemptedAt")
      }
      // One that opened it, one for all ten.
      assert.lengthOf(data.written, 2)
      assert.lengthOf(LedgerTerm.entries(data, restKey), 10)
    })
  )

  it.effect("is sent highest priority first, and of equal ones by name", () =>
    Effect.gen(function* () {
      const groups = [group(1), group(2, 7), group(3, 9), group(4, 7), group(5, -1)]
      const { sent } = yield* running({ key: restKey, lost: true, groups, route: pending })
      assert.deepStrictEqual(sent, [3, 2, 4, 1, 5].map(ip))
    })
  )

  it.effect("brings back what somebody moved away only after all failovers, whatever their priority", () =>
    Effect.gen(function* () {
      const drifted = (n: number) => ({
        ...group(n, 100),
        status: { currentNode: "node-2", addresses: [{ ip: ip(n), state: "Routed" as const }] }
      })
      const groups = [...[1, 2, 3, 4, 5, 6].map(drifted), ...[7, 8, 9, 10, 11, 12].map((n) => group(n))]
      const { sent } = yield* running({
        key: restKey,
        groups,
        // Nobody's node is there.
        place: () => server(9),
        route: pending
      })
      assert.sameMembers(sent.slice(0, 6), [7, 8, 9, 10, 11, 12].map(ip))
      // Of ten moves in five minutes four may be anything but failovers.
      assert.sameMembers(sent.slice(6), [1, 2, 3, 4].map(ip))
    })
  )

  it.effect("says once until when it waits, however often is looked while others are under way", () =>
    Effect.gen(function* () {
      const groups = Array.from({ length: 12 }, (_, i) => group(i + 1))
      const { clusters, wake } = yield* running({ key: restKey, lost: true, groups, route: pending })
      yield* seconds(1)
      const before = clusters.map(({ patches }) => patches.length)
      for (let look = 0; look < 20; look++) yield* Effect.andThen(wake.now, TestClock.adjust("100 millis"))
      assert.deepStrictEqual(
        clusters.map(({ patches }) => patches.length),
        before
      )
    })
  )

  it.effect("is read before netcup has told where addresses are; nothing is sent before both are known", () =>
    Effect.gen(function* () {
      let isRead = false
      const { data, sent, wake } = yield* running({ route: () => Effect.void, lost: true, isRead: () => isRead })
      yield* seconds(2)
      const read = data.asked.map(({ method }) => method)
      assert.deepStrictEqual(read, ["GET", "POST"])
      assert.deepStrictEqual(sent, [])
      isRead = true
      yield* wake.now
      yield* seconds(2)
      assert.lengthOf(sent, 1)
      assert.deepStrictEqual(
        data.asked
          .slice(2)
          .map(({ method }) => method)
          .filter((method) => method !== "PUT"),
        []
      )
    }).pipe(Effect.scoped)
  )

  it.effect("waits for the time that the ledger says, and is sent then", () =>
    Effect.gen(function* () {
      const first = { changes: Array.from({ length: 10 }, () => -280_000), asOf: 0 }
      yield* TestClock.setTime(1_000_000)
      const { told } = yield* running({
        key: restKey,
        lost: true,
        first: { ...first, changes: first.changes.map((at) => 1_000_000 + at), asOf: 1_000_000 },
        route: pending
      })
      yield* seconds(30)
      assert.deepStrictEqual(told, [1_021_000])
    })
  )
})

describe("a ledger that cannot be written", () => {
  it.effect("lets nothing be sent, and is tried again by itself", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const broken = { before: Effect.fail(new KubeErrors.Forbidden({ message: "the role does not allow it" })) }
      data.turns.writes.push(broken, broken, broken)
      const { told, looks } = yield* running({ lost: true, data, route: () => Effect.never })
      yield* seconds(5)
      assert.deepStrictEqual(told, [])
      yield* seconds(10)
      // After pauses of one, two and four seconds, give or take a fifth.
      assert.lengthOf(told, 1)
      assert.isAtLeast(told[0] ?? 0, 5_600)
      assert.isAtMost(looks.length, 10)
    })
  )

  it.effect("makes no move of what was never sent: the group stays on its node that came back meanwhile", () =>
    Effect.gen(function* () {
      const silent = { verdict: fromDeclared({ ready: "Unknown", deleting: false }) }
      let nodes = [candidate(1), candidate(2)]
      const data = FakeData.make()
      const refuse = Effect.fail(new KubeErrors.ServerError({ message: "etcdserver: no leader", status: 500 }))
      const { told, cluster, wake } = yield* running({
        nodes: () => nodes,
        data,
        // The first one tells where the group is.
        answers: [Effect.void, refuse, refuse],
        route: () => Effect.never
      })
      yield* seconds(5)
      assert.strictEqual(cluster.status()?.currentNode, "node-2")
      const slowly = { before: Effect.andThen(Effect.sleep("20 millis"), refuse) }
      data.turns.writes.push(slowly, slowly, slowly)
      nodes = [candidate(1), candidate(2, silent)]
      yield* wake.now
      yield* seconds(1)
      assert.isUndefined(cluster.status()?.targetNode)
      nodes = [candidate(1), candidate(2)]
      yield* wake.now
      yield* seconds(30)
      assert.deepStrictEqual(told, [])
      assert.strictEqual(cluster.status()?.currentNode, "node-2")
    })
  )

  it.effect("when a move is to be repeated makes the loop look now and then, not all the time", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const broken = { before: Effect.fail(new KubeErrors.Forbidden({ message: "the role does not allow it" })) }
      const { looks, told } = yield* running({
        lost: true,
        data,
        route: () =>
          Effect.suspend(() => {
            data.turns.writes.push(...Array.from({ length: 1_000 }, () => broken))
            return Effect.fail(new NetcupError({ reason: new Unreachable({ message: "no route to host" }) }))
          })
      })
      yield* seconds(60)
      assert.lengthOf(told, 1)
      assert.isAtMost(looks.length, 90)
    })
  )

  it.effect("when a move is granted lets nothing of any group be sent, until it was read again", () =>
    Effect.gen(function* () {
      const data = FakeData.make()
      const groups = [1, 2].map((n) => resource({ name: `group-${n}`, spec: { ips: [`198.51.100.${n}/32`] } }))
      const conflict = Effect.fail(new KubeErrors.Conflict({ message: "modified" }))
      data.turns.writes.push({}, { before: conflict })
      let reads = 0
      const { sent } = yield* running({
        lost: true,
        groups,
        data,
        route: () =>
          Effect.sync(() => {
            reads = data.asked.filter(({ method }) => method === "GET").length
          }).pipe(Effect.andThen(Effect.never))
      })
      yield* seconds(3)
      assert.sameMembers(sent, ["198.51.100.1/32", "198.51.100.2/32"])
      assert.strictEqual(reads, 2)
      assert.lengthOf(LedgerTerm.entries(data, soapKey), 2)
    })
  )
})

describe("the notices of an account", () => {
  it.effect("are told with the credentials", () =>
    Effect.gen(function* () {
      const notices = ["netcup lets the API be used from 192.0.2.1 only"]
      const { cluster } = yield* running({ route: () => Effect.never, notices })
      const healthy = cluster.status()?.conditions?.find(({ type }) => type === "CredentialsHealthy")
      assert.strictEqual(healthy?.status, "True")
      assert.include(healthy?.message, notices[0])
    })
  )
})

describe("a failback", () => {
  const toEdge = {
    preferences: [{ weight: 1, nodeSelector: { matchLabels: { role: "edge" } } }],
    failback: "WhenPreferred"
  } as const
  const edge = { labels: { role: "edge" } }

  it.effect("begins when the node has settled, without anybody telling", () =>
    Effect.gen(function* () {
      const { told, looks } = yield* running({
        route: () => Effect.never,
        groups: [resource({ spec: toEdge })],
        nodes: () => [candidate(1, { ...edge, settledAt: 40_500 }), candidate(2)]
      })
      yield* seconds(40)
      assert.deepStrictEqual(told, [])
      const before = looks.length
      yield* seconds(20)
      assert.deepStrictEqual(told, [40_500])
      assert.isAtMost(looks.length - before, 3)
    })
  )

  it.effect("of many groups leaves to failovers what netcup's limits reserve for them", () =>
    Effect.gen(function* () {
      const groups = Array.from({ length: 10 }, (_, i) =>
        resource({ name: `group-${i}`, spec: { ...toEdge, ips: [`198.51.100.${i + 1}/32`] } })
      )
      const { sent, clusters } = yield* running({
        route: () => Effect.never,
        key: restKey,
        groups,
        nodes: () => [candidate(1, edge), candidate(2)]
      })
      yield* seconds(5)
      // Of five that want to; five more have no reason to.
      assert.lengthOf(sent, 4)
      const words = clusters.map((one) => {
        const { targetNode, currentNode, conditions } = one.status() ?? {}
        const routed = conditions?.find(({ type }) => type === "Routed")
        return `${routed?.status} ${targetNode ?? currentNode}`
      })
      // Who waits for its turn is where it was, and nobody is alarmed.
      assert.deepStrictEqual(words.sort(), [
        ...Array.from({ length: 4 }, () => "False node-1"),
        ...Array.from({ length: 6 }, () => "True node-2")
      ])
    })
  )
})
