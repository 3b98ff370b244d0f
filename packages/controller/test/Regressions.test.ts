/**
 * Defects that were found once, each across several files.
 */
import { assert, it } from "@effect/vitest"
import { Mover } from "@netcup-failover/controller/act/Mover"
import * as GroupInput from "@netcup-failover/controller/decide/GroupInput"
import { GroupEvents } from "@netcup-failover/controller/report/GroupEvents"
import * as GroupStatus from "@netcup-failover/controller/report/GroupStatus"
import { StatusReporter } from "@netcup-failover/controller/report/StatusReporter"
import { Settings } from "@netcup-failover/controller/Settings"
import { Wake } from "@netcup-failover/controller/Wake"
import { HoldReason } from "@netcup-failover/core/Group"
import { Decision } from "@netcup-failover/core/Plan"
import { Unreachable } from "@netcup-failover/kubernetes/KubeError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as LedgerTerm from "./act/LedgerTerm.ts"
import { account, address, candidate, node, resource, restKey, server } from "./Given.ts"
import * as FakeCluster from "./report/FakeCluster.ts"
import { settingsOf } from "./TestSettings.ts"

const { settled } = LedgerTerm
const reporterOf = (cluster: ReturnType<typeof FakeCluster.make>) =>
  Effect.provide(
    StatusReporter.layer.pipe(
      Layer.provideMerge(
        Layer.mergeAll(
          cluster.layer,
          Layer.succeed(GroupEvents, { changed: () => Effect.void }),
          Wake.layer,
          settingsOf()
        )
      )
    )
  )

it.effect("a write that was refused waits for nothing once the status is as wanted", () => {
  const cluster = FakeCluster.make(resource(), [Effect.fail(new Unreachable({ message: "lost" }))])
  return Effect.gen(function* () {
    const reporter = yield* StatusReporter
    yield* Effect.flip(reporter.report(cluster.resource(), { currentNode: "a" }))
    cluster.put({ status: { currentNode: "a" } })
    yield* TestClock.adjust("1 minute")
    yield* reporter.report(cluster.resource(), { currentNode: "a" })
    assert.isUndefined(yield* reporter.retryAt(cluster.resource()))
  }).pipe(reporterOf(cluster))
})

it.effect("a status that was only to be written soon does not replace a newer one that somebody waits for", () => {
  const gate = Deferred.makeUnsafe<void>()
  const cluster = FakeCluster.make(resource(), [Deferred.await(gate)])
  return Effect.gen(function* () {
    const reporter = yield* StatusReporter
    yield* reporter.reportSoon(cluster.resource(), { currentNode: "1" })
    yield* settled
    cluster.put({ metadata: { ...cluster.resource().metadata, generation: 2 } })
    const seen = cluster.resource()
    yield* reporter.reportSoon(seen, { currentNode: "2" })
    yield* settled
    const intention = yield* Effect.forkChild(reporter.report(seen, { currentNode: "1", targetNode: "3" }), {
      startImmediately: true
    })
    yield* settled
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(intention)
    yield* settled
    assert.strictEqual(cluster.status()?.targetNode, "3")
    assert.strictEqual(cluster.patches.length, 2)
  }).pipe(reporterOf(cluster))
})

it("an address that is written twice appears once in the list map", () => {
  const ips = ["198.51.100.1/32", "198.51.100.1/32"]
  const group = GroupInput.make(resource({ spec: { ips } }), undefined, new Map())
  const status = GroupStatus.compose({
    resource: resource({ spec: { ips } }),
    addresses: group.addresses,
    decision: Decision.Hold({ until: undefined, because: HoldReason.InvalidSpec({ message: "twice" }) }),
    attempts: new Map(),
    account: undefined,
    notices: [],
    nodes: [],
    now: 0
  })
  assert.deepStrictEqual(
    status.addresses?.map(({ ip }) => ip),
    ["198.51.100.1/32"]
  )
})

it.effect("an attempt that ends in a defect does not run for ever", () =>
  Effect.gen(function* () {
    const mover = yield* Mover
    const one = address("198.51.100.1/32")
    const order = {
      group: "primary",
      to: node(1),
      server: server(1),
      key: restKey,
      upkeep: new Set<never>(),
      missing: [one],
      account: account({ route: () => Effect.die("a bug") })
    }
    yield* mover.aim(order.group, order.to)
    yield* mover.carryOut(order, yield* mover.begin(order))
    yield* settled
    yield* TestClock.adjust("1 hour")
    assert.strictEqual((yield* mover.begin(order)).length, 1)
  }).pipe(Effect.provide(Mover.layer.pipe(Layer.provideMerge(LedgerTerm.opened()))))
)

it.effect("a bad setting is told in one line, whatever it holds", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(
      Settings.use(Effect.succeed).pipe(Effect.provide(settingsOf({ LEASE_DURATION: "15s\n" })))
    )
    assert.notInclude(error.message, "\n")
  })
)

it("a move under way keeps its target while netcup cannot be asked", () => {
  const status = {
    currentNode: "node-1",
    targetNode: "node-2",
    moves: [{ at: "2026-11-22T12:00:00.000Z", to: "node-2", reason: "r" }]
  }
  const after = GroupStatus.compose({
    resource: resource({ status }),
    addresses: [address("198.51.100.1/32")],
    decision: Decision.Hold({ until: 1, because: HoldReason.AccountUnknown({ message: "no answer" }) }),
    attempts: new Map(),
    account: undefined,
    notices: [],
    nodes: [candidate(2)],
    now: 0
  })
  assert.strictEqual(after.targetNode, "node-2")
})
