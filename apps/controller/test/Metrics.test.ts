import { assert } from "@effect/vitest"
import { type Definition, definitions } from "@netcup-failover/controller/Metrics"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import { eventually, get } from "./Http.ts"
import { suite } from "./Suite.ts"

const list: Readonly<Record<string, Definition>> = definitions

/** The value of each series, by its text. */
const seriesOf = (body: string): ReadonlyMap<string, number> =>
  new Map(
    body.split("\n").flatMap((line) => {
      const at = line.lastIndexOf(" ")
      return line === "" || line.startsWith("#") ? [] : [[line.slice(0, at), Number(line.slice(at + 1))] as const]
    })
  )

const scrape = (url: string) => Effect.map(get(`${url}/metrics`), ({ body }) => seriesOf(body))

const starting = (series: ReadonlyMap<string, number>, name: string) =>
  [...series].filter(([text]) => text === name || text.startsWith(`${name}{`))

/** Asks until the series have these values, and there are some of the metric `also`. */
const scrapeUntil = (url: string, values: Readonly<Record<string, number>>) =>
  eventually(scrape(url), (series) => Object.entries(values).every(([text, value]) => series.get(text) === value))

const sum = (series: ReadonlyArray<readonly [string, number]>) => series.reduce((total, [, value]) => total + value, 0)

const failover = Effect.gen(function* () {
  const stage = yield* Stage.make()
  yield* stage.world.addAccount(
    account(2, [
      { cidr: "198.51.100.1/32", routedTo: "v1" },
      { cidr: "2001:db8:a::/64", routedTo: "v1" }
    ])
  )
  const kubelet = yield* stage.addNode("node-1", { server: "v1" })
  yield* stage.addNode("node-2", { server: "v2" })
  yield* stage.putCredentials("netcup", loginName)
  yield* stage.putGroup("primary", { ips: ["198.51.100.1/32", "2001:db8:a::/64"] })
  const first = yield* stage.startController()
  yield* stage.routedNode("primary")
  // Where the group is at home already, its ledger is opened only after that was said.
  yield* eventually(
    scrape(first.metricsUrl),
    (series) => starting(series, "netcup_failover_budget_wait_seconds").length > 0
  )
  const before = yield* scrapeUntil(first.metricsUrl, {
    'netcup_failover_group_node{group="primary",node="node-1"}': 1,
    'netcup_failover_group_routed{group="primary"}': 1,
    'netcup_failover_groups{state="NodeSelected"}': 1,
    'netcup_failover_credentials_healthy{secret="netcup-system/netcup"}': 1,
    'netcup_failover_node_verdict{node="node-1",state="Healthy"}': 1,
    netcup_failover_leader: 1
  })
  yield* kubelet.setReady("False", "KubeletNotReady")
  yield* stage.groupUntil("primary", ({ status }) => status?.currentNode === "node-2")
  const after = yield* scrapeUntil(first.metricsUrl, {
    'netcup_failover_group_node{group="primary",node="node-2"}': 1,
    'netcup_failover_group_routed{group="primary"}': 1,
    'netcup_failover_moves_total{reason="LeftNode",outcome="routed"}': 1
  })
  return { stage, controller: first, before, after }
})

