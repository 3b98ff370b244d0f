/**
 * Kubernetes Events of a group: one when a condition's status or reason changes. Their reasons are the conditions' own, a
 * closed list in core's `Condition`.
 */
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import { Events } from "@netcup-failover/kubernetes/Events"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type GroupResource, groups } from "../observe/GroupResource.ts"

export class GroupEvents extends Context.Service<
  GroupEvents,
  {
    /** Records what is new in `status`, as against that of `resource`. Returns at once. */
    readonly changed: (resource: GroupResource, status: Status) => Effect.Effect<void>
  }
>()("@netcup-failover/controller/report/GroupEvents") {
  static readonly layer = Layer.effect(
    GroupEvents,
    Effect.gen(function* () {
      const events = yield* Events
      return GroupEvents.of({
        changed: (resource, status) =>
          Effect.forEach(
            (status.conditions ?? []).filter((condition) => {
              const before = resource.status?.conditions?.find(({ type }) => type === condition.type)
              return before?.status !== condition.status || before.reason !== condition.reason
            }),
            ({ status, reason, message }) =>
              events.record({
                kind: groups,
                metadata: resource.metadata,
                type: status === "True" || reason === "Routing" ? "Normal" : "Warning",
                reason,
                message
              }),
            { discard: true }
          )
      })
    })
  )
}
