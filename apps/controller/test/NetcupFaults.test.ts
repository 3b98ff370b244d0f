import { assert } from "@effect/vitest"
import { InjectedFault } from "@netcup-failover/testing/netcup/SoapInjection"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import { suite } from "./Suite.ts"

const addresses = ["198.51.100.1/32", "2001:db8:a::/64", "198.51.100.2/32"].map((cidr) => ({ cidr }))
const ips = ["198.51.100.1/32", "2001:db8:a::/64"]

/** Three nodes and a controller whose waits are short; nothing is routed yet. */
const prepared = Effect.fn(function* (limitWindow: Duration.Input, environment: Readonly<Record<string, string>> = {}) {
  const stage = yield* Stage.make({ limitWindow })
  yield* stage.world.addAccount(account(3, addresses))
  const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  yield* stage.putCredentials("netcup", loginName)
  yield* stage.startController({
    NETCUP_READ_TIMEOUT: "1s",
    NETCUP_ROUTE_TIMEOUT: "2s",
    NETCUP_MAX_BACKOFF: "1s",
    NETCUP_LIMIT_RETRY_INTERVAL: "1s",
    ...environment
  })
  const kubelet = (name: string) => Effect.fromNullishOr(kubelets.find((one) => one.name === name)).pipe(Effect.orDie)
  return { stage, kubelet }
})

const addressOf = (group: Stage.GroupObject, ip: string) => group.status?.addresses?.find((one) => one.ip === ip)

