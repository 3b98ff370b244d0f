import { assert } from "@effect/vitest"
import type * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { account, loginName } from "./Account.ts"
import { eventually } from "./Http.ts"
import { suite } from "./Suite.ts"

const ips = ["198.51.100.1/32", "198.51.100.2/32"]
const [first = "", second = ""] = ips

/** Three nodes of an account of four servers, and a controller that looks at netcup each half second. */
const prepared = Effect.fn(function* (
  addresses: ReadonlyArray<string>,
  wishes: Schema.JsonObject,
  options: NetcupStage.NetcupOptions = { limitWindow: "10 millis" }
) {
  const stage = yield* Stage.make(options)
  yield* stage.world.addAccount(
    account(
      4,
      addresses.map((cidr) => ({ cidr }))
    )
  )
  const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  yield* stage.putCredentials("netcup", loginName)
  yield* stage.putGroup("primary", { ips: addresses, wishes })
  const start = stage.startController({ NETCUP_REFRESH_INTERVAL: "500ms", NODE_SETTLE_PERIOD: "1s" })
  const process = yield* start
  const home = yield* stage.routedNode("primary")
  const others = ["node-1", "node-2", "node-3"].filter((name) => name !== home)
  const kubelet = (name: string) => Effect.fromNullishOr(kubelets.find((one) => one.name === name)).pipe(Effect.orDie)
  return { stage, start, process, home, other: others[0] ?? "", kubelet, changes: stage.simulator.journal.changesOf }
})

const serverOf = (node: string) => node.replace("node-", "v")

type Prepared = Effect.Success<ReturnType<typeof prepared>>

/** Waits until we have routed an address so often. */
const changed = Effect.fn(function* ({ stage }: Prepared, cidr: string, count: number) {
  yield* stage.simulator.awaitCall({
    operation: stage.operations.route,
    where: ({ routing, appliedAt }) => routing?.prefix === cidr && appliedAt !== undefined,
    count
  })
})

/** It is where it belongs, and the status has told so many moves. */
const returned = (moves: number) => (group: Stage.GroupObject) =>
  Stage.routed(group)?.reason === "NodeSelected" &&
  group.status?.moves?.length === moves &&
  group.status.targetNode === undefined

const reasonIs = (reason: string) => (group: Stage.GroupObject) => Stage.routed(group)?.reason === reason

/** It has looked at netcup a few times since. */
const looked = Effect.sleep("2 seconds")

const Events = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({
      reason: Schema.String,
      count: Schema.optionalKey(Schema.Int),
      involvedObject: Schema.Struct({ uid: Schema.optionalKey(Schema.String) })
    })
  )
})

const Uid = Schema.Struct({ metadata: Schema.Struct({ uid: Schema.String }) })

/** Events of a reason about the group as it is now: other tests have one of the same name. */
const eventsOf = Effect.fn(function* ({ stage }: Prepared, reason: string) {
  const { metadata } = yield* stage.cluster.http.get(stage.groupPath("primary"), Uid)
  const { items } = yield* stage.cluster.http.get("/api/v1/namespaces/default/events", Events)
  return items.filter((event) => event.reason === reason && event.involvedObject.uid === metadata.uid)
})

