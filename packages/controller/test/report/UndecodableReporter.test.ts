import { assert, describe, it } from "@effect/vitest"
import * as UndecodableReporter from "@netcup-failover/controller/report/UndecodableReporter"
import { Wake } from "@netcup-failover/controller/Wake"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import { Undecodable } from "@netcup-failover/kubernetes/WatchEvent"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { resource } from "../Given.ts"
import * as FakeCluster from "./FakeCluster.ts"

const undecodable = (version: string, message: string, uid = "u") =>
  new Undecodable({ metadata: { name: "primary", uid, resourceVersion: version }, message })

describe("a resource that does not decode", () => {
  it.effect("is told where it is wrong, once", () => {
    const cluster = FakeCluster.make(resource())
    return Effect.gen(function* () {
      const report = yield* UndecodableReporter.make
      yield* report(undecodable("1", 'Missing key at ["spec"]["ips"]'))
      yield* report(undecodable("2", 'Missing key at ["spec"]["ips"]'))
      assert.deepStrictEqual(cluster.patches, [
        {
          metadata: { resourceVersion: "1" },
          status: {
            conditions: [
              {
                type: "Routed",
                status: "False",
                reason: "InvalidSpec",
                message: 'Missing key at ["spec"]["ips"]',
                lastTransitionTime: "1970-01-01T00:00:00.000Z"
              }
            ]
          }
        }
      ])
    }).pipe(Effect.provide(Layer.merge(cluster.layer, Wake.layer)))
  })

  it.effect("is told again when it is wrong in another way, or is another one of the same name", () => {
    const cluster = FakeCluster.make(resource())
    return Effect.gen(function* () {
      const report = yield* UndecodableReporter.make
      yield* report(undecodable("1", "this"))
      yield* report(undecodable("2", "that"))
      yield* report(undecodable("3", "that", "another"))
      assert.strictEqual(cluster.patches.length, 3)
    }).pipe(Effect.provide(Layer.merge(cluster.layer, Wake.layer)))
  })

  it.effect("is told again where it could not be told, but not before a pause that ends with a look", () => {
    const cluster = FakeCluster.make(resource(), [
      Effect.fail(new KubeErrors.Forbidden({ message: "no" })),
      Effect.fail(new KubeErrors.Conflict({ message: "changed" }))
    ])
    return Effect.gen(function* () {
      const report = yield* UndecodableReporter.make
      const wake = yield* Wake
      for (const [i] of ["Forbidden", "Conflict"].entries()) {
        const telling = yield* Effect.forkChild(report(undecodable("1", "this")), { startImmediately: true })
        const woken = yield* Effect.forkChild(wake.next, { startImmediately: true })
        yield* TestClock.adjust(4_999)
        // Whatever else wakes the loop meanwhile.
        yield* report(undecodable("1", "this"))
        assert.strictEqual(cluster.patches.length, i + 1)
        assert.isUndefined(woken.pollUnsafe())
        yield* TestClock.adjust(1)
        yield* Fiber.join(telling)
        yield* Fiber.join(woken)
      }
      yield* report(undecodable("1", "this"))
      yield* report(undecodable("2", "this"))
      assert.strictEqual(cluster.patches.length, 3)
      assert.strictEqual(cluster.status()?.conditions?.[0]?.message, "this")
    }).pipe(Effect.provide(Layer.merge(cluster.layer, Wake.layer)))
  })
})
