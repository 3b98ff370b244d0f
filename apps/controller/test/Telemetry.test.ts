import { assert } from "@effect/vitest"
import { freePort } from "@netcup-failover/testing/kubernetes/FreePort"
import type * as ControllerProcess from "@netcup-failover/testing/stage/ControllerProcess"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import { eventually, get } from "./Http.ts"
import * as OtlpCollector from "./OtlpCollector.ts"
import { suite } from "./Suite.ts"

const addresses = ["198.51.100.1/32", "2001:db8:a::/64"]
/** How the client names the operation that routes an address. */
const routing = { soap: "soap.changeIPRouting", rest: "rest.routeIP" }
const collectorToken = "Bearer collector-s3cret"

/** Two nodes, and a group on one of them. */
const scene = Effect.fn(function* (environment: ControllerProcess.Environment) {
  // An address is moved twice within seconds here, which netcup's own limit would not allow.
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  const owner = account(
    2,
    addresses.map((cidr) => ({ cidr }))
  )
  yield* stage.world.addAccount(owner)
  const kubelets = yield* Effect.forEach([1, 2], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  const credentials = yield* stage.credentials(loginName)
  yield* stage.putSecret("netcup", { ...credentials })
  yield* stage.putGroup("web", { ips: addresses })
  const controller = yield* stage.startController(environment)
  const from = yield* stage.routedNode("web")
  const to = from === "node-1" ? "node-2" : "node-1"
  const failNode = kubelets.find(({ name }) => name === from)?.setReady("False", "KubeletNotReady") ?? Effect.void
  const moved = stage.groupUntil(
    "web",
    (group) => group.status?.currentNode === to && Stage.routed(group)?.status === "True"
  )
  return { stage, controller, secrets: Object.values(credentials), from, to, failNode, moved }
})

/** Facts of a log in JSON, in their order. */
const facts = (log: string): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  log
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))

