import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as HelmBinary from "@netcup-failover/testing/kubernetes/HelmBinary"
import * as PromtoolBinary from "@netcup-failover/testing/kubernetes/PromtoolBinary"
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"

const helm = await Effect.runPromise(HelmBinary.forTests)
const promtool = await Effect.runPromise(PromtoolBinary.forTests)
const patience = 60_000

layer(NodeServices.layer, { excludeTestServices: true })("GoTools", (it) => {
  it.effect.skipIf(helm.skip)(
    `helm runs${helm.note}`,
    () =>
      Effect.gen(function* () {
        const { helm } = yield* HelmBinary.locate
        const version = yield* (yield* ChildProcessSpawner).string(ChildProcess.make(helm, ["version", "--short"]))
        assert.match(version, /^v3\./)
      }),
    patience
  )

  it.effect.skipIf(promtool.skip)(
    `promtool runs${promtool.note}`,
    () =>
      Effect.gen(function* () {
        const { promtool } = yield* PromtoolBinary.locate
        const version = yield* (yield* ChildProcessSpawner).string(ChildProcess.make(promtool, ["--version"]))
        assert.match(version, /^promtool, version /)
      }),
    patience
  )
})
