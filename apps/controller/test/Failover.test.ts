import { assert } from "@effect/vitest"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import { suite } from "./Suite.ts"

const addresses = [{ cidr: "198.51.100.1/32" }, { cidr: "2001:db8:a::/64" }, { cidr: "198.51.100.2/32" }]

/**
 * Three nodes, a group of two addresses and one of one address, routed to two of them. Were both placed anew
 * after the failure, the hash would send the first to the node of the second: staying is no luck.
 */
const routedStage = Effect.gen(function* () {
  // An address is moved twice within seconds here, which netcup's own limit would not allow.
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  yield* stage.world.addAccount(account(3, addresses))
  const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  yield* stage.putCredentials("netcup", loginName)
  yield* stage.putGroup("first", { ips: ["198.51.100.1/32", "2001:db8:a::/64"] })
  yield* stage.putGroup("second", { ips: ["198.51.100.2/32"] })
  yield* stage.startController()
  const [first, second] = [yield* stage.routedNode("first"), yield* stage.routedNode("second")]
  assert.notStrictEqual(first, second, "groups share a node while another is free")
  const spare = ["node-1", "node-2", "node-3"].find((name) => name !== first && name !== second) ?? ""
  return {
    stage,
    first,
    second,
    spare,
    kubelet: (name: string | undefined) => kubelets.find((one) => one.name === name)
  }
})

/** `first`'s node has failed: it moves to the free node, with one call an address, and `second` is left alone. */
const firstMoves = Effect.fn(function* ({ stage, first, second, spare }: Effect.Success<typeof routedStage>) {
  const moved = yield* stage.groupUntil("first", (group) => group.status?.currentNode === spare)
  assert.strictEqual(Stage.routed(moved)?.status, "True")
  assert.deepInclude(moved.status?.moves?.at(-1), { from: first, to: spare })
  const serverOf = (node: string) => node.replace("node-", "v")
  assert.deepStrictEqual(Object.fromEntries(yield* stage.world.routes), {
    "198.51.100.1/32": serverOf(spare),
    "2001:db8:a::/64": serverOf(spare),
    "198.51.100.2/32": serverOf(second)
  })
  for (const cidr of ["198.51.100.1/32", "2001:db8:a::/64"]) {
    assert.lengthOf(yield* stage.simulator.journal.changesOf(cidr), 2, cidr)
  }
  assert.lengthOf(yield* stage.simulator.journal.changesOf("198.51.100.2/32"), 1)
})

suite("failover", { nodeLifecycle: { gracePeriod: "5 seconds", monitorPeriod: "500 millis" } }, (scenario) => {
  scenario(
    "a node that says it is not ready loses its groups, and only its own",
    Effect.gen(function* () {
      const at = yield* routedStage
      const kubelet = at.kubelet(at.first)
      if (kubelet === undefined) return assert.fail("no kubelet")
      yield* kubelet.setReady("False", "KubeletNotReady")
      yield* firstMoves(at)
    })
  )

  scenario(
    "a node whose heartbeat stops is found by the node lifecycle controller, and loses its groups",
    Effect.gen(function* () {
      const at = yield* routedStage
      yield* at.kubelet(at.first)?.pause ?? Effect.die("no kubelet")
      yield* firstMoves(at)
    })
  )

  scenario(
    "a node that is deleted loses its groups",
    Effect.gen(function* () {
      const at = yield* routedStage
      yield* at.kubelet(at.first)?.delete ?? Effect.die("no kubelet")
      yield* firstMoves(at)
    })
  )
})
