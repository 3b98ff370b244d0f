import { assert } from "@effect/vitest"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import { eventually, get } from "./Http.ts"
import { suite } from "./Suite.ts"

const ipOf = (n: number) => `198.51.100.${n}/32`

suite("detection", { apis: ["soap"] }, (scenario) => {
  scenario(
    "a node whose Lease stops keeps what it has and is given nothing while others can, but by a group that goes by conditions alone",
    Effect.gen(function* () {
      const stage = yield* Stage.make({ limitWindow: "10 millis" })
      yield* stage.world.addAccount(
        account(
          3,
          [1, 2, 3, 4, 5, 6].map((n) => ({ cidr: ipOf(n) }))
        )
      )
      const kubelets = yield* Effect.forEach([1, 2, 3], (n) =>
        stage.addNode(`node-${n}`, { server: `v${n}`, labels: { place: `node-${n}` } })
      )
      yield* stage.putCredentials("netcup", loginName)
      const { metricsUrl } = yield* stage.startController({ DETECTION_LEASE_STALE_AFTER: "4s" })
      const scrape = get(`${metricsUrl}/metrics`)
      const thinks = (state: string) => `netcup_failover_node_verdict{node="node-1",state="${state}"} 1`
      const untilItThinks = (state: string) => eventually(scrape, ({ body }) => body.includes(thinks(state)))
      const on = (...places: ReadonlyArray<string>) => ({
        nodeSelector: { matchExpressions: [{ key: "place", operator: "In", values: places }] }
      })
      yield* stage.putGroup("there", { ips: [ipOf(1)], ...on("node-1") })
      assert.strictEqual(yield* stage.routedNode("there"), "node-1")
      // The fuller one, so that what may be on both goes to the other.
      for (const n of [4, 5]) {
        yield* stage.putGroup(`load-${n}`, { ips: [ipOf(n)], ...on("node-2") })
        assert.strictEqual(yield* stage.routedNode(`load-${n}`), "node-2")
      }
      yield* untilItThinks("Healthy")
      // A Lease that was never seen renewed says nothing by staying as it is.
      yield* eventually(scrape, ({ body }) => body.includes('netcup_failover_watch_up{resource="leases"} 1'))
      yield* Effect.sleep("3 seconds")

      for (const kubelet of kubelets) if (kubelet.name === "node-1") yield* kubelet.pause
      yield* untilItThinks("Suspect")
      yield* stage.putGroup("fast", { ips: [ipOf(2)], ...on("node-1", "node-2") })
      assert.strictEqual(yield* stage.routedNode("fast"), "node-2")
      yield* stage.putGroup("plain", {
        ips: [ipOf(3)],
        ...on("node-1", "node-2"),
        wishes: { detection: { mode: "NodeConditions" } }
      })
      assert.strictEqual(yield* stage.routedNode("plain"), "node-1")
      const there = yield* stage.group("there")
      assert.strictEqual(Stage.routed(there)?.status, "True")
      assert.strictEqual(there.status?.moves?.length, 1)

      for (const kubelet of kubelets) if (kubelet.name === "node-1") yield* kubelet.resume
      yield* untilItThinks("Healthy")
      yield* stage.putGroup("later", { ips: [ipOf(6)], ...on("node-1", "node-2") })
      assert.strictEqual(yield* stage.routedNode("later"), "node-1")
    })
  )
})
