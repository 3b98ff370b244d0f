/**
 * Writes statuses: only when they differ, one write a group at a time, from the newest version that is known, and with pauses
 * that grow while the API server refuses. What has only begun is a draft for a moment, upon which its end is composed: one write of both.
 */
import { isDeepStrictEqual } from "node:util"
import type { Status } from "@netcup-failover/core/FailoverIpResource"
import { KubeClient } from "@netcup-failover/kubernetes/KubeClient"
import type { KubeError } from "@netcup-failover/kubernetes/KubeError"
import * as StatusPatch from "@netcup-failover/kubernetes/StatusPatch"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { Fence } from "../act/Fence.ts"
import { type GroupResource, groups } from "../observe/GroupResource.ts"
import * as Pace from "../Pace.ts"
import { Settings } from "../Settings.ts"
import * as FailoverSpan from "../telemetry/FailoverSpan.ts"
import { Wake } from "../Wake.ts"
import { GroupEvents } from "./GroupEvents.ts"

/** The status was not written: what was decided is out of date, or the API server does not take it now. */
export class NotReported extends Schema.TaggedError<NotReported>()("NotReported", { message: Schema.String }) {}

interface Written {
  readonly from: ReadonlySet<string>
  readonly resource: GroupResource
  /**
   * Set when the API server did not keep all of it, as with the CRD of an older controller: then `resource` has what we wrote,
   * which is remembered here until somebody else writes, and is written again at this time (ms since the epoch), lest the CRD is
   * a newer one by now.
   */
  readonly againAt?: number
}

/** For how long that something was begun is not written, in ms: netcup takes 0.4 to 0.8 s, and the end is written in its place. */
const patience = 1_000

/** How long the end of a term may wait for what is not written yet. */
const lastWords = "1 second"

/** A status that is written later: `resource` has it, `base` is what is stored, and `upon` the status that it was composed from. */
interface Draft {
  readonly base: GroupResource
  readonly resource: GroupResource
  readonly upon: Status
  readonly isDue: boolean
}

const draftOn = (base: GroupResource, status: Status, { upon, isDue }: Pick<Draft, "upon" | "isDue">): Draft => ({
  base,
  resource: { ...base, status },
  upon,
  isDue
})

/** How long what was not kept is left at that, in ms: each group's share of an idle controller's requests. */
const pauseOfUnkept = 600_000

interface Desk {
  readonly turn: Semaphore.Semaphore
  /** What came of our last write, and the versions before it that the watch may still be at. */
  written: Written | undefined
  /** What is to be written once the write under way has ended; a newer one takes its place. */
  pending: { readonly resource: GroupResource; readonly status: Status } | undefined
  draft: Draft | undefined
  /** What the status under way was composed from, or the next one. */
  writing: GroupResource | undefined
  /** Writes that were refused in a row: none before this time, ms since the epoch. */
  refusals: { readonly count: number; readonly retryAt: number }
  /** The version on which a write met a newer one: none on it again before this time, lest the watch is dead. */
  conflict: { readonly version: string; readonly count: number; readonly retryAt: number } | undefined
}

/** When a write on this version may be made, in ms since the epoch; zero: at once. */
const openAt = ({ refusals, conflict }: Desk, version: string): number =>
  Math.max(refusals.count > 0 ? refusals.retryAt : 0, conflict?.version === version ? conflict.retryAt : 0)

