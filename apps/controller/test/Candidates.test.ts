import { assert } from "@effect/vitest"
import type { ServerSpec } from "@netcup-failover/testing/netcup/Arrangement"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as NodePort from "@netcup-failover/testing/stage/NodePort"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { account, loginName, server } from "./Account.ts"
import { eventually, get } from "./Http.ts"
import { suite } from "./Suite.ts"

const address = { cidr: "198.51.100.1/32" }
const routes = (stage: Pick<Effect.Success<ReturnType<typeof Stage.make>>, "simulator" | "operations">) =>
  Effect.map(stage.simulator.journal.callsOf(stage.operations.route), (calls) =>
    calls.map(({ routing }) => [routing?.prefix, routing?.server])
  )

/** What is wrong with the server of a candidate. SOAP knows of no sites, and of no disabled servers. */
const servers = (api: "soap" | "rest"): ReadonlyArray<ServerSpec> => [
  { ...server(1), status: "offline" },
  { ...server(2), rescue: true },
  { ...server(3), ...(api === "rest" ? { site: { id: 2, city: "Vienna" } } : { rescue: true }) },
  api === "rest" ? { ...server(4), disabled: true } : { name: "v4", interfaces: [{ mac: "02:00:00:00:00:04" }] },
  ...[5, 7, 8, 9].map(server)
]

/** Why each of the eight cannot take the group, as the condition has it. */
const reasons = (api: "soap" | "rest"): ReadonlyArray<readonly [string, string]> => [
  ["node-1", "is server v1, which is off or in the rescue system"],
  ["node-2", "is server v2, which is off or in the rescue system"],
  [
    "node-3",
    api === "rest" ? "is server v3, which is at another site than 198.51.100.1/32" : "is server v3, which is off or"
  ],
  ["node-4", "is server v4, which is disabled or has no interface to route to"],
  ["node-5", "has not renewed its Lease since "],
  ["node-6", "is server v6, which the account does not list"],
  ["node-7", "has no annotation netcup.digilol.net/server-name"],
  ["node-8", "is being deleted"]
]

/** Eight nodes, each with a defect of its own but the fifth, which has yet to fall silent; and a controller that knows them. */
const defective = Effect.gen(function* () {
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  const { http } = stage.cluster
  yield* stage.world.addAccount({ ...account(0, [address]), servers: servers(stage.api) })
  yield* stage.world.addAccount({ loginName: "other", password: "word", servers: [server(6)], addresses: [] })
  const port = yield* NodePort.make("127.0.2.5")
  const add = (n: number) =>
    stage.addNode(`node-${n}`, { server: n === 7 ? undefined : `v${n}`, port: n === 5 ? port : undefined })
  const [silent] = yield* Effect.forEach([5, 1, 2, 3, 4, 6, 7, 8], add)
  // Something that has to be done before keeps the Node that is being deleted.
  const path = "/api/v1/nodes/node-8"
  yield* http.patch(path, { metadata: { finalizers: ["example.org/hold"] } })
  yield* Effect.addFinalizer(() => Effect.ignore(http.patch(path, { metadata: { finalizers: null } })))
  yield* http.delete(path)
  yield* stage.putCredentials("netcup", loginName)
  const { metricsUrl } = yield* stage.startController({
    NETCUP_REFRESH_INTERVAL: "1s",
    DETECTION_LEASE_STALE_AFTER: "4s",
    DETECTION_SILENT_AFTER: "2s"
  })
  const isThought = (state: string) =>
    eventually(get(`${metricsUrl}/metrics`), ({ body }) =>
      body.includes(`netcup_failover_node_verdict{node="node-5",state="${state}"} 1`)
    )
  // What was never heard of it would not be missed.
  yield* isThought("Healthy")
  yield* Effect.repeat(port.taken, { until: (count) => count > 0, schedule: Schedule.spaced("100 millis") })
  yield* Effect.sleep("3 seconds")
  const demand = stage.putGroup("primary", { ips: [address.cidr] })
  return { stage, demand, isThought, port, pause: silent?.pause ?? Effect.void }
})

suite("what is proved of a target before it is routed to", {}, (scenario) => {
  scenario(
    "of eight defective candidates none is told, and the condition names what is wrong with each; the ninth, sound, gets one call",
    Effect.gen(function* () {
      const api = yield* NetcupStage.Api
      const { stage, demand, isThought, port, pause } = yield* defective
      yield* Effect.all([pause, port.set("swallows")], { concurrency: 2 })
      yield* isThought("Failed")
      yield* demand
      const isNamed = (group: Stage.GroupObject) =>
        reasons(api).every(([node, reason]) => Stage.routed(group)?.message.includes(`${node} ${reason}`))
      const none = yield* stage.groupUntil("primary", isNamed)
      assert.strictEqual(Stage.routed(none)?.status, "False")
      assert.strictEqual(Stage.routed(none)?.reason, "MissingAnnotation")
      assert.deepStrictEqual(yield* routes(stage), [])
      yield* stage.addNode("node-9", { server: "v9" })
      assert.strictEqual(yield* stage.routedNode("primary"), "node-9")
      assert.deepStrictEqual(yield* routes(stage), [[address.cidr, "v9"]])
    })
  )

  scenario(
    "a sound one among them, and not the one that is suspect, is found at the first try, by the one call that there is",
    Effect.gen(function* () {
      const { stage, demand, isThought, port } = yield* defective
      yield* stage.addNode("node-9", { server: "v9" })
      yield* port.set("swallows")
      yield* isThought("Suspect")
      yield* demand
      assert.strictEqual(yield* stage.routedNode("primary"), "node-9")
      assert.deepStrictEqual(yield* routes(stage), [[address.cidr, "v9"]])
    })
  )

  scenario(
    "an address that netcup does not let this login route keeps its group where it is, by name; it goes once it may",
    Effect.gen(function* () {
      const stage = yield* Stage.make({ limitWindow: "10 millis" })
      const locked = { cidr: "198.51.100.2/32", editable: false }
      yield* stage.world.addAccount(account(2, [address, locked]))
      for (const n of [1, 2]) yield* stage.addNode(`node-${n}`, { server: `v${n}` })
      yield* stage.putCredentials("netcup", loginName)
      yield* stage.putGroup("primary", { ips: [address.cidr, locked.cidr] })
      yield* stage.startController({ NETCUP_REFRESH_INTERVAL: "1s" })
      const held = yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "AddressLocked")
      assert.include(Stage.routed(held)?.message ?? "", locked.cidr)
      assert.notInclude(Stage.routed(held)?.message ?? "", address.cidr)
      assert.deepStrictEqual(yield* routes(stage), [])
      yield* stage.world.removeAddress(locked.cidr)
      yield* stage.world.addAddress(loginName, { cidr: locked.cidr })
      yield* stage.routedNode("primary")
      assert.lengthOf(yield* routes(stage), 2)
    }),
    "rest"
  )
})
