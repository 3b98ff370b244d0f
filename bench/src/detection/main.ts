/**
 * How long a dead node keeps its addresses: prints a table, and draws it over the phase of the heartbeat. `README.md` says how.
 */
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Sample from "../Sample.ts"
import * as Table from "../Table.ts"
import * as Chart from "./Chart.ts"
import * as Kills from "./Kills.ts"

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "40" },
    kills: { type: "string", default: "30" },
    every: { type: "string", default: "8" },
    chart: { type: "string", default: fileURLToPath(new URL("../../../docs/detection.svg", import.meta.url)) }
  }
})

const row = (name: string, sample: Sample.Sample) => [
  name,
  ...[Math.min(...sample), Sample.median(sample), Sample.quantile(sample, 0.9), Math.max(...sample)].map((value) =>
    value.toFixed(1)
  )
]

const measure = Effect.gen(function* () {
  const kills = yield* Kills.run({
    nodes: Number(values.nodes),
    kills: Number(values.kills),
    every: Number(values.every)
  })
  yield* Console.log(
    Table.render([
      ["s", "least", "median", "p90", "most"],
      row(
        "Fast, from the power failure",
        kills.map(({ fast }) => fast)
      ),
      row(
        "Fast, from the last heartbeat",
        kills.map(({ fast, phase }) => fast + phase)
      ),
      row(
        "NodeConditions, from the power failure",
        kills.map(({ nodeConditions }) => nodeConditions)
      ),
      row(
        "NodeConditions, from the last heartbeat",
        kills.map(({ nodeConditions, phase }) => nodeConditions + phase)
      )
    ])
  )
  const chart = Chart.render("Seconds from a power failure to the routing call, by the age of the last heartbeat", [
    {
      name: "Fast (the default)",
      colour: "#2f81c7",
      points: kills.map(({ fast, phase }) => ({ phase, took: fast }))
    },
    {
      name: "NodeConditions (the cluster's own verdict)",
      colour: "#d9772b",
      points: kills.map(({ nodeConditions, phase }) => ({ phase, took: nodeConditions }))
    }
  ])
  yield* (yield* FileSystem.FileSystem).writeFileString(values.chart, chart)
  yield* Console.log(`drawn: ${values.chart}`)
})

NodeRuntime.runMain(Effect.provide(measure, NodeServices.layer))
