import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Effect from "effect/Effect"
import { suite } from "../embedded/ApiContract.ts"

const kube = await Effect.runPromise(KubeBinaries.forTests)

suite(`the real API${kube.note}`, KubeCluster.layer(), { kubectl: true, skip: kube.skip })
