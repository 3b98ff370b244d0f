/**
 * Killed anywhere: before and after each request that a move makes, to netcup and to Kubernetes. Here each kind of request once;
 * `npm run soak:kills` has them all.
 */
import { assert } from "@effect/vitest"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster, start } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { suite } from "../Suite.ts"
import * as Kill from "./Kill.ts"
import * as Move from "./Move.ts"

/** `KILLS=all`: every request. */
const isSoak = process.env.KILLS === "all"

/** Beside the suite's own, since most of the time of a move that is interrupted is waiting; more starve each other on two cores. */
const furtherClusters = isSoak ? 3 : 2

const clusters = Effect.gen(function* () {
  const own = yield* KubeCluster
  const further = yield* Effect.forEach(
    Array.from({ length: furtherClusters }),
    () =>
      Effect.flatMap(KubeBinaries.locate, (binaries) => start(binaries)).pipe(
        Effect.tap((cluster) => Effect.provideService(Stage.install(), KubeCluster, cluster))
      ),
    { concurrency: "unbounded" }
  )
  const free = yield* Queue.unbounded<KubeCluster["Service"]>()
  const all = [own, ...further]
  yield* Queue.offerAll(free, all)
  const take = Effect.acquireRelease(Queue.take(free), (cluster) => Queue.offer(free, cluster))
  return { count: all.length, take }
})

const sides = ["before", "after"] as const

const pointsOf = (
  requests: ReadonlyArray<Move.Request>,
  kinds: (kind: string) => boolean
): ReadonlyArray<Kill.Point> => {
  const first = new Map<string, Move.Request>()
  for (const request of requests) {
    const kind = Move.kindOf(request)
    if (kinds(kind) && !first.has(kind)) first.set(kind, request)
  }
  const chosen = isSoak ? requests : [...first.values()]
  return chosen.flatMap((request) => sides.map((side) => ({ request, side })))
}

/** What is told to netcup, and what gates that. */
const isDecisive = (kind: string) => ["changeIPRouting", "route", "PUT ledger"].includes(kind)

suite("a leader that is killed", { patience: isSoak ? 3 * 3_600_000 : 240_000 }, (scenario) => {
  for (const [what, cast, kinds] of [
    ["a group of two addresses", Move.pair, () => true],
    ["twelve addresses", Move.dozen, isDecisive]
  ] as const) {
    scenario(
      `at any request of the move of ${what}: all is moved, once, as without it`,
      Effect.gen(function* () {
        const { outcome, requests } = yield* Kill.undisturbed(cast)
        yield* Effect.logInfo(`${requests.length} requests:\n${requests.map(Move.textOf).join("\n")}`)
        const { count, take } = yield* clusters
        const failures: Array<string> = []
        let missed = 0
        const points = pointsOf(requests, kinds)
        const played = Effect.fnUntraced(function* (point: Kill.Point, i: number) {
          const cluster = yield* take
          const since = yield* Clock.currentTimeMillis
          const exit = yield* Effect.exit(
            Effect.provideService(Kill.play(cast, outcome, point, i % 2 === 0), KubeCluster, cluster)
          )
          const took = (((yield* Clock.currentTimeMillis) - since) / 1000).toFixed(1)
          if (exit._tag === "Failure") failures.push(`${Kill.textOf(point)}: ${Cause.pretty(exit.cause)}`)
          else if (!exit.value) missed += 1
          const told = exit._tag === "Failure" ? "FAILED" : exit.value ? "as without" : "not reached"
          yield* Effect.logInfo(`${i + 1}/${points.length} ${Kill.textOf(point)}: ${told}, ${took} s`)
        }, Effect.scoped)
        yield* Effect.forEach(points, played, { concurrency: count, discard: true })
        yield* Effect.logInfo(`${points.length} points, ${missed} of them not reached, ${failures.length} failed`)
        assert.deepStrictEqual(failures, [])
      })
    )
  }
})
