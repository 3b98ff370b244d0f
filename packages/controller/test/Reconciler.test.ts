import { assert, describe, it } from "@effect/vitest"
import { Mover } from "@netcup-failover/controller/act/Mover"
import { Accounts } from "@netcup-failover/controller/observe/Accounts"
import { Cluster } from "@netcup-failover/controller/observe/Cluster"
import { CalledOff, type NetcupAccount } from "@netcup-failover/controller/observe/NetcupAccount"
import { secrets } from "@netcup-failover/controller/observe/SecretResource"
import * as Reconciler from "@netcup-failover/controller/Reconciler"
import { GroupEvents } from "@netcup-failover/controller/report/GroupEvents"
import { StatusReporter } from "@netcup-failover/controller/report/StatusReporter"
import { Wake } from "@netcup-failover/controller/Wake"
import type { Candidate } from "@netcup-failover/core/Candidate"
import { fromDeclared } from "@netcup-failover/core/Verdict"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import {
  AddressNotFound,
  RateLimited,
  Refused,
  RoutingError,
  type RoutingErrorReason,
  UnknownOutcome,
  Unreachable
} from "@netcup-failover/netcup/RoutingError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { account, address, candidate, resource, server } from "./Given.ts"
import * as FakeCluster from "./report/FakeCluster.ts"
import { settingsOf } from "./TestSettings.ts"

const one = address("198.51.100.1/32")
const secret = Schema.decodeUnknownSync(secrets.schema)({
  metadata: { name: "s", namespace: "netcup-system", uid: "s", resourceVersion: "1" },
  data: { loginName: "MTIzNDU=", password: "Z2VoZWlt" }
})

interface World {
  readonly route: NetcupAccount["route"]
  /** The first answers to writes. */
  readonly answers?: Parameters<typeof FakeCluster.make>[1]
  /** The group's address is routed to no server of ours. */
  readonly lost?: boolean
  readonly nodes?: () => ReadonlyArray<Candidate>
  /** The watch tells nothing after its first word. */
  readonly deaf?: boolean
}

/** Runs the loop over one group, whose address is routed to the second of two healthy nodes unless a world says otherwise. */
const running = Effect.fnUntraced(function* ({ route, answers = [], lost = false, deaf = false, ...more }: World) {
  const { nodes = () => [candidate(1), candidate(2)] } = more
  const first = resource()
  const cluster = FakeCluster.make(first, answers)
  const looks: Array<number> = []
  const told: Array<number> = []
  const note = (times: Array<number>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sync(() => times.push(now)))
  const netcup = account({
    state: Effect.succeed({
      account: {
        servers: new Set([server(1), server(2)]),
        routes: new Map(lost ? [] : [[one.prefix, server(2)]])
      },
      trouble: undefined
    }),
    holds: (prefix, at) => !lost && prefix === one.prefix && at === server(2),
    route: (...order) => Effect.andThen(note(told), route(...order))
  })
  const world = Layer.mergeAll(
    Layer.mock(Cluster, {
      awaitSynced: Effect.void,
      view: Effect.map(note(looks), () => ({
        nodes: nodes(),
        groups: [deaf ? first : cluster.resource()],
        undecodable: [],
        secret: () => ({ _tag: "Found" as const, secret })
      }))
    }),
    Layer.succeed(Accounts, { use: () => Effect.succeed(() => netcup) }),
    Layer.succeed(GroupEvents, { changed: () => Effect.void }),
    Layer.mergeAll(cluster.layer, Wake.layer, settingsOf())
  )
  const services = yield* Layer.build(Layer.provideMerge(Layer.mergeAll(Mover.layer, StatusReporter.layer), world))
  yield* Effect.forkScoped(Effect.provide(Reconciler.run, services))
  return { looks, told, cluster, wake: Context.get(services, Wake) }
})

/** In steps: one big one would jump past fibers that have not gone to sleep yet. */
const seconds = (n: number) => Effect.repeat(TestClock.adjust("1 second"), { times: n - 1 })

