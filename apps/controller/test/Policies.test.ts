import { assert } from "@effect/vitest"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { account, loginName } from "./Account.ts"
import { suite } from "./Suite.ts"

const addresses = ["198.51.100.1/32", "198.51.100.2/32", "198.51.100.3/32", "198.51.100.4/32"].map((cidr) => ({ cidr }))
const ipOf = (n: number) => `198.51.100.${n}/32`

/** Nodes of which the first is labelled, an account, and a controller for which nodes settle soon. */
const prepared = Effect.fn(function* (nodes: number) {
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  yield* stage.world.addAccount(account(4, addresses))
  const addNode = (n: number) =>
    stage.addNode(`node-${n}`, { server: `v${n}`, labels: n === 1 ? { zone: "fra" } : { zone: "nue" } })
  const kubelets = yield* Effect.forEach(
    Array.from({ length: nodes }, (_, i) => i + 1),
    addNode
  )
  yield* stage.putCredentials("netcup", loginName)
  const start = stage.startController({ NODE_SETTLE_PERIOD: "2s" })
  const kubelet = (name: string) => Effect.fromNullishOr(kubelets.find((one) => one.name === name)).pipe(Effect.orDie)
  const put = (name: string, n: number, wishes: Schema.JsonObject) => stage.putGroup(name, { ips: [ipOf(n)], wishes })
  return { stage, start, addNode, kubelet, put }
})

const NodeTimes = Schema.Struct({
  status: Schema.Struct({
    conditions: Schema.Array(Schema.Struct({ type: Schema.String, lastTransitionTime: Schema.String }))
  })
})

const prefersFra = { preferences: [{ weight: 50, nodeSelector: { matchLabels: { zone: "fra" } } }] }

