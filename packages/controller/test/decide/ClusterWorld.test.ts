import { assert, describe, it } from "@effect/vitest"
import * as ClusterWorld from "@netcup-failover/controller/decide/ClusterWorld"
import type { GroupResource } from "@netcup-failover/controller/observe/GroupResource"
import type { NodeResource } from "@netcup-failover/controller/observe/NodeResource"
import { NodeName } from "@netcup-failover/core/Candidate"
import { type Decision, plan } from "@netcup-failover/core/Plan"

const time = "2026-11-22T12:00:00Z"
const now = Date.parse(time)

const node = (name: string, server?: string, ...addresses: ReadonlyArray<string>): NodeResource => ({
  metadata: {
    name: NodeName.make(name),
    uid: name,
    resourceVersion: "1",
    ...(server === undefined ? {} : { annotations: { "netcup.digilol.net/server-name": server } })
  },
  status: {
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: time }],
    addresses: addresses.map((one) => ({ type: "ExternalIP", address: one }))
  }
})

const group = (
  name: string,
  status: GroupResource["status"],
  more: Partial<GroupResource["metadata"]> = {},
  ips = ["2001:db8::2/64"]
): GroupResource => ({
  metadata: { name, uid: name, resourceVersion: "1", generation: 1, creationTimestamp: time, ...more },
  spec: { ips, credentialsSecret: { name: "netcup", namespace: "netcup-system" } },
  ...(status === undefined ? {} : { status })
})

const make = (...groups: ReadonlyArray<GroupResource>) =>
  ClusterWorld.make({ nodes: [node("a", "v1"), node("b", "v2")], groups }, now)

const routes = (of: ClusterWorld.ClusterWorld) => [...of.world.accounts.values()].flatMap((one) => [...one.routes])

describe("the world as the cluster tells of it", () => {
  it("has addresses where statuses have them, by their prefixes, and passes over what is none", () => {
    const addresses = [
      { ip: "2001:db8::2/64", server: "v1", state: "Routed" as const },
      { ip: "198.51.100.1/32", state: "Unknown" as const },
      { ip: "nonsense", server: "v2", state: "Unknown" as const }
    ]
    assert.deepStrictEqual<unknown>(routes(make(group("web", { addresses }))), [["2001:db8::/64", "v1"]])
  })

  it("knows since when a group is where it is only if its last move brought it there", () => {
    const moves = [{ at: time, to: "b", reason: "a was not ready" }]
    assert.deepStrictEqual([...make(group("web", { currentNode: "b", moves })).since], [["web", now]])
    assert.deepStrictEqual([...make(group("web", { currentNode: "a", moves })).since], [])
    assert.deepStrictEqual([...make(group("web", undefined)).since], [])
  })

  it("knows of moves by others what the status tells", () => {
    const addresses = [
      { ip: "2001:db8::2/64", server: "v2", state: "Waiting" as const },
      { ip: "198.51.100.1/32", server: "v1", state: "Routed" as const }
    ]
    const said = (reason: string) => ({
      currentNode: "a",
      addresses,
      conditions: [{ type: "Routed", status: "False" as const, reason, message: "", lastTransitionTime: time }]
    })
    const strayed = (reason: string) =>
      make(group("web", said(reason), {}, ["2001:db8::2/64", "198.51.100.1/32"])).world.groups[0]?.strayed
    assert.deepStrictEqual<unknown>(strayed("Drifted"), { prefixes: ["2001:db8::/64"], contested: false })
    assert.deepStrictEqual<unknown>(strayed("Contested"), { prefixes: ["2001:db8::/64"], contested: true })
    assert.isUndefined(strayed("RoutingFailed"))
  })

  it("leaves out what is being deleted, and what that says of addresses", () => {
    const addresses = [{ ip: "2001:db8::2/64", server: "v1", state: "Routed" as const }]
    const found = make(group("web", { currentNode: "a", addresses }, { deletionTimestamp: time }))
    assert.deepStrictEqual(found.world.groups, [])
    assert.deepStrictEqual(routes(found), [])
  })

  it("holds what is not valid as the controller does, and nothing for an account that it cannot know", () => {
    const [valid, invalid] = make(group("web", undefined), group("typo", undefined, {}, ["nonsense"])).world.groups
    assert.isUndefined(valid?.held)
    assert.strictEqual(invalid?.held?.because._tag, "InvalidSpec")
  })

  describe("of a node without annotation", () => {
    const told = group("web", {
      currentNode: "c",
      addresses: [{ ip: "2001:db8::2/64", server: "v3", node: "c", state: "Routed" as const }]
    })
    const decided = (nodes: ReadonlyArray<NodeResource>, ...groups: ReadonlyArray<GroupResource>) =>
      plan(ClusterWorld.make({ nodes, groups }, now).world).get("web")
    const against = (decision: Decision | undefined, name: string) =>
      decision?._tag === "Unplaceable" ? decision.reasons.get(NodeName.make(name))?.map(({ _tag }) => _tag) : undefined

    for (const [what, addresses] of [
      ["by a public address", ["203.0.113.3", "2001:db8:100::3"]],
      ["by its name", []]
    ] as const)
      it(`takes it for the server that a status tells, as the controller does ${what}`, () => {
        const decision = decided([node("a", "v1"), node("c", undefined, ...addresses)], told)
        assert.deepInclude(decision, { _tag: "Stay", node: NodeName.make("c") })
      })

    it("knows nothing where no status tells", () => {
      const decision = decided([node("c"), node("d", undefined, "203.0.113.4")], group("web", undefined))
      assert.deepStrictEqual(against(decision, "c"), ["MissingAnnotation"])
      assert.deepStrictEqual(against(decision, "d"), ["MissingAnnotation"])
    })
  })

  it("refuses two nodes that name one server, as the controller does", () => {
    const twins = [node("a", "v1"), node("b", "v1")]
    const decision = plan(ClusterWorld.make({ nodes: twins, groups: [group("web", undefined)] }, now).world).get("web")
    const reasons = decision?._tag === "Unplaceable" ? [...decision.reasons.values()].flat() : []
    assert.deepStrictEqual(
      reasons.map(({ _tag }) => _tag),
      ["SharedServer", "SharedServer"]
    )
  })

  it("counts a node that has just become ready as not settled yet", () => {
    assert.deepStrictEqual(
      make().world.nodes.map(({ settledAt }) => settledAt),
      [now + 300_000, now + 300_000]
    )
  })
})

describe("the last move of a group", () => {
  it("is told as its status has it, with why", () => {
    const told = (moves: NonNullable<GroupResource["status"]>["moves"]) =>
      ClusterWorld.lastMove(group("web", moves === undefined ? {} : { moves }))
    assert.isUndefined(told(undefined))
    assert.isUndefined(told([]))
    const first = { at: time, to: "a", reason: "the group had no node" }
    assert.strictEqual(told([first]), `Its last move, at ${time}: to a, because the group had no node`)
    const second = { at: time, from: "a", to: "b", reason: "a is gone" }
    assert.strictEqual(told([first, second]), `Its last move, at ${time}: from a to b, because a is gone`)
  })
})
