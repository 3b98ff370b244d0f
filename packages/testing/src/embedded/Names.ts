/**
 * What names, labels and keys may look like, and how kube-apiserver says that they don't.
 */
import type { Cause } from "./ApiFailure.ts"
import * as Json from "./JsonValue.ts"
import { finalizersOf, type KubeObject, labelsOf, metadataOf, nameOf } from "./KubeObject.ts"

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
const subdomain = `${label}(\\.${label})*`
const qualifiedPart = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
const configKey = "[-._a-zA-Z0-9]+"

const matches = (pattern: string, text: string) => new RegExp(`^(?:${pattern})$`).test(text)

export const invalidValue = (field: string, value: Json.Json, why: string): Cause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field
})

export const required = (field: string, why = ""): Cause => ({
  reason: "FieldValueRequired",
  message: why === "" ? "Required value" : `Required value: ${why}`,
  field
})

export const immutable = (field: string, value: Json.Json): Cause => invalidValue(field, value, "field is immutable")

const subdomainRule = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`
const labelRule = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`
const partRule = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedPart}')`
const valueRule = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${qualifiedPart})?')`
const configKeyRule = `a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '${configKey}')`

const tooLong = (most: number) => `must be no more than ${most} characters`

/** Names of namespaces are labels, all others subdomains. */
const name = (object: KubeObject, isLabel: boolean): ReadonlyArray<Cause> => {
  const field = "metadata.name"
  const value = nameOf(object)
  if (value === "") return [required(field, "name or generateName is required")]
  if (isLabel && value.includes(".")) return [invalidValue(field, value, "must not contain dots")]
  const [pattern, rule, most] = isLabel ? [label, labelRule, 63] : [subdomain, subdomainRule, 253]
  return [
    ...(value.length > most ? [invalidValue(field, value, tooLong(most))] : []),
    ...(matches(pattern, value) ? [] : [invalidValue(field, value, rule)])
  ]
}

const qualified = (field: string, key: string): ReadonlyArray<Cause> => {
  const parts = key.split("/")
  const part = parts.at(-1) ?? ""
  const prefix = parts.length > 1 ? parts[0] : undefined
  if (parts.length > 2 || prefix === "")
    return [invalidValue(field, key, "a valid label key must have at most one '/'")]
  if (prefix !== undefined && !matches(subdomain, prefix)) {
    return [invalidValue(field, key, `prefix part ${subdomainRule}`)]
  }
  return matches(qualifiedPart, part) ? [] : [invalidValue(field, key, partRule)]
}

/** All that is wrong with `metadata`. */
export const check = (object: KubeObject, isLabel: boolean): ReadonlyArray<Cause> => [
  ...name(object, isLabel),
  ...Object.entries(labelsOf(object)).flatMap(([key, value]) => [
    ...qualified("metadata.labels", key),
    ...(matches(`(${qualifiedPart})?`, value) && value.length <= 63
      ? []
      : [invalidValue("metadata.labels", value, value.length > 63 ? tooLong(63) : valueRule)])
  ]),
  ...Object.keys(Json.objectOf(metadataOf(object).annotations)).flatMap((key) =>
    qualified("metadata.annotations", key.toLowerCase())
  ),
  ...finalizersOf(object).flatMap((finalizer) => qualified("metadata.finalizers", finalizer))
]

/** Keys of ConfigMaps and Secrets. */
export const checkDataKeys = (object: KubeObject, field: string): ReadonlyArray<Cause> =>
  Object.keys(Json.objectOf(object[field]))
    .filter((key) => !matches(configKey, key))
    .map((key) => invalidValue(`${field}[${key}]`, key, configKeyRule))
