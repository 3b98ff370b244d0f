import { assert } from "@effect/vitest"
import * as Fnv1a from "@netcup-failover/core/Fnv1a"
import { InjectedFault } from "@netcup-failover/testing/netcup/RestInjection"
import { TaskFault } from "@netcup-failover/testing/netcup/RestTasks"
import type * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { account, loginName, server } from "./Account.ts"
import { suite } from "./Suite.ts"

const addresses = [{ cidr: "198.51.100.1/32" }, { cidr: "2001:db8:a::/64" }]
const ips = addresses.map(({ cidr }) => cidr)

/** Three nodes; the account's addresses are routed nowhere yet. */
const prepared = Effect.fn(function* (options: NetcupStage.NetcupOptions = {}) {
  const stage = yield* Stage.make(options)
  yield* stage.world.addAccount(account(3, addresses))
  const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  yield* stage.putCredentials("netcup", loginName)
  const kubelet = (name: string) => Effect.fromNullishOr(kubelets.find((one) => one.name === name)).pipe(Effect.orDie)
  return { stage, kubelet }
})

type Prepared = Effect.Success<ReturnType<typeof prepared>>["stage"]

/** The server that the hash picks of three. */
const picked = (Fnv1a.hash32("primary") % 3) + 1

const Tokens = Schema.Struct({ data: Schema.Record(Schema.String, Schema.String) })

const addressOf = (group: Stage.GroupObject, ip: string) => group.status?.addresses?.find((one) => one.ip === ip)

const credentialsAre = (wanted: "True" | "False") => (group: Stage.GroupObject) =>
  group.status?.conditions?.some(({ type, status }) => type === "CredentialsHealthy" && status === wanted) === true

