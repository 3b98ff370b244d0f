/**
 * What a request is about, by its path: `/api/v1/namespaces/N/PLURAL/NAME/SUBRESOURCE` and its shorter forms.
 */
import * as Result from "effect/Result"
import type { Registry } from "./Registry.ts"
import type { Resource } from "./Resource.ts"

export interface ResourceRequest {
  readonly resource: Resource
  /** Absent: cluster-scoped, or all namespaces. */
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string | undefined
}

/** `Unknown`: a group that is served, but not this of it. `Elsewhere`: no path of objects at all. */
type Found =
  | ({ readonly _tag: "Resource" } & ResourceRequest)
  | { readonly _tag: "Unknown" }
  | { readonly _tag: "Elsewhere" }

/** What cannot be decoded names nothing that is there. */
const decode = (segment: string) =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(segment)),
    () => segment
  )

export const parse = (registry: Registry, path: string): Found => {
  const [, root = "", ...segments] = path.replace(/\/$/, "").split("/").map(decode)
  if (root !== "api" && root !== "apis") return { _tag: "Elsewhere" }
  const [group = "", version = "", ...rest] = root === "api" ? ["", ...segments] : segments
  if (!registry.resources().some((one) => one.group === group && one.version === version) || rest.length === 0) {
    return { _tag: "Elsewhere" }
  }
  const inNamespace = rest[0] === "namespaces" && rest.length > 2 && rest[2] !== "status" && rest[2] !== "finalize"
  const [plural = "", name, subresource, ...more] = inNamespace ? rest.slice(2) : rest
  const resource = registry.find(group, version, plural)
  if (
    resource === undefined ||
    more.length > 0 ||
    inNamespace !== (resource.namespaced && (inNamespace || name !== undefined))
  ) {
    return { _tag: "Unknown" }
  }
  return { _tag: "Resource", resource, namespace: inNamespace ? rest[1] : undefined, name, subresource }
}
