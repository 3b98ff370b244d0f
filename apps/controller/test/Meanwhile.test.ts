import { assert } from "@effect/vitest"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import { suite } from "./Suite.ts"

const [hanging, other, third] = ["198.51.100.1/32", "2001:db8:a::/64", "198.51.100.2/32"] as const
const addresses = [hanging, other, third].map((cidr) => ({ cidr }))

const prepared = Effect.gen(function* () {
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  yield* stage.world.addAccount(account(3, addresses))
  for (const n of [1, 2, 3]) yield* stage.addNode(`node-${n}`, { server: `v${n}`, labels: { place: `${n}` } })
  yield* stage.putCredentials("netcup", loginName)
  yield* stage.startController({ NETCUP_MAX_BACKOFF: "1s", NETCUP_LIMIT_RETRY_INTERVAL: "1s" })
  /** The calls for an address, of which none came while another was under way. */
  const callsFor = Effect.fnUntraced(function* (cidr: string) {
    const calls = (yield* stage.simulator.journal.callsOf(stage.operations.route)).filter(
      ({ routing }) => routing?.prefix === cidr
    )
    for (const [i, { receivedAt }] of calls.entries()) {
      if (i > 0)
        assert.isAtLeast(receivedAt, calls[i - 1]?.appliedAt ?? Number.POSITIVE_INFINITY, `${cidr}: two calls at once`)
    }
    return calls
  })
  /** The node that netcup routes the address to. */
  const holder = (cidr: string) =>
    Effect.map(stage.world.routes, (routes) =>
      [...routes].find(([prefix]) => prefix === cidr)?.[1].replace("v", "node-")
    )
  return { stage, callsFor, holder }
})

/** A group whose first call for {@link hanging} is under way at netcup, for seconds. */
const hung = Effect.gen(function* () {
  const { callsFor, holder, stage } = yield* prepared
  yield* stage.simulator.inject({
    operation: stage.operations.route,
    cidr: hanging,
    times: 1,
    delayBefore: "4 seconds"
  })
  yield* stage.putGroup("primary", { ips: [hanging, other] })
  const { routing } = yield* stage.simulator.awaitCall({
    operation: stage.operations.route,
    where: (call) => call.routing?.prefix === hanging
  })
  const target = (routing?.server ?? "").replace("v", "node-")
  const ended = stage.simulator.awaitCall({
    operation: stage.operations.route,
    where: (call) => call.routing?.prefix === hanging && call.appliedAt !== undefined
  })
  /** Nothing more comes, and netcup routes the address to the node that the group names. */
  const truthful = Effect.fnUntraced(function* (group: string) {
    yield* ended
    yield* Effect.sleep("1 second")
    const node = yield* stage.routedNode(group)
    assert.strictEqual(yield* holder(hanging), node)
    return node
  })
  return { stage, callsFor, target, ended, truthful }
})

