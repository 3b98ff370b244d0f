import { assert } from "@effect/vitest"
import { Prefix } from "@netcup-failover/core/FailoverAddress"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { account, loginName } from "./Account.ts"
import { suite } from "./Suite.ts"

const ips = ["198.51.100.1/32", "2001:db8:a::/64"]
const [first = "", second = ""] = ips
/** Of the account, and of no group yet. */
const late = "198.51.100.9/32"
const finalizer = "netcup.digilol.net/unroute"

const Object = Schema.Struct({
  metadata: Schema.Struct({
    finalizers: Schema.optionalKey(Schema.Array(Schema.String)),
    deletionTimestamp: Schema.optionalKey(Schema.String)
  })
})

const unroutes = { reclaimPolicy: "Unroute" }

/** Two nodes, and a group that is routed. */
const prepared = Effect.fn(function* (wishes: Schema.JsonObject, environment: Record<string, string> = {}) {
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  yield* stage.world.addAccount(
    account(
      3,
      [...ips, late].map((cidr) => ({ cidr }))
    )
  )
  yield* Effect.forEach([1, 2], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  yield* stage.putCredentials("netcup", loginName)
  yield* stage.putGroup("primary", { ips, wishes })
  // What a test leaves behind must not wait for a controller that is no more.
  yield* Effect.addFinalizer(() => Effect.ignore(stage.patchGroup("primary", { metadata: { finalizers: null } })))
  const start = stage.startController({
    NETCUP_REFRESH_INTERVAL: "500ms",
    NETCUP_CREDENTIALS_RETRY_INTERVAL: "500ms",
    RECLAIM_GIVE_UP_AFTER: "5s",
    ...environment
  })
  const process = yield* start
  const node = yield* stage.routedNode("primary")
  const object = stage.cluster.http.get(stage.groupPath("primary"), Object)
  const until = (predicate: (finalizers: ReadonlyArray<string>) => boolean) =>
    stage.cluster.http.waitUntil(stage.groupPath("primary"), Object, ({ metadata }) =>
      predicate(metadata.finalizers ?? [])
    )
  const gone = Effect.repeat(Effect.result(object), {
    schedule: Schedule.spaced("100 millis"),
    until: ({ _tag }) => _tag === "Failure",
    times: 200
  }).pipe(Effect.map(({ _tag }) => assert.strictEqual(_tag, "Failure", "it is still there")))
  const server = node.replace("node-", "v")
  return { stage, start, process, node, server, object, until, gone }
})

const Events = Schema.Struct({
  items: Schema.Array(Schema.Struct({ reason: Schema.String, message: Schema.String, eventTime: Schema.Unknown }))
})

/** Waits for an Event that addresses stay, with these words. */
const retained = (stage: Effect.Success<ReturnType<typeof prepared>>["stage"], words: string) =>
  stage.cluster.http.waitUntil("/api/v1/namespaces/default/events", Events, ({ items }) =>
    items.some(({ reason, message }) => reason === "RouteRetained" && message.includes(words))
  )

suite("reclaim", {}, (scenario) => {
  scenario(
    "Unroute: a deleted group goes once its addresses are unrouted, written ahead; what somebody moved elsewhere stays there",
    Effect.gen(function* () {
      const { stage, server, until, gone } = yield* prepared(unroutes)
      yield* until((all) => all.includes(finalizer))
      yield* stage.patchGroup("primary", { spec: { drift: "Alert" } })
      const elsewhere = server === "v1" ? "v2" : "v1"
      yield* stage.world.reroute(second, elsewhere)
      yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "Drifted")
      yield* stage.deleteGroup("primary")
      yield* gone
      const routes = yield* stage.world.routes
      assert.deepStrictEqual(routes.get(Prefix.make("198.51.100.1/32")), undefined)
      assert.strictEqual(routes.get(Prefix.make("2001:db8:a::/64")), elsewhere)
    })
  )

  scenario(
    "Retain, and a group whose policy was changed back: there is no finalizer, and nothing is unrouted",
    Effect.gen(function* () {
      const { stage, server, until, object, gone } = yield* prepared({})
      assert.isUndefined((yield* object).metadata.finalizers)
      yield* stage.patchGroup("primary", { spec: unroutes })
      yield* until((all) => all.includes(finalizer))
      yield* stage.patchGroup("primary", {
        spec: { reclaimPolicy: "Retain" },
        metadata: { finalizers: [finalizer, "example.org/other"] }
      })
      yield* until((all) => all.length === 1 && all[0] === "example.org/other")
      yield* stage.patchGroup("primary", { metadata: { finalizers: null } })
      yield* stage.deleteGroup("primary")
      yield* gone
      yield* Effect.sleep("1 second")
      assert.strictEqual((yield* stage.world.routes).get(Prefix.make("198.51.100.1/32")), server)
    })
  )

  scenario(
    "a group that is deleted during its first move goes only after that has arrived, and was taken back",
    Effect.gen(function* () {
      const { stage } = yield* prepared({})
      yield* stage.simulator.inject({
        operation: stage.operations.route,
        cidr: late,
        times: 1,
        delayBefore: "3 seconds"
      })
      yield* stage.putGroup("late", { ips: [late], wishes: unroutes })
      yield* stage.groupUntil("late", ({ status }) => status?.targetNode !== undefined)
      // The same look writes the intention, which this may meet.
      yield* stage.cluster.http.waitUntil(
        stage.groupPath("late"),
        Object,
        ({ metadata }) => metadata.finalizers?.includes(finalizer) === true
      )
      yield* stage.deleteGroup("late")
      yield* Effect.repeat(Effect.result(stage.cluster.http.get(stage.groupPath("late"), Object)), {
        schedule: Schedule.spaced("100 millis"),
        until: ({ _tag }) => _tag === "Failure"
      })
      yield* Effect.sleep("4 seconds")
      assert.lengthOf(yield* stage.simulator.journal.changesOf(late), 2)
      assert.isFalse((yield* stage.world.routes).has(Prefix.make(late)))
    })
  )

  scenario(
    "a controller that is not running: the group waits for it",
    Effect.gen(function* () {
      const { stage, start, process, until, object, gone } = yield* prepared(unroutes, { RECLAIM_GIVE_UP_AFTER: "5m" })
      yield* until((all) => all.includes(finalizer))
      yield* process.end("SIGTERM")
      yield* stage.deleteGroup("primary")
      yield* Effect.sleep("1 second")
      assert.isDefined((yield* object).metadata.deletionTimestamp)
      yield* start
      yield* gone
      assert.strictEqual((yield* stage.world.routes).get(Prefix.make("198.51.100.1/32")), undefined)
      assert.strictEqual((yield* stage.world.routes).get(Prefix.make("2001:db8:a::/64")), undefined)
    })
  )

  scenario(
    "a limit of netcup is waited for beyond the time after which it gives up, and the status says so",
    Effect.gen(function* () {
      const { stage, until, gone } = yield* prepared(unroutes, {
        RECLAIM_GIVE_UP_AFTER: "1s",
        NETCUP_LIMIT_RETRY_INTERVAL: "500ms"
      })
      yield* until((all) => all.includes(finalizer))
      const operation = stage.api === "soap" ? "changeIPRouting" : "unroute"
      const limit =
        stage.api === "soap"
          ? yield* stage.limit({})
          : yield* stage.rest.inject({ operation, fault: { _tag: "Status", status: 429 } })
      yield* stage.deleteGroup("primary")
      const waits = yield* stage.groupUntil("primary", (group) => {
        const said = Stage.routed(group)
        return said?.reason === "Unrouting" && said.message.includes("; it waits: ")
      })
      assert.strictEqual(Stage.routed(waits)?.status, "False")
      yield* Effect.sleep("3 seconds")
      yield* limit.remove
      yield* gone
      assert.isFalse((yield* stage.world.routes).has(Prefix.make("198.51.100.1/32")))
    })
  )

  for (const what of ["deleted", "refused"] as const) {
    scenario(
      `a Secret that is ${what} does not block the deletion for ever: the addresses stay, and an Event says so`,
      Effect.gen(function* () {
        const { stage, server, until, gone } = yield* prepared(unroutes)
        yield* until((all) => all.includes(finalizer))
        yield* what === "deleted" ? stage.deleteSecret("netcup") : stage.spoil(loginName)
        yield* stage.groupUntil(
          "primary",
          ({ status }) =>
            status?.conditions?.some(({ type, status }) => type === "CredentialsHealthy" && status === "False") === true
        )
        yield* stage.deleteGroup("primary")
        yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "Unrouting")
        yield* gone
        assert.strictEqual((yield* stage.world.routes).get(Prefix.make("198.51.100.1/32")), server)
        yield* retained(stage, what === "deleted" ? "does not exist" : "left where they are")
      })
    )
  }

  scenario(
    "an account that lists an address no more, another group's address, and a paused group: nothing of these is unrouted, and none blocks",
    Effect.gen(function* () {
      const { stage, server, until, gone } = yield* prepared(unroutes)
      yield* until((all) => all.includes(finalizer))
      yield* stage.putGroup("younger", { ips: [second] })
      yield* stage.groupUntil("younger", (group) => Stage.routed(group)?.reason === "Conflict")
      yield* stage.world.removeAddress(first)
      yield* stage.deleteGroup("primary")
      yield* gone
      assert.strictEqual(yield* stage.routedNode("younger"), server.replace("v", "node-"))
      // It was not taken away in between.
      assert.lengthOf(yield* stage.simulator.journal.changesOf(second), 1)
      yield* stage.patchGroup("younger", { spec: { paused: true, reclaimPolicy: "Unroute" } })
      yield* stage.cluster.http.waitUntil(
        stage.groupPath("younger"),
        Object,
        ({ metadata }) => metadata.finalizers?.includes(finalizer) === true
      )
      yield* stage.deleteGroup("younger")
      yield* retained(stage, "the group is paused")
      assert.strictEqual((yield* stage.world.routes).get(Prefix.make("2001:db8:a::/64")), server)
    })
  )
})
