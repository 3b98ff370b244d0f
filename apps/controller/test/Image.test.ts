/**
 * The bundle as it runs in its image. Skipped by name where we are not root; in CI that is a failure.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Container from "@netcup-failover/testing/stage/Container"
import * as ImageEntry from "@netcup-failover/testing/stage/ImageEntry"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { account, loginName } from "./Account.ts"

const isRoot = process.getuid?.() === 0
const skip = !isRoot && process.env.CI !== "true"

/** What the process sees of the place that it is in. */
const look = `
const { readFileSync, readdirSync, writeFileSync } = require("node:fs")
const attempt = (act) => { try { act(); return "done" } catch (error) { return error.code } }
const interfaces = Object.keys(require("node:os").networkInterfaces())
const seen = {
  user: [process.getuid(), process.getgid()],
  write: ["/app/x", "/tmp/x", "/x"].map((path) => attempt(() => writeFileSync(path, ""))),
  modules: attempt(() => require("effect")),
  interfaces,
  environment: Object.keys(process.env)
}
console.log(JSON.stringify(seen))
`
const Seen = Schema.fromJsonString(
  Schema.Struct({
    user: Schema.Array(Schema.Int),
    write: Schema.Array(Schema.String),
    modules: Schema.String,
    interfaces: Schema.Array(Schema.String),
    environment: Schema.Array(Schema.String)
  })
)

const installed = Layer.effectDiscard(Stage.install()).pipe(
  Layer.provideMerge(EmbeddedKube.layer()),
  Layer.provideMerge(NodeServices.layer)
)
const note = skip ? " (skipped: needs root)" : ""

layer(installed, { excludeTestServices: true, timeout: 120_000 })(`the image${note}`, (it) => {
  it.effect.skipIf(skip)(
    "is tested in a place without rights, files, modules, network and variables",
    () =>
      Effect.gen(function* () {
        const { flags } = yield* ImageEntry.read
        const { exitCode, log } = yield* Container.start({
          command: ["/nodejs/bin/node", ...flags, "-e", look],
          routes: [],
          files: {},
          environment: { GIVEN: "1" }
        })
        assert.strictEqual(yield* exitCode, 0, yield* log)
        const seen = yield* Schema.decodeUnknownEffect(Seen)((yield* log).trim())
        assert.deepStrictEqual(seen.user, [65532, 65532])
        assert.isTrue(
          seen.write.every((code) => code !== "done"),
          seen.write.join()
        )
        assert.strictEqual(seen.modules, "MODULE_NOT_FOUND")
        assert.deepStrictEqual(seen.interfaces, ["lo"])
        assert.include(seen.environment, "GIVEN")
        assert.isFalse(
          seen.environment.some((name) => /^(HOME|VITEST|NODE_PATH)/u.test(name)),
          seen.environment.join()
        )
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect.skipIf(skip)(
    "routes a group as its container's user, with nothing but loopback and nothing that it could write",
    () =>
      Effect.gen(function* () {
        const stage = yield* Stage.make()
        const { kubeconfig } = yield* KubeCluster
        const fs = yield* FileSystem.FileSystem
        const config = yield* fs.readFileString(kubeconfig)
        yield* stage.world.addAccount(account(1, [{ cidr: "198.51.100.1/32" }]))
        yield* stage.addNode("node-1", { server: "v1" })
        yield* stage.putCredentials("netcup", loginName)
        yield* stage.putGroup("primary", { ips: ["198.51.100.1/32"] })
        const urls = [config, ...Object.values(stage.environment)].join(" ")
        const ports = new Set(Array.from(urls.matchAll(/127\.0\.0\.1:(\d+)/gu), ([, port]) => Number(port)))
        const { log } = yield* Container.start({
          routes: Container.sameAs(ports),
          files: { "/etc/kubeconfig": config },
          environment: {
            KUBECONFIG: "/etc/kubeconfig",
            ...stage.environment,
            POD_NAMESPACE: Stage.namespace,
            POD_NAME: "pod"
          }
        })
        yield* stage.routedNode("primary").pipe(Effect.tapError(() => Effect.flatMap(log, Effect.logError)))
        assert.lengthOf(yield* stage.simulator.journal.changesOf("198.51.100.1/32"), 1)
        assert.notMatch(yield* log, /"level":"(warn|error|fatal)"/iu)
      }).pipe(Effect.scoped, Effect.provideService(NetcupStage.Api, "rest")),
    120_000
  )
})
