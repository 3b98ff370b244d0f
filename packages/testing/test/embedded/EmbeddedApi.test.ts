import { EmbeddedKube } from "@netcup-failover/testing/embedded/EmbeddedKube"
import * as KubeBinaries from "@netcup-failover/testing/kubernetes/KubeBinaries"
import * as Effect from "effect/Effect"
import { suite } from "./ApiContract.ts"

const binaries = await Effect.runPromise(Effect.result(KubeBinaries.locate))

suite("the embedded API", EmbeddedKube.layer(), { kubectl: binaries._tag === "Success", skip: false })
