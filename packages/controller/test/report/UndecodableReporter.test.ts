import { assert, describe, it } from "@effect/vitest"
import * as UndecodableReporter from "@netcup-failover/controller/report/UndecodableReporter"
import * as KubeErrors from "@netcup-failover/kubernetes/KubeError"
import { Undecodable } from "@netcup-failover/kubernetes/WatchEvent"
import * as Effect from "effect/Effect"
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
    }).pipe(Effect.provide(cluster.layer))
  })

  it.effect("is told again when it is wrong in another way, or is another one of the same name", () => {
    const cluster = FakeCluster.make(resource())
    return Effect.gen(function* () {
      const report = yield* UndecodableReporter.make
      yield* report(undecodable("1", "this"))
      yield* report(undecodable("2", "that"))
      yield* report(undecodable("3", "that", "another"))
      assert.strictEqual(cluster.patches.length, 3)
    }).pipe(Effect.provide(cluster.layer))
  })

  it.effect("is told again where it could not be told", () => {
    const cluster = FakeCluster.make(resource(), [
      Effect.fail(new KubeErrors.Forbidden({ message: "no" })),
      Effect.fail(new KubeErrors.Conflict({ message: "changed" })),
      Effect.fail(new KubeErrors.NotFound({ message: "gone" }))
    ])
    return Effect.gen(function* () {
      const report = yield* UndecodableReporter.make
      for (const _ of [1, 2, 3, 4, 5]) yield* report(undecodable("1", "this"))
      assert.strictEqual(cluster.patches.length, 4)
    }).pipe(Effect.provide(cluster.layer))
  })
})
