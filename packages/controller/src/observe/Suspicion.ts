/**
 * Asks netcup about suspects, as long as the scope lives: where the netcup accounts are, on the leader.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Settings } from "../Settings.ts"
import { Accounts } from "./Accounts.ts"
import { Cluster } from "./Cluster.ts"
import { Detector } from "./Detector.ts"
import * as ProviderLook from "./ProviderLook.ts"

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const [accounts, cluster, detector] = [yield* Accounts, yield* Cluster, yield* Detector]
    const suspects = detector.suspects.pipe(
      Stream.mapEffect((names) =>
        Effect.map(
          cluster.view,
          ({ nodes }): ProviderLook.Suspects =>
            new Map(
              nodes.flatMap(({ name, server }) =>
                server === undefined || !names.has(name) ? [] : [[name, server] as const]
              )
            )
        )
      )
    )
    const ask = ProviderLook.askBy(accounts.open)
    yield* ProviderLook.run({ suspects, ask, hear: detector.hear, settings: yield* Settings }).pipe(Effect.forkScoped)
  })
)
