import { assert } from "@effect/vitest"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import { suite } from "./Suite.ts"

const groups = Array.from({ length: 14 }, (_, g) => ({
  name: `group-${g}`,
  ips: [1, 2, 3].map((n) => `198.18.${g}.${n}/32`)
}))

suite("many addresses on one dead node", {}, (scenario) => {
  scenario(
    "groups and addresses are told side by side: thirty-two calls at once, and no more",
    Effect.gen(function* () {
      const stage = yield* Stage.make({ limitWindow: "10 millis" })
      const addresses = groups.flatMap(({ ips }) => ips.map((cidr) => ({ cidr, routedTo: "v1" })))
      yield* stage.world.addAccount(account(3, addresses))
      const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
      yield* stage.putCredentials("netcup", loginName)
      for (const { name, ips } of groups) yield* stage.putGroup(name, { ips })
      yield* stage.startController()
      for (const { name } of groups) assert.strictEqual(yield* stage.routedNode(name), "node-1")
      let [now, most] = [0, 0]
      const enter = Effect.sync(() => {
        now += 1
        most = Math.max(most, now)
      })
      const leave = Effect.sync(() => {
        now -= 1
      })
      const rule = {
        operation: stage.operations.route,
        before: enter,
        delayBefore: "500 millis",
        after: leave
      } as const
      yield* stage.simulator.inject(rule)
      yield* kubelets[0]?.setReady("False", "KubeletNotReady") ?? Effect.void
      for (const { name } of groups)
        yield* stage.groupUntil(
          name,
          (group) => group.status?.currentNode !== "node-1" && Stage.routed(group)?.status === "True"
        )
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 42)
      assert.strictEqual(most, 32)
    })
  )
})
