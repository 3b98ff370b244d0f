/**
 * One step of an election at a time: try to take the Lease, renew it, give it back. When to take which step is not decided here.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Ref from "effect/Ref"
import type { KubeError } from "./KubeError.ts"
import * as LeaseRecord from "./LeaseRecord.ts"
import { LeaseStore, type StoredLease } from "./LeaseStore.ts"
import * as Monotonic from "./Monotonic.ts"
import * as ServerClock from "./ServerClock.ts"

/** The Lease as we wrote it. Times from before the write was sent: what others count from is later. */
export interface Held {
  readonly lease: StoredLease
  readonly monotonic: number
  readonly wall: number
  /** How far the API server's clock is ahead of ours, in ms; see `ServerClock`. */
  readonly clockAhead: number
}

export interface Taken {
  readonly _tag: "Taken"
  readonly held: Held
}

/** Somebody else holds it, or was faster. */
export interface Foreign {
  readonly _tag: "Foreign"
  readonly holder: string
  /** Milliseconds until it may be taken, unless it is renewed meanwhile. */
  readonly expiresIn: number
}

export interface Election {
  /** Takes the Lease if it is free, released, ours, or stale. */
  readonly take: Effect.Effect<Taken | Foreign, KubeError>
  /** One write; after a conflict a look at who holds it now. */
  readonly renew: (held: Held) => Effect.Effect<Taken | Foreign, KubeError>
  /** Gives back what we hold or may hold after a write whose answer is lost. */
  readonly release: Effect.Effect<void, KubeError>
  /** When somebody else was last known to hold it, monotonic ms; `undefined`: nobody was seen to. */
  readonly foreignUntil: Effect.Effect<number | undefined>
}

export const make = Effect.fnUntraced(function* (
  identity: string,
  durationSeconds: number
): Effect.fn.Return<Election, never, LeaseStore> {
  const store = yield* LeaseStore
  /** The last state of the Lease that we saw, and when we saw it first. */
  const observed = yield* Ref.make<{ readonly record: LeaseRecord.LeaseRecord; readonly at: number } | undefined>(
    undefined
  )
  const mayHold = yield* Ref.make(false)
  const foreignUntil = yield* Ref.make<number | undefined>(undefined)
  /** When the Lease was last looked at. */
  const lookedAt = yield* Ref.make<number | undefined>(undefined)

  const observe = Effect.fnUntraced(function* (record: LeaseRecord.LeaseRecord) {
    const before = yield* Ref.get(observed)
    const at = yield* Monotonic.now
    const last = yield* Ref.getAndSet(lookedAt, at)
    if (before !== undefined && Equal.equals(before.record, record)) return before
    const now = { record, at }
    yield* Ref.set(observed, now)
    const holder = record.holderIdentity ?? ""
    // A holder that does not renew may have died with its last renewal; one that gave the Lease back held it when we looked last.
    if (holder !== "" && holder !== identity) yield* Ref.set(foreignUntil, at)
    else if (holder === "" && before?.record.holderIdentity !== identity) yield* Ref.set(foreignUntil, last ?? at)
    return now
  })

  /** A Lease that was deleted under its holder stands as long as we knew it to. */
  const standing = Effect.fnUntraced(function* (found: StoredLease | undefined) {
    const seen = found === undefined ? yield* Ref.get(observed) : yield* observe(found.record)
    const holder = seen?.record.holderIdentity ?? ""
    if (seen === undefined || holder === "" || holder === identity) return undefined
    const stands = (seen.record.leaseDurationSeconds ?? durationSeconds) * 1000
    const expiresIn = seen.at + stands - (yield* Monotonic.now)
    return expiresIn > 0 ? foreign(holder, expiresIn) : undefined
  })

  const write = Effect.fnUntraced(function* (found: StoredLease | undefined) {
    const wall = yield* Clock.currentTimeMillis
    const monotonic = yield* Monotonic.now
    const record = LeaseRecord.hold(found?.record, identity, durationSeconds, wall)
    yield* Ref.set(mayHold, true)
    const lease = yield* found === undefined ? store.create(record) : store.update(found, record)
    const clockAhead = ServerClock.ahead(lease.object, wall, yield* Clock.currentTimeMillis)
    yield* observe(lease.record)
    return { _tag: "Taken", held: { lease, monotonic, wall, clockAhead } } satisfies Taken
  })

  const take = Effect.gen(function* () {
    const found = yield* store.read
    const other = yield* standing(found)
    if (other !== undefined) return other
    return yield* write(found).pipe(
      Effect.catchIf(
        ({ reason: { _tag } }) => _tag === "Conflict" || _tag === "AlreadyExists",
        () => Effect.as(Ref.set(mayHold, false), foreign("", 0))
      )
    )
  })

  const renew = (held: Held) =>
    write(held.lease).pipe(
      Effect.catchIf(
        ({ reason: { _tag } }) => _tag === "Conflict" || _tag === "NotFound",
        () =>
          Effect.gen(function* () {
            const found = yield* store.read
            // Ours after all: an earlier write was done though its answer was lost, or somebody labelled the Lease.
            if (found?.record.holderIdentity === identity) return yield* write(found)
            yield* Ref.set(mayHold, false)
            if (found !== undefined) yield* observe(found.record)
            return foreign(found?.record.holderIdentity ?? "", 0)
          })
      )
    )

  const release = Effect.gen(function* () {
    if (!(yield* Ref.getAndSet(mayHold, false))) return
    const found = yield* store.read
    if (found?.record.holderIdentity !== identity) return
    yield* store.update(found, LeaseRecord.release(found.record, yield* Clock.currentTimeMillis))
  })

  return { take, renew, release, foreignUntil: Ref.get(foreignUntil) }
})

const foreign = (holder: string, expiresIn: number): Foreign => ({ _tag: "Foreign", holder, expiresIn })
