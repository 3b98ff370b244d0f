/**
 * A controller that stands for our Lease by client-go's leader election, as the Go controller does: kube-controller-manager with
 * nothing to do. Killed, never asked to end, so that it gives no Lease back.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as LeashedProcess from "@netcup-failover/testing/kubernetes/LeashedProcess"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"

const name = Stage.leasePath.slice(Stage.leasePath.lastIndexOf("/") + 1)

/** Starts it, with a Lease of so many seconds. */
export const start = Effect.fn("GoCandidate.start")(function* (leaseDuration: number) {
  const { kubeconfig } = yield* KubeCluster
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "go-candidate-" })
  const scope = yield* Scope.fork(yield* Effect.scope)
  const process = yield* LeashedProcess.start({
    name: "candidate",
    program: (yield* KubeBinaries.locate)["kube-controller-manager"],
    folder,
    args: [
      `--kubeconfig=${kubeconfig}`,
      "--controllers=ttl-after-finished-controller",
      "--secure-port=0",
      "--leader-elect=true",
      `--leader-elect-resource-name=${name}`,
      `--leader-elect-resource-namespace=${Stage.namespace}`,
      `--leader-elect-lease-duration=${leaseDuration}s`,
      `--leader-elect-renew-deadline=${leaseDuration - 2}s`,
      "--leader-elect-retry-period=500ms"
    ]
  }).pipe(Scope.provide(scope))
  /** Waits until it says so. */
  const says = (text: string) =>
    process.whenReady(
      fs.readFileString(`${folder}/candidate.log`).pipe(
        Effect.filterOrFail((log) => log.includes(text)),
        Effect.retry(Schedule.spaced("100 millis")),
        Effect.ignore
      )
    )
  return {
    isCandidate: says("Attempting to acquire leader lease"),
    isLeader: says("Successfully acquired lease"),
    kill: Scope.close(scope, Exit.void)
  }
}, Effect.provide(NodeServices.layer))
