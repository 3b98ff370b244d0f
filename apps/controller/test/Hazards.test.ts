import { assert } from "@effect/vitest"
import { serverNameAnnotation } from "@netcup-failover/core/Candidate"
import * as Fnv1a from "@netcup-failover/core/Fnv1a"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import { InjectedFault } from "@netcup-failover/testing/netcup/SoapInjection"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName, server } from "./Account.ts"
import { suite } from "./Suite.ts"

const cidrs = ["198.51.100.1/32", "198.51.100.2/32"]
const addresses = cidrs.map((cidr) => ({ cidr }))
const picked = (Fnv1a.hash32("primary") % 3) + 1

/** netcup takes its time to tell of the picked server: longer than the first plan waits for that, and again when the call needs it. */
const slowToTell = {
  operation: "getVServerInformation",
  server: `v${picked}`,
  times: 2,
  delayBefore: "6 seconds"
} as const

const prepared = Effect.fn(function* (limitWindow: "10 millis" | "5 minutes" = "5 minutes") {
  const stage = yield* Stage.make({ limitWindow })
  yield* stage.world.addAccount(account(3, addresses))
  const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  yield* stage.putCredentials("netcup", loginName)
  const kubelet = (name: string) => Effect.fromNullishOr(kubelets.find((one) => one.name === name)).pipe(Effect.orDie)
  return { stage, kubelet }
})

