/**
 * The real promtool that the alert rules' tests run, built from `infra/go-tools/promtool` with Go unless it is in our cache.
 */
import { fileURLToPath } from "node:url"
import * as Context from "effect/Context"
import * as GoBinaries from "./GoBinaries.ts"

const GoModule = Context.Reference<string>("@netcup-failover/testing/kubernetes/PromtoolBinary/GoModule", {
  defaultValue: () => fileURLToPath(new URL("../../../../infra/go-tools/promtool", import.meta.url))
})

/** See {@link GoBinaries.GoBinaries}. Built without service discovery, which rules need nothing of. */
export const { forTests, locate, setup } = GoBinaries.make({
  cache: "promtool",
  packages: { promtool: "github.com/prometheus/prometheus/cmd/promtool" },
  goModule: GoModule,
  tags: ["remove_all_sd"]
})