suite("telemetry", {}, (scenario) => {
  scenario(
    "a failover is one trace, from the node's failure to the confirmed route, and no secret leaves in it",
    Effect.gen(function* () {
      const collector = yield* OtlpCollector.make
      const { stage, controller, secrets, from, to, failNode, moved } = yield* scene({
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_EXPORTER_OTLP_HEADERS: `authorization=${encodeURIComponent(collectorToken)}`,
        OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=test",
        OTEL_METRIC_EXPORT_INTERVAL: "300",
        LOG_LEVEL: "Debug"
      })
      yield* failNode
      yield* moved

      const isFailover = (span: OtlpCollector.Span) =>
        span.name === "failover" && OtlpCollector.attribute(span, "failover.from") === from
      const spans = yield* eventually(collector.spans, (all) => all.some(isFailover))
      const roots = spans.filter(isFailover)
      assert.lengthOf(roots, 1)
      const [root] = roots
      if (root === undefined) return assert.fail("no trace")
      assert.strictEqual(OtlpCollector.attribute(root, "failover.group"), "web")
      assert.strictEqual(OtlpCollector.attribute(root, "failover.to"), to)
      assert.strictEqual(OtlpCollector.attribute(root, "failover.reason"), "LeftNode")
      assert.strictEqual(root.status.code, 1)
      const tree = spans.filter(({ traceId }) => traceId === root.traceId)
      const below = (parent: OtlpCollector.Span, name: string) =>
        tree.filter((span) => span.parentSpanId === parent.spanId && span.name === name)
      // Once or twice what is told: the end in the place of the beginning, where netcup is quick.
      assert.sameMembers(
        [...new Set(tree.filter(({ parentSpanId }) => parentSpanId === root.spanId).map(({ name }) => name))],
        ["failover.sign", "failover.decide", "failover.ledger", "failover.status", "failover.route", "failover.confirm"]
      )
      const [routes, [decide], [ledger], [status], [confirm]] = [
        below(root, "failover.route"),
        below(root, "failover.decide"),
        below(root, "failover.ledger"),
        below(root, "failover.status"),
        below(root, "failover.confirm")
      ]
      assert.sameMembers(
        routes.map((route) => OtlpCollector.attribute(route, "failover.address")),
        addresses
      )
      for (const route of routes) {
        const calls = tree.filter(
          ({ parentSpanId, name }) => parentSpanId === route.spanId && name.startsWith(`netcup.${routing[stage.api]}`)
        )
        assert.lengthOf(calls, 1)
        assert.strictEqual(calls[0] && OtlpCollector.attribute(calls[0], "netcup.outcome"), "ok")
      }
      if (decide === undefined || ledger === undefined || status === undefined || confirm === undefined) {
        return assert.fail("a step is missing")
      }
      const [sign] = below(root, "failover.sign")
      assert.strictEqual(sign && OtlpCollector.attribute(sign, "failover.sign"), "NotReady")
      assert.isTrue(sign !== undefined && sign.endTimeUnixNano <= decide.endTimeUnixNano)
      // In the order of things: the signal, the decision, what is written, what netcup is told, what is found.
      assert.isTrue(root.startTimeUnixNano < decide.startTimeUnixNano, "the signal comes first")
      for (const write of [ledger, status]) {
        assert.isTrue(decide.endTimeUnixNano <= write.startTimeUnixNano, "what is written follows the decision")
      }
      for (const route of routes) assert.isTrue(ledger.endTimeUnixNano <= route.startTimeUnixNano)
      for (const route of routes) assert.isTrue(route.endTimeUnixNano <= confirm.endTimeUnixNano)
      assert.isTrue(confirm.endTimeUnixNano <= root.endTimeUnixNano)

      // Nothing but failovers is traced: each trace has a root that is one.
      const rootIds = new Set(spans.filter(({ name }) => name === "failover").map(({ traceId }) => traceId))
      for (const span of spans) {
        if (span.endTimeUnixNano < root.endTimeUnixNano) assert.isTrue(rootIds.has(span.traceId), span.name)
      }

      const logs = yield* eventually(collector.logs, (all) =>
        all.some(({ body, traceId }) => body.stringValue === "group is where it belongs" && traceId === root.traceId)
      )
      const ofTrace = logs.filter(({ traceId }) => traceId === root.traceId)
      assert.includeMembers(
        ofTrace.map(({ body }) => body.stringValue),
        ["moving group", "routing", "routed", "group is where it belongs"]
      )
      yield* eventually(collector.metrics, (all) => all.some(({ name }) => name === "netcup_calls_total"))
      for (const resource of yield* collector.resources) {
        assert.strictEqual(OtlpCollector.attribute(resource, "service.name"), "netcup-failover-controller")
        assert.strictEqual(OtlpCollector.attribute(resource, "deployment.environment"), "test")
      }

      assert.isNotEmpty(secrets)
      const log = yield* controller.log
      for (const { headers, body } of yield* collector.exports) {
        assert.strictEqual(headers.authorization, collectorToken)
        for (const secret of [...secrets, "collector-s3cret"]) assert.notInclude(body, secret)
        assert.notMatch(body, /bearer/iu)
      }
      assert.notInclude(log, "collector-s3cret")
    })
  )

  scenario(
    "at Info a failover is told step by step, a line a fact, with group, node and address as fields",
    Effect.gen(function* () {
      const { controller, from, to, failNode, moved } = yield* scene({})
      const before = facts(yield* controller.log).length
      yield* failNode
      yield* moved
      const log = yield* eventually(controller.log, (text) => text.split("group is where it belongs").length > 2)
      const told = facts(log)
        .slice(before)
        .map(({ time: _, level: __, seconds: ___, ...fact }) => fact)
      const step = (msg: string) => told.filter((fact) => fact.msg === msg)
      assert.deepStrictEqual(step("node has failed"), [{ msg: "node has failed", node: from, reason: "is not ready" }])
      assert.deepStrictEqual(step("moving group"), [
        { msg: "moving group", group: "web", from, node: to, reason: `${from} is not ready` }
      ])
      for (const msg of ["routing", "routed"]) {
        assert.sameDeepMembers(
          step(msg),
          addresses.map((address) => ({ msg, group: "web", address, node: to }))
        )
      }
      assert.deepStrictEqual(step("group is where it belongs"), [
        { msg: "group is where it belongs", group: "web", node: to }
      ])
      assert.deepStrictEqual(
        [...new Set(told.map(({ msg }) => msg))],
        ["node has failed", "moving group", "routing", "routed", "group is where it belongs"]
      )
    })
  )

  for (const [what, collector] of [
    ["is not there", Effect.map(freePort, (port) => `http://127.0.0.1:${port}`)],
    ["never answers", OtlpCollector.mute]
  ] as const) {
    scenario(
      `a collector that ${what} changes nothing, and is named once`,
      Effect.gen(function* () {
        const { controller, failNode, moved } = yield* scene({
          OTEL_EXPORTER_OTLP_ENDPOINT: yield* collector,
          OTEL_EXPORTER_OTLP_TIMEOUT: "500",
          OTEL_METRIC_EXPORT_INTERVAL: "100"
        })
        yield* failNode
        yield* moved
        const complaints = (log: string) => log.split("\n").filter((line) => line.includes("telemetry is not taken"))
        const log = yield* eventually(controller.log, (text) => complaints(text).length >= 3)
        const signals = facts(complaints(log).join("\n")).map(({ signal }) => signal)
        assert.sameMembers(signals, ["traces", "metrics", "logs"])
        assert.strictEqual((yield* get(`${controller.healthUrl}/readyz`)).status, 200)
        assert.strictEqual(yield* controller.end("SIGTERM"), 0)
      })
    )
  }
})
