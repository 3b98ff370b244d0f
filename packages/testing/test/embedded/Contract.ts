/**
 * What the parts of the contract share: how an expectation is stated, and how answers are looked into.
 */
import type { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { RawApi } from "./RawApi.ts"

interface World {
  readonly cluster: KubeCluster["Service"]
  readonly raw: RawApi
}

export type Expectation = (name: string, body: (world: World) => Effect.Effect<void, unknown, Scope.Scope>) => void

export const configMaps = "/api/v1/namespaces/default/configmaps"
export const merge = "application/merge-patch+json"

export const configMap = (name: string, data: Readonly<Record<string, string>> = {}): Schema.JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data
})

/** The value under keys and indices. */
export const at = (
  value: Schema.Json | undefined,
  ...path: ReadonlyArray<string | number>
): Schema.Json | undefined => {
  let found: Schema.Json | undefined = value
  for (const key of path) {
    if (typeof found !== "object" || found === null) return undefined
    found = new Map<string, Schema.Json>(Object.entries(found)).get(String(key))
  }
  return found
}

export const list = (value: Schema.Json | undefined, ...path: ReadonlyArray<string | number>) => {
  const found = at(value, ...path)
  return Array.isArray(found) ? Array.from<Schema.Json>(found) : []
}

export const text = (value: Schema.Json | undefined, ...path: ReadonlyArray<string | number>) =>
  String(at(value, ...path))

export const version = (object: Schema.Json) => text(object, "metadata", "resourceVersion")

export const names = (value: Schema.Json) => list(value, "items").map((one) => text(one, "metadata", "name"))

/** Field and reason of all that a 422 tells, each once. */
export const causes = (answer: Schema.Json): ReadonlyArray<string> =>
  [
    ...new Set(list(answer, "details", "causes").map((one) => `${text(one, "field")} ${text(one, "reason")}`))
  ].toSorted()