export class StatusReporter extends Context.Service<
  StatusReporter,
  {
    /** The resource as it is after our own last write, which its watch may not have told yet, or with what is written later. */
    readonly newest: (resource: GroupResource) => Effect.Effect<GroupResource>
    /**
     * Succeeds when the status is written, or was so before. `resource` is what it was composed from, of {@link newest}: a status
     * speaks of the one before it (since when), so one that was composed before our last write is out of date.
     */
    readonly report: (resource: GroupResource, status: Status) => Effect.Effect<void, NotReported>
    /** The same in the background. Of several while a write is under way only the last is written. */
    readonly reportSoon: (resource: GroupResource, status: Status) => Effect.Effect<void>
    /** The same in a moment, unless another status is reported by then: what begins and ends within it is one write. */
    readonly reportLater: (resource: GroupResource, status: Status) => Effect.Effect<void>
    /** When a write on this version may be tried again (ms since the epoch), if one was refused and is not being tried: its end wakes the loop. */
    readonly retryAt: (resource: GroupResource) => Effect.Effect<number | undefined>
    /** Forgets groups that are no longer there. */
    readonly retain: (groups: ReadonlySet<string>) => Effect.Effect<void>
  }
>()("@netcup-failover/controller/report/StatusReporter") {
  static readonly layer = Layer.effect(
    StatusReporter,
    Effect.gen(function* () {
      const client = yield* KubeClient
      const events = yield* GroupEvents
      const settings = yield* Settings
      const wake = yield* Wake
      const fence = yield* Fence
      const desks = new Map<string, Desk>()
      const drains = yield* FiberSet.make<void, never>()
      const later = yield* FiberMap.make<string, void, never>()

      const deskOf = (name: string): Desk => {
        const desk = desks.get(name) ?? {
          turn: Semaphore.makeUnsafe(1),
          written: undefined,
          pending: undefined,
          draft: undefined,
          writing: undefined,
          refusals: noRefusals,
          conflict: undefined
        }
        desks.set(name, desk)
        return desk
      }

      const stored = (resource: GroupResource): GroupResource => {
        const desk = desks.get(resource.metadata.name)
        const { resourceVersion } = resource.metadata
        const written = desk?.written
        if (desk !== undefined && written?.from.has(resourceVersion) === true) {
          const hasCaughtUp = resourceVersion === written.resource.metadata.resourceVersion
          if (hasCaughtUp) desk.written = { ...written, from: new Set([resourceVersion]) }
          return written.resource
        }
        // The watch has caught up, or has overtaken us with somebody else's write.
        if (desk !== undefined) desk.written = undefined
        return resource
      }

      const newest = (resource: GroupResource): GroupResource => {
        const base = stored(resource)
        const desk = desks.get(resource.metadata.name)
        const draft = desk?.draft
        if (desk === undefined || draft === undefined) return base
        if (draft.base.metadata.resourceVersion === base.metadata.resourceVersion) return draft.resource
        // Somebody else wrote: the spec at most, or what the draft was made from.
        const isSame = isDeepStrictEqual(base.status ?? {}, draft.base.status ?? {})
        desk.draft = isSame ? draftOn(base, draft.resource.status ?? {}, draft) : undefined
        return desk.draft?.resource ?? base
      }

      const refuse = Effect.fnUntraced(function* (message: string) {
        yield* wake.now
        return yield* new NotReported({ message })
      })

      /** In ms since the epoch, after that many failures in a row. */
      const pauseAfter = Effect.fnUntraced(function* (failures: number) {
        const now = yield* Clock.currentTimeMillis
        return now + Pace.backoff(failures, yield* Random.next, settings.maxBackoff)
      })

      const refused = Effect.fnUntraced(function* (
        desk: Desk,
        { metadata }: GroupResource,
        { message }: Pick<KubeError, "message">
      ) {
        yield* Effect.logWarning("status not written", { group: metadata.name, error: message })
        const count = desk.refusals.count + 1
        desk.refusals = { count, retryAt: yield* pauseAfter(count) }
        return yield* refuse(message)
      })

      const conflicted = Effect.fnUntraced(function* (desk: Desk, { metadata }: GroupResource) {
        const count = (desk.conflict?.count ?? 0) + 1
        desk.conflict = { version: metadata.resourceVersion, count, retryAt: yield* pauseAfter(count) }
        return yield* refuse("the group has changed meanwhile")
      })

      const write = Effect.fnUntraced(function* (desk: Desk, resource: GroupResource, status: Status) {
        const outcome = yield* StatusPatch.patch(groups, resource, changes(resource.status ?? {}, status)).pipe(
          Effect.provideService(KubeClient, client),
          Effect.withSpan(FailoverSpan.status),
          Effect.catch((error) => refused(desk, resource, error))
        )
        desk.refusals = noRefusals
        if (outcome._tag === "NotFound") return yield* new NotReported({ message: "the group is gone" })
        if (outcome._tag === "Conflict") return yield* conflicted(desk, resource)
        desk.conflict = undefined
        const from = [...(desk.written?.from ?? []), resource.metadata.resourceVersion]
        const { object } = outcome
        desk.written = isDeepStrictEqual(object.status ?? {}, status)
          ? { from: new Set(from), resource: object }
          : {
              from: new Set([...from, object.metadata.resourceVersion]),
              resource: { ...object, status },
              againAt: (yield* Clock.currentTimeMillis) + pauseOfUnkept
            }
        yield* events.changed(resource, status)
        return desk.written.resource
      })

      /** Whoever comes first writes first. */
      const inTurn = Effect.fnUntraced(function* (desk: Desk, resource: GroupResource, status: Status) {
        yield* Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          const draft = desk.draft?.resource === resource ? desk.draft : undefined
          const base = draft?.base ?? resource
          const last = desk.written?.resource ?? base
          const isDueAgain = desk.written?.againAt !== undefined && desk.written.againAt <= now
          if (!isDueAgain && isDeepStrictEqual(last.status ?? {}, status)) {
            // A refused write has come true all the same: its answer was lost, or somebody else wrote it. Moves waited for that.
            const wasRefused = desk.refusals.count > 0
            desk.refusals = noRefusals
            if (desk.draft === draft) desk.draft = undefined
            if (wasRefused) yield* wake.now
            return
          }
          if (last.metadata.resourceVersion !== base.metadata.resourceVersion) {
            return yield* refuse("composed before our last write")
          }
          const wait = openAt(desk, base.metadata.resourceVersion) - now
          if (wait > 0) {
            const message = `not before ${Duration.format(Duration.millis(wait))} have passed`
            return yield* new NotReported({ message })
          }
          // One that stood still and goes on decides by what it knew, and its watch tells it the newest version all the same.
          if (!(yield* fence)) return yield* new NotReported({ message: "no longer leading" })
          const after = yield* write(desk, base, status)
          const newer = desk.draft?.resource === draft?.resource ? undefined : desk.draft
          // One that does not know of what is written now would take it back, or tell it twice.
          const isUpToDate = newer !== undefined && isDeepStrictEqual(newer.upon, status)
          desk.draft = isUpToDate ? draftOn(after, newer.resource.status ?? {}, newer) : undefined
          if (newer !== undefined && !isUpToDate) yield* wake.now
        }).pipe(desk.turn.withPermit)
      })

      const report = Effect.fn("StatusReporter.report")(function* (resource: GroupResource, status: Status) {
        const desk = deskOf(resource.metadata.name)
        // What waits to be written is older.
        desk.pending = undefined
        yield* inTurn(desk, resource, status)
      })

      const drain = (desk: Desk): Effect.Effect<void> =>
        Effect.suspend(() => {
          const next = desk.pending
          desk.pending = undefined
          desk.writing = next?.resource
          return next === undefined
            ? Effect.void
            : inTurn(desk, next.resource, next.status).pipe(
                // A bug must not leave the desk behind as writing for ever: nothing of the group would be told any more.
                Effect.catchDefect((defect) =>
                  Effect.andThen(
                    Effect.logError("a bug broke off the writing of a status", defect),
                    refused(desk, next.resource, { message: "an internal error broke it off" })
                  )
                ),
                Effect.ignore,
                Effect.andThen(drain(desk))
              )
        })

      const enqueue = (resource: GroupResource, status: Status) =>
        Effect.suspend(() => {
          const desk = deskOf(resource.metadata.name)
          desk.pending = { resource, status }
          if (desk.writing !== undefined) return Effect.void
          desk.writing = resource
          return Effect.asVoid(FiberSet.run(drains, drain(desk)))
        })

      const reportSoon = (resource: GroupResource, status: Status) =>
        Effect.suspend(() => {
          const desk = deskOf(resource.metadata.name)
          const { draft } = desk
          if (draft?.resource === resource && !draft.isDue && isDeepStrictEqual(resource.status, status))
            return Effect.void
          // Composed without it, and newer.
          if (draft?.resource !== resource) desk.draft = undefined
          return enqueue(resource, status)
        })

      const flush = (desk: Desk) =>
        Effect.suspend(() => {
          if (desk.draft === undefined) return Effect.void
          // By the same object: what was composed from it is still up to date.
          const { resource } = desk.draft
          desk.draft = { ...desk.draft, isDue: true }
          // What followed upon it is on its way, and has it; if that is refused, who reports next finds this one due.
          if (desk.writing === resource || desk.pending?.resource === resource) return Effect.void
          return enqueue(resource, resource.status ?? {})
        })

      const reportLater = (resource: GroupResource, status: Status) =>
        Effect.suspend(() => {
          const { name } = resource.metadata
          const desk = deskOf(name)
          const { draft } = desk
          if (isDeepStrictEqual(resource.status, status)) {
            // There is nothing to write, which ends what a write before it was refused for.
            if (draft === undefined) return enqueue(resource, status)
            // A draft goes on as it is: who composed the same from it has it.
            return draft.isDue ? flush(desk) : Effect.void
          }
          const base = draft?.resource === resource ? draft.base : resource
          desk.pending = undefined
          desk.draft = draftOn(base, status, { upon: resource.status ?? {}, isDue: draft?.isDue === true })
          if (desk.draft.isDue) return flush(desk)
          const flushing = Effect.andThen(
            Effect.sleep(Duration.millis(patience)),
            // The one that is there by then: the group may have gone, and another one of its name may have come.
            Effect.suspend(() => flush(deskOf(name)))
          )
          return Effect.asVoid(FiberMap.run(later, name, flushing, { onlyIfMissing: true }))
        })

      // What began is told before another leads, if the API server answers.
      yield* Effect.addFinalizer(() =>
        Effect.gen(function* () {
          if (!(yield* fence)) return
          const write = (desk: Desk) =>
            desk.draft === undefined
              ? Effect.void
              : Effect.ignore(inTurn(desk, desk.draft.resource, desk.draft.resource.status ?? {}))
          yield* Effect.forEach(desks.values(), write, { concurrency: "unbounded", discard: true })
        }).pipe(Effect.timeout(lastWords), Effect.ignore)
      )

      return StatusReporter.of({
        newest: (resource) => Effect.sync(() => newest(resource)),
        report,
        reportSoon,
        reportLater,
        retryAt: Effect.fnUntraced(function* ({ metadata }) {
          const desk = desks.get(metadata.name)
          const at = desk === undefined ? 0 : openAt(desk, metadata.resourceVersion)
          const isTried = desk?.writing !== undefined && at <= (yield* Clock.currentTimeMillis)
          return at === 0 || isTried ? undefined : at
        }),
        retain: (names) =>
          Effect.sync(() => {
            for (const name of desks.keys()) if (!names.has(name)) desks.delete(name)
          })
      })
    })
  )
}

const noRefusals: Desk["refusals"] = { count: 0, retryAt: 0 }

/** The JSON merge patch (RFC 7386) that turns one status into another: keys that go are null. */
const changes = (before: Status, after: Status): { readonly [key: string]: Schema.Json } => ({
  ...Object.fromEntries(Object.keys(before).map((key) => [key, null])),
  ...after
})
