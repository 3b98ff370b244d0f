import { assert, describe, it } from "@effect/vitest"
import { crd } from "@netcup-failover/core/Crd"
import { crdRevision } from "@netcup-failover/core/CrdRevision"
import * as Fnv1a from "@netcup-failover/core/Fnv1a"
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
  metadata: Schema.Struct({ name: Schema.String, annotations: Schema.Record(Schema.String, Schema.String) }),
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

const Rules = Schema.Array(
  Schema.Struct({
    rule: Schema.String,
    message: Schema.String,
    messageExpression: Schema.optionalKey(Schema.String)
  })
)

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
  "maxProperties",
  "x-kubernetes-validations",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type"
]

/**
 * What the CRD of a revision accepts and keeps, by its hash. When it changes: raise `crdRevision` and give the new hash here, or
 * clusters with the old one are not told.
 */
const revision = { revision: 3, hash: 2854494889 }

describe("the CRD", () => {
  it("says its revision, which is raised with every change of what it accepts or keeps", () => {
    assert.deepStrictEqual(definition.metadata.annotations, { "netcup.digilol.net/crd-revision": `${crdRevision}` })
    const words = ["description", "message", "messageExpression"]
    const schema = JSON.stringify(version.schema.openAPIV3Schema, (key, value) =>
      words.includes(key) && typeof value === "string" ? undefined : value
    )
    assert.deepStrictEqual({ revision: crdRevision, hash: Fnv1a.hash32(schema) }, revision)
  })

  it("has a message for every rule, on one line, and limits that bound what the rules cost", () => {
    const ruled = everySchema.filter(([, schema]) => schema["x-kubernetes-validations"] !== undefined)
    assert.sameMembers(
      ruled.map(([path]) => path),
      [
        "$.spec.ips",
        "$.spec.ips[]",
        "$.spec.credentialsSecret.name",
        "$.spec.credentialsSecret.namespace",
        "$.spec.nodeSelector.matchLabels",
        "$.spec.nodeSelector.matchLabels{}",
        "$.spec.nodeSelector.matchExpressions[]",
        "$.spec.nodeSelector.matchExpressions[].key",
        "$.spec.nodeSelector.matchExpressions[].values[]",
        "$.spec.workload.namespace",
        "$.spec.workload.selector.matchLabels",
        "$.spec.workload.selector.matchLabels{}",
        "$.spec.workload.selector.matchExpressions[]",
        "$.spec.workload.selector.matchExpressions[].key",
        "$.spec.workload.selector.matchExpressions[].values[]",
        "$.spec.preferences[].nodeSelector.matchLabels",
        "$.spec.preferences[].nodeSelector.matchLabels{}",
        "$.spec.preferences[].nodeSelector.matchExpressions[]",
        "$.spec.preferences[].nodeSelector.matchExpressions[].key",
        "$.spec.preferences[].nodeSelector.matchExpressions[].values[]",
        "$.spec.detection"
      ]
    )
    for (const [path, schema] of ruled) {
      for (const { rule, message } of Schema.decodeUnknownSync(Rules)(schema["x-kubernetes-validations"])) {
        assert.match(rule, /self/u, path)
        assert.match(message, /^\S.*\S$/u, path)
      }
    }
    for (const [path, schema] of everySchema) {
      if (!path.startsWith("$.spec.")) continue
      if (schema.type === "array") assert.isNumber(schema.maxItems, path)
      if (schema.type === "string" && schema.enum === undefined) assert.isNumber(schema.maxLength, path)
      if (schema.additionalProperties !== undefined) assert.isNumber(schema.maxProperties, path)
    }
  })

  it("has no rule about the status: a write of it is never refused", () => {
    for (const [path, schema] of everySchema)
      if (path.startsWith("$.status")) assert.notProperty(schema, "x-kubernetes-validations", path)
  })

  it("has the names that users of the Go controller know", () => {
    assert.strictEqual(definition.metadata.name, "netcupfailoverips.netcup.digilol.net")
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
    assert.sameMembers(names("$.spec"), [
      "ips",
      "credentialsSecret",
      "nodeSelector",
      "workload",
      "priority",
      "preferences",
      "failback",
      "rebalance",
      "detection",
      "drift",
      "reclaimPolicy",
      "paused"
    ])
    // Absent means what the first controller did: nothing is written into resources that don't name them.
    for (const name of [
      "workload",
      "preferences",
      "failback",
      "rebalance",
      "drift",
      "reclaimPolicy",
      "detection",
      "detection.mode",
      "paused"
    ])
      assert.notProperty(at(`$.spec.${name}`), "default", name)
    assert.sameMembers(names("$.spec.workload"), ["namespace", "selector"])
    assert.deepStrictEqual(at("$.spec.workload").required, ["namespace", "selector"])
    assert.sameMembers(names("$.spec.preferences[]"), ["weight", "nodeSelector"])
    assert.deepStrictEqual(at("$.spec.preferences[]").required, ["weight", "nodeSelector"])
    const { minimum, maximum } = at("$.spec.preferences[].weight")
    assert.deepStrictEqual([minimum, maximum], [1, 100])
    assert.deepStrictEqual(at("$.spec.failback").enum, ["Never", "WhenPreferred"])
    assert.deepStrictEqual(at("$.spec.rebalance").enum, ["Never", "WhenUneven"])
    assert.deepStrictEqual(at("$.spec.detection.mode").enum, ["Fast", "NodeConditions"])
    assert.sameMembers(names("$.spec.detection"), [
      "mode",
      "leaseStaleAfterSeconds",
      "silentAfterSeconds",
      "recoveredAfterSeconds"
    ])
    assert.deepStrictEqual(at("$.spec.drift").enum, ["Enforce", "Adopt", "Alert"])
    assert.deepStrictEqual(at("$.spec.reclaimPolicy").enum, ["Retain", "Unroute"])
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
