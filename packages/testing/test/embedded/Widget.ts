/**
 * A CRD with everything that a schema can ask of the API server here.
 */
import type * as Schema from "effect/Schema"

export const crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
export const widgets = "/apis/shop.example/v1/namespaces/default/widgets"

const text = { type: "string" }

export const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.shop.example" },
  spec: {
    group: "shop.example",
    names: { kind: "Widget", plural: "widgets", shortNames: ["wd"] },
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: "Size", type: "integer", jsonPath: ".spec.size" },
          { name: "Ready", type: "string", jsonPath: `.status.conditions[?(@.type=="Ready")].status` },
          { name: "Color", type: "string", jsonPath: ".spec.color", priority: 1 },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }
        ],
        schema: {
          openAPIV3Schema: {
            type: "object",
            required: ["spec"],
            properties: {
              spec: {
                type: "object",
                required: ["size"],
                properties: {
                  size: { type: "integer", minimum: 1, maximum: 9 },
                  color: { type: "string", default: "red", enum: ["red", "blue"] },
                  name: { type: "string", minLength: 2, maxLength: 4, pattern: "^[a-z]+$" },
                  tags: { type: "array", minItems: 1, maxItems: 2, items: text },
                  extra: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
                  port: { "x-kubernetes-int-or-string": true },
                  optional: { type: "string", nullable: true },
                  at: { type: "string", format: "date-time" },
                  labels: { type: "object", additionalProperties: text },
                  list: {
                    type: "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["k"],
                    items: { type: "object", required: ["k"], properties: { k: text, v: { ...text, default: "d" } } }
                  }
                }
              },
              status: {
                type: "object",
                properties: {
                  phase: text,
                  conditions: { type: "array", items: { type: "object", properties: { type: text, status: text } } }
                }
              }
            }
          }
        }
      }
    ]
  }
}

export const widget = (name: string, spec: Schema.JsonObject) => ({
  apiVersion: "shop.example/v1",
  kind: "Widget",
  metadata: { name },
  spec
})