describe("the loop", () => {
  it.effect("asks every 30 seconds whether a limit has ended whose end nobody knows", () =>
    Effect.gen(function* () {
      const limited = Effect.fail(new RoutingError({ reason: new RateLimited({ message: "once every 5 minutes" }) }))
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
      assert.strictEqual(looks.length, 1)
    })
  )

  it.effect("rests again after a status was stored whose answer was lost", () =>
    Effect.gen(function* () {
      const { looks, cluster } = yield* running({
        route: () => Effect.never,
        answers: [
          Effect.fail(new KubeErrors.Unreachable({ message: "no answer within 5s" })).pipe(Effect.onError(() => stored))
        ]
      })
      const stored: Effect.Effect<void> = Effect.sync(() => {
        cluster.put({
          status: {
            currentNode: "node-2",
            observedGeneration: 1,
            addresses: [
              {
                ip: "198.51.100.1/32",
                server: "v2",
                node: "node-2",
                state: "Routed",
                since: "1970-01-01T00:00:00.000Z"
              }
            ],
            conditions: [
              {
                type: "Routed",
                status: "True",
                reason: "NodeSelected",
                message: "the address is routed to node-2",
                lastTransitionTime: "1970-01-01T00:00:00.000Z",
                observedGeneration: 1
              },
              {
                type: "CredentialsHealthy",
                status: "True",
                reason: "CredentialsAccepted",
                message: "netcup accepts the credentials",
                lastTransitionTime: "1970-01-01T00:00:00.000Z",
                observedGeneration: 1
              }
            ]
          }
        })
      })
      yield* seconds(60)
      assert.strictEqual(cluster.patches.length, 1)
      assert.isAtMost(looks.length, 5)
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

  it.effect("sends nothing before its intention is written", () =>
    Effect.gen(function* () {
      const forbidden = Effect.fail(new KubeErrors.Forbidden({ message: "the role does not allow it" }))
      const limited = Effect.fail(new RoutingError({ reason: new RateLimited({ message: "once every 5 minutes" }) }))
      const { told, looks } = yield* running({
        lost: true,
        route: () => limited,
        answers: [forbidden, forbidden]
      })
      yield* seconds(10)
      assert.strictEqual(told.length, 1)
      // After a pause of one second, and one of two, give or take a fifth.
      assert.isAtLeast(told[0] ?? 0, 2_400)
      assert.isAtMost(told[0] ?? Number.NaN, 5_000)
      assert.isAtMost(looks.length, 10)
    })
  )

  it.effect("goes on from its own last write while the watch lags behind", () =>
    Effect.gen(function* () {
      const { cluster, looks, wake } = yield* running({ deaf: true, route: () => Effect.never })
      yield* seconds(1)
      yield* wake.now
      yield* seconds(60)
      assert.strictEqual(looks.length, 2)
      assert.strictEqual(cluster.patches.length, 1)
      assert.strictEqual(cluster.status()?.currentNode, "node-2")
    })
  )

  /** In seconds; attempts each half minute are 121, the first and the last included. */
  const hour = 3600
  /** Attempts in an hour with pauses of 1, 2, 4, 8 and then 10 seconds, each give or take a fifth. */
  const paced = { least: 1 + 4 + Math.floor((hour - 1.2 * 15) / 12), most: 1 + 4 + Math.ceil((hour - 0.8 * 15) / 8) }
  const refusals: ReadonlyArray<readonly [RoutingErrorReason, { readonly least: number; readonly most: number }]> = [
    [new Refused({ message: "no" }), { least: 121, most: 121 }],
    [new AddressNotFound({ message: "no such address" }), { least: 121, most: 121 }],
    [new RateLimited({ message: "once every 5 minutes" }), { least: 121, most: 121 }],
    [new Unreachable({ message: "refused" }), paced],
    [new UnknownOutcome({ message: "no answer" }), paced]
  ]
  for (const [reason, { least, most }] of refusals) {
    it.effect(`tells netcup as often as the schedule says when all it gets for an hour is ${reason._tag}`, () =>
      Effect.gen(function* () {
        const { told, cluster, looks } = yield* running({
          lost: true,
          route: () => Effect.fail(new RoutingError({ reason }))
        })
        yield* seconds(hour)
        assert.isAtLeast(told.length, least)
        assert.isAtMost(told.length, most)
        // Each attempt is told before, and its end after.
        assert.isAtMost(cluster.patches.length, 2 * told.length + 1)
        assert.isAtMost(looks.length, 4 * told.length + 1)
      })
    )
  }

  it.effect("writes as often as the schedule says, and tells netcup nothing, when Kubernetes refuses for an hour", () =>
    Effect.gen(function* () {
      const refuse = Effect.fail(new KubeErrors.ServerError({ message: "etcdserver: no leader", status: 500 }))
      const { told, cluster, looks } = yield* running({
        lost: true,
        route: () => Effect.void,
        answers: Array.from({ length: 10_000 }, () => refuse)
      })
      yield* seconds(hour)
      assert.lengthOf(told, 0)
      assert.isAtLeast(cluster.patches.length, paced.least)
      assert.isAtMost(cluster.patches.length, paced.most)
      assert.isAtMost(looks.length, 4 * cluster.patches.length + 1)
    })
  )
})
