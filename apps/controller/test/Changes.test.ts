import { assert } from "@effect/vitest"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName, macOf } from "./Account.ts"
import { suite } from "./Suite.ts"

const addresses = ["198.51.100.1/32", "198.51.100.2/32", "2001:db8:a::/64"].map((cidr) => ({ cidr }))
const ips = ["198.51.100.1/32", "2001:db8:a::/64"]

/** Three nodes and an account, a Secret, and a controller: as a cluster is before the first group. */
const prepared = Effect.fn(function* (options: { readonly refused?: boolean } = {}) {
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  yield* stage.world.addAccount(account(3, addresses))
  const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  const wrong = stage.api === "soap" ? { loginName, password: "wrong" } : { refreshToken: "dead" }
  yield* options.refused === true ? stage.putSecret("netcup", wrong) : stage.putCredentials("netcup", loginName)
  // An hour between two reads of netcup: nothing here may be owed to a look that would have come anyway.
  const controller = yield* stage.startController({ NETCUP_REFRESH_INTERVAL: "1h" })
  const kubelet = (name: string) => Effect.fromNullishOr(kubelets.find((one) => one.name === name)).pipe(Effect.orDie)
  return { stage, kubelet, kubelets, controller }
})

const refusal = { soap: "Invalid credentials.", rest: "log in again" }

type Prepared = Effect.Success<ReturnType<typeof prepared>>["stage"]

/** Waits until the group is not routed for this reason; gives the condition's message. */
const unrouted = (stage: Prepared, name: string, reason: string) =>
  Effect.map(
    stage.groupUntil(name, (group) => {
      const condition = Stage.routed(group)
      return condition?.status === "False" && condition.reason === reason
    }),
    (group) => Stage.routed(group)?.message ?? ""
  )

/** What netcup was told to route where. */
const routings = (stage: Prepared) =>
  Effect.map(stage.simulator.journal.callsOf(stage.operations.route), (calls) => calls.map(({ routing }) => routing))

