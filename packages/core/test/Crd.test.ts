import { assert, describe, it } from "@effect/vitest"
import { crd } from "@netcup-failover/core/Crd"
import * as Schema from "effect/Schema"

const Column = Schema.Struct({
  name: Schema.String,
  type: Schema.String,
  jsonPath: Schema.String,
  priority: Schema.optionalKey(Schema.Int)
})
const Version = Schema.Struct({
  name: Schema.String,
  served: Schema.Boolean,
  storage: Schema.Boolean,
  additionalPrinterColumns: Schema.Array(Column),
  schema: Schema.Struct({ openAPIV3Schema: Schema.Json }),
  subresources: Schema.Json
})
const Definition = Schema.Struct({
  apiVersion: Schema.Literal("apiextensions.k8s.io/v1"),
  kind: Schema.Literal("CustomResourceDefinition"),
  metadata: Schema.Struct({ name: Schema.String }),
  spec: Schema.Struct({
    group: Schema.String,
    scope: Schema.String,
    names: Schema.Struct({
      kind: Schema.String,
      listKind: Schema.String,
      plural: Schema.String,
      singular: Schema.String
    }),
    versions: Schema.Tuple([Version])
  })
})

const definition = Schema.decodeUnknownSync(Definition)(crd())
const [version] = definition.spec.versions

type JsonObject = { readonly [key: string]: Schema.Json }
const isObject = (json: Schema.Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json)

/** All schemas in a schema, itself first, with their paths. */
const schemas = (schema: Schema.Json | undefined, path = "$"): ReadonlyArray<readonly [string, JsonObject]> => {
  if (!isObject(schema)) return []
  const { properties, items, additionalProperties } = schema
  return [
    [path, schema],
    ...Object.entries(isObject(properties) ? properties : {}).flatMap(([key, value]) =>
      schemas(value, `${path}.${key}`)
    ),
    ...schemas(items, `${path}[]`),
    ...schemas(additionalProperties, `${path}{}`)
  ]
}

const everySchema = schemas(version.schema.openAPIV3Schema)
const at = (path: string): JsonObject => everySchema.find(([one]) => one === path)?.[1] ?? {}

/** What a structural schema of ours consists of; anything else means nothing to Kubernetes, or is refused by it. */
const keywords = [
  "type",
  "description",
  "properties",
  "additionalProperties",
  "required",
  "items",
  "enum",
  "format",
  "pattern",
  "default",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type"
]

describe("the CRD", () => {
  it("has the names that users of the Go controller know", () => {
    assert.deepStrictEqual(definition.metadata, { name: "netcupfailoverips.netcup.digilol.net" })
    assert.strictEqual(definition.spec.group, "netcup.digilol.net")
    assert.strictEqual(definition.spec.scope, "Cluster")
    assert.deepStrictEqual(definition.spec.names, {
      kind: "NetcupFailoverIP",
      listKind: "NetcupFailoverIPList",
      plural: "netcupfailoverips",
      singular: "netcupfailoverip"
    })
    assert.deepInclude(version, { name: "v1alpha1", served: true, storage: true })
    assert.deepStrictEqual(version.subresources, { status: {} })
  })

  it("shows NAME NODE ROUTED AGE, and more only when asked for", () => {
    const shown = version.additionalPrinterColumns.filter(({ priority = 0 }) => priority === 0)
    assert.deepStrictEqual(shown, [
      { name: "Node", type: "string", jsonPath: ".status.currentNode" },
      { name: "Routed", type: "string", jsonPath: '.status.conditions[?(@.type=="Routed")].status' },
      { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }
    ])
  })

  it("has columns only of fields that exist", () => {
    for (const { name, jsonPath } of version.additionalPrinterColumns) {
      const path = `$${jsonPath.replace(/\[\?\(.*\)\]/u, "[]")}`
      if (!path.startsWith("$.metadata.")) assert.isNotEmpty(Object.keys(at(path)), name)
    }
  })

  it("is structural: a type everywhere, only keywords that Kubernetes takes, maps or properties but not both", () => {
    assert.isAbove(everySchema.length, 30)
    for (const [path, schema] of everySchema) {
      assert.isString(schema.type, path)
      for (const key of Object.keys(schema)) assert.include(keywords, key, path)
      if (schema.properties !== undefined) assert.notProperty(schema, "additionalProperties", path)
      if (schema.type === "array") assert.isTrue(isObject(schema.items), path)
      if (Array.isArray(schema.required) && isObject(schema.properties))
        assert.includeMembers(Object.keys(schema.properties), [...schema.required], path)
    }
  })

  it("requires what the seed's resources always have, and nothing more", () => {
    assert.deepStrictEqual(at("$").required, ["spec"])
    assert.deepStrictEqual(at("$.spec").required, ["ips", "credentialsSecret"])
    assert.deepStrictEqual(at("$.spec.credentialsSecret").required, ["name", "namespace"])
    assert.deepStrictEqual(at("$.spec.nodeSelector").required, undefined)
    assert.deepStrictEqual(at("$.status").required, undefined)
    assert.strictEqual(at("$.spec.ips").minItems, 1)
  })

  it("has the fields of the contract", () => {
    const names = (path: string) => {
      const { properties } = at(path)
      return isObject(properties) ? Object.keys(properties) : []
    }
    assert.sameMembers(names("$"), ["apiVersion", "kind", "metadata", "spec", "status"])
    assert.sameMembers(names("$.spec"), ["ips", "credentialsSecret", "nodeSelector", "priority"])
    assert.strictEqual(at("$.spec.priority").type, "integer")
    assert.notProperty(at("$.spec.priority"), "default")
    assert.sameMembers(names("$.spec.nodeSelector"), ["matchLabels", "matchExpressions"])
    assert.sameMembers(names("$.status"), [
      "currentNode",
      "targetNode",
      "observedGeneration",
      "addresses",
      "moves",
      "conditions"
    ])
    assert.sameMembers(names("$.status.addresses[]"), [
      "ip",
      "server",
      "node",
      "state",
      "since",
      "attemptedAt",
      "taskId",
      "nextAttemptAt",
      "lastError"
    ])
    assert.deepStrictEqual(at("$.spec.nodeSelector.matchLabels{}").type, "string")
    assert.deepStrictEqual(at("$.status.addresses[].state").enum, ["Routed", "Moving", "Waiting", "Failed", "Unknown"])
    const operators = at("$.spec.nodeSelector.matchExpressions[].operator").enum
    assert.deepStrictEqual(operators, ["In", "NotIn", "Exists", "DoesNotExist"])
  })

  it("merges lists by their key, which every item has", () => {
    for (const [path, key] of [
      ["$.status.addresses", "ip"],
      ["$.status.conditions", "type"]
    ] as const) {
      const list = at(path)
      assert.strictEqual(list["x-kubernetes-list-type"], "map", path)
      assert.deepStrictEqual(list["x-kubernetes-list-map-keys"], [key], path)
      assert.include(at(`${path}[]`).required, key, path)
    }
  })

  it("describes every field of the spec", () => {
    for (const [path, schema] of everySchema)
      if (/^\$\.spec\b.*[^\]}]$/u.test(path)) assert.isString(schema.description, path)
  })
})