suite("netcup's REST API", { apis: ["rest"] }, (scenario) => {
  scenario(
    "a task that was accepted is not done: Routed is False until it has finished",
    Effect.gen(function* () {
      const { stage } = yield* prepared()
      yield* stage.rest.inject({ operation: "route", task: TaskFault.Hold({ at: "RUNNING" }) })
      yield* stage.putGroup("primary", { ips })
      yield* stage.startController()
      yield* stage.rest.awaitCall({ operation: "task", count: 4, where: ({ status }) => status === 200 })
      const moving = yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "Routing")
      assert.strictEqual(Stage.routed(moving)?.status, "False")
      for (const ip of ips) assert.strictEqual(addressOf(moving, ip)?.state, "Moving")
      yield* stage.rest.tasks.release()
      yield* stage.routedNode("primary")
      assert.lengthOf(yield* stage.rest.journal.callsOf("route"), 2)
    })
  )

  for (const state of ["ERROR", "CANCELED", "ROLLBACK"] as const) {
    scenario(
      `a task that ends as ${state} moved nothing: netcup's words are told, and it is tried again`,
      Effect.gen(function* () {
        const { stage } = yield* prepared()
        const task = TaskFault.End({ state, message: "the node of that server is in maintenance" })
        const injection = yield* stage.rest.inject({ operation: "route", cidr: "198.51.100.1/32", task })
        yield* stage.putGroup("primary", { ips })
        yield* stage.startController()
        const failed = yield* stage.groupUntil(
          "primary",
          (group) => addressOf(group, "198.51.100.1/32")?.state === "Failed"
        )
        assert.include(addressOf(failed, "198.51.100.1/32")?.lastError?.message ?? "", "is in maintenance")
        yield* injection.remove
        yield* stage.routedNode("primary")
      })
    )
  }

  scenario(
    "a limit with an end is waited for to that end; the account is asked nothing before",
    Effect.gen(function* () {
      const { stage } = yield* prepared()
      const fault = InjectedFault.Status({ status: 429, headers: { "retry-after": "4" } })
      yield* stage.rest.inject({ operation: "route", cidr: "198.51.100.1/32", times: 1, fault })
      yield* stage.putGroup("primary", { ips: ["198.51.100.1/32"] })
      yield* stage.startController({ NETCUP_LIMIT_RETRY_INTERVAL: "1s" })
      const limited = yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "RateLimited")
      const next = Date.parse(addressOf(limited, "198.51.100.1/32")?.nextAttemptAt ?? "")
      yield* stage.routedNode("primary")
      const calls = yield* stage.rest.journal.callsOf("route")
      assert.lengthOf(calls, 2)
      assert.isAtLeast(calls[1]?.receivedAt ?? 0, next)
      assert.isAtLeast((calls[1]?.receivedAt ?? 0) - (calls[0]?.receivedAt ?? 0), 3900)
    })
  )

  scenario(
    "a limit without an end is asked about at each interval",
    Effect.gen(function* () {
      const { stage } = yield* prepared()
      const limit = yield* stage.limit({ cidr: "198.51.100.1/32" })
      yield* stage.putGroup("primary", { ips: ["198.51.100.1/32"] })
      yield* stage.startController({ NETCUP_LIMIT_RETRY_INTERVAL: "1s" })
      yield* stage.rest.awaitCall({ operation: "route", count: 3 })
      yield* limit.remove
      yield* stage.routedNode("primary")
      const calls = yield* stage.rest.journal.callsOf("route")
      for (const [i, { receivedAt }] of calls.entries()) {
        if (i > 0) assert.isAtLeast(receivedAt - (calls[i - 1]?.receivedAt ?? 0), 950)
      }
    })
  )

  scenario(
    "a server at another site is never told: the group goes to one at the addresses' site, by one call an address",
    Effect.gen(function* () {
      const stage = yield* Stage.make()
      const servers = [1, 2, 3].map((n) =>
        n === picked ? { ...server(n), site: { id: 2, city: "Vienna" } } : server(n)
      )
      yield* stage.world.addAccount({ ...account(0, addresses), servers })
      for (const n of [1, 2, 3]) yield* stage.addNode(`node-${n}`, { server: `v${n}` })
      yield* stage.putCredentials("netcup", loginName)
      yield* stage.putGroup("primary", { ips })
      yield* stage.startController()
      const node = yield* stage.routedNode("primary")
      assert.notStrictEqual(node, `node-${picked}`)
      const calls = yield* stage.rest.journal.callsOf("route")
      assert.deepStrictEqual(
        calls.map(({ routing }) => routing?.server),
        [node, node].map((name) => name.replace("node-", "v"))
      )
    })
  )

  for (const [what, break_] of [
    ["is in the rescue system", (stage: Prepared) => stage.world.setRescue(`v${picked}`, true)],
    ["is off", (stage: Prepared) => stage.world.setState(`v${picked}`, "SHUTOFF")]
  ] as const) {
    scenario(
      `a server that ${what} is never told, and is used again once it runs`,
      Effect.gen(function* () {
        const { stage, kubelet } = yield* prepared({ limitWindow: "10 millis" })
        yield* break_(stage)
        yield* stage.putGroup("primary", { ips })
        yield* stage.startController({ NETCUP_REFRESH_INTERVAL: "1s" })
        const node = yield* stage.routedNode("primary")
        assert.notStrictEqual(node, `node-${picked}`)
        const calls = yield* stage.rest.journal.callsOf("route")
        assert.deepStrictEqual(
          calls.map(({ routing }) => routing?.server),
          [node, node].map((name) => name.replace("node-", "v"))
        )
        const others = ["node-1", "node-2", "node-3"].filter((name) => name !== `node-${picked}`)
        for (const name of others) yield* (yield* kubelet(name)).setReady("False", "KubeletNotReady")
        const none = yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "NoEligibleNodes")
        assert.include(Stage.routed(none)?.message ?? "", "off or in the rescue system")
        yield* stage.world.setRescue(`v${picked}`, false)
        yield* stage.world.setState(`v${picked}`, "RUNNING")
        yield* stage.groupUntil("primary", ({ status }) => status?.currentNode === `node-${picked}`)
      })
    )
  }

  scenario(
    "tokens rotate with every refresh: the newest survives a restart, and the user's Secret is never written",
    Effect.gen(function* () {
      // So short-lived that the first controller has to refresh more than once.
      const { stage } = yield* prepared({ rest: { accessTokenLifetime: "2 seconds" } })
      yield* stage.putGroup("primary", { ips })
      const first = yield* stage.startController({ NETCUP_REFRESH_INTERVAL: "1s" })
      yield* stage.routedNode("primary")
      yield* stage.rest.awaitCall({ operation: "token.refresh", count: 3 })
      assert.strictEqual(yield* first.end("SIGTERM"), 0)
      const refreshes = (yield* stage.rest.journal.callsOf("token.refresh")).length
      const second = yield* stage.startController()
      yield* stage.rest.awaitCall({
        operation: "token.refresh",
        count: refreshes + 1,
        where: ({ status }) => status === 200
      })
      yield* stage.groupUntil("primary", credentialsAre("True"))
      const statuses = (yield* stage.rest.journal.callsOf("token.refresh")).map(({ status }) => status)
      assert.isTrue(statuses.every((status) => status === 200))
      assert.notInclude(yield* second.log, "log in again")
      assert.strictEqual(Stage.routed(yield* stage.group("primary"))?.status, "True")
    })
  )

  scenario(
    "a login that died is said so, netcup is left alone, and a new token in the Secret is used at once",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared({
        limitWindow: "10 millis",
        rest: { accessTokenLifetime: "2 seconds" }
      })
      yield* stage.putGroup("primary", { ips })
      yield* stage.startController({ NETCUP_REFRESH_INTERVAL: "1s" })
      const first = yield* stage.routedNode("primary")
      yield* stage.spoil(loginName)
      const refused = yield* stage.groupUntil("primary", credentialsAre("False"))
      const condition = refused.status?.conditions?.find(({ type }) => type === "CredentialsHealthy")
      assert.include(condition?.message ?? "", "log in again")
      const before = (yield* stage.rest.journal.calls).length
      yield* Effect.sleep("3 seconds")
      assert.isAtMost((yield* stage.rest.journal.calls).length - before, 1)
      yield* stage.putCredentials("netcup", loginName)
      yield* stage.groupUntil("primary", credentialsAre("True"))
      yield* (yield* kubelet(first)).setReady("False", "KubeletNotReady")
      yield* stage.groupUntil(
        "primary",
        (group) => group.status?.currentNode !== first && Stage.routed(group)?.status === "True"
      )
    })
  )

  scenario(
    "no token is in a log, Event, status or ConfigMap: not when all is well, and not when netcup refuses",
    Effect.gen(function* () {
      const { stage } = yield* prepared({ rest: { accessTokenLifetime: "2 seconds" } })
      const { http } = stage.cluster
      yield* stage.putGroup("primary", { ips: [...ips, "198.51.100.99/32"] })
      const controller = yield* stage.startController({ LOG_LEVEL: "Trace", NETCUP_REFRESH_INTERVAL: "1s" })
      yield* stage.groupUntil("primary", (group) => addressOf(group, "198.51.100.99/32")?.state === "Failed")
      yield* stage.rest.awaitCall({ operation: "token.refresh", count: 3 })
      yield* stage.spoil(loginName)
      yield* stage.groupUntil("primary", credentialsAre("False"))
      const seen = {
        log: yield* controller.log,
        group: JSON.stringify(yield* http.get("/apis/netcup.digilol.net/v1alpha1/netcupfailoverips")),
        events: JSON.stringify(yield* http.get("/api/v1/events")),
        ledger: JSON.stringify(yield* http.get(`/api/v1/namespaces/${Stage.namespace}/configmaps`))
      }
      const kept = yield* http.get(Stage.tokensPath, Tokens)
      const ours = yield* http.get(`/api/v1/namespaces/${Stage.namespace}/secrets/netcup`, Tokens)
      const tokens = [...Object.values(kept.data), ...Object.values(ours.data)].flatMap((base64) => {
        const text = Buffer.from(base64, "base64").toString()
        return [text, ...(/"refreshToken":"([^"]+)"/u.exec(text)?.slice(1) ?? [])]
      })
      assert.isAtLeast(tokens.length, 3)
      for (const [where, text] of Object.entries(seen)) {
        assert.isNotEmpty(text, where)
        for (const token of tokens) assert.isFalse(text.includes(token), `a token in the ${where}`)
        // Access tokens are never stored: whatever looks like one is one.
        assert.notMatch(text, /eyJ[\w-]{10,}\.[\w-]{10,}/u, where)
      }
    })
  )

  scenario(
    "a leader killed while a task runs: the next one waits for the task, and sends nothing again",
    Effect.gen(function* () {
      const { stage } = yield* prepared()
      yield* stage.rest.inject({ operation: "route", task: TaskFault.Hold({ at: "RUNNING" }) })
      yield* stage.putGroup("primary", { ips: ["198.51.100.1/32"] })
      const first = yield* stage.startController({ POD_NAME: "first" })
      yield* stage.rest.awaitCall({ operation: "route", where: ({ status }) => status === 202 })
      yield* first.end("SIGKILL")
      yield* stage.startController({ POD_NAME: "second" })
      // It looks whether anything is under way, and again.
      const seen = (yield* stage.rest.journal.callsOf("tasks")).length
      yield* stage.rest.awaitCall({ operation: "tasks", count: seen + 4 })
      // The first had no time to say anything.
      assert.notStrictEqual(Stage.routed(yield* stage.group("primary"))?.status, "True")
      yield* stage.rest.tasks.release()
      yield* stage.routedNode("primary")
      assert.lengthOf(yield* stage.rest.journal.callsOf("route"), 1)
    })
  )

  scenario(
    "twelve addresses on one dead node: the highest priorities go first, and netcup never has to say no",
    Effect.gen(function* () {
      const window = "8 seconds"
      const stage = yield* Stage.make({ rest: { limits: [{ requests: 10, window }] } })
      const groups = Array.from({ length: 12 }, (_, i) => ({
        name: `g-${i}`,
        cidr: `198.51.100.${i + 1}/32`,
        priority: i
      }))
      yield* stage.world.addAccount(
        account(
          3,
          groups.map(({ cidr }) => ({ cidr, routedTo: "v1" }))
        )
      )
      const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
      yield* stage.putCredentials("netcup", loginName)
      for (const { cidr, name, priority } of groups) yield* stage.putGroup(name, { ips: [cidr], priority })
      yield* stage.startController({ NETCUP_SHORT_WINDOW: "9s", NETCUP_LONG_WINDOW: "10s" })
      for (const { name } of groups) assert.strictEqual(yield* stage.routedNode(name), "node-1")
      yield* kubelets[0]?.setReady("False", "KubeletNotReady") ?? Effect.void
      const waiting = yield* stage.groupUntil("g-0", (group) => Stage.routed(group)?.reason === "RateLimited")
      assert.include(Stage.routed(waiting)?.message ?? "", "has used its 10 moves")
      for (const { name } of groups) {
        yield* stage.groupUntil(
          name,
          (group) => group.status?.currentNode !== "node-1" && Stage.routed(group)?.status === "True"
        )
      }
      const calls = yield* stage.rest.journal.callsOf("route")
      assert.lengthOf(calls, 12)
      assert.isTrue(calls.every(({ status }) => status === 202))
      const first = calls.slice(0, 10).map(({ routing }) => routing?.prefix ?? "")
      assert.sameMembers(
        first,
        groups.slice(2).map(({ cidr }) => cidr)
      )
    })
  )

  scenario(
    "one account of which netcup answers nothing leaves the other alone",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared({ limitWindow: "10 millis" })
      yield* stage.world.addAccount({
        loginName: "other",
        password: "word",
        servers: [server(11)],
        addresses: [{ cidr: "192.0.2.1/32" }]
      })
      yield* stage.addNode("node-11", { server: "v11" })
      yield* stage.putCredentials("other", "other")
      yield* stage.rest.inject({ loginName: "other", fault: InjectedFault.Hang({ applied: false }) })
      yield* stage.putGroup("stuck", { ips: ["192.0.2.1/32"], secret: "other" })
      yield* stage.putGroup("primary", { ips })
      yield* stage.startController({ NETCUP_READ_TIMEOUT: "1s" })
      const first = yield* stage.routedNode("primary").pipe(Effect.timeout("20 seconds"))
      yield* (yield* kubelet(first)).setReady("False", "KubeletNotReady")
      yield* stage.groupUntil(
        "primary",
        (group) => group.status?.currentNode !== first && Stage.routed(group)?.status === "True"
      )
      // A refresh of a token is given its ten seconds, three times: an answer that is not waited for may have a new token in it.
      yield* stage.groupUntil("stuck", (group) => Stage.routed(group)?.status === "False", "60 seconds")
    })
  )
})
