import { assert, describe, it } from "@effect/vitest"
import type { Turn } from "@netcup-failover/controller/observe/NodeSignals"
import { NodeEvents } from "@netcup-failover/controller/report/NodeEvents"
import * as Sighting from "@netcup-failover/core/Sighting"
import { Sign } from "@netcup-failover/core/Verdict"
import type { Occurrence } from "@netcup-failover/kubernetes/EventObject"
import { Events } from "@netcup-failover/kubernetes/Events"
import { Leadership } from "@netcup-failover/kubernetes/Leadership"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const failed: Turn = {
  isFailed: true,
  heardAt: 1_000,
  failedAt: 60_000,
  signs: [Sighting.of(Sign.NotReady(), 60_000), Sighting.of(Sign.LeaseStale({ since: 45_000 }), 60_000)]
}
const back: Turn = { isFailed: false, heardAt: 2_000, failedAt: 60_000, signs: [] }
const metadata = { name: "node-1", uid: "u", resourceVersion: "7" }

/** What a replica tells of these turns, looking at one after the other. `othersLedUntil`: monotonic ms. */
const told = Effect.fnUntraced(function* (
  looks: ReadonlyArray<Turn>,
  { othersLedUntil, leads = () => true }: { readonly othersLedUntil?: number; readonly leads?: () => boolean } = {}
) {
  const occurrences: Array<Occurrence> = []
  const world = Layer.merge(
    Layer.mock(Events, { record: (occurrence) => Effect.sync(() => void occurrences.push(occurrence)) }),
    Layer.mock(Leadership, {
      isLeader: Effect.sync(leads),
      othersLedUntil: Effect.succeed(othersLedUntil),
      changes: Stream.empty
    })
  )
  yield* NodeEvents.use(({ look }) =>
    Effect.forEach(looks, (turn) => look([{ metadata, turn }]), { discard: true })
  ).pipe(Effect.provide(Layer.provide(NodeEvents.layer, world)))
  return occurrences.map(({ kind, type, reason, message, metadata: { name } }) => [
    kind.kind,
    name,
    type,
    reason,
    message
  ])
})

const failure = [
  "Node",
  "node-1",
  "Warning",
  "NodeFailed",
  "counts as failed: the node is not ready (seen at 00:01:00Z); has not renewed its Lease since 00:00:45Z"
]
const recovery = ["Node", "node-1", "Normal", "NodeRecovered", "counts as failed no longer; it had since 00:01:00Z"]

describe("an Event of a Node", () => {
  it.effect("tells once that it has failed, by what and since when, and once that it is back", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* told([failed, failed, back, back]), [failure, recovery])
    })
  )

  it.effect("is not told by who does not lead, and is told by who leads then", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* told([failed], { leads: () => false }), [])
      const answers = [false, true, true]
      assert.deepStrictEqual(yield* told([failed, failed, failed], { leads: () => answers.shift() === true }), [
        failure
      ])
    })
  )

  it.effect("is not told again by a new leader, but is if nobody led when it happened", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* told([failed, back], { othersLedUntil: 1_500 }), [recovery])
      assert.deepStrictEqual(yield* told([failed], { othersLedUntil: 900 }), [failure])
    })
  )
})
