/**
 * Prints what the controller takes, beside a Node that does nothing. `README.md` says how and why.
 */
import { parseArgs } from "node:util"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Peace from "./Peace.ts"
import * as Program from "./Program.ts"
import * as Sample from "./Sample.ts"
import * as Start from "./Start.ts"
import * as Table from "./Table.ts"
import * as Variant from "./Variant.ts"

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    variants: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    flags: { type: "string" }
  }
})
const runs = Array.from({ length: Number(values.runs) })

const peace = { size: { nodes: 50, groups: 100 }, heartbeats: 1000, rest: "20 seconds" } as const
const small = { nodes: 3, groups: 0 }

const report = Effect.gen(function* () {
  const image = yield* Program.ofImage
  const bare = yield* Effect.forEach(runs, () => Start.idleBare)
  const bareStart = yield* Effect.forEach(runs, () => Start.bare)
  const starts = yield* Effect.forEach(runs, () => Start.measure(image, small))
  const peaces = yield* Effect.forEach(runs, () => Peace.measure(image, peace))

  const row = (what: string, aim: string, sample: Sample.Sample, digits: number, baseline?: Sample.Sample) => [
    what,
    aim,
    Sample.text(sample, digits),
    baseline === undefined ? "" : Sample.text(baseline, digits),
    baseline === undefined ? "" : (Sample.median(sample) / Sample.median(baseline)).toFixed(1)
  ]
  const anonymous = bare.map((usage) => usage.anonymous)
  const resident = bare.map((usage) => usage.resident)
  yield* Console.log(
    Table.render([
      ["", "aim", "controller", "bare node -e", "ratio"],
      row(
        "idle, anonymous, MiB",
        "≤ 24",
        peaces.map((one) => one.anonymous),
        1,
        anonymous
      ),
      row(
        "idle, resident, MiB",
        "≤ 70",
        peaces.map((one) => one.resident),
        1,
        resident
      ),
      row(
        "when all is routed, anonymous, MiB",
        "",
        peaces.map((one) => one.busyAnonymous),
        1,
        anonymous
      ),
      row(
        "after 1,000 heartbeats, anonymous, MiB",
        "",
        peaces.map((one) => one.laterAnonymous),
        1,
        anonymous
      ),
      row(
        "after 1,000 heartbeats, resident, MiB",
        "",
        peaces.map((one) => one.laterResident),
        1,
        resident
      ),
      row(
        "1,000 heartbeats, requests",
        "0",
        peaces.map((one) => one.heartbeatRequests),
        0
      ),
      row(
        "1,000 heartbeats, CPU s",
        "≤ 1",
        peaces.map((one) => one.heartbeatCpu),
        2
      ),
      row(
        "start to first routing call, s",
        "0.25",
        starts.map((one) => one.toFirstCall),
        2,
        bareStart
      ),
      row(
        "start to first routing call, CPU s",
        "",
        starts.map((one) => one.startCpu),
        2
      ),
      row(
        "start to 100 groups routed, CPU s",
        "",
        peaces.map((one) => one.startCpu),
        2
      ),
      row(
        "node not ready to routing call, s",
        "",
        starts.map((one) => one.toFailoverCall),
        2
      ),
      row(
        "node not ready to routing call, CPU s",
        "",
        starts.map((one) => one.failoverCpu),
        2
      )
    ])
  )
})

const compare = Effect.gen(function* () {
  const given = yield* Program.ofImage
  const image =
    values.flags === undefined ? given : { ...given, flags: values.flags.split(" ").filter((f) => f !== "") }
  yield* Console.log(
    [
      "variant",
      "idle anonymous",
      "idle resident",
      "later anonymous",
      "heartbeats CPU s",
      "start s",
      "start CPU s",
      "failover s",
      "failover CPU s"
    ].join(" | ")
  )
  for (const variant of Variant.all(image).filter(({ name }) => name.includes(values.only))) {
    const program = variant.of(image)
    const starts = yield* Effect.forEach(runs, () => Start.measure(program, small))
    const peaces = yield* Effect.forEach(runs, () => Peace.measure(program, peace))
    yield* Console.log(
      [
        variant.name,
        Sample.text(
          peaces.map((one) => one.anonymous),
          1
        ),
        Sample.text(
          peaces.map((one) => one.resident),
          1
        ),
        Sample.text(
          peaces.map((one) => one.laterAnonymous),
          1
        ),
        Sample.text(
          peaces.map((one) => one.heartbeatCpu),
          2
        ),
        Sample.text(
          starts.map((one) => one.toFirstCall),
          2
        ),
        Sample.text(
          starts.map((one) => one.startCpu),
          2
        ),
        Sample.text(
          starts.map((one) => one.toFailoverCall),
          2
        ),
        Sample.text(
          starts.map((one) => one.failoverCpu),
          2
        )
      ].join(" | ")
    )
  }
})

NodeRuntime.runMain(
  (values.variants ? compare : report).pipe(
    Effect.provideService(NetcupStage.Api, "rest"),
    Effect.provide(NodeServices.layer)
  )
)
