import { assert } from "@effect/vitest"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import { suite } from "./Suite.ts"

suite("adoption", {}, (scenario) => {
  scenario(
    "addresses that already point to a healthy node are adopted without a routing call, and a restart makes none",
    Effect.gen(function* () {
      const stage = yield* Stage.make()
      // Not where the hash would put them.
      const addresses = [
        { cidr: "198.51.100.1/32", routedTo: "v1" },
        { cidr: "2001:db8:a::/64", routedTo: "v1" }
      ]
      yield* stage.world.addAccount(account(3, addresses))
      for (const n of [1, 2, 3]) yield* stage.addNode(`node-${n}`, { server: `v${n}` })
      yield* stage.putCredentials("netcup", loginName)
      yield* stage.putGroup("primary", { ips: addresses.map(({ cidr }) => cidr) })
      const first = yield* stage.startController()
      assert.strictEqual(yield* stage.routedNode("primary"), "node-1")

      const { resourceVersion } = (yield* stage.group("primary")).metadata
      assert.strictEqual(yield* first.end("SIGTERM"), 0)
      const { journal } = stage.simulator
      const before = (yield* journal.calls).length
      yield* stage.startController()
      // The new leader has looked at netcup, and has found nothing to do and nothing to say.
      yield* stage.simulator.awaitCall({
        operation: stage.operations.server,
        where: ({ id }) => id > before,
        count: 3
      })
      yield* Effect.sleep("1 second")
      assert.strictEqual((yield* stage.group("primary")).metadata.resourceVersion, resourceVersion)
      assert.lengthOf(yield* journal.callsOf(stage.operations.route), 0)
    })
  )

  scenario(
    "a group found split is gathered on the node that has most of it, with as few calls as that takes",
    Effect.gen(function* () {
      const stage = yield* Stage.make()
      const addresses = [
        { cidr: "198.51.100.1/32", routedTo: "v3" },
        { cidr: "198.51.100.2/32", routedTo: "v3" },
        { cidr: "198.51.100.3/32", routedTo: "v1" }
      ]
      yield* stage.world.addAccount(account(3, addresses))
      for (const n of [1, 2, 3]) yield* stage.addNode(`node-${n}`, { server: `v${n}` })
      yield* stage.putCredentials("netcup", loginName)
      yield* stage.putGroup("primary", { ips: addresses.map(({ cidr }) => cidr) })
      yield* stage.startController()
      assert.strictEqual(yield* stage.routedNode("primary"), "node-3")
      const changes = yield* stage.simulator.journal.callsOf(stage.operations.route)
      assert.deepStrictEqual(
        changes.map(({ routing }) => routing?.prefix),
        ["198.51.100.3/32"]
      )
    })
  )
})
