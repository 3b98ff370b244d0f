/**
 * A failover to look at, on this machine alone: a Kubernetes API, a simulated netcup, two replicas of the built controller as
 * processes, and nodes that die. `--real` runs it on the real Kubernetes binaries; `--soap` over netcup's former API; `--explain` tells
 * after each step why every group is where it is.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import type { GoBinariesUnavailable } from "@netcup-failover/testing/kubernetes/GoBinaries"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import type { ProcessFailed } from "@netcup-failover/testing/kubernetes/LeashedProcess"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { PlatformError } from "effect/PlatformError"
import * as Keys from "./Keys.ts"
import * as Story from "./Story.ts"
import * as Theatre from "./Theatre.ts"
import * as Timeline from "./Timeline.ts"

/** Faster than a cluster's own defaults (50 s and 5 s), and slower than the controllers, as in life. */
const nodeLifecycle = { gracePeriod: "8 seconds", monitorPeriod: "500 millis" } as const

const sandbox = Effect.gen(function* () {
  yield* Console.log("Starting a Kubernetes API, a simulated netcup, four nodes and two replicas of the controller …")
  yield* Stage.install()
  const theatre = yield* Theatre.make
  const timeline = yield* Timeline.watch(theatre)
  const explains = process.argv.includes("--explain")
  if (process.stdout.isTTY) yield* Keys.play(theatre, timeline, explains)
  else yield* Story.play(theatre, timeline, explains)
})

// The first real start on a machine builds the Kubernetes binaries, which takes minutes; later ones find them.
const cluster: Layer.Layer<KubeCluster, PlatformError | ProcessFailed | GoBinariesUnavailable> = process.argv.includes(
  "--real"
)
  ? Layer.unwrap(Effect.as(KubeBinaries.ensure, KubeCluster.layer({ nodeLifecycle })))
  : EmbeddedKube.layer({ nodeLifecycle })

NodeRuntime.runMain(
  Effect.scoped(sandbox).pipe(
    Effect.provideService(NetcupStage.Api, process.argv.includes("--soap") ? "soap" : "rest"),
    Effect.provide(Layer.merge(cluster, NodeServices.layer)),
    Effect.tapError(({ message }) => Console.error(`The sandbox has failed: ${message}`)),
    Effect.tapDefect((defect) => Effect.logFatal("a bug in the sandbox", defect))
  ),
  { disableErrorReporting: true }
)
