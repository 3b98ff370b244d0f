/**
 * As much of OpenAPI v3 as kubectl needs to let the server judge fields (`fieldValidation`) in place of doing it itself. There
 * are no schemas in it.
 */
import type * as Json from "./JsonValue.ts"
import type { Registry } from "./Registry.ts"
import type { Resource } from "./Resource.ts"

const rootOf = ({ group, version }: Resource) => (group === "" ? `api/${version}` : `apis/${group}/${version}`)

const parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map((name) => ({
  name,
  in: "query",
  schema: { type: name === "force" ? "boolean" : "string" }
}))

const pathOf = (resource: Resource): readonly [string, Json.JsonObject] => {
  const { group, kind, namespaced, plural, version } = resource
  const patch = {
    operationId: `patch${kind}`,
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": { group, kind, version },
    parameters,
    responses: { "200": { description: "OK" } }
  }
  return [`/${rootOf(resource)}/${namespaced ? "namespaces/{namespace}/" : ""}${plural}/{name}`, { patch }]
}

/** `undefined`: there is no such document. @param path as after `/openapi/v3` */
export const page = (registry: Registry, path: string): Json.JsonObject | undefined => {
  const resources = registry.resources()
  if (path === "") {
    const roots = [...new Set(resources.map(rootOf))]
    return { paths: Object.fromEntries(roots.map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}` }])) }
  }
  const own = resources.filter((one) => `/${rootOf(one)}` === path)
  if (own.length === 0) return undefined
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "embedded" },
    paths: Object.fromEntries(own.map(pathOf)),
    components: { schemas: {} }
  }
}
