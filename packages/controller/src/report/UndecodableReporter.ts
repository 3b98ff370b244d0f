/**
 * Tells users about resources that the schema does not fit, as a CRD of an older controller may let pass.
 */
import * as Condition from "@netcup-failover/core/Condition"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import { Identity } from "@netcup-failover/kubernetes/ObjectMeta"
import * as StatusPatch from "@netcup-failover/kubernetes/StatusPatch"
import type { Undecodable } from "@netcup-failover/kubernetes/WatchEvent"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { groups } from "../observe/GroupResource.ts"
import { Wake } from "../Wake.ts"

const located = { ...groups, schema: Schema.Struct({ metadata: Identity }) }

/** Until what was not written is tried again. */
const retryPause = "5 seconds"

/** A reporter that says the same of the same resource once: its own write comes back as another version of it. */
export const make = Effect.gen(function* () {
  const client = yield* KubeClient
  const wake = yield* Wake
  const said = new Map<string, string>()
  return Effect.fnUntraced(function* ({ metadata, message }: Undecodable) {
    if (said.get(metadata.uid) === message) return
    said.set(metadata.uid, message)
    const now = new Date(yield* Clock.currentTimeMillis).toISOString()
    const conditions = Condition.set(
      [],
      { type: "Routed", status: "False", reason: "InvalidSpec", message },
      undefined,
      now
    )
    const written = yield* StatusPatch.patch(located, { metadata }, { conditions }).pipe(
      Effect.provideService(KubeClient, client),
      Effect.map(({ _tag }) => _tag === "Patched"),
      Effect.catch((error) => Effect.as(Effect.logWarning("status not written", error), false))
    )
    if (written) return
    yield* Effect.sleep(retryPause)
    if (said.get(metadata.uid) === message) said.delete(metadata.uid)
    yield* wake.now
  })
})
