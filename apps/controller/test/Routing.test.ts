import { assert } from "@effect/vitest"
import * as Fnv1a from "@netcup-failover/core/Fnv1a"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName, macOf } from "./Account.ts"
import { suite } from "./Suite.ts"

const addresses = [{ cidr: "198.51.100.1/32" }, { cidr: "2001:db8:f::/64" }]
const ips = addresses.map(({ cidr }) => cidr)

suite("routing", { apis: ["soap"] }, (scenario) => {
  scenario(
    "a group is routed to the node that FNV-1a picks, each address by one call with its mask and MAC",
    Effect.gen(function* () {
      const stage = yield* Stage.make()
      yield* stage.world.addAccount(account(3, addresses))
      for (const n of [1, 2, 3]) yield* stage.addNode(`node-${n}`, { server: `v${n}` })
      yield* stage.putCredentials("netcup", loginName)
      yield* stage.putGroup("primary", { ips })
      yield* stage.startController()

      const picked = (Fnv1a.hash32("primary") % 3) + 1
      assert.strictEqual(yield* stage.routedNode("primary"), `node-${picked}`)

      const { journal } = stage.soap
      for (const name of ["v1", "v2", "v3"]) {
        const asked = (yield* journal.callsOf("getVServerInformation")).filter(
          ({ parameters }) => parameters.vservername === name
        )
        assert.isAtMost(asked.length, 1, `getVServerInformation of ${name}`)
      }
      const routings = (yield* journal.callsOf("changeIPRouting")).map(({ parameters }) => parameters)
      assert.sameDeepMembers(routings, [
        {
          loginName: "12345",
          routedIP: "198.51.100.1",
          routedMask: "32",
          destinationVserverName: `v${picked}`,
          destinationInterfaceMAC: macOf(picked)
        },
        {
          loginName: "12345",
          routedIP: "2001:db8:f::",
          routedMask: "64",
          destinationVserverName: `v${picked}`,
          destinationInterfaceMAC: macOf(picked)
        }
      ])

      const group = yield* stage.group("primary")
      assert.strictEqual(group.status?.observedGeneration, group.metadata.generation)
      assert.strictEqual(Stage.routed(group)?.reason, "NodeSelected")
      const table = yield* stage.cluster.kubectl(["get", "netcupfailoverips"])
      const [head = "", row = ""] = table.trim().split("\n")
      assert.deepStrictEqual(head.split(/\s+/), ["NAME", "NODE", "ROUTED", "AGE"])
      assert.deepStrictEqual(row.split(/\s+/).slice(0, 3), ["primary", `node-${picked}`, "True"])
    })
  )
})