suite("drift", {}, (scenario) => {
  scenario(
    "Enforce: what somebody moves away is put back, to a node of the cluster or elsewhere, a part of the group or all of it",
    Effect.gen(function* () {
      const all = yield* prepared(ips, {})
      const { stage, home, other, changes } = all
      yield* stage.world.reroute(first, "v4")
      yield* changed(all, first, 2)
      yield* stage.groupUntil("primary", reasonIs("NodeSelected"))
      for (const ip of ips) yield* stage.world.reroute(ip, serverOf(other))
      yield* changed(all, second, 2)
      yield* changed(all, first, 3)
      const back = yield* stage.groupUntil("primary", reasonIs("NodeSelected"))
      assert.strictEqual(back.status?.currentNode, home)
      assert.deepInclude(back.status?.moves?.at(-1), { from: home, to: home })
      assert.match(back.status?.moves?.at(-1)?.reason ?? "", / had been moved away$/u)
      for (const ip of ips) assert.strictEqual((yield* changes(ip)).at(-1)?.routing?.server, serverOf(home))
    })
  )

  scenario(
    "Adopt: the whole group follows to the node that an address was moved to, at rest there; where no node has it, it is put back",
    Effect.gen(function* () {
      const all = yield* prepared(ips, { drift: "Adopt" })
      const { stage, home, other, changes } = all
      yield* stage.world.reroute(first, serverOf(other))
      const followed = yield* stage.groupUntil("primary", ({ status }) => status?.currentNode === other)
      assert.deepInclude(followed.status?.moves?.at(-1), {
        from: home,
        to: other,
        reason: `${first} had been moved there`
      })
      yield* looked
      assert.lengthOf(yield* changes(first), 1)
      assert.lengthOf(yield* changes(second), 2)

      for (const ip of ips) yield* stage.world.reroute(ip, serverOf(home))
      const whole = yield* stage.groupUntil("primary", ({ status }) => status?.currentNode === home)
      assert.deepInclude(whole.status?.moves?.at(-1), { from: other, to: home })
      // It may have followed the first before the second was moved.
      yield* stage.groupUntil("primary", reasonIs("NodeSelected"))
      const before = (yield* changes(second)).length
      yield* stage.world.reroute(first, "v4")
      yield* changed(all, first, 2)
      yield* stage.groupUntil("primary", reasonIs("NodeSelected"))
      assert.lengthOf(yield* changes(second), before)
    })
  )

  scenario(
    "Alert: nothing is moved, also by a new leader, the status and one Event say it; it ends when the address comes back, or a node fails",
    Effect.gen(function* () {
      const all = yield* prepared(ips, { drift: "Alert" })
      const { stage, start, process, home, other, changes, kubelet } = all
      yield* stage.world.reroute(first, serverOf(other))
      const told = yield* stage.groupUntil("primary", reasonIs("Drifted"))
      assert.strictEqual(Stage.routed(told)?.status, "False")
      assert.include(
        Stage.routed(told)?.message ?? "",
        `1 of 2 addresses are on ${home}; ${first} is on ${serverOf(other)}`
      )
      assert.strictEqual(told.status?.currentNode, home)
      assert.deepStrictEqual(
        told.status?.addresses?.map(({ state }) => state),
        ["Waiting", "Routed"]
      )
      // Who is killed between the two writes tells nobody: that is not what this is about.
      yield* eventually(eventsOf(all, "Drifted"), (events) => events.length > 0)
      yield* process.end("SIGKILL")
      yield* start
      yield* Effect.sleep("5 seconds")
      assert.lengthOf(yield* changes(first), 1)
      assert.strictEqual(Stage.routed(yield* stage.group("primary"))?.reason, "Drifted")
      const events = yield* eventsOf(all, "Drifted")
      assert.deepStrictEqual(
        events.map(({ count }) => count ?? 1),
        [1]
      )

      yield* stage.world.reroute(first, serverOf(home))
      yield* stage.groupUntil("primary", reasonIs("NodeSelected"))
      for (const ip of ips) yield* stage.world.reroute(ip, "v4")
      yield* stage.groupUntil("primary", reasonIs("Drifted"))
      yield* (yield* kubelet(home)).setReady("False", "KubeletNotReady")
      const failedOver = yield* stage.groupUntil("primary", ({ status }) => status?.currentNode !== home)
      assert.include(["node-1", "node-2", "node-3"], failedOver.status?.currentNode)
      assert.lengthOf(yield* changes(first), 2)
    })
  )

  scenario(
    "Contested: after two returns that did not last it stops, also after a restart; a failover is made all the same, and the operator can ask for more",
    Effect.gen(function* () {
      const all = yield* prepared([first], {})
      const { stage, start, process, home, changes, kubelet } = all
      // Another controller, which wants it on v4.
      for (const round of [1, 2]) {
        yield* stage.world.reroute(first, "v4")
        yield* changed(all, first, round + 1)
        yield* stage.groupUntil("primary", returned(round + 1))
      }
      yield* process.end("SIGKILL")
      yield* stage.world.reroute(first, "v4")
      const second = yield* start
      const stopped = yield* stage.groupUntil("primary", reasonIs("Contested"))
      assert.strictEqual(Stage.routed(stopped)?.status, "False")
      assert.include(Stage.routed(stopped)?.message ?? "", "netcup.digilol.net/retry")
      yield* looked
      assert.lengthOf(yield* changes(first), 3)
      yield* second.end("SIGTERM")
      yield* start
      yield* Effect.sleep("5 seconds")
      assert.lengthOf(yield* changes(first), 3)

      // The operator asks to try again: two more, and no third.
      yield* stage.patchGroup("primary", { metadata: { annotations: { "netcup.digilol.net/retry": "1" } } })
      yield* changed(all, first, 4)
      yield* stage.groupUntil("primary", returned(4))
      yield* stage.world.reroute(first, "v4")
      yield* changed(all, first, 5)
      yield* stage.groupUntil("primary", returned(5))
      yield* stage.world.reroute(first, "v4")
      yield* stage.groupUntil("primary", reasonIs("Contested"))

      yield* (yield* kubelet(home)).setReady("False", "KubeletNotReady")
      yield* changed(all, first, 6)
      const away = yield* stage.groupUntil("primary", reasonIs("NodeSelected"))
      assert.notStrictEqual(away.status?.currentNode, home)
    })
  )

  scenario(
    "what others keep moving is put back no faster than netcup's own limits leave beside failovers: one is made at once, and nothing is refused",
    Effect.gen(function* () {
      const all = yield* prepared(ips, {}, {})
      const { stage, home, kubelet } = all
      // Another controller, which takes it away as soon as it is back.
      const other = yield* Effect.gen(function* () {
        if ([...(yield* stage.world.routes)].some(([prefix, server]) => prefix === first && server === serverOf(home)))
          yield* stage.rest.tasks.startByPanel({ cidr: first, server: "v4" })
      }).pipe(Effect.repeat(Schedule.spaced("1 second")), Effect.forkScoped)
      yield* stage.groupUntil("primary", reasonIs("RateLimited"))
      yield* looked
      yield* Fiber.interrupt(other)
      yield* (yield* kubelet(home)).setReady("False", "KubeletNotReady")
      yield* stage.groupUntil(
        "primary",
        ({ status }) => status?.currentNode !== home && status?.targetNode === undefined
      )
      assert.notInclude([...(yield* stage.world.routes).values()], serverOf(home))
      const calls = yield* stage.rest.journal.callsOf("route")
      assert.deepStrictEqual(
        calls.map(({ status }) => status),
        calls.map(() => 202)
      )
    }),
    "rest"
  )

  scenario(
    "paused: what is moved away is left there, and is where the group is when it goes on",
    Effect.gen(function* () {
      const all = yield* prepared([first], {})
      const { stage, other, changes } = all
      yield* stage.patchGroup("primary", { spec: { paused: true } })
      yield* stage.groupUntil("primary", reasonIs("Paused"))
      yield* stage.world.reroute(first, serverOf(other))
      yield* stage.groupUntil("primary", ({ status }) => status?.currentNode === other)
      yield* stage.patchGroup("primary", { spec: { paused: false } })
      yield* stage.groupUntil("primary", reasonIs("NodeSelected"))
      yield* looked
      assert.lengthOf(yield* changes(first), 1)
    })
  )
})
