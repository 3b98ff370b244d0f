import * as ClusterWorld from "@netcup-failover/controller/decide/ClusterWorld"
import { explain as explainAll } from "@netcup-failover/core/Explain"
import * as ExplainText from "@netcup-failover/core/ExplainText"
import { Explanation } from "@netcup-failover/core/Explanation"
import { group as apiGroup, plural, version } from "@netcup-failover/core/FailoverIpResource"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as Clock from "effect/Clock"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { WrongUsage } from "../Problem.ts"
import * as Settings from "../Settings.ts"
import * as Shown from "../Shown.ts"
import * as Run from "./Run.ts"

const notKnown =
  "As far as the cluster tells: which servers an account has, which of them a node without annotation is, whether they run and at which site they are, only netcup knows."

const podsNotKnown = "Where Pods of spec.workload are ready is not asked here: for that, see what the controller says."

const Answer = Schema.Struct({
  ...Explanation.fields,
  /** What the controller says itself, if it has said anything yet. */
  routed: Schema.NullOr(Schema.Struct({ status: Schema.String, reason: Schema.String, message: Schema.String }))
})
const encode = Schema.encodeSync(Schema.toCodecJson(Answer))

const lookAt = Effect.fn("Explain.lookAt")(function* (name: string) {
  const client = yield* KubeClient
  const [nodes, groups] = yield* Effect.all(
    [
      client.request({ method: "GET", path: "/api/v1/nodes", schema: ClusterWorld.Nodes }),
      client.request({ method: "GET", path: `/apis/${apiGroup}/${version}/${plural}`, schema: ClusterWorld.Groups })
    ],
    { concurrency: "unbounded" }
  )
  const resource = groups.items.find(({ metadata }) => metadata.name === name)
  const cluster = { nodes: nodes.items, groups: groups.items }
  const { world, since } = ClusterWorld.make(cluster, yield* Clock.currentTimeMillis)
  const [explanation] = explainAll(world, { since, only: new Set([name]) })
  if (resource === undefined) return yield* new WrongUsage({ message: `the cluster has no group ${name}` })
  if (explanation === undefined) return yield* new WrongUsage({ message: `the group ${name} is being deleted` })
  return {
    explanation,
    workload: resource.spec.workload,
    moved: ClusterWorld.lastMove(resource),
    routed: resource.status?.conditions?.find(({ type }) => type === "Routed")
  }
})

export const explain = Command.make(
  "explain",
  {
    group: Argument.String("GROUP").pipe(Argument.withDescription("The name of a NetcupFailoverIP")),
    json: Run.json
  },
  ({ group, json }) =>
    Run.run(
      json,
      Effect.gen(function* () {
        const kubeconfig = yield* Settings.kubeconfig(yield* Settings.load)
        const client = yield* Layer.build(KubeClient.layer({ kubeconfig, userAgent: "netcup-failover" }))
        const { explanation, workload, moved, routed } = yield* Effect.provide(lookAt(group), client)
        const said =
          routed === undefined
            ? []
            : [`The controller says: Routed=${routed.status} (${routed.reason}), ${routed.message}`]
        const lines = [
          ...ExplainText.render(explanation).split("\n"),
          ...said,
          ...(moved === undefined ? [] : [moved]),
          notKnown,
          ClusterWorld.notHeard,
          ...(workload === undefined ? [] : [podsNotKnown])
        ]
        return {
          json: encode({ ...explanation, routed: routed ?? null }),
          text: lines.map((line) => `${/^ */u.exec(line)?.[0] ?? ""}${Shown.line(line)}`).join("\n")
        }
      })
    )
).pipe(
  Command.withDescription(
    "Tells where a group is, since when, and why there; for each other node why not, and what would have to change for the group to go there. It reads Nodes and groups by KUBECONFIG, and decides as the controller does; netcup is not asked."
  ),
  Command.withShortDescription("Tell why a group is where it is"),
  Command.withExamples([
    { command: "netcup-failover explain web", description: "For a person" },
    { command: "netcup-failover explain web --json", description: "For a program" }
  ])
)
