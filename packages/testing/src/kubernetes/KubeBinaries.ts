/**
 * The real Kubernetes binaries that end-to-end tests and the sandbox run. Looked for in `KUBEBUILDER_ASSETS` (as envtest
 * does), then in our cache; what is missing in both is built from `infra/kube-binaries` with Go.
 */
import { fileURLToPath } from "node:url"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as GoBinaries from "./GoBinaries.ts"

/** The Go module that the binaries are built from; its default is right for code that runs from the checkout. */
export const GoModule = Context.Reference<string>("@netcup-failover/testing/kubernetes/GoModule", {
  defaultValue: () => fileURLToPath(new URL("../../../../infra/kube-binaries", import.meta.url))
})

const binaries = GoBinaries.make({
  cache: "kube-binaries",
  packages: {
    etcd: "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    kubectl: "k8s.io/kubernetes/cmd/kubectl"
  },
  goModule: GoModule,
  assets: Config.option(Config.NonEmptyString("KUBEBUILDER_ASSETS"))
})

/** See {@link GoBinaries.GoBinaries}. */
export const { ensure, forTests, locate, setup } = binaries

/** The path of each binary. */
export type KubeBinaries = Effect.Success<typeof locate>
