/**
 * Tells users about resources that the schema does not fit, as a CRD of an older controller may let pass. What their status says of
 * anything else, such as credentials, stays said.
 */
import * as Condition from "@netcup-failover/core/Condition"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import { Identity } from "@netcup-failover/kubernetes/ObjectMeta"
import * as StatusPatch from "@netcup-failover/kubernetes/StatusPatch"
import type { Undecodable } from "@netcup-failover/kubernetes/WatchEvent"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { groups } from "../observe/GroupResource.ts"
import { Wake } from "../Wake.ts"
import { GroupEvents } from "./GroupEvents.ts"
import * as Progress from "./Progress.ts"

const located = { ...groups, schema: Schema.Struct({ metadata: Identity }) }

/** Until what was not written is tried again. */
const retryPause = "5 seconds"

const generationOf = Schema.decodeUnknownOption(Schema.Struct({ metadata: Schema.Struct({ generation: Schema.Int }) }))
const conditionsOf = Schema.decodeUnknownOption(
  Schema.Struct({ status: Schema.Struct({ conditions: Schema.Array(Schema.Unknown) }) })
)
const isCondition = Schema.is(Condition.Condition)

/** The conditions that can be read, each for itself. */
const readable = (object: unknown): ReadonlyArray<Condition.Condition> =>
  Option.match(conditionsOf(object), {
    onNone: () => [],
    onSome: ({ status }) => status.conditions.filter(isCondition)
  })

/** The part of a status that is said of such a resource; `before` is what it has of that now. */
const statusOf = ({ message, object }: Undecodable, before: ReadonlyArray<Condition.Condition>, now: string) => {
  const generation = Option.getOrUndefined(Option.map(generationOf(object), ({ metadata }) => metadata.generation))
  const routed = { type: "Routed", status: "False", reason: "InvalidSpec", message } as const
  const progressing = Progress.claim(undefined, routed, false)
  const conditions = [routed, progressing].reduce((all, claim) => Condition.set(all, claim, generation, now), before)
  return { conditions, ...(generation === undefined ? {} : { observedGeneration: generation }) } satisfies Status
}

/** A reporter that says the same of the same resource once: its own write comes back as another version of it. */
export const make = Effect.gen(function* () {
  const client = yield* KubeClient
  const events = yield* GroupEvents
  const wake = yield* Wake
  const said = new Map<string, string>()
  return Effect.fnUntraced(function* (undecodable: Undecodable) {
    const { metadata, message, object } = undecodable
    if (said.get(metadata.uid) === message) return
    said.set(metadata.uid, message)
    const before = readable(object)
    const status = statusOf(undecodable, before, new Date(yield* Clock.currentTimeMillis).toISOString())
    // A former leader said it.
    if (Equal.equals(status.conditions, before)) return
    const written = yield* StatusPatch.patch(located, { metadata }, status).pipe(
      Effect.provideService(KubeClient, client),
      Effect.map(({ _tag }) => _tag === "Patched"),
      Effect.catch((error) => Effect.as(Effect.logWarning("status not written", error), false))
    )
    if (written) return yield* events.changed({ metadata, status: { conditions: before } }, status)
    yield* Effect.sleep(retryPause)
    if (said.get(metadata.uid) === message) said.delete(metadata.uid)
    yield* wake.now
  })
})
