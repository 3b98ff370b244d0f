import { assert, describe, it } from "@effect/vitest"
import { Cluster } from "@netcup-failover/controller/observe/Cluster"
import { Detector } from "@netcup-failover/controller/observe/Detector"
import { Wake } from "@netcup-failover/controller/Wake"
import { NodeName } from "@netcup-failover/core/Candidate"
import { keyOf } from "@netcup-failover/core/detect/DetectionChoice"
import { Signal } from "@netcup-failover/core/detect/Signal"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as FakeKube from "../FakeKube.ts"
import { resource } from "../Given.ts"
import { settingsOf } from "../TestSettings.ts"
import { nodeJson } from "./NodeJson.ts"

const paths = {
  nodes: "/api/v1/nodes",
  groups: "/apis/netcup.digilol.net/v1alpha1/netcupfailoverips",
  leases: "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
}

const lease = (name: string, renewTime: string) => ({
  metadata: { name, namespace: "kube-node-lease", uid: name, resourceVersion: "1" },
  spec: { renewTime }
})

const conditions = { mode: "NodeConditions" } as const

/** A replica that sees three nodes and a group that goes by conditions; it does not lead, so that nobody looks. Nor does it probe what there is not. */
const start = Effect.gen(function* () {
  const names = [1, 2, 3].map((n) => `node-${n}`)
  const queues = new Map<string, Queue.Queue<string>>()
  const lists: Readonly<Record<string, ReadonlyArray<unknown>>> = {
    [paths.nodes]: names.map((name) => nodeJson({ name })),
    [paths.groups]: [resource({ spec: { detection: conditions } })],
    [paths.leases]: names.map((name) => lease(name, "0"))
  }
  const renewTimes = new Map<string, string>()
  const kube = FakeKube.layer(
    ({ path }) => {
      const name = path.slice(paths.leases.length + 1)
      if (path.startsWith(`${paths.leases}/`)) return Effect.succeed(lease(name, renewTimes.get(name) ?? "0"))
      return Effect.succeed({ metadata: { resourceVersion: "1" }, items: lists[path] ?? [] })
    },
    (path) =>
      Effect.gen(function* () {
        const queue = yield* Queue.unbounded<string>()
        queues.set(path, queue)
        return Stream.fromQueue(queue)
      })
  )
  let woken = 0
  const wake = Layer.succeed(Wake, {
    now: Effect.sync(() => {
      woken += 1
    }),
    next: Effect.never
  })
  // What answers is what a test says, not whoever has that address on this machine.
  const settings = settingsOf({ PROBES: "Off" })
  const context = yield* Layer.build(
    Cluster.layer.pipe(Layer.provideMerge(Detector.layer), Layer.provide([wake, kube, settings]))
  )
  const { cluster, detector } = yield* Effect.provide(Effect.all({ cluster: Cluster, detector: Detector }), context)
  const tell = Effect.fnUntraced(function* (path: string, type: string, object: unknown) {
    const queue = queues.get(path)
    if (queue !== undefined) yield* Queue.offer(queue, JSON.stringify({ type, object }))
    yield* TestClock.adjust("1 millis")
  })
  const beat = Effect.fnUntraced(function* (...nodes: ReadonlyArray<string>) {
    const now = `${yield* Monotonic.now}`
    for (const name of nodes) {
      renewTimes.set(name, now)
      yield* tell(paths.leases, "MODIFIED", lease(name, now))
      yield* detector.hear(Signal.Answered({ node: NodeName.make(name) }))
    }
  })
  yield* TestClock.adjust("1 second")
  yield* beat(...names)
  yield* TestClock.adjust("1 second")
  yield* beat(...names)
  return {
    cluster,
    detector,
    tell,
    beat,
    names,
    woken: () => {
      const before = woken
      woken = 0
      return before
    },
    verdicts: Effect.map(cluster.view, ({ nodes }) => nodes.map(({ name, verdict }) => `${name} ${verdict.state}`))
  }
})

describe("the cluster", () => {
  it.effect("has the verdicts of the detector, and those that groups chose", () =>
    Effect.gen(function* () {
      const { cluster, detector, beat, verdicts, woken } = yield* start
      assert.deepStrictEqual(yield* verdicts, ["node-1 Healthy", "node-2 Healthy", "node-3 Healthy"])
      const lastBeat = yield* Monotonic.now
      woken()
      let convictedAt = 0
      for (let second = 1; second <= 40; second++) {
        yield* TestClock.adjust("1 second")
        yield* beat("node-2", "node-3")
        const startedAt = (yield* Monotonic.now) - 1_000
        yield* detector.hear(Signal.Unanswered({ node: NodeName.make("node-1"), startedAt }))
        const { verdicts } = yield* detector.judged
        if (convictedAt === 0 && verdicts.get(NodeName.make("node-1"))?.state === "Failed")
          convictedAt = yield* Monotonic.now
      }
      // To a suspect, and to a failed one.
      assert.isAtMost(woken(), 3)
      const { nodes, signalOf } = yield* cluster.view
      const [first] = nodes
      assert.strictEqual(first?.verdict.state, "Failed")
      const key = keyOf(conditions)
      assert.strictEqual(key && first?.verdicts?.get(key)?.state, "Healthy")
      // Nobody has looked since: who takes over knows when it began.
      const signal = signalOf?.(NodeName.make("node-1"))
      assert.isTrue(signal?.isLoss)
      assert.approximately((signal?.heardAt ?? 0) - lastBeat, 15_000, 100)
      assert.isAtMost(signal?.heardAt ?? 0, convictedAt)
      assert.isUndefined(key && signalOf?.(NodeName.make("node-1"), key))
    })
  )

  it.effect("tells the detector what Nodes declare, each once, and that one is gone", () =>
    Effect.gen(function* () {
      const { detector, tell, verdicts, woken } = yield* start
      yield* verdicts
      woken()
      yield* tell(paths.nodes, "MODIFIED", nodeJson({ name: "node-1", moment: 1 }))
      assert.strictEqual(woken(), 0)
      yield* tell(paths.nodes, "MODIFIED", nodeJson({ name: "node-1", ready: "False" }))
      assert.isAtLeast(woken(), 1)
      assert.deepStrictEqual(yield* verdicts, ["node-1 Failed", "node-2 Healthy", "node-3 Healthy"])
      yield* tell(paths.nodes, "MODIFIED", nodeJson({ name: "node-1" }))
      // It recovers.
      assert.deepStrictEqual(yield* verdicts, ["node-1 Failed", "node-2 Healthy", "node-3 Healthy"])
      yield* tell(paths.nodes, "DELETED", nodeJson({ name: "node-2" }))
      assert.deepStrictEqual([...(yield* detector.judged).verdicts.keys()].sort(), ["node-1", "node-3"])
      for (let second = 0; second < 11; second++) yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* verdicts, ["node-1 Healthy", "node-3 Healthy"])
    })
  )

  it.effect("says how the watch of Leases does, with the others", () =>
    Effect.gen(function* () {
      const { cluster } = yield* start
      assert.deepStrictEqual(
        (yield* cluster.watches).map(({ resource, isLive }) => `${resource} ${isLive}`),
        ["nodes true", "netcupfailoverips true", "leases true", "secrets true", "pods true"]
      )
    })
  )
})