suite("what netcup does wrong", {}, (scenario) => {
  scenario(
    "what the ledger knows to be refused is not sent: it waits, says until when, and is made then",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared("4 seconds", { NETCUP_MOVE_INTERVAL: "4500ms" })
      yield* stage.putGroup("primary", { ips })
      const node = yield* stage.routedNode("primary")
      yield* (yield* kubelet(node)).setReady("False", "KubeletNotReady")
      const limited = yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "RateLimited")
      assert.include(Stage.routed(limited)?.message ?? "", "netcup lets an address rest after a move")
      const next = Date.parse(addressOf(limited, "198.51.100.1/32")?.nextAttemptAt ?? "")
      assert.notStrictEqual(yield* stage.routedNode("primary"), node)
      const calls = yield* stage.simulator.journal.changesOf("198.51.100.1/32")
      assert.lengthOf(calls, 2)
      assert.isAtLeast(calls[1]?.receivedAt ?? 0, next)
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 4)
    }),
    "soap"
  )

  scenario(
    "a limit whose end nobody knows is asked about again and again; the other addresses do not wait for it",
    Effect.gen(function* () {
      const { stage } = yield* prepared("4 seconds")
      const limit = yield* stage.limit({ cidr: "2001:db8:a::/64" })
      yield* stage.putGroup("primary", { ips })
      const half = yield* stage.groupUntil(
        "primary",
        (group) =>
          addressOf(group, "198.51.100.1/32")?.state === "Routed" &&
          addressOf(group, "2001:db8:a::/64")?.state === "Waiting"
      )
      assert.strictEqual(Stage.routed(half)?.status, "False")
      assert.include(Stage.routed(half)?.message ?? "", "1 of 2 addresses")
      yield* stage.simulator.awaitCall({
        operation: stage.operations.route,
        count: 3,
        where: ({ routing }) => routing?.prefix === "2001:db8:a::/64"
      })
      yield* limit.remove
      yield* stage.routedNode("primary")
      assert.lengthOf(yield* stage.simulator.journal.changesOf("198.51.100.1/32"), 1)
    })
  )

  scenario(
    "an address that the account does not have stops none of the others, and is named",
    Effect.gen(function* () {
      const { stage } = yield* prepared("10 millis")
      yield* stage.putGroup("primary", { ips: [...ips, "198.51.100.77/32"] })
      const half = yield* stage.groupUntil(
        "primary",
        (group) =>
          addressOf(group, "198.51.100.77/32")?.state === "Failed" &&
          addressOf(group, "2001:db8:a::/64")?.state === "Routed"
      )
      assert.strictEqual(Stage.routed(half)?.reason, "RoutingFailed")
      assert.include(Stage.routed(half)?.message ?? "", "198.51.100.77")
      assert.strictEqual(addressOf(half, "198.51.100.77/32")?.lastError?.reason, "AddressNotFound")
      yield* stage.patchGroup("primary", { spec: { ips } })
      yield* stage.routedNode("primary")
    })
  )

  for (const fault of ["Reset", "Unavailable", "EmptyError", "Garbage", "Truncated"] as const) {
    scenario(
      `an answer lost (${fault}) after netcup applied the change is looked for, and the change is not repeated`,
      Effect.gen(function* () {
        const { stage } = yield* prepared("10 millis")
        yield* stage.simulator.inject({
          operation: stage.operations.route,
          times: 2,
          fault: InjectedFault[fault]({ applied: true })
        })
        yield* stage.putGroup("primary", { ips })
        yield* stage.routedNode("primary")
        assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 2)
      })
    )
  }

  // An answer that says "done" is believed by its local names, whatever the envelope: only other answers are looked behind.
  for (const fault of ["Reset", "Unavailable", "EmptyError", "Garbage", "Truncated"] as const) {
    scenario(
      `a change lost (${fault}) before netcup applied it is looked for, and made`,
      Effect.gen(function* () {
        const { stage } = yield* prepared("10 millis")
        yield* stage.simulator.inject({
          operation: stage.operations.route,
          times: 2,
          fault: InjectedFault[fault]({ applied: false })
        })
        yield* stage.putGroup("primary", { ips })
        yield* stage.routedNode("primary")
        for (const cidr of ips) assert.lengthOf(yield* stage.simulator.journal.changesOf(cidr), 1)
      })
    )
  }

  scenario(
    "a change that was applied while netcup went silent, then down, is looked for when netcup is back, and not repeated",
    Effect.gen(function* () {
      const { stage } = yield* prepared("10 millis")
      yield* stage.simulator.inject({ operation: stage.operations.route, fault: InjectedFault.Hang({ applied: true }) })
      yield* stage.putGroup("primary", { ips })
      yield* stage.simulator.awaitCall({
        operation: stage.operations.route,
        count: 2,
        where: ({ appliedAt }) => appliedAt !== undefined
      })
      yield* stage.simulator.stop
      yield* stage.groupUntil("primary", (group) =>
        ips.every((ip) => addressOf(group, ip)?.state === "Unknown" || addressOf(group, ip)?.state === "Failed")
      )
      yield* stage.simulator.start
      yield* stage.routedNode("primary")
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 2)
    })
  )

  scenario(
    "netcup down when a node fails: never Routed, and routed within seconds of its return",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared("10 millis")
      yield* stage.putGroup("primary", { ips })
      const node = yield* stage.routedNode("primary")
      yield* stage.simulator.stop
      yield* (yield* kubelet(node)).setReady("False", "KubeletNotReady")
      const failed = yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "RoutingFailed")
      assert.strictEqual(Stage.routed(failed)?.status, "False")
      assert.strictEqual(failed.status?.currentNode, node)
      yield* stage.simulator.start
      assert.notStrictEqual(yield* stage.routedNode("primary"), node)
    })
  )

  scenario(
    "a hung call holds up nobody else's group",
    Effect.gen(function* () {
      const { stage } = yield* prepared("10 millis", { NETCUP_ROUTE_TIMEOUT: "1h" })
      yield* stage.simulator.inject({
        operation: stage.operations.route,
        cidr: "198.51.100.1/32",
        fault: InjectedFault.Hang({ applied: false })
      })
      yield* stage.putGroup("primary", { ips })
      yield* stage.simulator.awaitCall({
        operation: stage.operations.route,
        where: ({ routing }) => routing?.prefix === "198.51.100.1/32"
      })
      yield* stage.putGroup("secondary", { ips: ["198.51.100.2/32"] })
      yield* stage.routedNode("secondary")
      const primary = yield* stage.groupUntil(
        "primary",
        (group) => addressOf(group, "2001:db8:a::/64")?.state === "Routed"
      )
      assert.strictEqual(addressOf(primary, "198.51.100.1/32")?.state, "Moving")
    })
  )

  scenario(
    "the old node is back before the limit ends, and the route still points there: the move is called off",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared("1 hour", { NETCUP_MOVE_INTERVAL: "1h" })
      yield* stage.putGroup("primary", { ips })
      const node = yield* stage.routedNode("primary")
      yield* (yield* kubelet(node)).setReady("False", "KubeletNotReady")
      yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "RateLimited")
      yield* (yield* kubelet(node)).setReady("True", "KubeletReady")
      assert.strictEqual(yield* stage.routedNode("primary"), node)
      assert.isUndefined((yield* stage.group("primary")).status?.targetNode)
      for (const cidr of ips) assert.lengthOf(yield* stage.simulator.journal.changesOf(cidr), 1)
    }),
    "soap"
  )
})
