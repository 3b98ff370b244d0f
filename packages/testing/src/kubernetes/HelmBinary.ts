/**
 * The real helm that the chart's tests run, built from `infra/go-tools/helm` with Go unless it is in our cache.
 */
import { fileURLToPath } from "node:url"
import * as Context from "effect/Context"
import * as GoBinaries from "./GoBinaries.ts"

const GoModule = Context.Reference<string>("@netcup-failover/testing/kubernetes/HelmBinary/GoModule", {
  defaultValue: () => fileURLToPath(new URL("../../../../infra/go-tools/helm", import.meta.url))
})

/** See {@link GoBinaries.GoBinaries}. */
export const { forTests, locate, setup } = GoBinaries.make({
  cache: "helm",
  packages: { helm: "helm.sh/helm/v3/cmd/helm" },
  goModule: GoModule
})
