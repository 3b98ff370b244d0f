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

const located = { ...groups, schema: Schema.Struct({ metadata: Identity }) }

/** A reporter that says the same of the same resource once: its own write comes back as another version of it. */
export const make = Effect.gen(function* () {
  const client = yield* KubeClient
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
    yield* StatusPatch.patch(located, { metadata }, { conditions }).pipe(
      Effect.provideService(KubeClient, client),
      Effect.tap(({ _tag }) => Effect.sync(() => (_tag === "Patched" ? undefined : said.delete(metadata.uid)))),
      Effect.catch((error) =>
        Effect.andThen(
          Effect.sync(() => said.delete(metadata.uid)),
          Effect.logWarning("status not written", error)
        )
      )
    )
  })
})
