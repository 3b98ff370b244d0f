/**
 * Moves that get stuck half-way: what the status says meanwhile, and what becomes of them.
 */
import { assert } from "@effect/vitest"
import type * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import { suite } from "./Suite.ts"

const [v4, v6] = ["198.51.100.1/32", "2001:db8:a::/64"]
const ips = [v4, v6]
const addressOf = (group: Stage.GroupObject, ip: string) => group.status?.addresses?.find((one) => one.ip === ip)

const prepared = Effect.fn(function* (
  options: NetcupStage.NetcupOptions,
  environment: Readonly<Record<string, string>> = {}
) {
  const stage = yield* Stage.make(options)
  yield* stage.world.addAccount(
    account(
      3,
      ips.map((cidr) => ({ cidr }))
    )
  )
  const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  yield* stage.putCredentials("netcup", loginName)
  yield* stage.startController({ NETCUP_LIMIT_RETRY_INTERVAL: "1s", ...environment })
  const setReady = (node: string, ready: "True" | "False") =>
    kubelets.find(({ name }) => name === node)?.setReady(ready, "SaidByTest") ?? Effect.die("no such node")
  return { stage, setReady }
})

/** In ms: what netcup asks for between two moves of an address (SOAP), or allows two moves of the account in (REST). */
const window = 7_000

suite("a move that is half made", {}, (scenario) => {
  scenario(
    "as netcup's limits leave it: never Routed=True, and completed as soon as it is allowed",
    Effect.gen(function* () {
      const { setReady, stage } = yield* prepared(
        { limitWindow: window, rest: { limits: [{ requests: 2, window }] } },
        {
          NETCUP_MOVE_INTERVAL: `${window + 500}ms`,
          NETCUP_SHORT_WINDOW: `${window + 500}ms`,
          NETCUP_SHORT_WINDOW_MOVES: "2",
          NETCUP_LONG_WINDOW: `${window + 500}ms`
        }
      )
      yield* stage.putGroup("primary", { ips: [v4] })
      const left = yield* stage.routedNode("primary")
      yield* Effect.sleep("3 seconds")
      yield* stage.patchGroup("primary", { spec: { ips } })
      assert.strictEqual(yield* stage.routedNode("primary"), left)
      yield* setReady(left, "False")
      yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.status === "False")

      const half = yield* stage.groupUntil("primary", (group) => {
        assert.strictEqual(Stage.routed(group)?.status, "False")
        return addressOf(group, v4)?.state === "Routed" && addressOf(group, v6)?.state === "Waiting"
      })
      assert.include(Stage.routed(half)?.message ?? "", "1 of 2 addresses")
      assert.strictEqual(half.status?.currentNode, left)
      const allowed = Date.parse(addressOf(half, v6)?.nextAttemptAt ?? "")
      const whole = yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.status === "True")
      assert.notStrictEqual(whole.status?.currentNode, left)
      for (const cidr of ips) {
        assert.strictEqual(addressOf(whole, cidr)?.node, whole.status?.currentNode)
        assert.lengthOf(yield* stage.simulator.journal.changesOf(cidr), 2)
      }
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 4)
      const completed = (yield* stage.simulator.journal.changesOf(v6))[1]?.receivedAt ?? 0
      assert.isAtLeast(completed, allowed)
      assert.isBelow(completed - allowed, 1_000)
    })
  )

  scenario(
    "when its target fails: all of it goes to a third node, and nothing more to the second",
    Effect.gen(function* () {
      const { setReady, stage } = yield* prepared({ limitWindow: "10 millis" })
      yield* stage.putGroup("primary", { ips })
      const first = yield* stage.routedNode("primary")
      const limit = yield* stage.limit({ cidr: v6 })
      yield* setReady(first, "False")
      const half = yield* stage.groupUntil(
        "primary",
        (group) =>
          addressOf(group, v4)?.state === "Routed" &&
          addressOf(group, v4)?.node !== first &&
          addressOf(group, v6)?.state === "Waiting"
      )
      const second = addressOf(half, v4)?.node ?? ""
      yield* setReady(second, "False")
      yield* stage.groupUntil("primary", (group) => {
        const node = addressOf(group, v4)?.node
        return node !== undefined && node !== first && node !== second
      })
      const before = (yield* stage.simulator.journal.callsOf(stage.operations.route)).length
      yield* limit.remove
      const third = yield* stage.routedNode("primary")
      assert.notInclude([first, second], third)
      const calls = yield* stage.simulator.journal.callsOf(stage.operations.route)
      for (const { routing } of calls.slice(before)) assert.strictEqual(routing?.server, third.replace("node-", "v"))
      const servers = (yield* stage.simulator.journal.changesOf(v6)).map(({ routing }) => routing?.server)
      assert.deepStrictEqual(
        servers,
        [first, third].map((node) => node.replace("node-", "v"))
      )
    })
  )

  scenario(
    "not at all when the old node is back before the limits allow it: it is called off, and nothing was sent",
    Effect.gen(function* () {
      const { setReady, stage } = yield* prepared(
        { limitWindow: "1 hour", rest: { limits: [{ requests: 2, window: "1 hour" }] } },
        { NETCUP_MOVE_INTERVAL: "1h", NETCUP_SHORT_WINDOW: "1h", NETCUP_SHORT_WINDOW_MOVES: "2" }
      )
      yield* stage.putGroup("primary", { ips })
      const node = yield* stage.routedNode("primary")
      yield* setReady(node, "False")
      yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "RateLimited")
      yield* setReady(node, "True")
      assert.strictEqual(yield* stage.routedNode("primary"), node)
      assert.isUndefined((yield* stage.group("primary")).status?.targetNode)
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 2)
    })
  )
})
