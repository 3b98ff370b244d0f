/**
 * The built-in kinds that are served, with the rules of kube-apiserver that clients meet.
 */
import * as Result from "effect/Result"
import type { Cause } from "./ApiFailure.ts"
import * as Columns from "./BuiltinColumns.ts"
import * as BuiltinSchema from "./BuiltinSchema.ts"
import * as CustomResource from "./CustomResource.ts"
import * as GoDecoding from "./GoDecoding.ts"
import * as Json from "./JsonValue.ts"
import { type KubeObject, labelsOf, nameOf, namespaceOf, withMetadata } from "./KubeObject.ts"
import * as Names from "./Names.ts"
import * as NodeObject from "./NodeObject.ts"
import type { Read, Resource } from "./Resource.ts"

type Special = Partial<Omit<Resource, "kind" | "plural" | "read">> &
  Pick<Resource, "kind" | "plural" | "columns"> & {
    readonly schema: Json.JsonObject
    /** After decoding: what Go's types and their defaulting make of it. The failure is a 400. */
    readonly shape?: (object: KubeObject) => Result.Result<KubeObject, string>
  }

const builtin = ({ schema, shape = Result.succeed, ...special }: Special): Resource => {
  const decode = GoDecoding.decoder(special.kind, schema)
  return {
    group: "",
    version: "v1",
    listKind: `${special.kind}List`,
    singular: special.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    custom: false,
    hasStatus: false,
    hasGeneration: false,
    needsVersion: false,
    fields: {},
    prepare: (object) => object,
    check: () => [],
    ...special,
    read: (object) =>
      Result.flatMap(decode(object), ({ object: decoded, unknown }) =>
        Result.map(shape(decoded), (shaped): Read => ({ object: shaped, unknown }))
      )
  }
}

const namespaces = builtin({
  kind: "Namespace",
  plural: "namespaces",
  shortNames: ["ns"],
  namespaced: false,
  hasStatus: true,
  columns: Columns.namespaces,
  fields: { "status.phase": (object) => Json.textAt(object, "status", "phase") ?? "" },
  schema: BuiltinSchema.open,
  prepare: (object) =>
    withMetadata(
      { ...object, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } },
      { labels: { ...labelsOf(object), "kubernetes.io/metadata.name": nameOf(object) } }
    )
})

/** `immutable: true` freezes data, and itself. */
const frozen = (object: KubeObject, before: KubeObject | undefined): ReadonlyArray<Cause> =>
  before?.immutable !== true
    ? []
    : ["data", "binaryData", "immutable"]
        .filter((key) => !Json.equal(object[key], before[key]))
        .map((field) => ({
          reason: "FieldValueForbidden",
          message: "Forbidden: field is immutable when `immutable` is set",
          field
        }))

const configMaps = builtin({
  kind: "ConfigMap",
  plural: "configmaps",
  shortNames: ["cm"],
  columns: Columns.configMaps,
  schema: BuiltinSchema.configMap,
  check: (object, before) => [
    ...Names.checkDataKeys(object, "data"),
    ...Names.checkDataKeys(object, "binaryData"),
    ...frozen(object, before)
  ]
})

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const secrets = builtin({
  kind: "Secret",
  plural: "secrets",
  columns: Columns.secrets,
  fields: { type: (object) => Json.textAt(object, "type") ?? "" },
  schema: BuiltinSchema.secret,
  shape: (object) => {
    const data = Json.textsAt(object, "data")
    const wrong = Object.values(data).find((text) => !base64.test(text))
    if (wrong !== undefined) {
      const at = wrong.search(/[^A-Za-z0-9+/]/)
      return Result.fail(`illegal base64 data at input byte ${at < 0 ? wrong.length : at}`)
    }
    const added = Object.entries(Json.textsAt(object, "stringData")).map(([key, text]) => [
      key,
      Buffer.from(text).toString("base64")
    ])
    const all = { ...data, ...Object.fromEntries(added) }
    const type = Json.textAt(object, "type") || "Opaque"
    return Result.succeed(
      Json.set(object, { stringData: undefined, data: Object.keys(all).length === 0 ? undefined : all, type })
    )
  },
  check: (object, before) => [
    ...Names.checkDataKeys(object, "data"),
    ...(before !== undefined && !Json.equal(before.type, object.type)
      ? [Names.immutable("type", object.type ?? "")]
      : []),
    ...frozen(object, before)
  ]
})