suite("policies", {}, (scenario) => {
  scenario(
    "failback: a group goes to the node that it prefers, away when that fails, and back once it has settled; others stay away",
    Effect.gen(function* () {
      const { stage, start, kubelet, put } = yield* prepared(3)
      yield* put("returns", 1, { ...prefersFra, failback: "WhenPreferred" })
      yield* start
      assert.strictEqual(yield* stage.routedNode("returns"), "node-1")
      yield* (yield* kubelet("node-1")).setReady("False", "KubeletNotReady")
      const away = yield* stage.groupUntil("returns", ({ status }) =>
        ["node-2", "node-3"].includes(status?.currentNode ?? "")
      )
      // Placed while the preferred node is away: nothing but a failback would bring it there.
      yield* put("stays", 2, prefersFra)
      const other = yield* stage.routedNode("stays")
      assert.strictEqual(other, away.status?.currentNode === "node-2" ? "node-3" : "node-2")

      yield* (yield* kubelet("node-1")).setReady("True", "KubeletReady")
      const back = yield* stage.groupUntil("returns", ({ status }) => status?.currentNode === "node-1")
      const move = back.status?.moves?.at(-1)
      assert.strictEqual(move?.from, away.status?.currentNode)
      assert.strictEqual(move?.reason, `the group's preferences weigh it more than ${move?.from}`)
      const ready = yield* stage.cluster.http.get(`/api/v1/nodes/node-1`, NodeTimes)
      const since = ready.status.conditions.find(({ type }) => type === "Ready")?.lastTransitionTime ?? ""
      assert.isAtLeast(Date.parse(move?.at ?? "") - Date.parse(since), 2_000, "before it had settled")
      assert.strictEqual((yield* stage.group("stays")).status?.currentNode, other)
      assert.lengthOf(yield* stage.simulator.journal.changesOf(ipOf(1)), 3)
      assert.lengthOf(yield* stage.simulator.journal.changesOf(ipOf(2)), 1)
    })
  )

  scenario(
    "rebalance: a node that joins takes its share of the groups that allow it, one after the other, and then all rest",
    Effect.gen(function* () {
      const { stage, start, addNode, put } = yield* prepared(1)
      for (const n of [1, 2, 3]) yield* put(`moves-${n}`, n, { rebalance: "WhenUneven" })
      yield* put("stays", 4, {})
      yield* start
      const names = ["moves-1", "moves-2", "moves-3", "stays"]
      for (const name of names) assert.strictEqual(yield* stage.routedNode(name), "node-1")
      yield* addNode(2)
      const places = Effect.forEach(names, (name) => Effect.map(stage.group(name), ({ status }) => status?.currentNode))
      yield* stage.simulator.awaitCall({ operation: stage.operations.route, where: () => true, count: 6 })
      for (const name of names) yield* stage.routedNode(name)
      // Nothing else is to be evened.
      yield* Effect.sleep("1 second")
      const at = yield* places
      assert.strictEqual(at.filter((node) => node === "node-2").length, 2)
      assert.strictEqual(at[3], "node-1")
      const moved = yield* stage.group(names[at.indexOf("node-2")] ?? "")
      assert.match(moved.status?.moves?.at(-1)?.reason ?? "", /^it had (0|1) groups? and node-1 had (4|3)$/u)
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 6)
    })
  )

  scenario(
    "pause: nothing is moved, not even off a dead node, and the status says so; then it goes on",
    Effect.gen(function* () {
      const { stage, start, kubelet, put } = yield* prepared(2)
      yield* put("primary", 1, {})
      yield* start
      const first = yield* stage.routedNode("primary")
      yield* stage.patchGroup("primary", { spec: { paused: true } })
      const calm = yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "Paused")
      assert.strictEqual(Stage.routed(calm)?.status, "True")
      assert.strictEqual(
        Stage.routed(calm)?.message,
        `the address is routed to ${first}; nothing is moved while spec.paused is true`
      )
      yield* (yield* kubelet(first)).setReady("False", "KubeletNotReady")
      const dead = yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.status === "False")
      assert.strictEqual(Stage.routed(dead)?.reason, "Paused")
      assert.strictEqual(
        Stage.routed(dead)?.message,
        `the address is routed to ${first}, which is not ready; nothing is moved while spec.paused is true`
      )
      assert.deepInclude(
        dead.status?.conditions?.find(({ type }) => type === "Progressing"),
        {
          status: "False",
          reason: "Paused"
        }
      )
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 1)
      yield* stage.patchGroup("primary", { spec: { paused: false } })
      const second = first === "node-1" ? "node-2" : "node-1"
      yield* stage.groupUntil("primary", ({ status }) => status?.currentNode === second)
    })
  )

  scenario(
    "pin and unpin: the group goes where the annotation says, leaves it only with the node, and stays when it is removed",
    Effect.gen(function* () {
      const { stage, start, kubelet, put } = yield* prepared(3)
      yield* put("primary", 1, {})
      yield* start
      const first = yield* stage.routedNode("primary")
      const pinned = ["node-1", "node-2", "node-3"].find((name) => name !== first) ?? ""
      const pin = (name: string | null) =>
        stage.patchGroup("primary", { metadata: { annotations: { "netcup.digilol.net/move-to": name } } })
      const at = (name: string) => stage.groupUntil("primary", ({ status }) => status?.currentNode === name)
      yield* pin(pinned)
      const there = yield* at(pinned)
      assert.deepInclude(there.status?.moves?.at(-1), {
        from: first,
        to: pinned,
        reason: "the annotation netcup.digilol.net/move-to names it"
      })

      yield* (yield* kubelet(pinned)).setReady("False", "KubeletNotReady")
      const away = yield* stage.groupUntil("primary", (group) => {
        const { status } = group
        return status?.currentNode !== pinned && Stage.routed(group)?.status === "True"
      })
      assert.include(
        Stage.routed(away)?.message,
        `; the annotation netcup.digilol.net/move-to is not followed for now: ${pinned} is not ready`
      )
      yield* (yield* kubelet(pinned)).setReady("True", "KubeletReady")
      yield* at(pinned)

      yield* pin("node-9")
      const lost = yield* stage.groupUntil(
        "primary",
        (group) => Stage.routed(group)?.message.includes("node-9") === true
      )
      assert.strictEqual(lost.status?.currentNode, pinned)
      assert.include(
        Stage.routed(lost)?.message,
        "the annotation netcup.digilol.net/move-to names node-9, which is no node of this cluster: correct or remove it"
      )
      yield* pin(null)
      const free = yield* stage.groupUntil(
        "primary",
        (group) => Stage.routed(group)?.message.includes("node-9") === false
      )
      assert.strictEqual(free.status?.currentNode, pinned)
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 4)
    })
  )
})
