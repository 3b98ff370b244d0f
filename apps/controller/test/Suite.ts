/**
 * End-to-end suites: one Kubernetes API a file. The real one, skipped by name where its binaries cannot be had; by a switch the
 * embedded one.
 */
import { layer } from "@effect/vitest"
import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import type { NodeLifecycle } from "@netcup-failover/testing/kubernetes/ControlPlane"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

/** `E2E_API=embedded`: the same scenarios on the embedded API, for machines without the real binaries. */
const isEmbedded = process.env.E2E_API === "embedded"

const kube = isEmbedded ? { skip: false, note: " (embedded)" } : await Effect.runPromise(KubeBinaries.forTests)

type Scenario = Effect.Effect<void, unknown, KubeCluster | Scope.Scope>

/** Generous, since machines are noisy: scenarios wait for conditions, never for the clock. */
const patience = 120_000

/** A suite of scenarios, each on a stage of its own in the same cluster. */
export const suite = (
  name: string,
  options: { readonly nodeLifecycle?: NodeLifecycle },
  define: (scenario: (name: string, body: Scenario) => void) => void
): void => {
  const cluster = isEmbedded ? EmbeddedKube.layer(options) : KubeCluster.layer(options)
  const installed = Layer.effectDiscard(Stage.install).pipe(Layer.provideMerge(cluster))
  layer(installed, { excludeTestServices: true, timeout: patience })(`${name}${kube.note}`, (it) => {
    define((title, body) => it.effect.skipIf(kube.skip)(title, () => body, patience))
  })
}