const involved = (key: string) => (object: KubeObject) => Json.textAt(object, "involvedObject", key) ?? ""

const events = builtin({
  kind: "Event",
  plural: "events",
  shortNames: ["ev"],
  columns: Columns.events,
  fields: {
    ...Object.fromEntries(
      ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map((key) => [
        `involvedObject.${key}`,
        involved(key)
      ])
    ),
    reason: (object) => Json.textAt(object, "reason") ?? "",
    reportingComponent: (object) => Json.textAt(object, "reportingComponent") ?? "",
    source: (object) => Json.textAt(object, "source", "component") ?? "",
    type: (object) => Json.textAt(object, "type") ?? ""
  },
  schema: BuiltinSchema.event,
  shape: (object) => {
    const eventTime = Json.textAt(object, "eventTime")
    const wrong = eventTime === undefined ? undefined : GoDecoding.notMicroTime(eventTime)
    if (wrong !== undefined) return Result.fail(wrong)
    const time = (key: string) => {
      const value = Json.textAt(object, key)
      return value === undefined ? null : GoDecoding.seconds(value)
    }
    return Result.succeed({
      source: {},
      reportingComponent: "",
      reportingInstance: "",
      involvedObject: {},
      ...object,
      eventTime: eventTime ?? null,
      firstTimestamp: time("firstTimestamp"),
      lastTimestamp: time("lastTimestamp")
    })
  },
  check: (object) => {
    const namespace = involved("namespace")(object)
    const own = namespaceOf(object)
    // What an Event of a cluster-scoped object is about has no namespace; the Event has.
    const allowed = namespace === "" ? ["default", "kube-system"] : [namespace]
    return allowed.includes(own)
      ? []
      : [Names.invalidValue("involvedObject.namespace", namespace, "does not match event.namespace")]
  }
})

const leases = builtin({
  group: "coordination.k8s.io",
  kind: "Lease",
  plural: "leases",
  columns: Columns.leases,
  schema: BuiltinSchema.lease,
  shape: (object) => {
    for (const key of ["acquireTime", "renewTime"]) {
      const time = Json.textAt(object, "spec", key)
      const wrong = time === undefined ? undefined : GoDecoding.notMicroTime(time)
      if (wrong !== undefined) return Result.fail(wrong)
    }
    return Result.succeed({ spec: {}, ...object })
  },
  check: (object) => {
    const below = (key: string, least: number, why: string) => {
      const value = Json.at(object, "spec", key)
      return typeof value === "number" && value < least ? [Names.invalidValue(`spec.${key}`, value, why)] : []
    }
    return [
      ...below("leaseDurationSeconds", 1, "must be greater than 0"),
      ...below("leaseTransitions", 0, "must be greater than or equal to 0")
    ]
  }
})

const definitions = builtin({
  group: "apiextensions.k8s.io",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  namespaced: false,
  hasStatus: true,
  hasGeneration: true,
  needsVersion: true,
  columns: Columns.definitions,
  schema: BuiltinSchema.open,
  shape: (object) => Result.succeed(CustomResource.withDefaults(object)),
  prepare: CustomResource.accepted,
  check: CustomResource.check
})

/** @param tainting whether new nodes bear the taint `not-ready` until a node lifecycle controller lifts it */
const nodes = (tainting: boolean) =>
  builtin({
    kind: "Node",
    plural: "nodes",
    shortNames: ["no"],
    namespaced: false,
    hasStatus: true,
    columns: Columns.nodes,
    fields: { "spec.unschedulable": (object) => String(Json.at(object, "spec", "unschedulable") === true) },
    schema: BuiltinSchema.open,
    shape: (object) => Result.succeed(NodeObject.shape(object)),
    prepare: (object) => (tainting ? NodeObject.withNotReadyTaint(object) : object)
  })

export const make = (options: { readonly tainting: boolean }): ReadonlyArray<Resource> => [
  namespaces,
  nodes(options.tainting),
  configMaps,
  secrets,
  events,
  leases,
  definitions
]
