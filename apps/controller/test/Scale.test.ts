import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import { suite } from "./Suite.ts"

const groups = Array.from({ length: 100 }, (_, g) => ({
  name: `group-${g}`,
  ips: [1, 2, 3].map((n) => `198.18.${g}.${n}/32`)
}))

suite("a hundred groups", {}, (scenario) => {
  scenario(
    "of three addresses on twenty nodes are told once each, spread evenly, and then all is quiet",
    Effect.gen(function* () {
      const stage = yield* Stage.make({ limitWindow: "10 millis" })
      const { http } = yield* KubeCluster
      const addresses = groups.flatMap(({ ips }) => ips.map((cidr) => ({ cidr })))
      yield* stage.world.addAccount(account(20, addresses))
      for (let n = 1; n <= 20; n++) yield* stage.addNode(`node-${n}`, { server: `v${n}` })
      yield* stage.putCredentials("netcup", loginName)
      for (const { name, ips } of groups) yield* stage.putGroup(name, { ips })
      yield* stage.startController({ LEASE_DURATION: "15s", LEASE_RENEW_DEADLINE: "10s", LEASE_RETRY_PERIOD: "2s" })
      const nodes = yield* Effect.forEach(groups, ({ name }) => stage.routedNode(name))
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 300)
      assert.isTrue(Object.values(Object.groupBy(nodes, (node) => node)).every((on) => on?.length === 5))

      const versions = Effect.map(
        Effect.forEach(groups, ({ name }) => http.get(stage.groupPath(name), Stage.GroupObject)),
        (all) => all.map(({ metadata }) => metadata.resourceVersion)
      )
      yield* Effect.sleep("1 second")
      const before = yield* versions
      yield* Effect.sleep("3 seconds")
      assert.deepStrictEqual(yield* versions, before)
    })
  )
})
