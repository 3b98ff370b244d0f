import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import { KubeFault } from "@netcup-failover/testing/kubernetes/KubeInjection"
import type { JournalRequest } from "@netcup-failover/testing/kubernetes/KubeJournal"
import * as KubeProxy from "@netcup-failover/testing/kubernetes/KubeProxy"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName } from "./Account.ts"
import { suite } from "./Suite.ts"

const addresses = ["198.51.100.1/32", "2001:db8:a::/64", "198.51.100.2/32"].map((cidr) => ({ cidr }))
const ips = ["198.51.100.1/32", "2001:db8:a::/64"]

const groupsPath = "/apis/netcup.digilol.net/v1alpha1/netcupfailoverips"
const statusWrites = { verb: "PATCH", path: /\/netcupfailoverips\/[^/]+\/status$/u }
/** After the first, which makes it. */
const ledgerWrites = { verb: "PUT", path: /\/configmaps\/netcup-failover-ledger-[^/]+$/u }
const watched = /\/(nodes|netcupfailoverips|secrets)$/u

/** So patient that no outage of a scenario costs the leader its Lease. */
const patient = { LEASE_DURATION: "600s", LEASE_RENEW_DEADLINE: "300s" }

/** Three nodes and a controller behind a proxy; nothing is routed yet. */
const prepared = Effect.fn(function* (environment: Readonly<Record<string, string>> = {}) {
  const stage = yield* Stage.make({ limitWindow: "10 millis" })
  const { accessFor, startApiServer } = yield* KubeCluster
  // A scenario that fails while the API server is away must not take the others with it.
  yield* Effect.addFinalizer(() => Effect.ignore(startApiServer))
  const proxy = yield* KubeProxy.make(yield* accessFor({ serviceAccount: Stage.serviceAccount }))
  yield* stage.world.addAccount(account(3, addresses))
  const kubelets = yield* Effect.forEach([1, 2, 3], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
  yield* stage.putCredentials("netcup", loginName)
  yield* stage.startController({
    KUBECONFIG: proxy.kubeconfig,
    NETCUP_MAX_BACKOFF: "1s",
    NETCUP_LIMIT_RETRY_INTERVAL: "1s",
    ...environment
  })
  const fail = (name: string) =>
    Effect.fromNullishOr(kubelets.find((one) => one.name === name)).pipe(
      Effect.orDie,
      Effect.flatMap((kubelet) => kubelet.setReady("False", "KubeletNotReady"))
    )
  /** The calls that netcup got, once nothing more comes. */
  const told = Effect.andThen(Effect.sleep("1 second"), stage.simulator.journal.callsOf(stage.operations.route))
  /** Each address was routed so many times, and netcup was told no more often than that. */
  const routedTimes = Effect.fnUntraced(function* (times: number) {
    const calls = yield* told
    for (const cidr of ips) assert.lengthOf(yield* stage.simulator.journal.changesOf(cidr), times, cidr)
    assert.lengthOf(calls, times * ips.length)
  })
  return { stage, proxy, fail, told, routedTimes }
})

type Prepared = Effect.Success<ReturnType<typeof prepared>>

/** The group on its first node. */
const settled = Effect.fnUntraced(function* ({ stage }: Prepared) {
  yield* stage.putGroup("primary", { ips })
  return yield* stage.routedNode("primary")
})

/** The group left the node that failed, and netcup was told once an address. */
const followed = Effect.fnUntraced(function* ({ stage, routedTimes }: Prepared, failed: string) {
  assert.notStrictEqual(yield* stage.routedNode("primary"), failed)
  yield* routedTimes(2)
})

/** Between writes that are refused one after the other there are the pauses that doubling from a second asks for, less a fifth. */
const assertPaced = (writes: ReadonlyArray<JournalRequest>, longest: number) => {
  for (const [i, { receivedAt }] of writes.entries()) {
    const before = writes[i - 1]?.answeredAt
    if (before !== undefined) assert.isAtLeast(receivedAt - before, 0.8 * Math.min(1_000 * 2 ** (i - 1), longest))
  }
}

suite("what Kubernetes does wrong", {}, (scenario) => {
  scenario(
    "the API server goes and comes in peace: nothing is routed; a node that failed meanwhile is left",
    Effect.gen(function* () {
      const now = yield* prepared()
      const { startApiServer, stopApiServer } = yield* KubeCluster
      const { operations, simulator } = now.stage
      const node = yield* settled(now)
      const reads = (yield* simulator.journal.callsOf(operations.servers)).length
      yield* stopApiServer
      yield* Effect.sleep("3 seconds")
      yield* startApiServer
      // It leads again, knows nothing, and asks netcup.
      yield* simulator.awaitCall({ operation: operations.servers, count: reads + 1 })
      yield* now.stage.routedNode("primary")
      yield* now.routedTimes(1)

      yield* stopApiServer
      // Said when the API server hears it.
      yield* Effect.ignore(now.fail(node))
      yield* startApiServer
      yield* now.stage.groupUntil("primary", ({ status }) => status?.currentNode !== node)
      yield* followed(now, node)
    })
  )

  for (const [away, lease] of [
    ["stop", {}],
    ["silence", {}],
    ["stop", patient],
    ["silence", patient]
  ] as const) {
    scenario(
      `a node fails while the API server is out of reach (${away}, ${lease === patient ? "still" : "no longer"} leading): it is left afterwards`,
      Effect.gen(function* () {
        const now = yield* prepared(lease)
        const node = yield* settled(now)
        yield* now.proxy[away]
        yield* now.fail(node)
        yield* Effect.sleep("4 seconds")
        yield* now.routedTimes(1)
        yield* now.proxy.start
        yield* now.stage.groupUntil("primary", ({ status }) => status?.currentNode !== node)
        yield* followed(now, node)
      })
    )
  }

  for (const lease of [{}, patient]) {
    const leading = lease === patient ? "the leader goes on leading" : "the leader loses its Lease"
    scenario(
      `the API server dies before an intention is written: netcup is told when it is back, not before (${leading})`,
      Effect.gen(function* () {
        const { proxy, routedTimes, stage, told } = yield* prepared(lease)
        const { startApiServer, stopApiServer } = yield* KubeCluster
        yield* proxy.inject({ ...ledgerWrites, times: 1, fault: KubeFault.Hang({ applied: false }) })
        yield* stage.putGroup("primary", { ips })
        yield* proxy.awaitRequest(ledgerWrites)
        yield* stopApiServer
        yield* Effect.sleep("6 seconds")
        assert.lengthOf(yield* told, 0)
        yield* startApiServer
        yield* stage.routedNode("primary")
        yield* routedTimes(1)
      })
    )

    scenario(
      `the API server dies after netcup was told: the result is written when it is back, and netcup not told again (${leading})`,
      Effect.gen(function* () {
        const { routedTimes, stage } = yield* prepared(lease)
        const { startApiServer, stopApiServer } = yield* KubeCluster
        const call = { operation: stage.operations.route, count: 2 }
        yield* stage.simulator.inject({ operation: stage.operations.route, delayBefore: "2 seconds" })
        yield* stage.putGroup("primary", { ips })
        yield* stage.simulator.awaitCall(call)
        yield* stopApiServer
        yield* stage.simulator.awaitCall({ ...call, where: ({ appliedAt }) => appliedAt !== undefined })
        yield* Effect.sleep("2 seconds")
        yield* startApiServer
        yield* stage.routedNode("primary")
        yield* routedTimes(1)
      })
    )
  }

  const lost = {
    reset: KubeFault.Reset({ applied: true }),
    "500": KubeFault.Refuse({ status: 500, reason: "InternalError", applied: true }),
    silence: KubeFault.Hang({ applied: true })
  }
  for (const [name, fault] of Object.entries(lost)) {
    scenario(
      `a write is applied and its answer lost (${name}), be it of the intention or of the result: nothing is routed twice`,
      Effect.gen(function* () {
        const now = yield* prepared(patient)
        const rule = yield* now.proxy.inject({ ...statusWrites, times: 1, fault })
        const node = yield* settled(now)
        yield* now.routedTimes(1)
        yield* rule.remove
        // The next write tells that the group left its node, and where it is.
        const writes = (yield* now.proxy.journal.requests(statusWrites)).length
        yield* now.proxy.inject({ ...statusWrites, times: 2, fault })
        yield* now.fail(node)
        yield* now.stage.groupUntil("primary", ({ status }) => status?.currentNode !== node)
        yield* followed(now, node)
        assert.isAtMost((yield* now.proxy.journal.requests(statusWrites)).length, writes + 8)
      })
    )
  }

  scenario(
    "a write that comes late, after its sender gave it up and wrote anew, changes nothing",
    Effect.gen(function* () {
      const { proxy, routedTimes, stage } = yield* prepared(patient)
      yield* proxy.inject({ ...statusWrites, times: 1, delayBefore: "8 seconds" })
      yield* stage.putGroup("primary", { ips })
      yield* stage.routedNode("primary")
      const late = yield* proxy.awaitRequest({ ...statusWrites, where: ({ truth }) => truth === 409 })
      assert.strictEqual(late.id, (yield* proxy.journal.requests(statusWrites))[0]?.id)
      yield* stage.routedNode("primary")
      yield* routedTimes(1)
    })
  )

  scenario(
    "watches that are cut again and again hold up neither a first routing nor a failover",
    Effect.gen(function* () {
      const now = yield* prepared()
      yield* now.proxy.watches.cut().pipe(Effect.delay("100 millis"), Effect.forever, Effect.forkScoped)
      const node = yield* settled(now)
      yield* now.fail(node)
      yield* now.stage.groupUntil("primary", ({ status }) => status?.currentNode !== node)
      yield* followed(now, node)
    })
  )

  scenario(
    "watches on which nothing more comes are noticed and made anew",
    Effect.gen(function* () {
      const now = yield* prepared({ WATCH_IDLE_LIMIT: "3s" })
      const node = yield* settled(now)
      assert.isAtLeast(yield* now.proxy.watches.stall({ path: watched }), 3)
      yield* now.fail(node)
      yield* now.stage.groupUntil("primary", ({ status }) => status?.currentNode !== node)
      yield* followed(now, node)
    })
  )

  const refusals = {
    "410": KubeFault.Refuse({ status: 410, reason: "Expired", applied: false }),
    "410 as an event": KubeFault.ErrorEvent({ status: 410, reason: "Expired" }),
    "500": KubeFault.Refuse({ status: 500, reason: "InternalError", applied: false }),
    "500 as an event": KubeFault.ErrorEvent({ status: 500, reason: "InternalError" }),
    "429 with Retry-After": KubeFault.Refuse({
      status: 429,
      reason: "TooManyRequests",
      retryAfter: 2,
      applied: false
    })
  }
  for (const [name, fault] of Object.entries(refusals)) {
    scenario(
      `watches and lists that are answered with ${name} are asked for again, with pauses; a node that fails meanwhile is left`,
      Effect.gen(function* () {
        const now = yield* prepared()
        const node = yield* settled(now)
        const rule = { verb: "GET", path: /\/nodes$/u, times: 3, fault }
        // A list has no version that could be too old.
        yield* now.proxy.inject(name.includes("410") || fault._tag === "ErrorEvent" ? { ...rule, watch: true } : rule)
        yield* now.proxy.watches.cut({ path: rule.path })
        yield* now.fail(node)
        yield* now.stage.groupUntil("primary", ({ status }) => status?.currentNode !== node)
        yield* followed(now, node)
        const requests = yield* now.proxy.journal.requests({ verb: "GET", path: rule.path })
        const first = requests.findIndex(({ outcome }) => outcome._tag === "Injected")
        assert.lengthOf(
          requests.filter(({ outcome }) => outcome._tag === "Injected"),
          3
        )
        // A version that is too old is listed anew: a request more for each.
        assert.isAtMost(requests.length - first, 10)
        if (name.startsWith("410")) assert.isTrue(requests.slice(first).some(({ watch }) => !watch))
        if (name.startsWith("429")) {
          const asked = requests.slice(first, first + 4)
          for (const [i, { receivedAt }] of asked.entries()) {
            const before = asked[i - 1]?.answeredAt
            if (before !== undefined) assert.isAtLeast(receivedAt - before, 2_000)
          }
        }
      })
    )
  }

  scenario(
    "conflicts on every write: writes are paced, nothing is routed before the intention is written, then all is",
    Effect.gen(function* () {
      const { proxy, routedTimes, stage, told } = yield* prepared({ NETCUP_MAX_BACKOFF: "2s" })
      const fault = KubeFault.Refuse({ status: 409, reason: "Conflict", applied: false })
      const conflicts = yield* Effect.forEach([statusWrites, ledgerWrites], (writes) =>
        proxy.inject({ ...writes, fault })
      )
      yield* stage.putGroup("primary", { ips })
      yield* proxy.awaitRequest({ ...statusWrites, count: 5 })
      assert.lengthOf(yield* told, 0)
      yield* Effect.forEach(conflicts, ({ remove }) => remove)
      const refused = (yield* proxy.journal.requests(statusWrites)).filter(({ status }) => status === 409)
      assertPaced(refused, 2_000)
      yield* stage.routedNode("primary")
      const written = (yield* proxy.journal.requests(ledgerWrites)).find(({ status }) => status === 200)
      const [call] = yield* told
      assert.isAtLeast(call?.receivedAt ?? 0, written?.answeredAt ?? Number.POSITIVE_INFINITY)
      yield* routedTimes(1)
    })
  )

  scenario(
    "every write refused for 20 seconds: as many attempts as the pauses allow, and none to netcup",
    Effect.gen(function* () {
      const now = yield* prepared({ NETCUP_MAX_BACKOFF: "4s" })
      const { proxy, stage } = now
      const node = yield* settled(now)
      yield* now.routedTimes(1)
      const before = (yield* proxy.journal.requests(statusWrites)).length
      const fault = KubeFault.Refuse({ status: 500, reason: "InternalError", applied: false })
      const refusals = yield* Effect.forEach([statusWrites, ledgerWrites], (writes) =>
        proxy.inject({ ...writes, fault })
      )
      yield* now.fail(node)
      yield* Effect.sleep("20 seconds")
      const attempts = (yield* proxy.journal.requests(statusWrites)).slice(before)
      assertPaced(attempts, 4_000)
      // Pauses of 1, 2, 4, 4, … seconds, less or more a fifth: the latest begin of the 5th is 12 s after the first, the earliest of the 9th 21.6 s.
      assert.isAtLeast(attempts.length, 4)
      assert.isAtMost(attempts.length, 8)
      yield* now.routedTimes(1)
      yield* Effect.forEach(refusals, ({ remove }) => remove)
      yield* stage.groupUntil("primary", ({ status }) => status?.currentNode !== node)
      yield* followed(now, node)
    })
  )

  scenario(
    "somebody else writes labels and status all the time while a group moves: it is moved once, and the truth is told in the end",
    Effect.gen(function* () {
      const now = yield* prepared()
      const { http } = yield* KubeCluster
      const disturb = Effect.gen(function* () {
        for (let i = 0; i < 60; i++) {
          const path = `${groupsPath}/primary`
          yield* Effect.ignore(http.patch(path, { metadata: { labels: { seen: `${i}` } } }))
          yield* Effect.ignore(http.patch(`${path}/status`, { status: { observedGeneration: i, addresses: null } }))
          yield* Effect.sleep("50 millis")
        }
      })
      const first = yield* Effect.forkScoped(disturb)
      const node = yield* settled(now)
      yield* now.routedTimes(1)
      first.interruptUnsafe()
      yield* Effect.forkScoped(disturb)
      yield* now.fail(node)
      yield* now.stage.groupUntil("primary", ({ status }) => status?.currentNode !== node)
      yield* followed(now, node)
      const last = yield* now.stage.groupUntil("primary", ({ status }) => status?.addresses?.length === 2)
      assert.strictEqual(last.status?.observedGeneration, last.metadata.generation)
      assert.strictEqual(Stage.routed(last)?.status, "True")
    })
  )
})
