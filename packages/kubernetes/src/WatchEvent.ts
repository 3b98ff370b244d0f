/**
 * What a watch tells of the objects of one kind.
 */
import * as Data from "effect/Data"
import type { Identity } from "./ObjectMeta.ts"

/** The object is this now. */
export class Applied<A> extends Data.TaggedClass("Applied")<{ readonly object: A }> {}

/** The object is there, but its kind's schema does not fit it; `message` says where. */
export class Undecodable extends Data.TaggedClass("Undecodable")<{
  readonly metadata: Identity
  readonly message: string
  /** As it came: parts of it may still be readable. */
  readonly object: unknown
}> {}

export type Observed<A> = Applied<A> | Undecodable

/** All that there is: what it does not name is gone. */
export class Listed<A> extends Data.TaggedClass("Listed")<{ readonly objects: ReadonlyArray<Observed<A>> }> {}

/** The object of this key (`ObjectMeta.keyOf`) is gone. */
export class Deleted extends Data.TaggedClass("Deleted")<{ readonly key: string }> {}

export type WatchEvent<A> = Listed<A> | Observed<A> | Deleted
