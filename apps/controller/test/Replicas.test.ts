import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { account, loginName } from "./Account.ts"
import { get } from "./Http.ts"
import { suite } from "./Suite.ts"

const addresses = [{ cidr: "198.51.100.1/32" }, { cidr: "2001:db8:a::/64" }]
const ips = addresses.map(({ cidr }) => cidr)
const leasePath = "/apis/coordination.k8s.io/v1/namespaces/netcup-system/leases/netcup-failover-controller.digilol.net"
const Lease = Schema.Struct({ spec: Schema.Struct({ holderIdentity: Schema.String, leaseTransitions: Schema.Int }) })

const prepared = Effect.gen(function* () {
  const stage = yield* Stage.make()
  yield* stage.world.addAccount(account(3, addresses))
  const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  yield* stage.putCredentials("netcup", loginName)
  return { stage, kubelets }
})

const holder = (of: string) =>
  Effect.flatMap(KubeCluster, ({ http }) =>
    http.waitUntil(leasePath, Lease, ({ spec }) => spec.holderIdentity.startsWith(of))
  )

suite("two replicas", {}, (scenario) => {
  scenario(
    "a leader killed in the middle of routing is followed by the other, which finishes; no address is routed twice",
    Effect.gen(function* () {
      const { stage } = yield* prepared
      const first = yield* stage.startController({ POD_NAME: "first" })
      yield* holder("first")
      yield* stage.startController({ POD_NAME: "second" })
      // One address is answered at once; the other is carried out, and its answer never comes.
      yield* stage.simulator.inject({
        operation: stage.operations.route,
        cidr: "2001:db8:a::/64",
        times: 1,
        delayAfter: "1 minute"
      })
      yield* stage.putGroup("primary", { ips })
      yield* stage.simulator.awaitCall({
        operation: stage.operations.route,
        count: 2,
        where: ({ appliedAt }) => appliedAt !== undefined
      })
      yield* first.end("SIGKILL")
      yield* holder("second")
      yield* stage.routedNode("primary")
      for (const cidr of ips) assert.lengthOf(yield* stage.simulator.journal.changesOf(cidr), 1, cidr)
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 2)
    })
  )

  scenario(
    "a leader killed before netcup carried out a call is followed by the other, which makes that call",
    Effect.gen(function* () {
      const { stage } = yield* prepared
      const first = yield* stage.startController({ POD_NAME: "first" })
      yield* holder("first")
      yield* stage.startController({ POD_NAME: "second" })
      const hang = yield* stage.simulator.inject({
        operation: stage.operations.route,
        cidr: "2001:db8:a::/64",
        times: 1,
        delayBefore: "1 hour"
      })
      yield* stage.putGroup("primary", { ips })
      yield* stage.simulator.awaitCall({ operation: stage.operations.route, count: 2 })
      yield* hang.remove
      yield* first.end("SIGKILL")
      yield* stage.routedNode("primary")
      for (const cidr of ips) assert.lengthOf(yield* stage.simulator.journal.changesOf(cidr), 1, cidr)
    })
  )

  scenario(
    "SIGTERM ends a leader in time with exit code 0 and gives the Lease back, so that the other leads at once",
    Effect.gen(function* () {
      const { stage } = yield* prepared
      // So long that a Lease that is not given back would be waited for in vain.
      const patient = { LEASE_DURATION: "600s", LEASE_RENEW_DEADLINE: "300s" }
      const first = yield* stage.startController({ ...patient, POD_NAME: "first" })
      yield* holder("first")
      yield* stage.startController({ ...patient, POD_NAME: "second" })
      yield* stage.putGroup("primary", { ips })
      yield* stage.routedNode("primary")
      assert.strictEqual(yield* first.end("SIGTERM"), 0)
      yield* holder("second")
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 2)
    })
  )

  scenario(
    "heartbeats that change nothing make no request to netcup and none to Kubernetes",
    Effect.gen(function* () {
      const { stage, kubelets } = yield* prepared
      const { http } = yield* KubeCluster
      const { metricsUrl } = yield* stage.startController()
      const passes = Effect.map(
        get(`${metricsUrl}/metrics`),
        ({ body }) => /reconcile_passes_total (\d+)/u.exec(body)?.[1]
      )
      yield* stage.putGroup("primary", { ips })
      yield* stage.routedNode("primary")
      // What the controller asks after the move has settled is its Lease, and nothing else.
      yield* Effect.sleep("1 second")
      const calls = (yield* stage.simulator.journal.calls).length
      const counted = yield* requestsOf(http)
      const looked = yield* passes
      assert.isAbove(Number(looked), 0)
      const [one] = kubelets
      const HeartbeatTime = Schema.Struct({
        status: Schema.Struct({
          conditions: Schema.Array(Schema.Struct({ type: Schema.String, lastHeartbeatTime: Schema.String }))
        })
      })
      const beat = (node: typeof HeartbeatTime.Type) =>
        node.status.conditions.find(({ type }) => type === "Ready")?.lastHeartbeatTime
      const before = beat(yield* http.get(one?.path ?? "", HeartbeatTime))
      yield* http.waitUntil(one?.path ?? "", HeartbeatTime, (node) => beat(node) !== before)
      yield* Effect.sleep("3 seconds")
      assert.deepStrictEqual(yield* requestsOf(http), counted)
      assert.strictEqual((yield* stage.simulator.journal.calls).length, calls)
      assert.strictEqual(yield* passes, looked)
    })
  )
})

/**
 * How many requests the API server has had about each thing that only the controller under test touches in a quiet cluster:
 * by verb and resource, from its own metrics.
 */
const requestsOf = (http: KubeCluster["Service"]["http"]) =>
  Effect.map(http.text("/metrics"), (text) =>
    text
      .split("\n")
      .filter((line) => line.startsWith("apiserver_request_total{"))
      .filter((line) => /resource="(netcupfailoverips|secrets|events|configmaps)"/u.test(line))
      .toSorted()
  )
