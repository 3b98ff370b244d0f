/**
 * Objects as answers: plain, as a Table, or as metadata only, whichever the `Accept` header names first.
 */
import * as Result from "effect/Result"
import { type ApiFailure, notAcceptable } from "./ApiFailure.ts"
import * as Json from "./JsonValue.ts"
import { type KubeObject, metadataOf, versionOf } from "./KubeObject.ts"
import type * as Listing from "./Listing.ts"
import { apiVersionOf, type Resource } from "./Resource.ts"
import type { WatchEvent } from "./Watching.ts"

type As = "Object" | "Table" | "PartialObjectMetadata"

const metaVersion = "meta.k8s.io/v1"

const kindOf = (entry: string): As | undefined => {
  const [media = "", ...rest] = entry.split(";").map((part) => part.trim())
  const parameters = new Map(rest.map((part) => [part.split("=")[0] ?? "", part.split("=")[1] ?? ""]))
  if (!["application/json", "application/*", "*/*"].includes(media)) return undefined
  const as = parameters.get("as")
  if (as === undefined) return "Object"
  if (parameters.get("g") !== "meta.k8s.io" || parameters.get("v") !== "v1") return undefined
  if (as === "Table") return as
  return as === "PartialObjectMetadata" || as === "PartialObjectMetadataList" ? "PartialObjectMetadata" : undefined
}

/** How the client wants objects. */
export const negotiate = (accept: string | undefined): Result.Result<As, ApiFailure> => {
  if (accept === undefined || accept.trim() === "") return Result.succeed("Object")
  const found = accept
    .split(",")
    .map(kindOf)
    .find((as) => as !== undefined)
  return found === undefined ? Result.fail(notAcceptable()) : Result.succeed(found)
}

const partial = (object: KubeObject): KubeObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: metaVersion,
  metadata: metadataOf(object)
})

/** In the version that was asked for: all versions of a CRD are stored alike. */
const plain = (resource: Resource, object: KubeObject): KubeObject =>
  resource.custom ? { ...object, apiVersion: apiVersionOf(resource) } : object

interface View {
  readonly resource: Resource
  readonly as: As
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What rows of a Table hold of their object: `None`, `Metadata` or `Object`. */
  readonly includeObject: string
}

const row = ({ includeObject, now, resource }: View, object: KubeObject): Json.JsonObject => {
  const cells = resource.columns.map(({ cell }) => cell(object, now))
  if (includeObject === "None") return { cells }
  return { cells, object: includeObject === "Object" ? plain(resource, object) : partial(object) }
}

const table = (
  view: View,
  metadata: Json.JsonObject,
  objects: ReadonlyArray<KubeObject>,
  withColumns = true
): Json.JsonObject => ({
  kind: "Table",
  apiVersion: metaVersion,
  metadata,
  columnDefinitions: withColumns
    ? view.resource.columns.map(({ format = "", name, priority = 0, type }) => ({
        name,
        type,
        format,
        description: name,
        priority
      }))
    : null,
  rows: objects.map((object) => row(view, object))
})

export const one = (view: View, object: KubeObject): Json.JsonObject => {
  if (view.as === "Table") return table(view, { resourceVersion: versionOf(object) }, [object])
  return view.as === "PartialObjectMetadata" ? partial(object) : plain(view.resource, object)
}

export const page = (view: View, { continue: token, items, remaining, version }: Listing.Page): Json.JsonObject => {
  const { as, resource } = view
  const metadata = {
    resourceVersion: String(version),
    ...(token === undefined ? {} : { continue: token }),
    ...(remaining === undefined ? {} : { remainingItemCount: remaining })
  }
  if (as === "Table") return table(view, metadata, items)
  if (as === "PartialObjectMetadata") {
    return { kind: "PartialObjectMetadataList", apiVersion: metaVersion, metadata, items: items.map(partial) }
  }
  return {
    kind: resource.listKind,
    apiVersion: apiVersionOf(resource),
    metadata,
    // Built-in kinds are listed without what the list says already.
    items: items.map((object) =>
      resource.custom ? plain(resource, object) : Json.set(object, { kind: undefined, apiVersion: undefined })
    )
  }
}

/** @param first whether it is the first event of a watch: only that one says what a Table's columns are */
export const event = (view: View, { object, type }: WatchEvent, first: boolean): Json.JsonObject => {
  if (type === "ERROR" || type === "BOOKMARK") return { type, object }
  if (view.as === "Table") {
    return { type, object: table(view, { resourceVersion: versionOf(object) }, [object], first) }
  }
  return { type, object: one(view, object) }
}
