import { assert, describe, it } from "@effect/vitest"
import * as Drains from "@netcup-failover/controller/observe/Drains"
import { nodes } from "@netcup-failover/controller/observe/NodeResource"
import * as Workloads from "@netcup-failover/controller/observe/Workloads"
import { Wake } from "@netcup-failover/controller/Wake"
import { NodeName } from "@netcup-failover/core/Candidate"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { settingsOf } from "../TestSettings.ts"
import * as Pods from "./Pods.ts"

/** What is under way comes to rest. */
const rest = TestClock.adjust("100 millis")

const web = { namespace: "apps", selector: { matchLabels: { app: "web" } } }
const same = {
  namespace: "apps",
  selector: { matchExpressions: [{ key: "app", operator: "In" as const, values: ["web"] }] }
}
const other = { namespace: "apps", selector: {} }
const ofWeb = "/api/v1/namespaces/apps/pods app=web"

const provide = (kube: ReturnType<typeof Pods.make>, environment: Readonly<Record<string, string>> = {}) =>
  Effect.provide(Layer.mergeAll(kube.layer, settingsOf(environment), Wake.layer))

const servingOf = (view: Workloads.WorkloadView) => (view?._tag === "Known" ? [...view.serving].sort() : view)

describe("the workloads of groups", () => {
  it.effect("are watched while a group names them, once for all that name the same, and nothing without", () => {
    const kube = Pods.make(() => [{ name: "a", node: "node-1" }])
    return Effect.gen(function* () {
      const workloads = yield* Workloads.make
      yield* workloads.follow([])
      yield* rest
      assert.deepStrictEqual(kube.lists, [])
      yield* workloads.follow([web, same, other])
      assert.isUndefined((yield* workloads.view)(web))
      yield* rest
      assert.deepStrictEqual(kube.lists.toSorted(), ["/api/v1/namespaces/apps/pods", ofWeb])
      assert.deepStrictEqual<unknown>(servingOf((yield* workloads.view)(same)), ["node-1"])
      yield* workloads.follow([other])
      yield* rest
      assert.deepStrictEqual(kube.watched(), ["/api/v1/namespaces/apps/pods"])
      assert.isUndefined((yield* workloads.view)(web))
      yield* workloads.follow([])
      yield* rest
      assert.deepStrictEqual(kube.watched(), [])
      // Never asked for: the API server would refuse it again and again.
      yield* workloads.follow([{ namespace: "apps", selector: { matchLabels: { "a b": "" } } }])
      yield* rest
      assert.lengthOf(kube.lists, 2)
    }).pipe(provide(kube), Effect.scoped)
  })

  it.effect("lose a node whose Pod is not ready for as long as was set, and say when that will be", () => {
    const kube = Pods.make(() => [
      { name: "a", node: "node-1" },
      { name: "b", node: "node-2" }
    ])
    return Effect.gen(function* () {
      const workloads = yield* Workloads.make
      const seen = Effect.map(workloads.view, (view) => view(web))
      yield* workloads.follow([web])
      yield* rest
      yield* kube.tell(ofWeb, "MODIFIED", { name: "a", node: "node-1", ready: false })
      yield* rest
      const falling = yield* seen
      assert.deepStrictEqual<unknown>(servingOf(falling), ["node-1", "node-2"])
      if (falling?._tag !== "Known" || falling.changesAt === undefined) return assert.fail("it does not say when")
      const now = yield* Clock.currentTimeMillis
      assert.isBelow(falling.changesAt - now, 20_001)
      assert.isAbove(falling.changesAt - now, 19_000)
      yield* TestClock.setTime(falling.changesAt - 10)
      assert.deepStrictEqual<unknown>(servingOf(yield* seen), ["node-1", "node-2"])
      yield* TestClock.setTime(falling.changesAt)
      assert.deepStrictEqual<unknown>(servingOf(yield* seen), ["node-2"])
    }).pipe(provide(kube, { WORKLOAD_UNREADY_AFTER: "20s" }), Effect.scoped)
  })

  it.effect("whose Pods may not be listed are unreadable, and say why", () => {
    const kube = Pods.make(() => "forbidden")
    return Effect.gen(function* () {
      const workloads = yield* Workloads.make
      yield* workloads.follow([web])
      yield* rest
      const view = (yield* workloads.view)(web)
      assert.strictEqual(view?._tag, "Unreadable")
      if (view?._tag === "Unreadable") assert.include(view.message, "pods is forbidden")
    }).pipe(provide(kube), Effect.scoped)
  })
})

describe("drains", () => {
  const first = NodeName.make("node-1")
  const resource = (unschedulable: boolean) =>
    Schema.decodeUnknownSync(nodes.schema)({
      metadata: { name: "node-1", uid: "1", resourceVersion: "1" },
      spec: { unschedulable }
    })
  const ofNode = "/api/v1/pods spec.nodeName=node-1"
  const app = { name: "a", node: "node-1" }

  it.effect(
    "are looked for on cordoned nodes only, count until the node takes Pods again, and are looked for anew then",
    () => {
      const kube = Pods.make(() => [app])
      return Effect.gen(function* () {
        const told = yield* Ref.make(0)
        const drains = yield* Drains.make(Ref.update(told, (n) => n + 1))
        const follow = (cordoned: boolean) => Effect.andThen(drains.follow([resource(cordoned)]), rest)
        yield* follow(false)
        assert.deepStrictEqual(kube.lists, [])
        yield* follow(true)
        assert.deepStrictEqual(kube.watched(), [ofNode])
        assert.isFalse(drains.isDraining(first))
        yield* kube.tell(ofNode, "MODIFIED", { ...app, disruption: "EvictionByEvictionAPI" })
        yield* rest
        assert.isTrue(drains.isDraining(first))
        assert.strictEqual(yield* Ref.get(told), 1)
        yield* follow(true)
        assert.deepStrictEqual(kube.watched(), [])
        assert.isTrue(drains.isDraining(first))
        yield* follow(false)
        assert.isFalse(drains.isDraining(first))
        yield* follow(true)
        assert.isFalse(drains.isDraining(first))
        assert.deepStrictEqual(kube.watched(), [ofNode])
        yield* drains.follow([])
        yield* rest
        assert.deepStrictEqual(kube.watched(), [])
      }).pipe(provide(kube), Effect.scoped)
    }
  )

  it.effect("are not looked for where that is switched off, and not seen where Pods may not be listed", () => {
    const off = Pods.make(() => [{ ...app, disruption: "EvictionByEvictionAPI" }])
    const forbidden = Pods.make(() => "forbidden")
    const ask = Effect.gen(function* () {
      const drains = yield* Drains.make(Effect.void)
      yield* drains.follow([resource(true)])
      yield* rest
      return drains.isDraining(first)
    })
    return Effect.gen(function* () {
      assert.isFalse(yield* ask.pipe(provide(off, { DRAIN_DETECTION: "off" })))
      assert.deepStrictEqual(off.lists, [])
      assert.isTrue(yield* ask.pipe(provide(off)))
      assert.isFalse(yield* ask.pipe(provide(forbidden)))
    }).pipe(Effect.scoped)
  })
})
