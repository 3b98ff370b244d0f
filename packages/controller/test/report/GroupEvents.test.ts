import { assert, describe, it } from "@effect/vitest"
import { GroupEvents } from "@netcup-failover/controller/report/GroupEvents"
import type { Condition } from "@netcup-failover/core/Condition"
import type { MoveRecord, Status } from "@netcup-failover/core/FailoverIpResource"
import type { Occurrence } from "@netcup-failover/kubernetes/EventObject"
import { Events } from "@netcup-failover/kubernetes/Events"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { resource } from "../Given.ts"

const condition = (type: string, status: Condition["status"], reason: string, message = "m"): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: "2026-11-22T12:00:00.000Z"
})

/** What is recorded when a group's status changes. */
const recorded = Effect.fnUntraced(function* (before: Status | undefined, after: Status) {
  const occurrences: Array<Occurrence> = []
  const events = Layer.mock(Events, {
    record: (occurrence) =>
      Effect.sync(() => {
        occurrences.push(occurrence)
      })
  })
  const seen = resource({ ...(before === undefined ? {} : { status: before }) })
  yield* GroupEvents.use(({ changed }) => changed(seen, after)).pipe(
    Effect.provide(GroupEvents.layer),
    Effect.provide(events)
  )
  for (const { kind, metadata } of occurrences) {
    assert.strictEqual(kind.kind, "NetcupFailoverIP")
    assert.deepStrictEqual(metadata, seen.metadata)
  }
  return occurrences.map(({ type, reason, message }) => [type, reason, message])
})

const move: MoveRecord = { at: "2026-11-22T12:00:00.000Z", from: "node-1", to: "node-2", reason: "node-1 is gone" }
const settled: Status = {
  currentNode: "node-1",
  conditions: [
    condition("Routed", "True", "NodeSelected", "all is well"),
    condition("Progressing", "False", "NodeSelected")
  ]
}

/** On its way, with what `Routed` says, and the worst so far. */
const moving = (routed: string, progressing: string, message = routed): Status => ({
  currentNode: "node-1",
  targetNode: "node-2",
  moves: [move],
  conditions: [condition("Routed", "False", routed, message), condition("Progressing", "True", progressing)]
})
const accepted = condition("CredentialsHealthy", "True", "CredentialsAccepted", "fine")
const expiring = condition("CredentialsHealthy", "True", "LoginExpiring", "soon")
const refused = condition("CredentialsHealthy", "False", "CredentialsError", "no")

describe("an Event of a group", () => {
  it.effect("tells the first condition", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* recorded(undefined, settled), [["Normal", "NodeSelected", "all is well"]])
    })
  )

  it.effect("tells that a move begins, and why", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* recorded(settled, moving("Routing", "Routing")), [
        ["Normal", "Routing", "moving from node-1 to node-2, because node-1 is gone"]
      ])
      const first = { ...moving("Routing", "Routing"), moves: [{ at: move.at, to: "node-2", reason: "it is new" }] }
      assert.deepStrictEqual(yield* recorded(undefined, first), [
        ["Normal", "Routing", "moving to node-2, because it is new"]
      ])
    })
  )

  it.effect("tells once that a move fails or waits, and nothing of its repetitions", () =>
    Effect.gen(function* () {
      const failed = moving("RoutingFailed", "RoutingFailed", "netcup says no")
      assert.deepStrictEqual(yield* recorded(moving("Routing", "Routing"), failed), [
        ["Warning", "RoutingFailed", "netcup says no"]
      ])
      const again = moving("Routing", "RoutingFailed")
      assert.deepStrictEqual(yield* recorded(failed, again), [])
      assert.deepStrictEqual(yield* recorded(again, failed), [])
      assert.deepStrictEqual(
        yield* recorded(failed, moving("RoutingFailed", "RoutingFailed", "no, at another time")),
        []
      )
      assert.deepStrictEqual(yield* recorded(moving("Routing", "Routing"), moving("RateLimited", "RateLimited")), [
        ["Warning", "RateLimited", "RateLimited"]
      ])
    })
  )

  it.effect("tells of another move what became of it, although the same became of the one before", () =>
    Effect.gen(function* () {
      const other = { ...move, at: "2026-11-22T12:01:00.000Z", to: "node-3" }
      const failed = moving("RateLimited", "RateLimited", "wait")
      assert.deepStrictEqual(yield* recorded(failed, { ...failed, moves: [move, other] }), [
        ["Normal", "Routing", "moving from node-1 to node-3, because node-1 is gone"],
        ["Warning", "RateLimited", "wait"]
      ])
    })
  )

  it.effect("tells that it is done, and where it was found without a move", () =>
    Effect.gen(function* () {
      const done = { ...settled, moves: [move], currentNode: "node-2" }
      assert.deepStrictEqual(yield* recorded(moving("Routing", "RoutingFailed"), done), [
        ["Normal", "NodeSelected", "all is well"]
      ])
      assert.deepStrictEqual(yield* recorded(settled, { ...settled, currentNode: "node-3" }), [
        ["Normal", "NodeSelected", "all is well"]
      ])
      assert.deepStrictEqual(yield* recorded(done, done), [])
    })
  )

  it.effect("tells of credentials that go bad, and good again, once", () =>
    Effect.gen(function* () {
      const well = { ...settled, conditions: [...(settled.conditions ?? []), accepted] }
      const ill = { ...settled, conditions: [...(settled.conditions ?? []), refused] }
      assert.deepStrictEqual(yield* recorded(well, ill), [["Warning", "CredentialsError", "no"]])
      assert.deepStrictEqual(yield* recorded(ill, well), [["Normal", "CredentialsAccepted", "fine"]])
      const ending = { ...settled, conditions: [...(settled.conditions ?? []), expiring] }
      assert.deepStrictEqual(yield* recorded(well, ending), [["Warning", "LoginExpiring", "soon"]])
      const tomorrow = { ...expiring, message: "a day later" }
      assert.deepStrictEqual(yield* recorded(ending, { ...settled, conditions: [tomorrow] }), [])
      assert.deepStrictEqual(yield* recorded(ending, well), [["Normal", "CredentialsAccepted", "fine"]])
      const stopped = condition("Routed", "False", "CredentialsError", "no")
      const progress = condition("Progressing", "False", "CredentialsError")
      assert.deepStrictEqual(yield* recorded(well, { ...ill, conditions: [stopped, progress, refused] }), [
        ["Warning", "CredentialsError", "no"]
      ])
    })
  )

  it.effect("is none for what a controller without Progressing had told", () =>
    Effect.gen(function* () {
      const [old] = settled.conditions ?? []
      if (old === undefined) return assert.fail("no condition")
      assert.deepStrictEqual(yield* recorded({ ...settled, conditions: [old] }, settled), [])
    })
  )

  it.effect("is not made of a status that goes", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* recorded(settled, {}), [])
    })
  )
})
