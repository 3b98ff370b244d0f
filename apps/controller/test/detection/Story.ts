/**
 * Stories of nodes that die, or only seem to: a real API server and node lifecycle controller, kubelets with ports, netcup's simulator,
 * and controllers as processes. Each has a cluster of its own while it runs, since the guard looks at all nodes; several run at once,
 * since most of their time is waiting.
 */
import { assert, layer } from "@effect/vitest"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import type { AddressSpec } from "@netcup-failover/testing/netcup/Arrangement"
import * as ApiPaths from "@netcup-failover/testing/stage/ApiPaths"
import type { ControllerProcess } from "@netcup-failover/testing/stage/ControllerProcess"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as PoweredNode from "@netcup-failover/testing/stage/PoweredNode"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { Scope } from "effect/Scope"
import { account, loginName } from "../Account.ts"
import { get } from "../Http.ts"
import { Clusters, pace } from "./Clusters.ts"

const kube = await Effect.runPromise(KubeBinaries.forTests)

/** What a loaded machine may add to any time, in ms. */
const noise = 2_500

export interface World {
  /** So many nodes; 3 when absent. Each is a server, and answers. */
  readonly nodes?: number
  /** The group's spec beside its address. */
  readonly wishes?: Parameters<Effect.Success<ReturnType<typeof Stage.make>>["putGroup"]>[1]["wishes"]
  /** How many groups of one address each; group `group-N` is on `node-N` from the start. 1 when absent. */
  readonly groups?: number
}

const Lease = Schema.Struct({ spec: Schema.Struct({ holderIdentity: Schema.String, renewTime: Schema.String }) })
const Readiness = Schema.Struct({
  status: Schema.Struct({
    conditions: Schema.Array(
      Schema.Struct({ type: Schema.String, status: Schema.String, lastTransitionTime: Schema.String })
    )
  })
})
const readinessOf = ({ status }: typeof Readiness.Type) => status.conditions.find(({ type }) => type === "Ready")

const cidrOf = (n: number) => `198.51.100.${n}/32`

/** For so many seconds of life. */
export const wait = (seconds: number) => Effect.sleep(pace.seconds(seconds))

