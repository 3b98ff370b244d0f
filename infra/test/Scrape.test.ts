import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as PromtoolBinary from "@netcup-failover/testing/kubernetes/PromtoolBinary"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"

const kube = await Effect.runPromise(KubeBinaries.forTests)
const promtool = await Effect.runPromise(PromtoolBinary.forTests)
const patience = 120_000
const loginName = "12345"

const routedGroup = Effect.gen(function* () {
  const stage = yield* Stage.make()
  yield* stage.world.addAccount({
    loginName,
    password: "secret-word",
    servers: [{ name: "v1", interfaces: [{ mac: "02:00:00:00:00:01", ipv4: ["203.0.113.1"] }] }],
    addresses: [{ cidr: "198.51.100.1/32" }]
  })
  yield* stage.addNode("node-1", { server: "v1" })
  yield* stage.addNode("node-2")
  yield* stage.putCredentials("netcup", loginName)
  yield* stage.putGroup("primary", { ips: ["198.51.100.1/32"] })
  const controller = yield* stage.startController()
  yield* stage.routedNode("primary")
  return controller
})

const installed = Layer.effectDiscard(Stage.install()).pipe(Layer.provideMerge(KubeCluster.layer({})))

layer(Layer.merge(installed, NodeServices.layer), { excludeTestServices: true, timeout: patience })(
  "a scrape",
  (it) => {
    it.effect.skipIf(kube.skip || promtool.skip)(
      `of the running controller is accepted by promtool, without a doubt${kube.note}${promtool.note}`,
      () =>
        Effect.gen(function* () {
          const { metricsUrl } = yield* routedGroup
          const page = yield* Effect.tryPromise(async () => (await fetch(`${metricsUrl}/metrics`)).text()).pipe(
            Effect.repeat({
              until: (text) => text.includes("netcup_failover_group_node"),
              schedule: Schedule.spaced(100)
            })
          )
          const binaries = yield* PromtoolBinary.locate
          const child = yield* ChildProcess.make(binaries.promtool, ["check", "metrics", "--extended"], {
            stdin: Stream.encodeText(Stream.make(page))
          })
          const said = yield* child.all.pipe(Stream.decodeText, Stream.mkString)
          assert.strictEqual(yield* child.exitCode, 0, said)
          // It counts what it has read.
          assert.match(said, /netcup_failover_group_node\s+1\s/u)
        }).pipe(Effect.scoped),
      patience
    )
  }
)
