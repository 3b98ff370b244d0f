/**
 * Kubernetes Events of a group: one for each fact that a status tells for the first time. Their reasons are the conditions' own,
 * a closed list in core's `Condition`.
 */
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import { Events } from "@netcup-failover/kubernetes/Events"
import type { Identity } from "@netcup-failover/kubernetes/ObjectMeta"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { groups } from "../observe/GroupResource.ts"
import * as StatusChange from "./StatusChange.ts"

/** A group as it was before; its spec may be such as nobody can read. */
interface Before {
  readonly metadata: Identity
  readonly status?: Status
}

export class GroupEvents extends Context.Service<
  GroupEvents,
  {
    /** Records what is new in `status`, as against that of `resource`. Returns at once. */
    readonly changed: (resource: Before, status: Status) => Effect.Effect<void>
  }
>()("@netcup-failover/controller/report/GroupEvents") {
  static readonly layer = Layer.effect(
    GroupEvents,
    Effect.gen(function* () {
      const events = yield* Events
      return GroupEvents.of({
        changed: ({ metadata, status: before }, after) =>
          Effect.forEach(
            StatusChange.facts(before, after),
            (fact) => events.record({ kind: groups, metadata, ...fact }),
            { discard: true }
          )
      })
    })
  )
}
