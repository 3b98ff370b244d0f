/**
 * What the API says of itself: versions, groups, and the resources of each.
 */
import type * as Json from "./JsonValue.ts"
import * as OpenApi from "./OpenApi.ts"
import type { Registry } from "./Registry.ts"
import type { Resource } from "./Resource.ts"

const openApi = "/openapi/v3"

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

const version = {
  major: "1",
  minor: "36",
  gitVersion: "v1.36.3+embedded",
  gitCommit: "",
  gitTreeState: "",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: "embedded/any"
}

const optional = (key: string, values: ReadonlyArray<string>) => (values.length === 0 ? {} : { [key]: [...values] })

const resourceOf = (resource: Resource): ReadonlyArray<Json.JsonObject> => {
  const { categories, hasStatus, kind, namespaced, plural, shortNames, singular } = resource
  const named = { namespaced, kind }
  return [
    {
      name: plural,
      singularName: singular,
      ...named,
      verbs: plural === "namespaces" ? verbs.filter((verb) => verb !== "deletecollection") : verbs,
      ...optional("shortNames", shortNames),
      ...optional("categories", categories)
    },
    ...(hasStatus ? [{ name: `${plural}/status`, singularName: "", ...named, verbs: ["get", "patch", "update"] }] : [])
  ]
}

const groupOf = (registry: Registry, name: string): Json.JsonObject | undefined => {
  const all = registry.resources().filter(({ group }) => group === name)
  const versions = [...new Set(all.map((one) => one.version))].map((one) => ({
    groupVersion: `${name}/${one}`,
    version: one
  }))
  const [preferredVersion] = versions
  return preferredVersion === undefined ? undefined : { name, versions, preferredVersion }
}

/** `undefined`: there is no such page. */
export const page = (registry: Registry, path: string, port: number): Json.JsonObject | undefined => {
  if (path.startsWith(openApi)) return OpenApi.page(registry, path.slice(openApi.length))
  const [, root = "", first, second, ...rest] = path.replace(/\/$/, "").split("/")
  if (rest.length > 0) return undefined
  if (root === "version" && first === undefined) return version
  if (root === "api" && first === undefined) {
    const serverAddressByClientCIDRs = [{ clientCIDR: "0.0.0.0/0", serverAddress: `127.0.0.1:${port}` }]
    return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs }
  }
  if (root === "apis" && first === undefined) {
    const names = [...new Set(registry.resources().map(({ group }) => group))].filter((name) => name !== "")
    const groups = names.map((name) => groupOf(registry, name)).filter((group) => group !== undefined)
    return { kind: "APIGroupList", apiVersion: "v1", groups }
  }
  if (root === "apis" && first !== undefined && second === undefined) {
    const group = groupOf(registry, first)
    return group === undefined ? undefined : { kind: "APIGroup", apiVersion: "v1", ...group }
  }
  const [group, served] = root === "api" && second === undefined ? ["", first] : root === "apis" ? [first, second] : []
  const resources = registry.resources().filter((one) => one.group === group && one.version === served)
  if (resources.length === 0) return undefined
  const groupVersion = group === "" ? served : `${group}/${served}`
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: groupVersion ?? "",
    resources: resources.flatMap(resourceOf)
  }
}
