import { assert, describe, it } from "@effect/vitest"
import { Mover } from "@netcup-failover/controller/act/Mover"
import { Accounts } from "@netcup-failover/controller/observe/Accounts"
import { Cluster } from "@netcup-failover/controller/observe/Cluster"
import { secrets } from "@netcup-failover/controller/observe/SecretResource"
import * as Reconciler from "@netcup-failover/controller/Reconciler"
import { GroupEvents } from "@netcup-failover/controller/report/GroupEvents"
import { StatusReporter } from "@netcup-failover/controller/report/StatusReporter"
import { Wake } from "@netcup-failover/controller/Wake"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import { RateLimited, RoutingError } from "@netcup-failover/netcup/RoutingError"
import * as Clock from "effect/Clock"
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

/** Runs the loop over one group, whose address is routed to the second of two healthy nodes or, being `lost`, to none. */
const running = Effect.fnUntraced(function* (
  lost: boolean,
  route: Effect.Effect<void, RoutingError>,
  answers: Parameters<typeof FakeCluster.make>[1] = []
) {
  const cluster = FakeCluster.make(resource(), answers)
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
    route: () => Effect.andThen(note(told), route)
  })
  const world = Layer.mergeAll(
    Layer.mock(Cluster, {
      awaitSynced: Effect.void,
      view: Effect.as(note(looks), null).pipe(
        Effect.map(() => ({
          nodes: [candidate(1), candidate(2)],
          groups: [cluster.resource()],
          undecodable: [],
          secret: () => ({ _tag: "Found" as const, secret })
        }))
      )
    }),
    Layer.succeed(Accounts, { use: () => Effect.succeed(() => netcup) }),
    Layer.succeed(GroupEvents, { changed: () => Effect.void }),
    Layer.mergeAll(cluster.layer, Wake.layer, settingsOf())
  )
  const loop = Reconciler.run.pipe(
    Effect.provide(Layer.provideMerge(Layer.mergeAll(Mover.layer, StatusReporter.layer), world))
  )
  yield* Effect.forkScoped(loop)
  return { looks, told, cluster }
})

/** In steps: one big one would jump past fibers that have not gone to sleep yet. */
const seconds = (n: number) => Effect.repeat(TestClock.adjust("1 second"), { times: n - 1 })

describe("the loop", () => {
  it.effect("asks every 30 seconds whether a limit has ended whose end nobody knows", () =>
    Effect.gen(function* () {
      const limited = Effect.fail(new RoutingError({ reason: new RateLimited({ message: "once every 5 minutes" }) }))
      const { told } = yield* running(true, limited)
      yield* seconds(100)
      assert.deepStrictEqual(told, [0, 30_000, 60_000, 90_000])
    })
  )

  it.effect("rests while nothing changes", () =>
    Effect.gen(function* () {
      const { looks, cluster } = yield* running(false, Effect.never)
      yield* seconds(60)
      assert.strictEqual(cluster.status()?.currentNode, "node-2")
      assert.strictEqual(looks.length, 1)
    })
  )

  it.effect("rests again after a status was stored whose answer was lost", () =>
    Effect.gen(function* () {
      const { looks, cluster } = yield* running(false, Effect.never, [
        Effect.fail(new KubeErrors.Unreachable({ message: "no answer within 5s" })).pipe(Effect.onError(() => stored))
      ])
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
                message: "all 1 addresses are routed to node-2",
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
})
