/**
 * What clients may expect of the Kubernetes API: one suite for the embedded one and for the real one.
 */
import { layer } from "@effect/vitest"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Expectation } from "./Contract.ts"
import * as ContractDiscovery from "./ContractDiscovery.ts"
import * as ContractKubectl from "./ContractKubectl.ts"
import * as ContractLists from "./ContractLists.ts"
import * as ContractResources from "./ContractResources.ts"
import * as ContractTables from "./ContractTables.ts"
import * as ContractWatches from "./ContractWatches.ts"
import * as ContractWrites from "./ContractWrites.ts"
import * as RawApi from "./RawApi.ts"
import { crdPath, definition } from "./Widget.ts"

const patience = 60_000

const withWidgets = Effect.gen(function* () {
  const { http } = yield* KubeCluster
  yield* http.create(crdPath, definition)
  yield* http.waitUntil("/apis/shop.example/v1/widgets", Schema.Json, () => true)
})

/** Runs it all against one API, to which nobody else talks. `kubectl`: whether there is one. */
export const suite = <E>(
  name: string,
  cluster: Layer.Layer<KubeCluster, E>,
  options: { readonly kubectl: boolean; readonly skip: boolean }
): void => {
  const prepared = options.skip ? cluster : Layer.provideMerge(Layer.effectDiscard(withWidgets), cluster)
  layer(prepared, { excludeTestServices: true, timeout: patience })(name, (it) => {
    const expect =
      (skip: boolean): Expectation =>
      (title, body) =>
        it.effect.skipIf(skip)(
          title,
          () =>
            Effect.gen(function* () {
              const cluster = yield* KubeCluster
              const raw = yield* RawApi.make(yield* cluster.accessFor({ user: "contract", groups: ["system:masters"] }))
              yield* body({ cluster, raw })
            }).pipe(Effect.scoped),
          patience
        )
    const always = expect(options.skip)
    ContractDiscovery.define(always)
    ContractWrites.define(always)
    ContractResources.define(always)
    ContractLists.define(always)
    ContractWatches.define(always)
    ContractTables.define(always)
    ContractKubectl.define(expect(options.skip || !options.kubectl))
  })
}
