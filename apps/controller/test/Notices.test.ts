import { assert } from "@effect/vitest"
import { InjectedFault } from "@netcup-failover/testing/netcup/RestInjection"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { account, loginName } from "./Account.ts"
import { eventually, get } from "./Http.ts"
import * as Receiver from "./Receiver.ts"
import { suite } from "./Suite.ts"

const addresses = [{ cidr: "198.51.100.1/32" }, { cidr: "198.51.100.2/32" }]

const memoryPath = `/api/v1/namespaces/${Stage.namespace}/configmaps/netcup-failover-notices`
const Memory = Schema.Struct({ data: Schema.Struct({ told: Schema.String }) })
const Lease = Schema.Struct({ spec: Schema.Struct({ holderIdentity: Schema.String }) })
const Events = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({
      involvedObject: Schema.Struct({ name: Schema.String, uid: Schema.optionalKey(Schema.String) }),
      reason: Schema.String,
      message: Schema.String,
      count: Schema.optionalKey(Schema.Int)
    })
  )
})

/** Three nodes, an account, and a receiver that takes everything. */
const prepared = Effect.gen(function* () {
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  const receiver = yield* Receiver.make
  const { http } = stage.cluster
  yield* stage.world.addAccount(account(3, addresses))
  const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  yield* stage.putCredentials("netcup", loginName)
  const kubelet = (name: string) => Effect.fromNullishOr(kubelets.find((one) => one.name === name)).pipe(Effect.orDie)
  return {
    stage,
    receiver,
    start: (environment: Readonly<Record<string, string>> = {}) =>
      stage.startController({
        NOTICE_WEBHOOK_URL: receiver.url,
        NOTICE_WEBHOOK_TIMEOUT: "500ms",
        NOTICE_FAILURE_GRACE: "200ms",
        NETCUP_LIMIT_RETRY_INTERVAL: "200ms",
        ...environment
      }),
    holder: (of: string) => http.waitUntil(Stage.leasePath, Lease, ({ spec }) => spec.holderIdentity.startsWith(of)),
    /** What is remembered as told says so. */
    remembered: (...words: ReadonlyArray<string>) =>
      http.waitUntil(memoryPath, Memory, ({ data }) => words.every((word) => data.told.includes(word))),
    memory: http.waitUntil(memoryPath, Memory, () => true),
    /** The node says that it is not well: the group goes elsewhere. Gives where to. */
    failover: Effect.fn(function* (group: string, from: string) {
      yield* Effect.flatMap(kubelet(from), (one) => one.setReady("False", "KubeletNotReady"))
      const moved = yield* stage.groupUntil(
        group,
        (now) => now.status?.currentNode !== from && Stage.routed(now)?.status === "True"
      )
      return moved.status?.currentNode ?? ""
    }),
    recover: (name: string) => Effect.flatMap(kubelet(name), (one) => one.setReady("True", "KubeletReady")),
    /** The reasons of the group's Events, each as often as it was counted. */
    eventsOf: (group: string) =>
      Effect.map(http.get("/api/v1/namespaces/default/events", Events), ({ items }) =>
        items
          .filter(({ involvedObject }) => involvedObject.name === group)
          .flatMap(({ reason, count }) => Array.from({ length: count ?? 1 }, () => reason))
          .sort()
      )
  }
})

