/**
 * A control plane dies with the node that it runs on, and what the controller has open goes through it.
 */
import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as KubeProxy from "@netcup-failover/testing/kubernetes/KubeProxy"
import * as ApiPaths from "@netcup-failover/testing/stage/ApiPaths"
import type { ControllerProcess } from "@netcup-failover/testing/stage/ControllerProcess"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import * as LeaseObject from "./LeaseObject.ts"
import { suite } from "./Suite.ts"

const cidr = "198.51.100.1/32"

/** As shipped; stages have shorter ones. */
const asShipped = { LEASE_DURATION: "15s", LEASE_RENEW_DEADLINE: "10s", LEASE_RETRY_PERIOD: "2s" }

const heldBy = (pod: string) => LeaseObject.until(({ holderIdentity }) => holderIdentity.startsWith(pod))

const prepared = Effect.gen(function* () {
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  yield* stage.world.addAccount(account(3, [{ cidr }]))
  const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  yield* stage.putCredentials("netcup", loginName)
  const fail = (name: string) =>
    Effect.fromNullishOr(kubelets.find((one) => one.name === name)).pipe(
      Effect.orDie,
      Effect.flatMap((kubelet) => kubelet.setReady("False", "KubeletNotReady"))
    )
  return { stage, fail }
})

const now = Effect.sync(() => performance.now())
const tell = (what: string, since: number) =>
  Effect.flatMap(now, (at) => Effect.logInfo(`${what}: ${((at - since) / 1000).toFixed(2)} s`))

const neverStoppedLeading = Effect.fnUntraced(function* ({ log }: ControllerProcess) {
  assert.notInclude(yield* log, "no longer leading")
})

suite("the path to the API server", { apis: ["rest"] }, (scenario) => {
  for (const way of ["byName", "byService"] as const) {
    scenario(
      `dies (${way}): the leader goes on leading over another, and acts on what happens then`,
      Effect.gen(function* () {
        const { fail, stage } = yield* prepared
        const { paths, ...environments } = yield* ApiPaths.make(3)
        const controller = yield* stage.startController({ ...asShipped, ...(yield* environments[way]), POD_NAME: "a" })
        yield* stage.putGroup("primary", { ips: [cidr] })
        let node = yield* stage.routedNode("primary")
        // With a name all goes to the first, which is named first again after its death; by a Service some of it goes to each.
        for (const n of way === "byName" ? [0, 1] : [0]) {
          const path = paths[n]
          if (path === undefined) return assert.fail("no path")
          assert.isAbove(yield* path.connections, 0)
          const before = yield* heldBy("a")
          const since = yield* now
          yield* path.blacken
          const sinceEpoch = (yield* heldBy("a")).renewTime.epochMilliseconds
          yield* fail(node)
          const renewed = yield* LeaseObject.until(({ renewTime }) => renewTime.epochMilliseconds > sinceEpoch)
          yield* tell(`${way}: renewed after`, since)
          assert.strictEqual(renewed.leaseTransitions, before.leaseTransitions)
          const left = node
          yield* stage.groupUntil("primary", ({ status }) => status?.currentNode !== left)
          yield* tell(`${way}: moved after`, since)
          node = yield* stage.routedNode("primary")
          yield* path.heal
        }
        yield* neverStoppedLeading(controller)
      })
    )
  }

  scenario(
    "dies with the leader: the other replica leads once the Lease runs out, and acts at once",
    Effect.gen(function* () {
      const { fail, stage } = yield* prepared
      const { paths, byName } = yield* ApiPaths.make(2)
      const environment = { ...asShipped, ...(yield* byName) }
      const first = yield* stage.startController({ ...environment, POD_NAME: "first" })
      const { renewTime } = yield* heldBy("first")
      yield* stage.startController({ ...environment, POD_NAME: "second" })
      yield* stage.putGroup("primary", { ips: [cidr] })
      const node = yield* stage.routedNode("primary")
      yield* LeaseObject.until((next) => next.renewTime.epochMilliseconds > renewTime.epochMilliseconds + 6000)
      const since = yield* now
      yield* paths[0]?.blacken ?? Effect.die("no path")
      yield* first.end("SIGKILL")
      const { renewTime: last } = yield* heldBy("first")
      yield* fail(node)
      const taken = yield* heldBy("second")
      yield* tell("killed: taken over after", since)
      yield* Effect.logInfo(
        `killed: ${taken.acquireTime.epochMilliseconds - last.epochMilliseconds} ms after the last renewal`
      )
      yield* stage.simulator.awaitCall({ operation: stage.operations.route, count: 2 })
      yield* tell("killed: routed after", since)
      yield* stage.groupUntil("primary", ({ status }) => status?.currentNode !== node)
      assert.lengthOf(yield* stage.simulator.journal.changesOf(cidr), 2)
    })
  )

  scenario(
    "is slow, 1.5 s for each answer: the leader stays the leader",
    Effect.gen(function* () {
      const { stage } = yield* prepared
      const proxy = yield* KubeProxy.make(
        yield* (yield* KubeCluster).accessFor({ serviceAccount: Stage.serviceAccount })
      )
      const leader = yield* stage.startController({ ...asShipped, KUBECONFIG: proxy.kubeconfig, POD_NAME: "slow" })
      const { acquireTime } = yield* heldBy("slow")
      yield* proxy.inject({ delayAfter: "1500 millis" })
      yield* LeaseObject.until(({ renewTime }) => renewTime.epochMilliseconds > acquireTime.epochMilliseconds + 30_000)
      assert.strictEqual((yield* heldBy("slow")).leaseTransitions, 0)
      yield* neverStoppedLeading(leader)
      // Slow is not silent: no watch was dropped for it.
      assert.notInclude(yield* leader.log, "watch is failing")
    })
  )

  scenario(
    "a leader that is told to end is followed at once; one that stood still steps down, and stands again",
    Effect.gen(function* () {
      const { fail, stage } = yield* prepared
      const start = (POD_NAME: string) => stage.startController({ ...asShipped, POD_NAME })
      const first = yield* start("first")
      yield* heldBy("first")
      const second = yield* start("second")
      yield* stage.putGroup("primary", { ips: [cidr] })
      const node = yield* stage.routedNode("primary")

      yield* Effect.sync(() => process.kill(first.pid, "SIGSTOP"))
      const stopped = yield* now
      yield* heldBy("second")
      yield* tell("frozen: taken over after", stopped)
      yield* Effect.sync(() => process.kill(first.pid, "SIGCONT"))
      yield* Effect.repeat(first.log, { until: (text) => text.includes("no longer leading") })

      const since = yield* now
      assert.strictEqual(yield* second.end("SIGTERM"), 0)
      yield* tell("SIGTERM: ended after", since)
      yield* heldBy("first")
      yield* tell("SIGTERM: taken over after", since)
      yield* fail(node)
      yield* stage.groupUntil("primary", ({ status }) => status?.currentNode !== node)
    })
  )
})