/** Nodes with groups that netcup already routes to them: every routing call is one that the story is about. */
const prepare = Effect.fnUntraced(function* ({ nodes = 3, groups = 1, wishes }: World, host: Effect.Effect<string>) {
  // Were there a limit, a second move would be held back by it, and prove nothing.
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
  const addresses = upTo(groups).map((n): AddressSpec => ({ cidr: cidrOf(n), routedTo: `v${n}` }))
  yield* stage.world.addAccount(account(nodes, addresses))
  const powered = yield* Effect.forEach(
    upTo(nodes),
    Effect.fnUntraced(function* (n) {
      const options = { host: yield* host, server: `v${n}`, beats: pace.beats }
      // Heartbeats of different nodes come at different times.
      yield* wait((10 * n) / nodes)
      return yield* PoweredNode.make(stage, `node-${n}`, options)
    }),
    { concurrency: "unbounded" }
  )
  yield* stage.putCredentials("netcup", loginName)
  yield* Effect.forEach(upTo(groups), (n) =>
    stage.putGroup(`group-${n}`, { ips: [cidrOf(n)], ...(wishes === undefined ? {} : { wishes }) })
  )
  const routings = stage.simulator.journal.callsOf(stage.operations.route)

  const node = (n: number): PoweredNode.PoweredNode => {
    const found = powered[n - 1]
    return found ?? assert.fail(`there is no node-${n}`)
  }

  /** When the cluster first said `Ready=Unknown` of it, to the second below. */
  const unknown = ({ path }: PoweredNode.PoweredNode) =>
    stage.cluster.http
      .waitUntil(
        path,
        Readiness,
        (one) => readinessOf(one)?.status === "Unknown",
        Duration.sum(pace.seconds(120), Duration.seconds(20))
      )
      .pipe(Effect.map((one) => Date.parse(readinessOf(one)?.lastTransitionTime ?? "")))

  /** Says a number in the test's output, for people: what is asserted of it is only the bound. In ms. */
  const tell = (what: string, millis: number, bound?: number) =>
    Effect.logInfo(
      `${what}: ${(millis / 1000).toFixed(2)} s${bound === undefined ? "" : ` (at most ${bound / 1000} s at this pace)`}`
    )

  return {
    ...stage,
    node,
    nodes: powered,
    routings,
    /** A controller at this pace; `on`: the node that it is told to run on. */
    controller: (name: string, on?: number, environment: Readonly<Record<string, string>> = {}) =>
      stage.startController({
        ...pace.environment,
        ...environment,
        POD_NAME: name,
        ...(on === undefined ? {} : { NODE_NAME: `node-${on}` })
      }),
    /** All is as it was arranged, and has been heard of often enough to count: each Lease renewed, each port answered. */
    settled: Effect.gen(function* () {
      yield* Effect.forEach(upTo(groups), (n) => stage.routedNode(`group-${n}`))
      yield* Effect.sleep(pace.seconds(22))
      assert.deepStrictEqual(yield* routings, [], "moved though nothing had happened")
    }),
    /** Returns when that replica leads. */
    leads: (name: string) =>
      stage.cluster.http.waitUntil(
        Stage.leasePath,
        Lease,
        ({ spec }) => spec.holderIdentity.startsWith(name),
        "1 minute"
      ),
    /** Returns when a controller has led since, and has had time to look at all nodes: it may be a while until it tries again. */
    ledAgainSince: Effect.fnUntraced(function* (at: number) {
      const renewedSince = ({ spec }: typeof Lease.Type) => Date.parse(spec.renewTime) > at
      yield* stage.cluster.http.waitUntil(Stage.leasePath, Lease, renewedSince, "1 minute")
      yield* Effect.sleep("8 seconds")
    }),
    /** Returns when a controller hears of this kind of objects. */
    hears: ({ metricsUrl }: ControllerProcess, resource: string) =>
      get(`${metricsUrl}/metrics`).pipe(
        Effect.repeat({
          until: ({ body }) => body.includes(`netcup_failover_watch_up{resource="${resource}"} 1`),
          schedule: Schedule.spaced("50 millis")
        }),
        Effect.timeout("1 minute")
      ),
    /** Returns when its Lease has just been renewed. */
    afterHeartbeat: Effect.fnUntraced(function* ({ renewedAt }: PoweredNode.PoweredNode) {
      const before = yield* renewedAt
      yield* Effect.repeat(Effect.delay(renewedAt, "20 millis"), { until: (at) => at !== before })
    }),
    unknown,
    /** Two ways to the API server, by a name that has both addresses. */
    paths: ApiPaths.make(2).pipe(Effect.provideService(KubeCluster, stage.cluster)),
    /**
     * The first routing call (or another) is made within so many seconds (of life, and `fixed` more at any pace) of `since`; says how many
     * they were.
     */
    routedWithin: Effect.fnUntraced(function* (
      what: string,
      seconds: number,
      since: number,
      { count = 1, fixed = 0 }: { readonly count?: number; readonly fixed?: number } = {}
    ) {
      const bound = 1000 * (seconds * pace.factor + fixed)
      const call = yield* stage.simulator
        .awaitCall({ operation: stage.operations.route, count })
        .pipe(Effect.timeout(2 * bound + 20_000))
      const took = call.receivedAt - since
      yield* tell(what, took, bound)
      assert.isAtMost(took, bound + noise, what)
      return call
    }),
    /** The node turns `Ready=Unknown`, and the first routing call is made then, and not before. Both in ms since the epoch. */
    routedByReadiness: Effect.fnUntraced(function* (node: PoweredNode.PoweredNode) {
      const [call, unknownAt] = yield* Effect.all(
        [stage.simulator.awaitCall({ operation: stage.operations.route }), unknown(node)],
        { concurrency: 2 }
      ).pipe(Effect.timeout(Duration.sum(pace.seconds(120), Duration.seconds(20))))
      assert.isAtLeast(call.receivedAt, unknownAt, "routed before the cluster said that the node is NotReady")
      return { callAt: call.receivedAt, unknownAt }
    }),
    /** For so many seconds (of life) nothing is routed that was not before. */
    quietFor: Effect.fnUntraced(function* (seconds: number) {
      const before = (yield* routings).length
      yield* Effect.sleep(pace.seconds(seconds))
      assert.lengthOf(yield* routings, before, "routing calls while there should be none")
    }),
    tell,
    pace
  }
})
export type Told = Effect.Success<ReturnType<typeof prepare>>

export const now = Clock.currentTimeMillis

/** No story is longer, in seconds of life; its cluster's start and a busy machine come on top. */
const longest = 400
const ownTime = longest * 1000 * pace.factor + 120_000

/** Longer than all that wait for a cluster take together. */
const patience = 40 * 60_000

type Tell = (
  title: string,
  world: World,
  body: (told: Told) => Effect.Effect<void, unknown, Scope>,
  /** netcup's APIs that it is told over; SOAP alone when absent. */
  apis?: ReadonlyArray<"soap" | "rest">
) => void

/** A file of stories. */
export const stories = (name: string, define: (story: Tell) => void): void => {
  layer(Clusters.layer, { excludeTestServices: true, timeout: 120_000 })(`${name}${kube.note}`, (it) => {
    define((title, world, body, apis = ["soap"]) => {
      for (const api of apis) {
        it.effect.skipIf(kube.skip)(
          `${title} (${api.toUpperCase()})`,
          () =>
            Effect.gen(function* () {
              const { host, take } = yield* Clusters
              const cluster = yield* take
              yield* prepare(world, host).pipe(
                Effect.flatMap(body),
                Effect.scoped,
                Effect.timeout(ownTime),
                Effect.provideService(KubeCluster, cluster),
                Effect.provideService(NetcupStage.Api, api),
                Effect.annotateLogs({ story: title, api })
              )
            }),
          { timeout: patience, concurrent: true }
        )
      }
    })
  })
}
