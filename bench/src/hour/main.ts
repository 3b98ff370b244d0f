/**
 * Prints what a controller asks of netcup and Kubernetes in peace, as calls an hour, and how its memory goes. `README.md` says how.
 */
import { parseArgs } from "node:util"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Program from "../Program.ts"
import * as Table from "../Table.ts"
import * as Usage from "../Usage.ts"
import * as HourWorld from "./HourWorld.ts"

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    nodes: { type: "string", default: "50" },
    groups: { type: "string", default: "100" }
  }
})
const minutes = Number(values.minutes)
const size = { nodes: Number(values.nodes), groups: Number(values.groups), serversOfAnAccount: 20 }

/** How many of each there are more in the second list, which begins with the first. */
const more = (before: ReadonlyArray<string>, after: ReadonlyArray<string>) => {
  const counts = new Map<string, number>()
  for (const one of after.slice(before.length)) counts.set(one, (counts.get(one) ?? 0) + 1)
  return counts
}

const peace = Effect.fn("peace")(
  function* (program: Program.Program) {
    yield* Stage.install()
    const world = yield* HourWorld.make(program, size)
    // What a start needs is asked, and what it took of memory is given back.
    yield* Effect.sleep("1 minute")
    const before = yield* world.asked
    const first = yield* Usage.of(world.pid)
    const anonymous = [first.anonymous]
    for (let minute = 0; minute < minutes; minute++) {
      yield* Effect.sleep(Duration.minutes(1))
      anonymous.push((yield* Usage.of(world.pid)).anonymous)
    }
    const after = yield* world.asked
    const last = yield* Usage.of(world.pid)
    return {
      netcup: more(before.netcup, after.netcup),
      kubernetes: more(before.kubernetes, after.kubernetes),
      anonymous,
      cpu: last.cpu - first.cpu
    }
  },
  (effect) => Effect.scoped(Effect.provide(effect, KubeCluster.layer()))
)

const hourly = (count: number) => ((count * 60) / minutes).toFixed(0)

const report = Effect.gen(function* () {
  const image = yield* Program.ofImage
  const apis = ["soap", "rest"] as const
  const runs = yield* Effect.forEach(
    apis,
    (api) => Effect.map(Effect.provideService(peace(image), NetcupStage.Api, api), (run) => ({ api, ...run })),
    { concurrency: "unbounded" }
  )
  for (const { anonymous, api, cpu, kubernetes, netcup } of runs) {
    const third = Math.ceil(anonymous.length / 3)
    const mean = (part: ReadonlyArray<number>) => (part.reduce((a, b) => a + b, 0) / part.length).toFixed(1)
    yield* Console.log(
      Table.render([
        [api, "an hour"],
        ...[...netcup].sort().map(([operation, count]) => [`netcup: ${operation}`, hourly(count)]),
        ...[...kubernetes].sort().map(([request, count]) => [`Kubernetes: ${request}`, hourly(count)]),
        ["CPU, s", hourly(cpu)],
        ["anonymous memory, mean of the first third, MiB", mean(anonymous.slice(0, third))],
        ["… of the last third", mean(anonymous.slice(-third))],
        ["… least and most", `${Math.min(...anonymous).toFixed(1)}–${Math.max(...anonymous).toFixed(1)}`]
      ])
    )
  }
})

NodeRuntime.runMain(report.pipe(Effect.provide(NodeServices.layer)))
