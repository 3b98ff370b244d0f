/**
 * Replicas whose wall clocks disagree by an hour, one leader after the other: netcup's limits are neither waited for any longer nor
 * ignored.
 */
import { assert } from "@effect/vitest"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as WrongClock from "@netcup-failover/testing/stage/WrongClock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { account, loginName } from "../Account.ts"
import { suite } from "../Suite.ts"
import * as Move from "./Move.ts"

const ips = ["198.51.100.1/32", "2001:db8:a::/64"]

/** What netcup asks for between two moves of an address (SOAP), and of the account (REST: two of them), in ms. */
const window = 12_000

/** Of the ledger beside it. A clock is told to a second by the API server, and each replica's is measured once. */
const margin = 2_500

const windows = {
  NETCUP_MOVE_INTERVAL: `${window + margin}ms`,
  NETCUP_SHORT_WINDOW: `${window + margin}ms`,
  NETCUP_SHORT_WINDOW_MOVES: "2",
  NETCUP_LONG_WINDOW: `${window + margin}ms`,
  NETCUP_REFRESH_INTERVAL: "1h"
}

suite("replicas whose clocks disagree by an hour", {}, (scenario) => {
  for (const [what, first, second] of [
    ["the first leader's is ahead", Duration.hours(1), Duration.zero],
    ["the first leader's is behind", Duration.hours(-1), Duration.zero],
    ["the second leader's is ahead", Duration.zero, Duration.hours(1)],
    ["the second leader's is behind", Duration.zero, Duration.hours(-1)]
  ] as const) {
    scenario(
      `${what}: the next move waits for netcup's limit, and no longer; nothing is refused`,
      Effect.gen(function* () {
        const stage = yield* Stage.make({ limitWindow: window, rest: { limits: [{ requests: 2, window }] } })
        yield* stage.world.addAccount(
          account(
            4,
            ips.map((cidr) => ({ cidr, routedTo: "v1" }))
          )
        )
        const kubelets = yield* Effect.forEach([1, 2, 3, 4], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
        const fail = (node: string) =>
          kubelets.find(({ name }) => name === node)?.setReady("False", "KubeletNotReady") ?? Effect.die("no such node")
        const start = Effect.fnUntraced(function* (POD_NAME: string, by: Duration.Duration) {
          return yield* stage.startController({
            ...Move.leases,
            ...windows,
            ...(yield* WrongClock.environment(by)),
            POD_NAME
          })
        })
        yield* stage.putCredentials("netcup", loginName)
        yield* stage.putGroup("primary", { ips })
        const leader = yield* start("first", first)
        assert.strictEqual(yield* stage.routedNode("primary"), "node-1")
        yield* fail("node-1")
        const moved = yield* stage.groupUntil(
          "primary",
          (group) => group.status?.currentNode !== "node-1" && Stage.routed(group)?.status === "True"
        )
        yield* leader.end("SIGKILL")
        yield* start("second", second)
        yield* Move.heldBy("second")
        const left = moved.status?.currentNode ?? ""
        yield* fail(left)
        yield* stage.groupUntil(
          "primary",
          (group) => group.status?.currentNode !== left && Stage.routed(group)?.status === "True"
        )
        for (const cidr of ips) {
          const changes = yield* stage.simulator.journal.changesOf(cidr)
          assert.lengthOf(changes, 2)
          const rest = (changes[1]?.receivedAt ?? 0) - (changes[0]?.receivedAt ?? 0)
          yield* Effect.logInfo(`${what}: ${cidr} rested for ${rest} ms`)
          assert.isBelow(rest, 60_000)
        }
        assert.strictEqual(yield* Move.limitedCalls(stage), 0)
      })
    )
  }
})
