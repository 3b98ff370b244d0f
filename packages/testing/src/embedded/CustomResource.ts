/**
 * CustomResourceDefinitions: what is wrong with one, and the resources that a good one serves.
 */
import * as Result from "effect/Result"
import { age } from "./Age.ts"
import type { Cause } from "./ApiFailure.ts"
import * as ColumnPath from "./ColumnPath.ts"
import * as Json from "./JsonValue.ts"
import { type KubeObject, nameOf } from "./KubeObject.ts"
import { immutable, invalidValue, required } from "./Names.ts"
import type { Column, Resource } from "./Resource.ts"
import * as SchemaValidation from "./SchemaValidation.ts"
import * as StructuralSchema from "./StructuralSchema.ts"

const schemaOf = (version: Json.Json) => Json.at(version, "schema", "openAPIV3Schema")

const versionsOf = (crd: KubeObject) => Json.listOf(Json.at(crd, "spec", "versions"))

/** Fills in what may be left out. */
export const withDefaults = (crd: KubeObject): KubeObject => {
  const spec = Json.objectOf(crd.spec)
  const names = Json.objectOf(spec.names)
  const kind = Json.textAt(names, "kind") ?? ""
  return {
    ...crd,
    spec: {
      ...spec,
      names: { singular: kind.toLowerCase(), listKind: `${kind}List`, ...names },
      conversion: spec.conversion ?? { strategy: "None" }
    }
  }
}

export const check = (crd: KubeObject, before: KubeObject | undefined): ReadonlyArray<Cause> => {
  const group = Json.textAt(crd, "spec", "group") ?? ""
  const plural = Json.textAt(crd, "spec", "names", "plural") ?? ""
  const scope = Json.textAt(crd, "spec", "scope") ?? ""
  const versions = versionsOf(crd)
  const storing = versions.filter((version) => Json.at(version, "storage") === true).length
  const name = nameOf(crd)
  return [
    ...(name === `${plural}.${group}`
      ? []
      : [invalidValue("metadata.name", name, `must be spec.names.plural+"."+spec.group`)]),
    ...(group === "" ? [required("spec.group")] : []),
    ...(plural === "" ? [required("spec.names.plural")] : []),
    ...(Json.textAt(crd, "spec", "names", "kind") ? [] : [required("spec.names.kind")]),
    ...(scope === "Cluster" || scope === "Namespaced"
      ? []
      : [
          {
            reason: "FieldValueNotSupported",
            message: `Unsupported value: ${JSON.stringify(scope)}: supported values: "Cluster", "Namespaced"`,
            field: "spec.scope"
          }
        ]),
    ...(versions.length > 0 && storing !== 1
      ? [invalidValue("spec.versions", "", "must have exactly one version marked as storage version")]
      : []),
    ...(versions.length === 0 ? [required("spec.versions")] : []),
    ...versions.flatMap((version, index) => {
      const field = `spec.versions[${index}].schema.openAPIV3Schema`
      const schema = schemaOf(version)
      if (!Json.isObject(schema)) return [required(field)]
      const made = SchemaValidation.make(schema)
      return [
        ...(schema.type === "object"
          ? []
          : [invalidValue(`${field}.type`, schema.type ?? "", "must be object at the root")]),
        ...(Result.isFailure(made) ? [invalidValue(field, "", made.failure)] : [])
      ]
    }),
    ...(["group", "scope"] as const).flatMap((key) => {
      const value = Json.textAt(crd, "spec", key) ?? ""
      return before === undefined || value === Json.textAt(before, "spec", key) ? [] : [immutable(`spec.${key}`, value)]
    })
  ]
}

/** As the real one's controllers write it, here in the same write as the definition. */
export const accepted = (crd: KubeObject, now: string): KubeObject => {
  const condition = (type: string, reason: string, message: string) => {
    const known = Json.listOf(Json.at(crd, "status", "conditions")).find((one) => Json.textAt(one, "type") === type)
    return known ?? { type, status: "True", lastTransitionTime: now, reason, message }
  }
  const storing = versionsOf(crd).filter((version) => Json.at(version, "storage") === true)
  return {
    ...crd,
    status: {
      conditions: [
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted")
      ],
      acceptedNames: Json.at(crd, "spec", "names") ?? {},
      storedVersions: storing.map((version) => Json.textAt(version, "name") ?? "")
    }
  }
}

const nameColumn: Column = { name: "Name", type: "string", format: "name", cell: nameOf }

const ageColumn: Column = {
  name: "Age",
  type: "date",
  cell: (object, now) => age(Json.textAt(object, "metadata", "creationTimestamp"), now)
}

const columnOf = (definition: Json.Json): ReadonlyArray<Column> => {
  const path = ColumnPath.parse(Json.textAt(definition, "jsonPath") ?? "")
  const type = Json.textAt(definition, "type") ?? "string"
  const priority = Json.at(definition, "priority")
  return [
    {
      name: Json.textAt(definition, "name") ?? "",
      type,
      format: Json.textAt(definition, "format") ?? "",
      priority: typeof priority === "number" ? priority : 0,
      cell: (object, now) => {
        const found = path?.(object)[0]
        if (found === undefined || found === null) return null
        if (type === "date") return typeof found === "string" ? age(found, now) : null
        if (type === "integer" || type === "number") return typeof found === "number" ? found : null
        if (type === "boolean") return typeof found === "boolean" ? found : null
        return typeof found === "string" ? found : JSON.stringify(found)
      }
    }
  ]
}

/** What metadata looks like is known to all kinds: its schema in a CRD only adds to it. */
const resourceOf = (crd: KubeObject, version: Json.Json): ReadonlyArray<Resource> => {
  const schema = Json.objectOf(schemaOf(version))
  const made = SchemaValidation.make(schema)
  if (Result.isFailure(made)) return []
  const names = Json.objectOf(Json.at(crd, "spec", "names"))
  const texts = (key: string) => Json.listOf(names[key]).filter((one) => typeof one === "string")
  const definitions = Json.listOf(Json.at(version, "additionalPrinterColumns"))
  const hasStatus = Json.at(version, "subresources", "status") !== undefined
  return [
    {
      group: Json.textAt(crd, "spec", "group") ?? "",
      version: Json.textAt(version, "name") ?? "",
      kind: Json.textAt(names, "kind") ?? "",
      listKind: Json.textAt(names, "listKind") ?? "",
      plural: Json.textAt(names, "plural") ?? "",
      singular: Json.textAt(names, "singular") ?? "",
      shortNames: texts("shortNames"),
      categories: texts("categories"),
      namespaced: Json.textAt(crd, "spec", "scope") === "Namespaced",
      custom: true,
      hasStatus,
      hasGeneration: true,
      needsVersion: true,
      columns: [nameColumn, ...(definitions.length === 0 ? [ageColumn] : definitions.flatMap(columnOf))],
      fields: {},
      read: (object) => {
        const { dropped, value } = StructuralSchema.prune(schema, object)
        const defaulted = Json.objectOf(StructuralSchema.applyDefaults(schema, value))
        return Result.succeed({ object: defaulted, unknown: dropped })
      },
      prepare: (object) => (hasStatus ? Json.set(object, { status: undefined }) : object),
      check: made.success
    }
  ]
}

/** None of what is not served. */
export const resourcesOf = (crd: KubeObject): ReadonlyArray<Resource> =>
  versionsOf(crd)
    .filter((version) => Json.at(version, "served") === true)
    .flatMap((version) => resourceOf(crd, version))
