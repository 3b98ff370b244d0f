/**
 * Prints how long a plan takes, and how that grows with the world. `README.md` says what the rows are.
 */
import { parseArgs } from "node:util"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { plan, type World } from "@netcup-failover/core/Plan"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Sample from "../Sample.ts"
import * as Table from "../Table.ts"
import * as LargeWorld from "./LargeWorld.ts"

const { values } = parseArgs({ options: { runs: { type: "string", default: "15" } } })
const runs = Array.from({ length: Number(values.runs) })
/** What the compilers of a long-lived process have done by then. */
const warmUp = Array.from({ length: 3 })

const sizes: ReadonlyArray<LargeWorld.Size> = [
  { groups: 10, nodes: 5 },
  { groups: 100, nodes: 50 },
  { groups: 1000, nodes: 500 }
]

const time = (world: World) =>
  Effect.gen(function* () {
    const began = yield* Clock.monotonicTimeNanos
    plan(world)
    return Number((yield* Clock.monotonicTimeNanos) - began) / 1e6
  })

const measure = (world: World) =>
  Effect.andThen(
    Effect.forEach(warmUp, () => time(world)),
    Effect.forEach(runs, () => time(world))
  )

const report = Effect.gen(function* () {
  const rows: Array<ReadonlyArray<string>> = []
  for (const kind of LargeWorld.kinds) {
    for (const happening of ["all unplaced", "one node fails"] as const) {
      let before: number | undefined
      for (const size of sizes) {
        const fresh = LargeWorld.unplaced(size, kind)
        const world = happening === "all unplaced" ? fresh : LargeWorld.failed(fresh)
        const sample = yield* measure(world)
        const median = Sample.median(sample)
        const { moves, peak } = LargeWorld.outcome(world)
        rows.push([
          kind,
          happening,
          `${size.groups} × ${size.nodes}`,
          Sample.text(sample, 2),
          before === undefined ? "" : (median / before).toFixed(0),
          String(moves),
          String(peak)
        ])
        before = median
      }
    }
  }
  const head = ["selectors", "", "groups × nodes", "ms", "growth", "moves", "highest load"]
  yield* Console.log(Table.render([head, ...rows]))
})

NodeRuntime.runMain(report)
