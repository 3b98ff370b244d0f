import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { eventually, get } from "../Http.ts"
import * as OtlpCollector from "../OtlpCollector.ts"
import { stories, wait } from "./Story.ts"

const Node = Schema.Struct({ metadata: Schema.Struct({ uid: Schema.String }) })
const Events = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({
      reason: Schema.String,
      type: Schema.String,
      message: Schema.String,
      count: Schema.optionalKey(Schema.Int),
      source: Schema.Struct({ component: Schema.optionalKey(Schema.String) })
    })
  )
})

/** What this node's Events of ours say, as `kubectl describe node` finds them. */
const nodeEvents = Effect.fn(function* (path: string) {
  const { http } = yield* KubeCluster
  const { metadata } = yield* http.get(path, Node)
  const { items } = yield* http.get(`/api/v1/events?fieldSelector=involvedObject.uid%3D${metadata.uid}`, Events)
  return items.filter(({ source }) => source.component === "netcup-failover-controller")
})

/** As sentences have it: to the second, below. */
const clock = (iso: string) => `${iso.slice(11, 19)}Z`
const millis = (nanos: bigint) => Number(nanos / 1_000_000n)

stories("what convicted a node", (story) => {
  story(
    "is told with its times by the status, one Event of the Node and the trace; another leader repeats nothing, and tells the recovery",
    {},
    Effect.fnUntraced(function* (told) {
      const collector = yield* OtlpCollector.make
      const first = yield* told.controller("first", 2, {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json"
      })
      yield* told.leads("first")
      const second = yield* told.controller("second", 3)
      yield* told.settled
      const { at, heartbeatAt } = yield* told.node(1).powerOff()
      const { status } = yield* told.groupUntil(
        "group-1",
        (group) => group.status?.currentNode !== "node-1" && Stage.routed(group)?.status === "True",
        "1 minute"
      )

      const move = status?.moves?.at(-1)
      assert.deepInclude(move, { from: "node-1" })
      const signs = new Map(move?.signs?.map(({ sign, since }) => [sign, since]))
      assert.sameMembers([...signs.keys()], ["LeaseStale", "Unanswering"])
      const [stale = "", silent = ""] = [signs.get("LeaseStale"), signs.get("Unanswering")]
      // The last renewal came to us a moment after the kubelet made it; a connect that was under way may have been swallowed.
      assert.isAtLeast(Date.parse(stale), heartbeatAt - 50)
      assert.isAtMost(Date.parse(stale), at + 500)
      assert.isAtLeast(Date.parse(silent), at - 1_000)
      assert.isAtMost(Date.parse(silent), Date.parse(move?.at ?? ""))
      assert.include(
        move?.reason,
        `has not renewed its Lease since ${clock(stale)} and has not answered since ${clock(silent)}`
      )

      const { path } = told.node(1)
      const own = nodeEvents(path).pipe(Effect.provideService(KubeCluster, told.cluster))
      const [event] = yield* eventually(own, (all) => all.length > 0)
      assert.deepInclude(event, { type: "Warning", reason: "NodeFailed" })
      assert.strictEqual(
        event?.message,
        `counts as failed: the node has not renewed its Lease since ${clock(stale)}; has not answered since ${clock(silent)}`
      )

      const isRoot = (span: OtlpCollector.Span) =>
        span.name === "failover" && OtlpCollector.attribute(span, "failover.from") === "node-1"
      const spans = yield* eventually(collector.spans, (all) => all.some(isRoot))
      const root = spans.find(isRoot)
      const below = spans.filter(({ parentSpanId, name }) => parentSpanId === root?.spanId && name === "failover.sign")
      assert.sameDeepMembers(
        below.map((span) => [OtlpCollector.attribute(span, "failover.sign"), millis(span.startTimeUnixNano)]),
        [...signs].map(([sign, since]) => [sign, Date.parse(since)])
      )
      assert.strictEqual(millis(root?.startTimeUnixNano ?? 0n), Math.min(Date.parse(stale), Date.parse(silent)))
      const [conviction, ...others] = new Set(below.map(({ endTimeUnixNano }) => endTimeUnixNano))
      assert.isEmpty(others)
      const decide = spans.find(({ parentSpanId, name }) => parentSpanId === root?.spanId && name === "failover.decide")
      assert.isTrue((conviction ?? 0n) <= (decide?.endTimeUnixNano ?? 0n))
      const { body } = yield* get(`${first.metricsUrl}/metrics`)
      const sum = /^netcup_failover_phase_duration_seconds_sum\{phase="detected"\} (\S+)$/mu.exec(body)?.[1]
      assert.approximately(Number(sum) * 1000, millis(conviction ?? 0n) - millis(root?.startTimeUnixNano ?? 0n), 1)

      // The cluster's own NotReady, and a change of leader by each of its two ways, are no other conviction.
      yield* told.unknown(told.node(1))
      yield* first.end("SIGTERM")
      yield* told.leads("second")
      const third = yield* told.controller("third", 3)
      yield* wait(10)
      yield* second.end("SIGKILL")
      yield* told.leads("third")
      yield* wait(20)
      assert.lengthOf(yield* own, 1)
      assert.strictEqual((yield* own)[0]?.count ?? 1, 1)

      yield* told.node(1).powerOn
      const both = yield* eventually(own, (all) => all.length > 1)
      assert.sameMembers(
        both.map(({ reason }) => reason),
        ["NodeFailed", "NodeRecovered"]
      )
      yield* wait(20)
      assert.lengthOf(yield* own, 2)
      assert.notInclude(yield* third.log, "not recorded")
    })
  )

  story(
    "is told by the next leader, if the one that led died with the node",
    {},
    Effect.fnUntraced(function* (told) {
      const leader = yield* told.controller("first", 1)
      yield* told.leads("first")
      yield* told.controller("second", 2)
      yield* told.settled
      yield* Effect.all([told.node(1).powerOff(), leader.end("SIGKILL")], { concurrency: 2 })
      const own = nodeEvents(told.node(1).path).pipe(Effect.provideService(KubeCluster, told.cluster))
      yield* told.groupUntil("group-1", ({ status }) => status?.currentNode !== "node-1", "1 minute")
      const [event, ...others] = yield* eventually(own, (all) => all.length > 0)
      assert.isEmpty(others)
      assert.match(event?.message ?? "", /has not renewed its Lease since \S+Z; has not answered since \S+Z$/u)
    })
  )

  story(
    "and what did not for the guard held is told by the status and the log, once",
    { groups: 2 },
    Effect.fnUntraced(function* (told) {
      const controller = yield* told.controller("first", 3)
      yield* told.settled
      yield* Effect.forEach([1, 2], (n) => told.node(n).powerOff(), { concurrency: 2 })
      const isHeld = (group: Stage.GroupObject) => Stage.routed(group)?.message.includes("the guard holds") === true
      for (const name of ["group-1", "group-2"]) {
        const held = yield* told.groupUntil(name, isHeld, "1 minute")
        assert.strictEqual(Stage.routed(held)?.status, "True")
      }
      const { body } = yield* get(`${controller.metricsUrl}/metrics`)
      assert.match(body, /^netcup_failover_guard_active 1$/mu)
      yield* Effect.forEach([1, 2], (n) => told.node(n).powerOn, { concurrency: 2 })
      for (const name of ["group-1", "group-2"]) yield* told.groupUntil(name, (group) => !isHeld(group), "1 minute")
      const said = (yield* controller.log).split("\n").filter((line) => line.includes("the guard holds"))
      assert.lengthOf(said, 2)
      assert.match(said[1] ?? "", /the guard holds no longer.*node-1, node-2/u)
      assert.isEmpty(yield* told.routings)
    })
  )
})
