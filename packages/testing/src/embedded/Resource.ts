/**
 * A kind that the API serves: its names, and what it does to objects that are written.
 */
import type * as Result from "effect/Result"
import type { Cause } from "./ApiFailure.ts"
import type * as Json from "./JsonValue.ts"
import type { KubeObject } from "./KubeObject.ts"

/** A column of a Table. Those of a priority above 0 are shown with `-o wide`. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly priority?: number
  /** @param now milliseconds since the epoch, for ages */
  readonly cell: (object: KubeObject, now: number) => Json.Json
}

/** What reading a body of this kind gives: unknown fields are dropped and named, defaults are there. */
export interface Read {
  readonly object: KubeObject
  readonly unknown: ReadonlyArray<string>
}

export interface Resource {
  /** "" is the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
  readonly namespaced: boolean
  /** Whether it is served by a CRD: no strategic merge patch, a generation, a version required for updates. */
  readonly custom: boolean
  /** Whether `/status` is a resource of its own, so that the main one leaves the status alone. */
  readonly hasStatus: boolean
  readonly hasGeneration: boolean
  /** An update must say which version it changes. */
  readonly needsVersion: boolean
  readonly columns: ReadonlyArray<Column>
  /** For field selectors, beside `metadata.name` and `metadata.namespace`. */
  readonly fields: Readonly<Record<string, (object: KubeObject) => string>>
  /** Decodes a body; the failure is why it cannot be one of this kind (400). */
  readonly read: (object: KubeObject) => Result.Result<Read, string>
  /** What a new object gets and loses before it is judged. */
  readonly prepare: (object: KubeObject, now: string) => KubeObject
  /** What is wrong beside `metadata` (422); `before` is the object that an update replaces. */
  readonly check: (object: KubeObject, before: KubeObject | undefined) => ReadonlyArray<Cause>
}

export const apiVersionOf = ({ group, version }: Pick<Resource, "group" | "version">): string =>
  group === "" ? version : `${group}/${version}`

/** Names the kind in the storage, whatever the version. */
export const idOf = ({ group, plural }: Pick<Resource, "group" | "plural">): string => `${plural}.${group}`