/** What could make things worse: races between what is known, what is intended and what is sent. */
suite("hazards", {}, (scenario) => {
  scenario(
    "credentials corrected in the middle of a failover are used at once",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared("10 millis")
      yield* stage.putGroup("primary", { ips: cidrs })
      yield* stage.startController({ NETCUP_REFRESH_INTERVAL: "1h" })
      const first = yield* stage.routedNode("primary")
      yield* stage.spoil(loginName)
      yield* (yield* kubelet(first)).setReady("False", "KubeletNotReady")
      yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "CredentialsError")
      yield* stage.putCredentials("netcup", loginName)
      yield* stage.groupUntil(
        "primary",
        ({ status }) =>
          status?.currentNode !== first && status?.conditions?.find(({ type }) => type === "Routed")?.status === "True"
      )
    })
  )

  scenario(
    "one server that netcup cannot tell about does not keep the others from being used",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared("10 millis")
      yield* (yield* kubelet("node-1")).setReady("False", "KubeletNotReady")
      yield* stage.soap.inject({
        operation: "getVServerIPs",
        server: "v1",
        fault: InjectedFault.Refuse({ text: "action not allowed" })
      })
      yield* stage.putGroup("primary", { ips: cidrs })
      yield* stage.startController()
      yield* stage.routedNode("primary")
    }),
    "soap"
  )

  scenario(
    "a condition of somebody else's that is neither True, False nor Unknown does not make a healthy node disappear",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared("10 millis")
      const { http } = yield* KubeCluster
      yield* stage.putGroup("primary", { ips: cidrs })
      yield* stage.startController()
      const first = yield* stage.routedNode("primary")
      yield* http.strategicPatch(`${(yield* kubelet(first)).path}/status`, {
        status: { conditions: [{ type: "example.com/Disk", status: "", reason: "Checking" }] }
      })
      yield* Effect.sleep("3 seconds")
      const { status } = yield* stage.group("primary")
      assert.strictEqual(status?.currentNode, first)
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 2)
    })
  )

  scenario(
    "nodes that claim one server are given nothing, by name, until one of them is left",
    Effect.gen(function* () {
      const stage = yield* Stage.make()
      yield* stage.world.addAccount(account(1, addresses))
      yield* stage.addNode("node-1", { server: "v1" })
      const others = yield* Effect.forEach([2, 3], (n) => stage.addNode(`node-${n}`, { server: "v1" }))
      yield* stage.putCredentials("netcup", loginName)
      for (const [i, name] of ["a", "b"].entries()) yield* stage.putGroup(name, { ips: [cidrs[i] ?? ""] })
      yield* stage.startController()
      const { status } = yield* stage.groupUntil("a", (group) => Stage.routed(group)?.reason === "NoEligibleNodes")
      assert.include(
        status?.conditions?.find(({ type }) => type === "Routed")?.message ?? "",
        "node-1 claims to be server v1, as node-2 and node-3 do"
      )
      assert.deepStrictEqual(yield* stage.simulator.journal.callsOf(stage.operations.route), [])
      for (const { annotate } of others) yield* annotate({ [serverNameAnnotation]: null })
      assert.strictEqual(yield* stage.routedNode("a"), "node-1")
      assert.strictEqual(yield* stage.routedNode("b"), "node-1")
    })
  )

  scenario(
    "nothing is routed to a node that failed while its interface was being asked for",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared("10 millis")
      yield* stage.soap.inject(slowToTell)
      yield* stage.putGroup("primary", { ips: [cidrs[0] ?? ""] })
      yield* stage.startController()
      yield* stage.groupUntil("primary", ({ status }) => status?.targetNode === `node-${picked}`)
      yield* (yield* kubelet(`node-${picked}`)).setReady("False", "KubeletNotReady")
      yield* stage.simulator.awaitCall({
        operation: stage.operations.route,
        where: ({ appliedAt }) => appliedAt !== undefined
      })
      const calls = yield* stage.simulator.journal.callsOf(stage.operations.route)
      assert.isFalse(calls.some(({ routing }) => routing?.server === `v${picked}`))
    }),
    "soap"
  )

  scenario(
    "a leader that stood still sends nothing when it goes on",
    Effect.gen(function* () {
      const { stage } = yield* prepared("10 millis")
      yield* stage.soap.inject(slowToTell)
      yield* stage.putGroup("primary", { ips: [cidrs[0] ?? ""] })
      const first = yield* stage.startController({ POD_NAME: "first" })
      yield* stage.groupUntil("primary", ({ status }) => status?.targetNode === `node-${picked}`)
      yield* stage.startController({ POD_NAME: "second" })
      yield* Effect.sync(() => process.kill(first.pid, "SIGSTOP"))
      yield* stage.routedNode("primary")
      yield* Effect.sleep("3 seconds")
      yield* Effect.sync(() => process.kill(first.pid, "SIGCONT"))
      yield* Effect.sleep("3 seconds")
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 1)
    }),
    "soap"
  )

  scenario(
    "a Secret that is made anew while a call is under way does not lose what comes of the call",
    Effect.gen(function* () {
      const { stage } = yield* prepared("10 millis")
      yield* stage.simulator.inject({ operation: stage.operations.route, times: 1, delayBefore: "4 seconds" })
      yield* stage.putGroup("primary", { ips: [cidrs[0] ?? ""] })
      yield* stage.startController()
      yield* stage.simulator.awaitCall({ operation: stage.operations.route })
      yield* stage.deleteSecret("netcup")
      yield* stage.groupUntil("primary", (group) => Stage.routed(group)?.reason === "CredentialsError")
      yield* stage.putCredentials("netcup", loginName)
      yield* stage.routedNode("primary")
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 1)
    })
  )

  scenario(
    "of two Secrets of one login the outdated one does not blind the group that has the right one",
    Effect.gen(function* () {
      const { stage, kubelet } = yield* prepared("10 millis")
      yield* stage.putCredentials("zz-old", loginName)
      yield* stage.putGroup("a", { ips: [cidrs[0] ?? ""] })
      yield* stage.putGroup("b", { ips: [cidrs[1] ?? ""], secret: "zz-old" })
      yield* stage.startController({ NETCUP_REFRESH_INTERVAL: "2s" })
      const first = yield* stage.routedNode("a")
      yield* stage.routedNode("b")
      yield* stage.spoil(loginName)
      yield* stage.putCredentials("netcup", loginName)
      yield* stage.groupUntil(
        "b",
        ({ status }) =>
          status?.conditions?.some(({ type, status }) => type === "CredentialsHealthy" && status === "False") === true
      )
      yield* (yield* kubelet(first)).setReady("False", "KubeletNotReady")
      yield* stage.groupUntil(
        "a",
        (group) => group.status?.currentNode !== first && Stage.routed(group)?.status === "True"
      )
    })
  )

  scenario(
    "hung calls of one account hold up no other account",
    Effect.gen(function* () {
      const { stage } = yield* prepared("10 millis")
      const many = Array.from({ length: 20 }, (_, i) => `192.0.2.${i + 1}/32`)
      yield* stage.world.addAccount({
        loginName: "other",
        password: "word",
        servers: [server(11)],
        addresses: many.map((cidr) => ({ cidr }))
      })
      yield* stage.addNode("node-11", { server: "v11" })
      yield* stage.putCredentials("other", "other")
      yield* stage.simulator.inject({
        operation: stage.operations.route,
        loginName: "other",
        fault: InjectedFault.Hang({ applied: false })
      })
      yield* stage.putGroup("many", { ips: many, secret: "other" })
      yield* stage.startController()
      yield* stage.simulator.awaitCall({ operation: stage.operations.route, count: 16 })
      yield* stage.putGroup("primary", { ips: cidrs })
      yield* stage.routedNode("primary").pipe(Effect.timeout("10 seconds"))
    })
  )

  scenario(
    "a group that is made anew under its name while a call is under way: the call is not made twice",
    Effect.gen(function* () {
      const { stage } = yield* prepared("10 millis")
      yield* stage.simulator.inject({ operation: stage.operations.route, times: 1, delayBefore: "3 seconds" })
      yield* stage.putGroup("primary", { ips: [cidrs[0] ?? ""] })
      yield* stage.startController()
      yield* stage.simulator.awaitCall({ operation: stage.operations.route })
      yield* stage.deleteGroup("primary")
      yield* Effect.sleep("500 millis")
      yield* stage.putGroup("primary", { ips: [cidrs[0] ?? ""] })
      yield* stage.routedNode("primary")
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 1)
    })
  )

  scenario(
    "an older group keeps its address while its Secret is away",
    Effect.gen(function* () {
      const stage = yield* Stage.make()
      yield* stage.world.addAccount(account(3, addresses))
      for (const n of [1, 2, 3]) yield* stage.addNode(`node-${n}`, { server: `v${n}`, labels: { n: `${n}` } })
      yield* stage.putCredentials("one", loginName)
      yield* stage.putCredentials("two", loginName)
      yield* stage.putGroup("a", { ips: [cidrs[0] ?? ""], secret: "one", nodeSelector: { matchLabels: { n: "1" } } })
      yield* stage.startController()
      yield* stage.routedNode("a")
      yield* Effect.sleep("1100 millis")
      yield* stage.putGroup("b", { ips: [cidrs[0] ?? ""], secret: "two", nodeSelector: { matchLabels: { n: "2" } } })
      yield* stage.groupUntil("b", (g) => Stage.routed(g)?.reason === "Conflict")
      yield* stage.deleteSecret("one")
      yield* Effect.sleep("3 seconds")
      assert.lengthOf(yield* stage.simulator.journal.callsOf(stage.operations.route), 1)
      assert.strictEqual(Stage.routed(yield* stage.group("b"))?.reason, "Conflict")
    })
  )
})
