/**
 * One Lease in memory, and the ways that candidates reach it, each of which can be cut or made to lose its answers.
 */
import {
  AlreadyExists,
  Conflict,
  KubeError,
  type KubeErrorReason,
  NotFound,
  Unreachable
} from "@netcup-failover/kubernetes/KubeError"
import type { LeaseRecord } from "@netcup-failover/kubernetes/LeaseRecord"
import { LeaseStore, type StoredLease } from "@netcup-failover/kubernetes/LeaseStore"
import * as Effect from "effect/Effect"

/**
 * `cut`: nothing gets through; `hangs`: no answer ever; `deaf`: writes are done, and their answers lost; `stalls`: nothing gets
 * through, which is noticed after 3 s; `slow`: each answer takes 4.5 s.
 */
type Reach = "good" | "cut" | "hangs" | "deaf" | "stalls" | "slow"

const failure = (reason: KubeErrorReason) => new KubeError({ request: "lease", reason })

export const make = () => {
  let version = 0
  let stored: LeaseRecord | undefined
  const lease = (record: LeaseRecord): StoredLease => ({ record, object: { version } })
  const put = (record: LeaseRecord) => {
    version += 1
    stored = record
    return lease(record)
  }
  return {
    /** What anybody else writes, e.g. the Go controller or an operator. */
    write: (record: LeaseRecord | undefined) =>
      Effect.sync(() => {
        version += 1
        stored = record
      }),
    record: () => stored,
    reach: () => {
      let way: Reach = "good"
      const answered = <A>(write: boolean, act: () => Effect.Effect<A, KubeError>): Effect.Effect<A, KubeError> =>
        Effect.suspend(() => {
          const lost = failure(new Unreachable({ message: way }))
          if (way === "hangs") return Effect.never
          if (way === "stalls") return Effect.delay(Effect.fail(lost), "3 seconds")
          // What is stored is compared when it is written, not when it is asked.
          if (way === "slow") return Effect.delay(Effect.suspend(act), "4500 millis")
          if (way === "cut") return Effect.fail(lost)
          return way === "deaf" && write ? Effect.andThen(act(), Effect.fail(lost)) : act()
        })
      const store = LeaseStore.of({
        read: answered(false, () => Effect.succeed(stored === undefined ? undefined : lease(stored))),
        create: (record) =>
          answered(true, () =>
            stored === undefined
              ? Effect.sync(() => put(record))
              : Effect.fail(failure(new AlreadyExists({ message: "exists" })))
          ),
        update: (found, record) =>
          answered(true, () => {
            if (stored === undefined) return Effect.fail(failure(new NotFound({ message: "gone" })))
            return found.object.version === version
              ? Effect.sync(() => put(record))
              : Effect.fail(failure(new Conflict({ message: "changed" })))
          })
      })
      return {
        store,
        become: (next: Reach) =>
          Effect.sync(() => {
            way = next
          })
      }
    }
  }
}
