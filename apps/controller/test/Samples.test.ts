import { fileURLToPath } from "node:url"
import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName, server } from "./Account.ts"
import { suite } from "./Suite.ts"

const controlPlane = { "node-role.kubernetes.io/control-plane": "" }

/** Applies a sample as an operator does, until the scope ends. */
const apply = Effect.fn(function* (sample: string) {
  const { kubectl } = yield* KubeCluster
  const file = fileURLToPath(new URL(`../../../infra/samples/${sample}.yaml`, import.meta.url))
  yield* kubectl(["apply", "-f", file])
  yield* Effect.addFinalizer(() => Effect.ignore(kubectl(["delete", "--ignore-not-found", "-f", file])))
})

/**
 * Two control planes and two workers, one account, and one sample that names the group `primary`. Of four nodes the hash picks
 * the second by name: a control plane here, and a worker if workers come first.
 */
const primaryOf = Effect.fn(function* (sample: string, worker = "worker") {
  const stage = yield* Stage.make()
  const addresses = [{ cidr: "198.51.100.1/32" }, { cidr: "2001:db8::/64" }]
  yield* stage.world.addAccount({ ...account(4, addresses), password: "your-netcup-password" })
  yield* stage.addNode("control-1", { server: "v1", labels: controlPlane })
  yield* stage.addNode("control-2", { server: "v2", labels: controlPlane })
  yield* stage.addNode(`${worker}-1`, { server: "v3" })
  yield* stage.addNode(`${worker}-2`, { server: "v4" })
  yield* stage.api === "soap" ? apply("secret") : stage.putCredentials("netcup-credentials", loginName)
  yield* apply(sample)
  yield* stage.startController()
  return yield* stage.routedNode("primary")
})

suite("the seed system's samples", {}, (scenario) => {
  scenario(
    "any node: the group is routed",
    Effect.gen(function* () {
      assert.match(yield* primaryOf("any-node"), /^(control|worker)-[12]$/u)
    })
  )

  scenario(
    "control planes only: the group is on a control plane",
    Effect.gen(function* () {
      assert.match(yield* primaryOf("control-plane-only", "a-worker"), /^control-[12]$/u)
    })
  )

  scenario(
    "workers only: the group is on a worker",
    Effect.gen(function* () {
      assert.match(yield* primaryOf("workers-only"), /^worker-[12]$/u)
    })
  )

  scenario(
    "two groups with two accounts: each is on a node of its own account, and IPv6 with host bits is told as written",
    Effect.gen(function* () {
      const stage = yield* Stage.make()
      yield* stage.world.addAccount({
        loginName: "1",
        password: "word",
        servers: [server(2), server(3)],
        addresses: [{ cidr: "198.51.100.1/32" }, { cidr: "2001:db8::/64" }]
      })
      yield* stage.world.addAccount({
        loginName: "2",
        password: "other-word",
        servers: [server(1)],
        addresses: [{ cidr: "198.51.100.2/32" }, { cidr: "2001:db8::2/64" }]
      })
      for (const n of [1, 2, 3]) yield* stage.addNode(`node-${n}`, { server: `v${n}` })
      yield* stage.putCredentials("netcup-credentials-account1", "1")
      yield* stage.putCredentials("netcup-credentials-account2", "2")
      yield* apply("two-accounts")
      yield* stage.startController()

      assert.include(["node-2", "node-3"], yield* stage.routedNode("group-a"))
      // The only node whose server the second account lists, whatever the hash would pick.
      assert.strictEqual(yield* stage.routedNode("group-b"), "node-1")
      const told = (yield* stage.simulator.journal.callsOf(stage.operations.route))
        .filter(({ loginName }) => loginName === "2")
        .map(({ routing }) => routing?.prefix ?? "")
      assert.sameMembers(told, ["198.51.100.2/32", "2001:db8::/64"])
      const spelled = (yield* stage.soap.journal.callsOf("changeIPRouting")).map(
        ({ parameters: { routedIP, routedMask } }) => `${routedIP} ${routedMask}`
      )
      if (stage.api === "soap") assert.include(spelled, "2001:db8::2 64")
      const { status } = yield* stage.group("group-b")
      assert.sameMembers(
        (status?.addresses ?? []).map(({ ip }) => ip),
        ["198.51.100.2/32", "2001:db8::2/64"]
      )
    })
  )
})
