/**
 * Our finalizer on groups: written one write a group at a time, soon again after a conflict, and with pauses that grow while the API server
 * refuses. Waits for nobody; wakes the loop when a write is to be tried again.
 */
import * as FinalizersPatch from "@netcup-failover/kubernetes/FinalizersPatch"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Random from "effect/Random"
import { finalizer, type GroupResource, groups } from "../observe/GroupResource.ts"
import * as Pace from "../Pace.ts"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"

/** After a first write that met another one, in ms: without its finalizer a group that is deleted now is not unrouted. */
const soonAgain = 50

const finalizersOf = ({ metadata }: GroupResource): ReadonlyArray<string> => metadata.finalizers ?? []

export const isOn = (resource: GroupResource): boolean => finalizersOf(resource).includes(finalizer)

/** Until the scope closes. */
export const make = Effect.gen(function* () {
  const settings = yield* Settings
  const wake = yield* Wake
  const client = yield* KubeClient
  const running = yield* FiberMap.make<string, void, never>()
  /** What could not be written, by the group's uid: not again before this time. */
  const refused = new Map<string, { readonly count: number; readonly until: number }>()

  return {
    /**
     * Puts the finalizer on a group, or takes it off. Gives when that is tried again, in ms since the epoch, if it was refused lately.
     *
     * @param written done once it is written
     */
    set: Effect.fnUntraced(function* (
      resource: GroupResource,
      wanted: boolean,
      written: Effect.Effect<void> = Effect.void
    ) {
      const { uid, name } = resource.metadata
      const before = refused.get(uid)
      const now = yield* Clock.currentTimeMillis
      if (before !== undefined && now < before.until) return before.until
      const later = Effect.fnUntraced(function* (isSoon: boolean) {
        const count = (before?.count ?? 0) + 1
        const pause = isSoon && count === 1 ? soonAgain : Pace.backoff(count, yield* Random.next, settings.maxBackoff)
        refused.set(uid, { count, until: (yield* Clock.currentTimeMillis) + pause })
        yield* wake.now
      })
      const others = finalizersOf(resource).filter((one) => one !== finalizer)
      const write = FinalizersPatch.patch(groups, resource, wanted ? [...others, finalizer] : others).pipe(
        Effect.provideService(KubeClient, client),
        Effect.flatMap((outcome) => {
          // What it is now may have come while this was under way, and was then left to it.
          if (outcome === "Conflict") return later(true)
          refused.delete(uid)
          return outcome === "Patched" ? written : Effect.void
        }),
        Effect.catch((error) =>
          Effect.andThen(
            Effect.logWarning("finalizer not written", { group: name, error: error.message }),
            later(false)
          )
        )
      )
      yield* FiberMap.run(running, uid, write, { onlyIfMissing: true })
      return undefined
    }),
    /** Forgets groups that are no longer there. */
    retain: (uids: ReadonlySet<string>) => {
      for (const uid of refused.keys()) if (!uids.has(uid)) refused.delete(uid)
    }
  }
})
