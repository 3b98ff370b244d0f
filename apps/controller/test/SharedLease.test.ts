/**
 * A controller of another make, whose election is client-go's, in the same namespace: as during a migration from the Go controller.
 */
import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import * as GoCandidate from "./GoCandidate.ts"
import { eventually, get } from "./Http.ts"
import * as LeaseObject from "./LeaseObject.ts"
import { suite } from "./Suite.ts"

const cidr = "198.51.100.1/32"

const isOurs = ({ holderIdentity }: LeaseObject.Lease) => holderIdentity.startsWith("ours")
const isTheirs = (lease: LeaseObject.Lease) => lease.holderIdentity !== "" && !isOurs(lease)

const prepared = Effect.gen(function* () {
  const stage = yield* Stage.make()
  yield* stage.world.addAccount(account(2, [{ cidr }]))
  for (const n of [1, 2]) yield* stage.addNode(`node-${n}`, { server: `v${n}` })
  yield* stage.putCredentials("netcup", loginName)
  yield* stage.putGroup("primary", { ips: [cidr] })
  return stage
})

suite("a Lease that is shared with client-go", { apis: ["rest"] }, (scenario) => {
  scenario(
    "is left to its leader for as long as that wrote into it, and nothing is routed before",
    Effect.gen(function* () {
      // The stand-in is a real binary and talks to a real API server only.
      if (!(yield* KubeCluster).enforcesRoles) return
      const stage = yield* prepared
      const other = yield* GoCandidate.start(8)
      yield* other.isLeader
      const first = yield* LeaseObject.until(isTheirs)
      // Far shorter than theirs: by our own we would take it long before.
      const ours = yield* stage.startController({
        POD_NAME: "ours",
        LEASE_DURATION: "2s",
        LEASE_RENEW_DEADLINE: "1500ms",
        LEASE_RETRY_PERIOD: "300ms"
      })
      yield* eventually(get(`${ours.healthUrl}/readyz`), ({ status }) => status === 200)
      // They renew beyond our patience, and we see each renewal.
      yield* LeaseObject.until(
        ({ renewTime }) => renewTime.epochMilliseconds > first.renewTime.epochMilliseconds + 4000
      )
      yield* other.kill
      const last = yield* LeaseObject.until(isTheirs)
      assert.strictEqual(last.leaseDurationSeconds, 8)

      const taken = yield* LeaseObject.until(isOurs)
      const free = last.renewTime.epochMilliseconds + Duration.toMillis("8 seconds")
      assert.isAtLeast(taken.acquireTime.epochMilliseconds, free)
      assert.strictEqual(taken.leaseTransitions, last.leaseTransitions + 1)
      yield* stage.routedNode("primary")
      const [call, ...more] = yield* stage.simulator.journal.callsOf(stage.operations.route)
      assert.isAtLeast(call?.receivedAt ?? 0, free)
      assert.deepStrictEqual(more, [])
    })
  )

  scenario(
    "is waited for by them while we lead, and theirs at once when we are told to end",
    Effect.gen(function* () {
      if (!(yield* KubeCluster).enforcesRoles) return
      const stage = yield* prepared
      // So long that a Lease that is not given back would be waited for in vain.
      const ours = yield* stage.startController({
        POD_NAME: "ours",
        LEASE_DURATION: "600s",
        LEASE_RENEW_DEADLINE: "300s"
      })
      const held = yield* LeaseObject.until(isOurs)
      const other = yield* GoCandidate.start(4)
      yield* other.isCandidate
      yield* stage.routedNode("primary")
      // They look each half second: several times.
      yield* LeaseObject.until(({ renewTime }) => renewTime.epochMilliseconds > held.renewTime.epochMilliseconds + 2000)
      assert.strictEqual((yield* LeaseObject.until(() => true)).holderIdentity, held.holderIdentity)

      assert.strictEqual(yield* ours.end("SIGTERM"), 0)
      yield* other.isLeader
      const theirs = yield* LeaseObject.until(isTheirs)
      assert.strictEqual(theirs.leaseTransitions, held.leaseTransitions + 1)
      assert.strictEqual(theirs.leaseDurationSeconds, 4)
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 1)
    })
  )
})
