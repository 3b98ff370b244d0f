/**
 * Clusters that stories take one after the other, and the pace of their time.
 */
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster, start } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Pace from "@netcup-failover/testing/stage/Pace"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Pool from "effect/Pool"
import * as Ref from "effect/Ref"
import type { Scope } from "effect/Scope"

/** `DETECTION_PACE=1`: in real time, as `npm run soak:detection` does. */
export const pace = Pace.make(Number(process.env.DETECTION_PACE ?? "0.25"))

/** An etcd, an API server and a controller manager each; more of them starve each other on two cores. */
const clusters = 3

export class Clusters extends Context.Service<
  Clusters,
  {
    /** One that nobody else uses until the scope ends. */
    readonly take: Effect.Effect<KubeCluster["Service"], unknown, Scope>
    /** An address of loopback that nobody else has. */
    readonly host: Effect.Effect<string>
  }
>()("@netcup-failover/controller-app/test/detection/Clusters") {
  static readonly layer = Layer.effect(
    Clusters,
    Effect.gen(function* () {
      const binaries = yield* KubeBinaries.locate
      const acquire = start(binaries, { nodeLifecycle: pace.nodeLifecycle }).pipe(
        Effect.tap((cluster) => Effect.provideService(Stage.install(), KubeCluster, cluster))
      )
      const pool = yield* Pool.make({ acquire, size: clusters })
      const hosts = yield* Ref.make(0)
      return Clusters.of({
        take: Pool.get(pool),
        host: Effect.map(
          Ref.updateAndGet(hosts, (last) => last + 1),
          (n) => `127.0.1.${1 + (n % 250)}`
        )
      })
    })
  )
}
