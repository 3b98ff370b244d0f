/**
 * End-to-end suites: one Kubernetes API a file. The real one, skipped by name where its binaries cannot be had; by a switch the
 * embedded one.
 */
import { assert, layer } from "@effect/vitest"
import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import type { NodeLifecycle } from "@netcup-failover/testing/kubernetes/ControlPlane"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as NetcupStage from "@netcup-failover/testing/stage/NetcupStage"
import * as Rights from "@netcup-failover/testing/stage/Rights"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

/** `E2E_API=embedded`: the same scenarios on the embedded API, for machines without the real binaries. */
const isEmbedded = process.env.E2E_API === "embedded"

const kube = isEmbedded ? { skip: false, note: " (embedded)" } : await Effect.runPromise(KubeBinaries.forTests)

type Scenario = Effect.Effect<void, unknown, KubeCluster | Scope.Scope>

/** Generous, since machines are noisy: scenarios wait for conditions, never for the clock. */
const patience = 120_000

/** netcup's APIs: what holds for one has to hold for the other. */
const apis = ["soap", "rest"] as const
type Api = (typeof apis)[number]

/** A suite of scenarios, each over both of netcup's APIs unless it is about one of them, on a stage of its own in the same cluster. */
export const suite = (
  name: string,
  options: {
    readonly nodeLifecycle?: NodeLifecycle
    readonly apis?: ReadonlyArray<Api>
    /** How long a scenario may take, in ms; two minutes when absent. */
    readonly patience?: number | undefined
    /** Another CRD than that of this version. */
    readonly crd?: Schema.Json
  },
  define: (scenario: (name: string, body: Scenario, only?: Api) => void) => void
): void => {
  const cluster = isEmbedded ? EmbeddedKube.layer(options) : KubeCluster.layer(options)
  const installed = Layer.effectDiscard(Stage.install(options.crd)).pipe(Layer.provideMerge(cluster))
  layer(installed, { excludeTestServices: true, timeout: patience })(`${name}${kube.note}`, (it) => {
    for (const api of options.apis ?? apis) {
      define((title, body, only = api) => {
        if (only !== api) return
        const name = `${title} (${api.toUpperCase()})`
        it.effect.skipIf(kube.skip)(
          name,
          () => Effect.provideService(body, NetcupStage.Api, api),
          options.patience ?? patience
        )
      })
    }
    it.effect.skipIf(kube.skip || isEmbedded)(
      "nothing was asked of the API server that the shipped roles do not allow",
      () =>
        Effect.gen(function* () {
          const requests = yield* (yield* KubeCluster).audit
          assert.deepStrictEqual(
            Rights.refused(requests).map(({ verb, requestURI }) => `${verb} ${requestURI}`),
            []
          )
        })
    )
  })
}
