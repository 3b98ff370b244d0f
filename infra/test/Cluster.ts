/**
 * Suites on a real API server.
 */

import * as NodeServices from "@effect/platform-node/NodeServices"
import { layer } from "@effect/vitest"
import * as HelmBinary from "@netcup-failover/testing/kubernetes/HelmBinary"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Helm from "../helm/Helm.ts"

const helm = await Effect.runPromise(HelmBinary.forTests)
const kube = await Effect.runPromise(KubeBinaries.forTests)
const skip = helm.skip || kube.skip
const patience = 120_000

type Body = Effect.Effect<unknown, unknown, KubeCluster | NodeServices.NodeServices | Scope.Scope>

const needsRoot = process.getuid?.() !== 0 && process.env.CI !== "true"

interface SuiteOptions {
  /** Whether Deployments become Pods, which somebody runs: that takes root. Without root it is skipped by name, and fails in CI. */
  readonly workloads?: boolean
}

/** One cluster for all tests of a suite, one after the other. Skipped by name where helm or the Kubernetes binaries cannot be had. */
export const suite = (
  name: string,
  define: (test: (name: string, body: Body) => void) => void,
  options: SuiteOptions = {}
): void => {
  const rootless = options.workloads === true && needsRoot
  const note = `${helm.note}${kube.note}${rootless ? " (skipped: needs root)" : ""}`
  const limit = options.workloads === true ? 3 * patience : patience
  layer(Layer.mergeAll(KubeCluster.layer(options), NodeServices.layer), { excludeTestServices: true, timeout: limit })(
    `${name}${note}`,
    (it) => define((name, body) => it.effect.skipIf(skip || rootless)(name, () => Effect.scoped(body), limit))
  )
}

/** helm on the cluster. */
export const helmOn = (...args: ReadonlyArray<string>) =>
  Effect.flatMap(KubeCluster, ({ kubeconfig }) => Helm.run([...args, "--kubeconfig", kubeconfig]))

/** As the API server would take it now: all of its checks, strict on unknown fields, and nothing is stored. */
export const dryRun = (yaml: string) =>
  Effect.flatMap(KubeCluster, ({ kubectl }) =>
    kubectl(["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-"], yaml)
  )

/** What a controller-manager makes in a namespace, and Pods need. */
export const namespace = Effect.fn(function* (name: string) {
  const { http } = yield* KubeCluster
  yield* http.apply(`/api/v1/namespaces/${name}`, { apiVersion: "v1", kind: "Namespace", metadata: { name } })
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } }
  yield* http.apply(`/api/v1/namespaces/${name}/serviceaccounts/default`, account)
})