suite("what becomes of resources while their call hangs at netcup", {}, (scenario) => {
  scenario(
    "a group made meanwhile is routed at once; the hanging one is completed by its one call",
    Effect.gen(function* () {
      const { callsFor, stage, truthful } = yield* hung
      yield* stage.putGroup("secondary", { ips: [third] })
      yield* stage.routedNode("secondary")
      assert.isUndefined((yield* callsFor(hanging))[0]?.appliedAt)
      yield* truthful("primary")
      for (const { cidr } of addresses) assert.lengthOf(yield* callsFor(cidr), 1, cidr)
    })
  )

  scenario(
    "an address that is taken out of its group and back in is routed by the call that was under way",
    Effect.gen(function* () {
      const { callsFor, stage, truthful } = yield* hung
      yield* stage.patchGroup("primary", { spec: { ips: [other, third] } })
      yield* stage.routedNode("primary")
      assert.isUndefined((yield* callsFor(hanging))[0]?.appliedAt)
      yield* stage.patchGroup("primary", { spec: { ips: [hanging, other, third] } })
      yield* truthful("primary")
      for (const { cidr } of addresses) assert.lengthOf(yield* callsFor(cidr), 1, cidr)
    })
  )

  scenario(
    "an address that is handed to another group waits for the call that is under way",
    Effect.gen(function* () {
      const { callsFor, stage, truthful } = yield* hung
      yield* stage.patchGroup("primary", { spec: { ips: [other] } })
      yield* stage.putGroup("secondary", { ips: [hanging, third] })
      yield* truthful("secondary")
      assert.isAtMost((yield* callsFor(hanging)).length, 2)
      for (const cidr of [other, third]) assert.lengthOf(yield* callsFor(cidr), 1, cidr)
    })
  )

  scenario(
    "a selector that excludes the target: the call under way ends first, then the group goes where it may",
    Effect.gen(function* () {
      const { callsFor, stage, target, truthful } = yield* hung
      const elsewhere = {
        matchExpressions: [{ key: "place", operator: "NotIn", values: [target.replace("node-", "")] }]
      }
      yield* stage.patchGroup("primary", { spec: { nodeSelector: elsewhere } })
      assert.notStrictEqual(yield* truthful("primary"), target)
      assert.lengthOf(yield* callsFor(hanging), 2)
    })
  )

  scenario(
    "credentials that are changed while their call hangs: that call is refused, and made with the right ones at once",
    Effect.gen(function* () {
      const { stage, truthful } = yield* hung
      yield* stage.spoil(loginName)
      yield* stage.putCredentials("netcup", loginName)
      yield* truthful("primary")
      for (const cidr of [hanging, other]) assert.lengthOf(yield* stage.simulator.journal.changesOf(cidr), 1, cidr)
    })
  )

  scenario(
    "a group that is deleted and made anew under its name takes over the call that is under way",
    Effect.gen(function* () {
      const { callsFor, stage, truthful } = yield* hung
      yield* stage.deleteGroup("primary")
      yield* stage.putGroup("primary", { ips: [hanging, other] })
      yield* truthful("primary")
      for (const cidr of [hanging, other]) assert.lengthOf(yield* callsFor(cidr), 1, cidr)
    })
  )

  scenario(
    "a group that is deleted and made anew under another name has the address where that call puts it",
    Effect.gen(function* () {
      const { callsFor, stage, target, truthful } = yield* hung
      yield* stage.deleteGroup("primary")
      yield* stage.putGroup("renamed", { ips: [hanging] })
      assert.strictEqual(yield* truthful("renamed"), target)
      assert.lengthOf(yield* callsFor(hanging), 1)
    })
  )

  scenario(
    "a group that is deleted leaves nothing behind but the call that was under way",
    Effect.gen(function* () {
      const { callsFor, ended, stage } = yield* hung
      yield* stage.deleteGroup("primary")
      yield* ended
      yield* Effect.sleep("2 seconds")
      for (const cidr of [hanging, other]) assert.lengthOf(yield* callsFor(cidr), 1, cidr)
      yield* stage.putGroup("secondary", { ips: [hanging] })
      yield* stage.routedNode("secondary")
      assert.lengthOf(yield* callsFor(hanging), 1)
    })
  )

  scenario(
    "of two groups with one address the older is deleted while its call hangs: the other waits for the call's end",
    Effect.gen(function* () {
      const { callsFor, stage, target, truthful } = yield* hung
      yield* Effect.sleep("1100 millis")
      yield* stage.putGroup("another", { ips: [hanging] })
      yield* stage.groupUntil("another", (group) => Stage.routed(group)?.reason === "Conflict")
      yield* stage.deleteGroup("primary")
      assert.strictEqual(yield* truthful("another"), target)
      assert.lengthOf(yield* callsFor(hanging), 1)
    })
  )
})

suite("two groups with the same address", {}, (scenario) => {
  scenario(
    "the older keeps it, the younger says Conflict and has it once the older is gone; netcup is told once",
    Effect.gen(function* () {
      const { callsFor, stage } = yield* prepared
      yield* stage.putGroup("zeta", { ips: [hanging, other] })
      const node = yield* stage.routedNode("zeta")
      // Kubernetes counts ages in seconds; the younger comes first by its name.
      yield* Effect.sleep("1100 millis")
      yield* stage.putGroup("alpha", { ips: ["198.51.100.1/32", third] })
      const conflict = yield* stage.groupUntil("alpha", (group) => Stage.routed(group)?.reason === "Conflict")
      assert.strictEqual(Stage.routed(conflict)?.status, "False")
      assert.include(Stage.routed(conflict)?.message ?? "", "zeta")
      assert.include(Stage.routed(conflict)?.message ?? "", hanging)
      assert.strictEqual(yield* stage.routedNode("zeta"), node)
      assert.lengthOf(yield* callsFor(third), 0)
      yield* stage.deleteGroup("zeta")
      assert.strictEqual(yield* stage.routedNode("alpha"), node)
      for (const { cidr } of addresses) assert.lengthOf(yield* callsFor(cidr), 1, cidr)
    })
  )

  scenario(
    "an older group that takes up the address of a younger one later has it from then on",
    Effect.gen(function* () {
      const { callsFor, holder, stage } = yield* prepared
      yield* stage.putGroup("older", { ips: [other] })
      yield* stage.routedNode("older")
      yield* Effect.sleep("1100 millis")
      yield* stage.putGroup("younger", { ips: [hanging] })
      yield* stage.routedNode("younger")
      yield* stage.patchGroup("older", { spec: { ips: [other, hanging] } })
      yield* stage.groupUntil("younger", (group) => Stage.routed(group)?.reason === "Conflict")
      const node = yield* stage.routedNode("older")
      for (const cidr of [hanging, other]) assert.strictEqual(yield* holder(cidr), node)
      assert.isAtMost((yield* callsFor(hanging)).length + (yield* callsFor(other)).length, 3)
    })
  )
})