suite("the metrics", {}, (scenario) => {
  scenario(
    "of a failover tell where the group is, why it moved, how long each phase took, and what it cost",
    Effect.gen(function* () {
      const { stage, controller, before, after } = yield* failover
      assert.deepStrictEqual(
        starting(after, "netcup_failover_group_node").map(([text]) => text),
        ['netcup_failover_group_node{group="primary",node="node-2"}']
      )
      // What has not happened is told too: Prometheus sees no increase of what it sees for the first time.
      assert.strictEqual(before.get('netcup_failover_moves_total{reason="LeftNode",outcome="routed"}'), 0)
      assert.strictEqual(before.get("netcup_failover_duration_seconds_count"), 0)
      assert.strictEqual(sum(starting(before, "netcup_failover_moves_total")), 0)
      assert.strictEqual(sum(starting(after, "netcup_failover_moves_total")), 1)
      for (const phase of ["decided", "called", "confirmed"]) {
        assert.strictEqual(after.get(`netcup_failover_phase_duration_seconds_count{phase="${phase}"}`), 1, phase)
      }
      const whole = after.get("netcup_failover_duration_seconds_sum") ?? 0
      assert.isAbove(whole, 0)
      assert.closeTo(sum(starting(after, "netcup_failover_phase_duration_seconds_sum")), whole, 0.001)
      assert.strictEqual(after.get('netcup_failover_node_verdict{node="node-1",state="Failed"}'), 1)
      assert.isFalse(after.has('netcup_failover_node_verdict{node="node-1",state="Healthy"}'))
      assert.strictEqual(after.get('netcup_failover_node_sign{node="node-1",sign="NotReady"}'), 1)
      assert.strictEqual(after.get('netcup_failover_group_recent_moves{group="primary"}'), 1)
      assert.strictEqual(after.get('netcup_failover_attempts_total{outcome="routed"}'), 2)
      assert.isAtLeast(
        after.get('netcup_failover_group_routed_since_timestamp_seconds{group="primary"}') ?? 0,
        before.get('netcup_failover_group_routed_since_timestamp_seconds{group="primary"}') ?? 0
      )
      // SOAP limits addresses, REST the account.
      const [was] = starting(before, "netcup_failover_budget_resting_addresses")
      const [is] = starting(after, "netcup_failover_budget_resting_addresses")
      const left = (series: ReadonlyMap<string, number>) =>
        starting(series, "netcup_failover_budget_moves")
          .filter(([text]) => text.includes('purpose="Failover"'))
          .map(([, value]) => value)
      const info = starting(after, "netcup_failover_credentials_info")
      if (stage.api === "rest") {
        assert.deepStrictEqual(left(before), [10, 20])
        assert.deepStrictEqual(left(after), [8, 18])
        const expiry = starting(after, "netcup_failover_credentials_expiry_timestamp_seconds")
        assert.lengthOf(expiry, 1)
      } else {
        assert.strictEqual(was?.[1], 0)
        assert.strictEqual(is?.[1], 2)
      }
      assert.lengthOf(info, 1)
      assert.notInclude(info[0]?.[0] ?? "", loginName)

      yield* stage.deleteGroup("primary")
      yield* eventually(scrape(controller.metricsUrl), (series) => {
        const named = [...series.keys()].filter((text) => text.includes('group="primary"'))
        return named.length === 0 && series.get('netcup_failover_groups{state="NodeSelected"}') === 0
      })
    })
  )

  scenario(
    "have no name, type, help or label that is not on the list",
    Effect.gen(function* () {
      const { controller } = yield* failover
      const { body } = yield* get(`${controller.metricsUrl}/metrics`)
      const told = new Map<string, Partial<Record<"HELP" | "TYPE", string>>>()
      for (const [, word = "", name = "", text = ""] of body.matchAll(/^# (HELP|TYPE) (\S+) (.*)$/gmu)) {
        assert.isFalse(told.get(name)?.[word === "HELP" ? "HELP" : "TYPE"] !== undefined, `${word} ${name} twice`)
        told.set(name, { ...told.get(name), [word]: text })
      }
      for (const [name, { HELP, TYPE }] of told) {
        assert.deepStrictEqual({ help: HELP, type: TYPE }, { help: list[name]?.help, type: list[name]?.type }, name)
      }
      const families = [...seriesOf(body).keys()].map((text) => {
        const family = text.replace(/\{.*$/u, "")
        const base = family.replace(/_(?:bucket|sum|count)$/u, "")
        const labels = [...text.matchAll(/[{,](\w+)="/gu)].map(([, label = ""]) => label)
        return { name: list[base]?.type === "histogram" ? base : family, labels }
      })
      for (const { name, labels } of families) {
        assert.isTrue(told.has(name), `${name} has no TYPE`)
        assert.sameMembers(
          labels.filter((label) => label !== "le"),
          [...(list[name]?.labels ?? ["not listed"])],
          name
        )
      }
    })
  )

  scenario(
    "of a failover by a new leader count from when its watch told of the loss, before its term",
    Effect.gen(function* () {
      const stage = yield* Stage.make({ limitWindow: "10 millis" })
      yield* stage.world.addAccount(account(2, [{ cidr: "198.51.100.1/32", routedTo: "v1" }]))
      const kubelet = yield* stage.addNode("node-1", { server: "v1" })
      yield* stage.addNode("node-2", { server: "v2" })
      yield* stage.putCredentials("netcup", loginName)
      yield* stage.putGroup("primary", { ips: ["198.51.100.1/32"] })
      const first = yield* stage.startController()
      yield* stage.routedNode("primary")
      const second = yield* stage.startController()
      yield* scrapeUntil(second.metricsUrl, { 'netcup_failover_watch_up{resource="nodes"}': 1 })
      yield* first.end("SIGKILL")
      yield* kubelet.setReady("False", "KubeletNotReady")
      const after = yield* scrapeUntil(second.metricsUrl, {
        'netcup_failover_moves_total{reason="LeftNode",outcome="routed"}': 1,
        'netcup_failover_group_node{group="primary",node="node-2"}': 1
      })
      // It had to wait for the Lease of the one that was killed, which lasts for three seconds.
      const decided = after.get('netcup_failover_phase_duration_seconds_sum{phase="decided"}') ?? 0
      assert.isAbove(decided, 0.5)
    })
  )

  scenario(
    "of a standby tell of its watches and its process, and of no group; of the next leader, of all",
    Effect.gen(function* () {
      const { stage, controller } = yield* failover
      const second = yield* stage.startController()
      const standby = yield* scrapeUntil(second.metricsUrl, {
        netcup_failover_leader: 0,
        'netcup_failover_watch_up{resource="nodes"}': 1,
        'netcup_failover_watch_up{resource="netcupfailoverips"}': 1
      })
      assert.isAbove(standby.get("process_resident_memory_bytes") ?? 0, 0)
      assert.lengthOf(starting(standby, "netcup_failover_build_info"), 1)
      assert.isFalse(standby.has('netcup_failover_build_info{version="unbundled"}'))
      assert.deepStrictEqual(
        [...standby.keys()].filter((text) => /group|budget|verdict|credentials/u.test(text)),
        []
      )
      yield* controller.end("SIGTERM")
      yield* scrapeUntil(second.metricsUrl, {
        netcup_failover_leader: 1,
        'netcup_failover_group_node{group="primary",node="node-2"}': 1
      })
    })
  )
})
