import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import { account, loginName as login } from "./Account.ts"
import { suite } from "./Suite.ts"

const loginName = `kunde<12345>&"Müller"`
const password = `p<ä>&"ß'€ ]]>🔑 `

suite("credentials with characters that XML minds", { apis: ["soap"] }, (scenario) => {
  scenario(
    "arrive intact, and are in no log, Event or status: not when all is well, and not when netcup refuses",
    Effect.gen(function* () {
      const stage = yield* Stage.make({ limitWindow: "10 millis" })
      const { http } = yield* KubeCluster
      const addresses = [{ cidr: "198.51.100.1/32" }, { cidr: "2001:db8:a::/64" }]
      yield* stage.world.addAccount({ ...account(2, addresses), loginName, password })
      for (const n of [1, 2]) yield* stage.addNode(`node-${n}`, { server: `v${n}` })
      yield* stage.putSecret("netcup", { loginName, password })
      // netcup names the login in its refusals, as it does for an address that is not the account's.
      yield* stage.putGroup("primary", { ips: ["198.51.100.1/32", "198.51.100.99/32"] })
      const controller = yield* stage.startController({ LOG_LEVEL: "Trace" })
      yield* stage.groupUntil(
        "primary",
        (group) => Stage.routed(group)?.message.includes("Could not find failover IP") === true
      )
      yield* stage.patchGroup("primary", { spec: { ips: addresses.map(({ cidr }) => cidr) } })
      yield* stage.routedNode("primary")
      yield* stage.world.setPassword(loginName, "another")
      yield* stage.putSecret("netcup", { loginName, password: `${password}!` })
      yield* stage.groupUntil(
        "primary",
        ({ status }) =>
          status?.conditions?.some(({ type, status }) => type === "CredentialsHealthy" && status === "False") === true
      )

      const calls = yield* stage.simulator.journal.calls
      assert.isAbove(calls.filter(({ authenticated }) => authenticated).length, 5)
      assert.isTrue(calls.every((call) => call.loginName === loginName))

      const seen = {
        log: yield* controller.log,
        group: JSON.stringify(yield* http.get("/apis/netcup.digilol.net/v1alpha1/netcupfailoverips")),
        events: JSON.stringify(yield* http.get("/api/v1/events"))
      }
      const secrets = [loginName, password, "kunde<", "Müller", "&lt;12345", "p<ä", "p&lt;", "🔑"]
      for (const [where, text] of Object.entries(seen)) {
        assert.isNotEmpty(text, where)
        for (const word of secrets) assert.notInclude(text, word, where)
      }
      // And yet netcup's own words are there.
      assert.include(seen.events, "Could not find failover IP: 198.51.100.99 for User: <redacted>")
    })
  )
})

suite("a Secret", {}, (scenario) => {
  scenario(
    "is not read for a failover, is forgotten when it is deleted, and is used as soon as it is there again",
    Effect.gen(function* () {
      const stage = yield* Stage.make({ limitWindow: "10 millis" })
      const { audit } = stage.cluster
      yield* stage.world.addAccount(account(2, [{ cidr: "198.51.100.1/32", routedTo: "v1" }]))
      const kubelets = yield* Effect.forEach([1, 2], (n) => stage.addNode(`node-${n}`, { server: `v${n}` }))
      yield* stage.putCredentials("netcup", login)
      yield* stage.putGroup("primary", { ips: ["198.51.100.1/32"] })
      yield* stage.startController({ NETCUP_REFRESH_INTERVAL: "1s" })
      assert.strictEqual(yield* stage.routedNode("primary"), "node-1")
      const reads = Effect.map(
        audit,
        (requests) =>
          requests.filter(
            ({ verb, objectRef }) =>
              objectRef?.resource === "secrets" && objectRef.name === "netcup" && (verb === "get" || verb === "list")
          ).length
      )
      const before = yield* reads
      yield* kubelets[0]?.setReady("False", "KubeletNotReady") ?? Effect.void
      yield* stage.groupUntil("primary", ({ status }) => status?.currentNode === "node-2")
      assert.strictEqual(yield* reads, before)

      yield* stage.deleteSecret("netcup")
      const isHealthy = (wanted: "True" | "False") => (group: Stage.GroupObject) =>
        group.status?.conditions?.some(({ type, status }) => type === "CredentialsHealthy" && status === wanted) ===
        true
      const left = yield* stage.groupUntil("primary", isHealthy("False"))
      assert.strictEqual(Stage.routed(left)?.status, "True")
      yield* Effect.sleep("500 millis")
      const asked = (yield* stage.simulator.journal.calls).length
      yield* Effect.sleep("2500 millis")
      assert.strictEqual((yield* stage.simulator.journal.calls).length, asked)

      yield* stage.putCredentials("netcup", login)
      yield* stage.groupUntil("primary", isHealthy("True"))
      assert.isAbove((yield* stage.simulator.journal.calls).length, asked)
    })
  )
})
