/**
 * Prints how long a failover takes from the write that a node is not ready to netcup's routing. `README.md` says what the rows are.
 */
import { parseArgs } from "node:util"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Program from "../Program.ts"
import * as Sample from "../Sample.ts"
import * as Table from "../Table.ts"
import * as Usage from "../Usage.ts"
import * as FailoverWorld from "./FailoverWorld.ts"
import * as Floor from "./Floor.ts"

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    failovers: { type: "string", default: "200" },
    embedded: { type: "boolean", default: false }
  }
})

const cluster = values.embedded ? EmbeddedKube.layer() : KubeCluster.layer()
const netcupTakes = 50

/** One node of five fails, with about a hundred of the groups. */
const mass = Effect.fn("mass")(
  function* (program: Program.Program) {
    yield* Stage.install()
    const world = yield* FailoverWorld.make(program, { nodes: 5, groups: 500 }, netcupTakes)
    yield* Effect.sleep("2 seconds")
    const before = yield* Usage.of(world.controller.pid)
    const { applied, arrived, write } = yield* world.fail("node-1", 100)
    const routed = yield* Usage.of(world.controller.pid)
    yield* world.settledElsewhere("node-1")
    yield* Effect.sleep("2 seconds")
    const after = yield* Usage.of(world.controller.pid)
    return {
      write,
      first: Math.min(...arrived),
      last: Math.max(...arrived),
      done: Math.max(...applied),
      startCpu: before.cpu * 1000,
      routedCpu: (routed.cpu - before.cpu) * 1000,
      settledCpu: (after.cpu - before.cpu) * 1000
    }
  },
  (effect) => Effect.scoped(Effect.provide(effect, cluster))
)

/** The node of the only group fails, again and again. */
const single = Effect.fn("single")(
  function* (program: Program.Program, count: number) {
    yield* Stage.install()
    const world = yield* FailoverWorld.make(program, { nodes: 3, groups: 1 }, netcupTakes)
    const shares: Array<number> = []
    const writes: Array<number> = []
    for (let n = 0; n < count; n++) {
      const node = yield* world.nodeOf("group-1")
      const { arrived, write } = yield* world.fail(node, 1)
      shares.push(Math.max(...arrived))
      writes.push(write)
      yield* world.settledElsewhere(node)
      yield* world.recover(node)
      yield* Effect.sleep("100 millis")
    }
    return { shares, writes }
  },
  (effect) => Effect.scoped(Effect.provide(effect, cluster))
)

/** The same without a controller: what no failover that writes its moves down first can be quicker than. */
const floor = (count: number) => Effect.scoped(Effect.provide(Floor.measure(count), cluster))

const report = Effect.gen(function* () {
  const image = yield* Program.ofImage
  const runs = yield* Effect.forEach(Array.from({ length: Number(values.runs) }), () => mass(image))
  const { shares, writes } = yield* single(image, Number(values.failovers))
  const least = yield* floor(Number(values.failovers))
  // What the control plane takes is not ours.
  const ours = shares.map((share) => share - Sample.median(least))
  const of = (pick: (run: (typeof runs)[number]) => number) => Sample.text(runs.map(pick), 0)
  yield* Console.log(
    Table.render([
      ["ms since the write was sent", "aim", "controller"],
      ["500 groups on 5 nodes, one fails: the write is answered", "", of(({ write }) => write)],
      ["… first routing call", "", of(({ first }) => first)],
      ["… last routing call", "", of(({ last }) => last)],
      ["… all routed", "≤ 600", of(({ done }) => done)],
      ["… CPU until then", "", of(({ routedCpu }) => routedCpu)],
      ["… CPU until every status says so", "", of(({ settledCpu }) => settledCpu)],
      ["CPU from the start until 500 groups are adopted", "", of(({ startCpu }) => startCpu)],
      [`one group, ${shares.length} failovers: the write is answered`, "", Sample.text(writes, 0)],
      ["… routing call", "", Sample.text(shares, 0)],
      ["… routing call, 99 of 100", "", Sample.quantile(shares, 0.99).toFixed(0)],
      ["… our own share: without the median of the row below", "≤ 6.5", Sample.text(ours, 0)],
      ["… 99 of 100", "", Sample.quantile(ours, 0.99).toFixed(0)],
      ["no controller: a watch tells of a node, a ConfigMap is written", "", Sample.text(least, 0)],
      ["… 99 of 100", "", Sample.quantile(least, 0.99).toFixed(0)]
    ])
  )
})

NodeRuntime.runMain(report.pipe(Effect.provideService(NetcupStage.Api, "soap"), Effect.provide(NodeServices.layer)))