suite("what changes is acted on by itself", {}, (scenario) => {
  scenario(
    "an address added to spec.ips is routed to where the group is; the others are left alone",
    Effect.gen(function* () {
      const { stage } = yield* prepared()
      yield* stage.putGroup("primary", { ips })
      const node = yield* stage.routedNode("primary")
      yield* stage.patchGroup("primary", { spec: { ips: [...ips, "198.51.100.2/32"] } })
      assert.strictEqual(yield* stage.routedNode("primary"), node)
      const told = (yield* routings(stage)).map((routing) => routing?.prefix ?? "")
      assert.deepStrictEqual(told.toSorted(), ["198.51.100.1/32", "198.51.100.2/32", "2001:db8:a::/64"])
      const { status } = yield* stage.group("primary")
      assert.lengthOf(status?.addresses ?? [], 3)
    })
  )

  scenario(
    "an address removed from spec.ips leaves the status",
    Effect.gen(function* () {
      const { stage } = yield* prepared()
      yield* stage.putGroup("primary", { ips })
      yield* stage.routedNode("primary")
      yield* stage.patchGroup("primary", { spec: { ips: ["198.51.100.1/32"] } })
      yield* stage.routedNode("primary")
      const { status } = yield* stage.group("primary")
      assert.deepStrictEqual(
        status?.addresses?.map(({ ip }) => ip),
        ["198.51.100.1/32"]
      )
      assert.lengthOf(yield* routings(stage), 2)
    })
  )

  scenario(
    "a changed selector moves the group, and so does a node that is relabelled",
    Effect.gen(function* () {
      const { stage, kubelets, kubelet } = yield* prepared()
      yield* stage.putGroup("primary", { ips })
      const first = yield* stage.routedNode("primary")
      const [second, third] = kubelets.map(({ name }) => name).filter((name) => name !== first)
      yield* (yield* kubelet(second ?? "")).setLabels({ role: "edge" })
      yield* stage.patchGroup("primary", { spec: { nodeSelector: { matchLabels: { role: "edge" } } } })
      assert.strictEqual(yield* stage.routedNode("primary"), second)

      yield* (yield* kubelet(third ?? "")).setLabels({ role: "edge" })
      yield* (yield* kubelet(second ?? "")).setLabels({ role: null })
      const { status } = yield* stage.groupUntil(
        "primary",
        (group) => Stage.routed(group)?.status === "True" && group.status?.currentNode === third
      )
      assert.match(status?.moves?.at(-1)?.reason ?? "", /is not selected \(role In \(edge\)\)/u)
    })
  )

  scenario(
    "a changed annotation: the group follows its node to the new server",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared()
      yield* stage.putGroup("primary", { ips, nodeSelector: { matchLabels: { only: "this" } } })
      const one = yield* kubelet("node-1")
      yield* one.setLabels({ only: "this" })
      assert.strictEqual(yield* stage.routedNode("primary"), "node-1")
      yield* (yield* kubelet("node-3")).delete
      yield* one.annotate({ "netcup.digilol.net/server-name": "v3" })
      yield* stage.simulator.awaitCall({
        operation: stage.operations.route,
        count: 2,
        where: ({ routing, appliedAt }) => routing?.server === "v3" && appliedAt !== undefined
      })
      assert.strictEqual(yield* stage.routedNode("primary"), "node-1")
      const later = (yield* stage.soap.journal.callsOf("changeIPRouting")).slice(2)
      assert.isTrue(later.every(({ parameters }) => parameters.destinationInterfaceMAC === macOf(3)))
    })
  )

  scenario(
    "nodes without annotation are not used; MissingAnnotation when no other is left, and routed when one gets its annotation",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared()
      const annotation = "netcup.digilol.net/server-name"
      for (const name of ["node-1", "node-2"]) yield* (yield* kubelet(name)).annotate({ [annotation]: null })
      yield* stage.putGroup("primary", { ips })
      assert.strictEqual(yield* stage.routedNode("primary"), "node-3")
      yield* (yield* kubelet("node-3")).annotate({ [annotation]: null })
      const message = yield* unrouted(stage, "primary", "MissingAnnotation")
      assert.include(message, `node-2 has no annotation ${annotation}`)
      assert.strictEqual((yield* stage.group("primary")).status?.currentNode, "node-3")
      yield* (yield* kubelet("node-2")).annotate({ [annotation]: "v2" })
      assert.strictEqual(yield* stage.routedNode("primary"), "node-2")
    })
  )

  scenario(
    "no eligible node, and then one again",
    Effect.gen(function* () {
      const { stage, kubelets, kubelet } = yield* prepared()
      yield* stage.putGroup("primary", { ips })
      const first = yield* stage.routedNode("primary")
      for (const one of kubelets) yield* one.setReady("False", "KubeletNotReady")
      const message = yield* stage.groupUntil("primary", (group) => {
        const condition = Stage.routed(group)
        return (
          condition?.reason === "NoEligibleNodes" &&
          kubelets.every(({ name }) => condition.message.includes(`${name} is not ready`))
        )
      })
      assert.strictEqual(message.status?.currentNode, first)
      const other = kubelets.find(({ name }) => name !== first)?.name ?? ""
      const told = (yield* routings(stage)).length
      yield* (yield* kubelet(other)).setReady("True", "KubeletReady")
      assert.strictEqual(yield* stage.routedNode("primary"), other)
      // The last node standing may have been tried while the others failed one by one; after that, one call an address.
      assert.isAtMost((yield* routings(stage)).length - told, 2)
    })
  )

  scenario(
    "a Secret that is missing, then incomplete, then complete",
    Effect.gen(function* () {
      const { stage } = yield* prepared()
      yield* stage.putGroup("primary", { ips, secret: "later" })
      assert.include(yield* unrouted(stage, "primary", "CredentialsError"), "Secret netcup-system/later does not exist")
      yield* stage.putSecret("later", stage.api === "soap" ? { loginName } : { refreshToken: "{}" })
      const lacks = stage.api === "soap" ? "lacks password" : "key refreshToken that lacks the key refresh_token"
      yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.message.includes(lacks) === true)
      assert.lengthOf(yield* stage.simulator.journal.calls, 0)
      yield* stage.putCredentials("later", loginName)
      yield* stage.routedNode("primary")
    })
  )

  scenario(
    "refused credentials are asked about once, and the right ones are used as soon as they are there",
    Effect.gen(function* () {
      const { stage } = yield* prepared({ refused: true })
      yield* stage.putGroup("primary", { ips })
      yield* stage.putGroup("secondary", { ips: ["198.51.100.2/32"] })
      assert.include(yield* unrouted(stage, "primary", "CredentialsError"), refusal[stage.api])
      yield* unrouted(stage, "secondary", "CredentialsError")
      // Nor do other events make it try again.
      yield* stage.patchGroup("secondary", { metadata: { labels: { touched: "yes" } } })
      yield* stage.addNode("node-4", { server: "v4" })
      yield* Effect.sleep("2 seconds")
      assert.lengthOf(yield* stage.simulator.journal.calls, 1)
      yield* stage.putCredentials("netcup", loginName)
      yield* stage.routedNode("primary")
      yield* stage.routedNode("secondary")
    })
  )

  scenario(
    "a Secret deleted while all is well: no more calls, the credentials are reported, and Routed keeps netcup's last word",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared()
      yield* stage.putGroup("primary", { ips })
      const node = yield* stage.routedNode("primary")
      yield* stage.deleteSecret("netcup")
      const group = yield* stage.groupUntil(
        "primary",
        ({ status }) =>
          status?.conditions?.some(({ type, status }) => type === "CredentialsHealthy" && status === "False") === true
      )
      assert.strictEqual(Stage.routed(group)?.status, "True")
      // But it is never True for a node that has failed.
      yield* (yield* kubelet(node)).setReady("False", "KubeletNotReady")
      yield* unrouted(stage, "primary", "CredentialsError")
      assert.lengthOf(yield* routings(stage), 2)
    })
  )
})