suite("notices", { apis: ["rest"] }, (scenario) => {
  scenario(
    "come once, although the receiver first fails twice and then hangs; and they hold up nothing",
    Effect.gen(function* () {
      const { stage, receiver, start, failover } = yield* prepared
      const controller = yield* start()
      yield* stage.putGroup("told-late", { ips: ["198.51.100.1/32"] })
      const from = yield* stage.routedNode("told-late")
      receiver.answers.push(500, 500, "hang")
      const to = yield* failover("told-late", from)
      assert.deepStrictEqual(receiver.taken, [], "routing waited for the receiver")
      assert.deepStrictEqual(yield* receiver.takenKinds(2), ["Failover", "FailoverDone"])
      const [begun, done] = receiver.taken
      assert.deepInclude(begun, { kind: "Failover", group: "told-late", from, to, addresses: ["198.51.100.1/32"] })
      assert.deepInclude(done, { kind: "FailoverDone", from, to })
      // The same key each time, as the header too, and the URL as it was set.
      assert.strictEqual(new Set(receiver.arrived.map(({ key }) => key)).size, 2)
      assert.deepStrictEqual(
        receiver.keys,
        receiver.arrived.map(({ key }) => key)
      )
      assert.deepStrictEqual([...receiver.paths], [new URL(receiver.url).pathname + new URL(receiver.url).search])
      const log = yield* controller.log
      assert.include(log, "notice not delivered")
      assert.notInclude(log, Receiver.secretPart)
    })
  )

  scenario(
    "that are redirected are not sent there nor again, and an answer without end keeps nobody",
    Effect.gen(function* () {
      const { stage, receiver, start, failover, remembered } = yield* prepared
      const controller = yield* start()
      yield* stage.putGroup("odd", { ips: ["198.51.100.1/32"] })
      const from = yield* stage.routedNode("odd")
      receiver.answers.push(302, "endless")
      yield* failover("odd", from)
      assert.deepStrictEqual(yield* receiver.takenKinds(1), ["FailoverDone"])
      yield* remembered("FailoverDone@")
      assert.lengthOf(receiver.arrived, 2)
      assert.lengthOf([...receiver.paths], 1)
      const log = yield* controller.log
      assert.lengthOf(log.match(/notice refused/gu) ?? [], 1)
      assert.notInclude(log, Receiver.secretPart)
    })
  )

  scenario(
    "of a leader that was killed before they were delivered come from the next one, once",
    Effect.gen(function* () {
      const { stage, receiver, start, holder, failover, remembered } = yield* prepared
      const first = yield* start({ POD_NAME: "first" })
      yield* holder("first")
      yield* start({ POD_NAME: "second" })
      yield* stage.putGroup("inherited", { ips: ["198.51.100.1/32"] })
      const from = yield* stage.routedNode("inherited")
      receiver.answerBy(503)
      yield* failover("inherited", from)
      yield* eventually(
        Effect.sync(() => receiver.arrived.length),
        (count) => count > 0
      )
      yield* first.end("SIGKILL")
      receiver.answerBy(200)
      yield* holder("second")
      assert.deepStrictEqual(yield* receiver.takenKinds(2), ["Failover", "FailoverDone"])
      yield* remembered("Failover@", "FailoverDone@")
      assert.lengthOf(receiver.taken, 2)
    })
  )

  scenario(
    "that were delivered before the leader was killed do not come again, nor do Events",
    Effect.gen(function* () {
      const { stage, receiver, start, holder, failover, recover, remembered, eventsOf } = yield* prepared
      const first = yield* start({ POD_NAME: "first" })
      yield* holder("first")
      yield* start({ POD_NAME: "second" })
      yield* stage.putGroup("told-once", { ips: ["198.51.100.1/32"] })
      const from = yield* stage.routedNode("told-once")
      const to = yield* failover("told-once", from)
      yield* receiver.takenKinds(2)
      yield* remembered("Failover@", "FailoverDone@")
      const facts = ["CredentialsAccepted", "NodeSelected", "NodeSelected", "Routing", "Routing"]
      yield* eventually(eventsOf("told-once"), (reasons) => reasons.length === facts.length)
      const read = (yield* stage.simulator.journal.calls).length
      yield* first.end("SIGKILL")
      yield* holder("second")
      // It has asked netcup: before that a failover could not be made at once, which would be a fact of its own.
      yield* eventually(
        Effect.map(stage.simulator.journal.calls, ({ length }) => length).pipe(
          Effect.flatMap((n) =>
            Effect.map(Effect.delay(stage.simulator.journal.calls, "500 millis"), (after) => [n, after.length])
          )
        ),
        ([n = 0, after]) => n > read && n === after
      )
      // The second is at work by its own news, and has nothing of the old.
      yield* recover(from)
      yield* failover("told-once", to)
      assert.deepStrictEqual(yield* receiver.takenKinds(4), ["Failover", "FailoverDone", "Failover", "FailoverDone"])
      assert.strictEqual(new Set(receiver.taken.map(({ key }) => key)).size, 4)
      yield* eventually(eventsOf("told-once"), (reasons) => reasons.length >= facts.length + 2)
      assert.deepStrictEqual(yield* eventsOf("told-once"), [...facts, "NodeSelected", "Routing"].sort())
    })
  )

  scenario(
    "wait for a receiver that is gone while routing goes on, and tell nothing of before they were wanted",
    Effect.gen(function* () {
      const { stage, receiver, start, failover, recover, memory } = yield* prepared
      const silent = yield* stage.startController()
      yield* stage.putGroup("unheard", { ips: ["198.51.100.1/32"] })
      const from = yield* stage.routedNode("unheard")
      const to = yield* failover("unheard", from)
      yield* recover(from)
      yield* silent.end("SIGTERM")
      yield* receiver.listener.stop
      yield* start()
      yield* memory
      const then = yield* failover("unheard", to)
      yield* recover(to)
      yield* failover("unheard", then)
      yield* receiver.listener.start
      assert.deepStrictEqual((yield* receiver.takenKinds(3)).slice(0, 3), ["Failover", "Failover", "FailoverDone"])
      assert.deepInclude(receiver.taken[0], { from: to, to: then })
    })
  )

  scenario(
    "and Events of a failed failover come once however often it is tried, and then that it is over",
    Effect.gen(function* () {
      const { stage, receiver, start, failover, eventsOf } = yield* prepared
      yield* start()
      yield* stage.putGroup("stubborn", { ips: ["198.51.100.1/32"] })
      const from = yield* stage.routedNode("stubborn")
      const before = yield* eventually(eventsOf("stubborn"), (reasons) => reasons.length === 3)
      const refusal = yield* stage.rest.inject({
        operation: stage.operations.route,
        fault: InjectedFault.Status({ status: 422 })
      })
      const moving = yield* Effect.forkChild(failover("stubborn", from))
      yield* stage.simulator.awaitCall({ operation: stage.operations.route, count: 5 })
      assert.deepStrictEqual(yield* receiver.takenKinds(2), ["Failover", "FailoverFailed"])
      yield* refusal.remove
      yield* Fiber.join(moving)
      assert.deepStrictEqual(yield* receiver.takenKinds(3), ["Failover", "FailoverFailed", "Recovered"])
      const facts = [...before, "NodeSelected", "Routing", "RoutingFailed"].sort()
      assert.deepStrictEqual(
        yield* eventually(eventsOf("stubborn"), (reasons) => reasons.length >= facts.length),
        facts
      )
    })
  )

  scenario(
    "of credentials that fail come once for all groups of the Secret, and again when they are good",
    Effect.gen(function* () {
      const { stage, receiver, start } = yield* prepared
      yield* start()
      yield* stage.putGroup("one", { ips: ["198.51.100.1/32"] })
      yield* stage.putGroup("two", { ips: ["198.51.100.2/32"] })
      yield* stage.routedNode("one")
      yield* stage.routedNode("two")
      yield* stage.putSecret("netcup", { refreshToken: "" })
      assert.deepStrictEqual(yield* receiver.takenKinds(1), ["CredentialsFailing"])
      assert.deepInclude(receiver.taken[0], { secret: "netcup-system/netcup", groups: ["one", "two"] })
      yield* stage.putCredentials("netcup", loginName)
      assert.deepStrictEqual(yield* receiver.takenKinds(2), ["CredentialsFailing", "CredentialsRecovered"])
    })
  )

  scenario(
    "of a login that does not last come once, with what is said in the status, an Event and the count of what was delivered",
    Effect.gen(function* () {
      const { stage, receiver, start, eventsOf } = yield* prepared
      const brief = yield* stage.world.login(loginName, false)
      yield* stage.putSecret("netcup", { refreshToken: Redacted.value(brief) })
      const { metricsUrl } = yield* start()
      yield* stage.putGroup("brief-one", { ips: ["198.51.100.1/32"] })
      yield* stage.putGroup("brief-two", { ips: ["198.51.100.2/32"] })
      const says = (reason: string) => (group: Stage.GroupObject) =>
        group.status?.conditions?.some((one) => one.type === "CredentialsHealthy" && one.reason === reason) === true
      for (const group of ["brief-one", "brief-two"]) yield* stage.groupUntil(group, says("LoginExpiring"))
      assert.deepStrictEqual(yield* receiver.takenKinds(1), ["CredentialsExpiring"])
      assert.deepInclude(receiver.taken[0], { secret: "netcup-system/netcup" })
      yield* eventually(eventsOf("brief-one"), (reasons) => reasons.includes("LoginExpiring"))
      const delivered = 'netcup_failover_notices_total{kind="CredentialsExpiring",outcome="delivered"} 1'
      yield* eventually(get(`${metricsUrl}/metrics`), ({ body }) => body.includes(delivered))

      yield* stage.putCredentials("netcup", loginName)
      for (const group of ["brief-one", "brief-two"]) yield* stage.groupUntil(group, says("CredentialsAccepted"))
      assert.lengthOf(receiver.taken, 1)
    })
  )
})
