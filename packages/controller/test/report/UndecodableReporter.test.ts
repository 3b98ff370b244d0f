import { assert, describe, it } from "@effect/vitest"
import { GroupEvents } from "@netcup-failover/controller/report/GroupEvents"
import * as StatusChange from "@netcup-failover/controller/report/StatusChange"
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

const undecodable = (version: string, message: string, uid = "u", object: unknown = {}) =>
  new Undecodable({ metadata: { name: "primary", uid, resourceVersion: version }, message, object })

/** What was told as Events. */
const listener = () => {
  const facts: Array<string> = []
  const layer = Layer.succeed(GroupEvents, {
    changed: ({ metadata, status }, after) =>
      Effect.sync(() => {
        const told = StatusChange.facts(status, after).map(
          ({ type, reason, message }) => `${type} ${reason}: ${message}`
        )
        facts.push(...told.map((fact) => `${metadata.name} ${fact}`))
      })
  })
  return { facts, layer }
}
const on = (cluster: ReturnType<typeof FakeCluster.make>, events = listener()) =>
  Effect.provide(Layer.mergeAll(cluster.layer, events.layer, Wake.layer))

const at = "1970-01-01T00:00:00.000Z"
const earlier = "1969-01-01T00:00:00.000Z"
const accepted = {
  type: "CredentialsHealthy",
  status: "True",
  reason: "CredentialsAccepted",
  message: "netcup accepts the credentials",
  lastTransitionTime: earlier,
  observedGeneration: 1
}
const routed = { ...accepted, type: "Routed", reason: "NodeSelected", message: "routed" }
const foreign = { ...accepted, type: "example.org/Checked", reason: "Fine" }

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
                lastTransitionTime: at
              },
              {
                type: "Progressing",
                status: "False",
                reason: "InvalidSpec",
                message: "nothing is under way: the spec has to be corrected",
                lastTransitionTime: at
              }
            ]
          }
        }
      ])
    }).pipe(on(cluster))
  })

  it.effect("is told again when it is wrong in another way, or is another one of the same name", () => {
    const cluster = FakeCluster.make(resource())
    return Effect.gen(function* () {
      const report = yield* UndecodableReporter.make
      yield* report(undecodable("1", "this"))
      yield* report(undecodable("2", "that"))
      yield* report(undecodable("3", "that", "another"))
      assert.strictEqual(cluster.patches.length, 3)
    }).pipe(on(cluster))
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
    }).pipe(on(cluster))
  })

  it.effect("keeps what is said of anything else, drops what cannot be read, and says of which spec it speaks", () => {
    const cluster = FakeCluster.make(resource())
    const conditions = [routed, { type: "Odd", status: "Maybe" }, accepted, "x", foreign]
    const object = { metadata: { generation: 2 }, status: { conditions, currentNode: "node-1" } }
    return Effect.gen(function* () {
      const report = yield* UndecodableReporter.make
      yield* report(undecodable("1", "bad", "u", object))
      const invalid = { status: "False", reason: "InvalidSpec", lastTransitionTime: at, observedGeneration: 2 }
      const message = "nothing is under way: the spec has to be corrected"
      assert.deepStrictEqual(cluster.patches[0]?.status, {
        conditions: [
          { type: "Routed", message: "bad", ...invalid },
          accepted,
          foreign,
          { type: "Progressing", message, ...invalid }
        ],
        observedGeneration: 2
      })
    }).pipe(on(cluster))
  })

  it.effect(
    "is an Event once it is written: not if it is not, and not again by the next leader, who writes nothing",
    () => {
      const cluster = FakeCluster.make(resource(), [Effect.fail(new KubeErrors.Forbidden({ message: "no" }))])
      const events = listener()
      return Effect.gen(function* () {
        const report = yield* UndecodableReporter.make
        const telling = yield* Effect.forkChild(
          report(undecodable("1", "bad", "u", { status: { conditions: [routed] } })),
          {
            startImmediately: true
          }
        )
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(telling)
        assert.deepStrictEqual(events.facts, [])
        yield* report(undecodable("1", "bad", "u", { status: { conditions: [routed] } }))
        assert.deepStrictEqual(events.facts, ["primary Warning InvalidSpec: bad"])

        const next = yield* UndecodableReporter.make
        yield* next(undecodable("2", "bad", "u", { status: cluster.patches.at(-1)?.status }))
        assert.strictEqual(cluster.patches.length, 2)
        // Wrong in another way: of the same fact, as with all conditions.
        yield* next(undecodable("2", "worse", "u", { status: cluster.patches.at(-1)?.status }))
        assert.strictEqual(cluster.patches.length, 3)
        assert.strictEqual(events.facts.length, 1)
      }).pipe(on(cluster, events))
    }
  )
})
