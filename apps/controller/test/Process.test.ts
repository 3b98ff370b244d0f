import { readFileSync } from "node:fs"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as ControllerProcess from "@netcup-failover/testing/stage/ControllerProcess"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { account, loginName } from "./Account.ts"
import { eventually, get } from "./Http.ts"
import { suite } from "./Suite.ts"

const Manifest = Schema.fromJsonString(Schema.Struct({ version: Schema.String }))

/** Runs the process until it ends by itself. */
const refusal = Effect.fn(function* (environment: ControllerProcess.Environment, args: ReadonlyArray<string> = []) {
  const controller = yield* ControllerProcess.start(environment, args)
  const code = yield* controller.exitCode
  return { code, log: yield* controller.log }
}, Effect.provide(NodeServices.layer))

suite("the process", {}, (scenario) => {
  scenario(
    "is alive at once, ready when its watches are, unready while the API server is away, and counts what it did",
    Effect.gen(function* () {
      const stage = yield* Stage.make()
      const { stopApiServer, startApiServer } = yield* KubeCluster
      yield* stage.world.addAccount(account(1, [{ cidr: "198.51.100.1/32" }]))
      yield* stage.addNode("node-1", { server: "v1" })
      yield* stage.putCredentials("netcup", loginName)
      yield* stage.putGroup("primary", { ips: ["198.51.100.1/32"] })
      const { healthUrl, metricsUrl } = yield* stage.startController()
      yield* eventually(get(`${healthUrl}/readyz`), ({ status }) => status === 200)
      yield* stage.routedNode("primary")
      const { body } = yield* get(`${metricsUrl}/metrics`)
      assert.match(body, /netcup_failover_attempts_total\{outcome="routed"\} 1\n/u)
      assert.match(body, /netcup_failover_leader 1\n/u)
      const call = new RegExp(
        `netcup_calls_total\\{(?=[^}]*operation="${stage.operations.route}[^"]*")(?=[^}]*outcome="ok")[^}]*\\} 1\n`,
        "u"
      )
      assert.match(body, call)

      yield* stopApiServer
      const unready = yield* eventually(get(`${healthUrl}/readyz`), ({ status }) => status === 503)
      assert.match(unready.body, /nodes: /u)
      assert.strictEqual((yield* get(`${healthUrl}/healthz`)).status, 200)
      yield* startApiServer
      yield* eventually(get(`${healthUrl}/readyz`), ({ status }) => status === 200)
    })
  )

  scenario(
    "ends with exit code 1 and one line that names the setting, when a setting cannot be used",
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [ControllerProcess.Environment, string]> = [
        [{}, "KUBECONFIG"],
        [{ KUBECONFIG: "/does/not/exist" }, "KUBECONFIG"],
        [{ NETCUP_SOAP_URL: "not a url" }, "NETCUP_SOAP_URL"],
        [{ LEASE_DURATION: "soon" }, "LEASE_DURATION"],
        [{ LEASE_RENEW_DEADLINE: "20s" }, "LEASE_RENEW_DEADLINE"],
        [{ HEALTH_ADDR: "8081" }, "HEALTH_ADDR"],
        [{ LOG_LEVEL: "loud" }, "LOG_LEVEL"]
      ]
      for (const [environment, name] of cases) {
        const { code, log } = yield* refusal(environment)
        assert.strictEqual(code, 1, log)
        assert.include(log, name)
        assert.lengthOf(log.trim().split("\n"), 1, log)
      }
    })
  )

  scenario(
    "takes flags, which go before variables, and tells of itself",
    Effect.gen(function* () {
      const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8")
      const { version } = yield* Schema.decodeEffect(Manifest)(manifest)
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, number, RegExp]> = [
        [["--help"], 0, /--lease-duration, LEASE_DURATION\n[\s\S]*EXIT CODES/u],
        [["--version"], 0, new RegExp(`^${version}\n$`, "u")],
        [["--bogus"], 2, /^netcup-failover-controller: unknown flag --bogus \(see --help\)\n$/u],
        [["--lease-duration"], 2, /^netcup-failover-controller: --lease-duration needs a value[^\n]*\n$/u],
        [["--lease-duration=soon"], 1, /^netcup-failover-controller: LEASE_DURATION \(--lease-duration\): [^\n]*\n$/u],
        [["--otel-exporter-otlp-protocol=grpc"], 1, /^[^\n]*OTEL_EXPORTER_OTLP_PROTOCOL[^\n]*http\/protobuf[^\n]*\n$/u],
        [["--kubeconfig=/of/the/flag"], 1, /^[^\n]*\/of\/the\/flag[^\n]*\n$/u]
      ]
      for (const [args, code, words] of cases) {
        const ended = yield* refusal({ KUBECONFIG: "/of/the/variable" }, args)
        assert.match(ended.log, words)
        assert.strictEqual(ended.code, code, ended.log)
      }
    }),
    "soap"
  )

  scenario(
    "ends with exit code 1 and a line that names the setting, when a port is taken",
    Effect.gen(function* () {
      const stage = yield* Stage.make()
      const first = yield* stage.startController()
      yield* eventually(get(`${first.healthUrl}/healthz`), ({ status }) => status === 200)
      const second = yield* stage.startController({ HEALTH_ADDR: new URL(first.healthUrl).host })
      assert.strictEqual(yield* second.exitCode, 1)
      assert.match(yield* second.log, /HEALTH_ADDR \(--health-addr\): .*EADDRINUSE/u)
    })
  )
})
