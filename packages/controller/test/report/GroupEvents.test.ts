import { assert, describe, it } from "@effect/vitest"
import { GroupEvents } from "@netcup-failover/controller/report/GroupEvents"
import type { Condition } from "@netcup-failover/core/Condition"
import type { Occurrence } from "@netcup-failover/kubernetes/EventObject"
import { Events } from "@netcup-failover/kubernetes/Events"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { resource } from "../Given.ts"

const condition = (status: Condition["status"], reason: string, message = "m", type = "Routed"): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: "2026-11-22T12:00:00.000Z"
})

/** What is recorded when a group's conditions change. */
const recorded = Effect.fnUntraced(function* (
  before: ReadonlyArray<Condition> | undefined,
  after: ReadonlyArray<Condition> | undefined
) {
  const occurrences: Array<Occurrence> = []
  const events = Layer.mock(Events, {
    record: (occurrence) =>
      Effect.sync(() => {
        occurrences.push(occurrence)
      })
  })
  const seen = resource({ ...(before === undefined ? {} : { status: { conditions: before } }) })
  yield* GroupEvents.use(({ changed }) => changed(seen, after === undefined ? {} : { conditions: after })).pipe(
    Effect.provide(GroupEvents.layer),
    Effect.provide(events)
  )
  for (const { kind, metadata } of occurrences) {
    assert.strictEqual(kind.kind, "NetcupFailoverIP")
    assert.deepStrictEqual(metadata, seen.metadata)
  }
  return occurrences.map(({ type, reason, message }) => [type, reason, message])
})

describe("an Event of a group", () => {
  const routed = condition("True", "NodeSelected", "all is well")
  const limited = condition("False", "RateLimited", "wait")

  it.effect("tells the first condition", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* recorded(undefined, [routed]), [["Normal", "NodeSelected", "all is well"]])
    })
  )

  it.effect("tells a new status or a new reason, and nothing of what stays", () =>
    Effect.gen(function* () {
      const accepted = condition("True", "CredentialsAccepted", "fine", "CredentialsHealthy")
      assert.deepStrictEqual(yield* recorded([routed, accepted], [limited, accepted]), [
        ["Warning", "RateLimited", "wait"]
      ])
      assert.deepStrictEqual(yield* recorded([limited], [condition("False", "RoutingFailed", "no")]), [
        ["Warning", "RoutingFailed", "no"]
      ])
      assert.deepStrictEqual(yield* recorded([condition("False", "NodeSelected")], [routed]), [
        ["Normal", "NodeSelected", "all is well"]
      ])
    })
  )

  it.effect("is not made of a message alone, which may change at each attempt", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* recorded([limited], [condition("False", "RateLimited", "wait longer")]), [])
      assert.deepStrictEqual(yield* recorded([routed], undefined), [])
    })
  )

  it.effect("of a move that begins is no warning", () =>
    Effect.gen(function* () {
      const moving = condition("False", "Routing", "on its way")
      assert.deepStrictEqual(yield* recorded([routed], [moving]), [["Normal", "Routing", "on its way"]])
    })
  )
})
