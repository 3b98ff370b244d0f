/**
 * On which nodes the workloads of groups serve: a watch of Pods for each, shared by the groups that name the same one, and none where
 * no group names any.
 */
import type { NodeName } from "@netcup-failover/core/Candidate"
import { standard } from "@netcup-failover/core/detect/Thresholds"
import type { Workload } from "@netcup-failover/core/FailoverIpResource"
import * as LabelSelector from "@netcup-failover/core/LabelSelector"
import * as Serving from "@netcup-failover/core/Workload"
import type { Selection } from "@netcup-failover/kubernetes/List"
import * as Monotonic from "@netcup-failover/kubernetes/Monotonic"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import { pods, toPod } from "./PodResource.ts"
import * as Watches from "./Watches.ts"

/** A workload as far as it is known; `undefined`: its Pods are not listed yet. */
export type WorkloadView =
  /** `changesAt`: when time alone may change it, ms since the epoch. */
  | { readonly _tag: "Known"; readonly serving: ReadonlySet<NodeName>; readonly changesAt: number | undefined }
  /** The API server does not let us list its Pods, or cannot be reached. */
  | { readonly _tag: "Unreadable"; readonly message: string }
  | undefined

const selectionOf = ({ namespace, selector }: Workload): Selection => {
  const labelSelector = LabelSelector.toQuery(selector)
  return { namespace, ...(labelSelector === "" ? {} : { labelSelector }) }
}

const keyOf = ({ namespace, selector }: Workload): string => `${namespace}/${LabelSelector.toQuery(selector)}`

/** A selector that the API server would refuse is the group's trouble, and is told there. */
const isValid = ({ selector }: Workload): boolean => LabelSelector.problems(selector).length === 0

/** Runs until the scope ends; wakes the loop when a Pod, or what we may know of it, changes. */
export const make = Effect.gen(function* () {
  const wake = yield* Wake
  const { workloadReadyAfter, workloadUnreadyAfter, workloadReplacedAfter } = yield* Settings
  const times = {
    readyAfter: Duration.toMillis(workloadReadyAfter),
    unreadyAfter: Duration.toMillis(workloadUnreadyAfter),
    replacedAfter: Duration.toMillis(workloadReplacedAfter),
    standstill: standard.standstill
  }
  const memories = new Map<string, Serving.Memory>()

  const look = Effect.fnUntraced(function* (key: string): Effect.fn.Return<WorkloadView> {
    const reflector = watches.get(key)
    if (reflector === undefined) return undefined
    const health = yield* reflector.health
    if (!(yield* reflector.synced)) {
      return health._tag === "Failing" ? { _tag: "Unreadable", message: health.error.message } : undefined
    }
    const all = [...(yield* reflector.items).values()].flatMap((pod) => toPod(pod) ?? [])
    const now = yield* Monotonic.now
    const memory = Serving.look(memories.get(key), all, { now, isLive: health._tag === "Live" }, times)
    memories.set(key, memory)
    const { serving, changesAt } = memory
    const wall = yield* Clock.currentTimeMillis
    // A millisecond later, lest what is rounded be looked at too early.
    return { _tag: "Known", serving, changesAt: changesAt && wall + Math.ceil(changesAt - now) + 1 }
  })
  const watches = yield* Watches.make(pods, (key) => Effect.andThen(look(key), wake.now))

  return {
    /** Watches the Pods of these, and no longer those of others. */
    follow: Effect.fnUntraced(function* (workloads: ReadonlyArray<Workload>) {
      const wanted = new Map(workloads.filter(isValid).map((one) => [keyOf(one), selectionOf(one)]))
      yield* watches.follow(wanted)
      for (const key of memories.keys()) if (!wanted.has(key)) memories.delete(key)
    }),
    watches: watches.watches,
    view: Effect.gen(function* () {
      const views = new Map<string, WorkloadView>()
      for (const key of watches.keys()) views.set(key, yield* look(key))
      return (workload: Workload) => views.get(keyOf(workload))
    })
  }
})
