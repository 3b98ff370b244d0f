/**
 * The CustomResourceDefinition, made from the schemas of the resource, so that what the API server accepts and what the
 * controller decodes cannot differ.
 */
import * as Schema from "effect/Schema"
import { crdRevision, crdRevisionAnnotation } from "./CrdRevision.ts"
import { FailoverIpResource, group, kind, plural, version } from "./FailoverIpResource.ts"

type Json = Schema.Json
type JsonObject = { readonly [key: string]: Json }

const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json)

/** `Schema.Int` comes with the bounds of JavaScript's safe integers, which say nothing to a user. */
const isNoise = (key: string, value: Json): boolean =>
  (key === "minimum" && value === Number.MIN_SAFE_INTEGER) || (key === "maximum" && value === Number.MAX_SAFE_INTEGER)

/** Effect tells what several checks say of one value as `allOf`, in which a structural schema must not describe anything. */
const flat = ({ allOf, ...schema }: JsonObject): JsonObject =>
  Object.assign(schema, ...(Array.isArray(allOf) ? allOf.filter(isObject).map(flat) : []))

/**
 * Effect's JSON Schema as a structural schema
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema),
 * which knows `additionalProperties` of maps only.
 */
const structural = (json: Json): Json => {
  if (Array.isArray(json)) return json.map(structural)
  if (!isObject(json)) return json
  const schema = flat(json)
  const isMap = schema.properties === undefined && isObject(schema.additionalProperties)
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => (key === "additionalProperties" ? isMap : !isNoise(key, value)))
      .map(([key, value]) => [
        key,
        key === "properties" && isObject(value)
          ? Object.fromEntries(Object.entries(value).map(([name, property]) => [name, structural(property)]))
          : structural(value)
      ])
  )
}

/** Limits that the API server alone keeps: see `SpecRules`. */
const limits: ReadonlyArray<string> = ["maxItems", "maxLength", "maxProperties", "minimum", "maximum"]

const openApi = (): Json => {
  const document = Schema.toJsonSchemaDocument(FailoverIpResource, {
    includeAnnotationKey: (key) => key.startsWith("x-kubernetes-") || limits.includes(key)
  })
  return structural(Schema.decodeUnknownSync(Schema.Json)(document.schema))
}

/** The CRD as an object to be written as YAML or sent to an API server. */
export const crd = (): JsonObject => {
  const schema = openApi()
  const properties = isObject(schema) && isObject(schema.properties) ? schema.properties : {}
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${group}`,
      annotations: { [crdRevisionAnnotation]: `${crdRevision}` }
    },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope: "Cluster",
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: [
            { name: "Node", type: "string", jsonPath: ".status.currentNode" },
            { name: "Routed", type: "string", jsonPath: '.status.conditions[?(@.type=="Routed")].status' },
            { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
            { name: "Target", type: "string", jsonPath: ".status.targetNode", priority: 1 },
            {
              name: "Reason",
              type: "string",
              jsonPath: '.status.conditions[?(@.type=="Routed")].reason',
              priority: 1
            }
          ],
          schema: {
            openAPIV3Schema: {
              type: "object",
              description: "A group of netcup failover addresses that are always routed to one healthy node.",
              required: ["spec"],
              properties: {
                apiVersion: { type: "string" },
                kind: { type: "string" },
                metadata: { type: "object" },
                ...properties
              }
            }
          },
          subresources: { status: {} }
        }
      ]
    }
  }
}
