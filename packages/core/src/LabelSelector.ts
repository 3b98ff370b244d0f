/**
 * Kubernetes label selectors, evaluated as Kubernetes evaluates them (`metav1.LabelSelector`).
 */
import * as Schema from "effect/Schema"
import * as SpecRules from "./SpecRules.ts"

const requirementOf = (limit: number, kind: string) =>
  Schema.Struct({
    key: Schema.NonEmptyString.annotate({
      description: "The label that the requirement is about.",
      ...SpecRules.labelKey
    }),
    operator: Schema.Literals(["In", "NotIn", "Exists", "DoesNotExist"]).annotate({
      description: `How the label relates to the values. NotIn also matches ${kind}s without the label.`
    }),
    values: Schema.optionalKey(
      Schema.Array(Schema.String.annotate(SpecRules.labelValue)).annotate({
        description: "For In and NotIn: at least one value. For Exists and DoesNotExist: none.",
        ...SpecRules.requirementValues(limit)
      })
    )
  }).annotate(SpecRules.requirement)
type Requirement = ReturnType<typeof requirementOf>["Type"]

const selectorOf = (limit: number, kind: string) =>
  Schema.Struct({
    matchLabels: Schema.optionalKey(
      Schema.Record(Schema.String, Schema.String.annotate(SpecRules.labelValue)).annotate({
        description: `Labels that a ${kind} must have, with these values.`,
        ...SpecRules.matchLabels(limit)
      })
    ),
    matchExpressions: Schema.optionalKey(
      Schema.Array(requirementOf(limit, kind)).annotate({
        description: `Requirements that a ${kind}'s labels must all meet.`,
        ...SpecRules.requirements(limit)
      })
    )
  })

export const LabelSelector = selectorOf(64, "node")
/** One of several: the API server reckons what all of them may cost together. */
export const ShortLabelSelector = selectorOf(16, "node")
/** Of Pods. */
export const PodSelector = selectorOf(16, "Pod")
export type LabelSelector = typeof LabelSelector.Type

/** Selects every node. */
export const everything: LabelSelector = {}

/** Labels of an object. */
export type Labels = { readonly [key: string]: string }

const meets = (labels: Labels, { key, operator, values = [] }: Requirement): boolean => {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value)
    case "NotIn":
      return value === undefined || !values.includes(value)
    case "Exists":
      return value !== undefined
    case "DoesNotExist":
      return value === undefined
  }
}

const render = ({ key, operator, values = [] }: Requirement): string =>
  operator === "In" || operator === "NotIn" ? `${key} ${operator} (${values.join(", ")})` : `${key} ${operator}`

const requirements = (selector: LabelSelector): ReadonlyArray<Requirement> => [
  ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: "In" as const,
    values: [value]
  })),
  ...(selector.matchExpressions ?? [])
]

/** The requirements that `labels` do not meet, as text (`role In (edge)`); empty when the selector matches. */
export const unmet = (selector: LabelSelector, labels: Labels): ReadonlyArray<string> =>
  requirements(selector)
    .filter((requirement) => !meets(labels, requirement))
    .map(render)

const term = ({ key, operator, values = [] }: Requirement): string => {
  // An empty text comes first: `key in (,a)` is how the API writes it among others.
  const [first, ...others] = [...new Set(values)].sort()
  switch (operator) {
    case "In":
      return others.length === 0 ? `${key}=${first ?? ""}` : `${key} in (${[first, ...others].join(",")})`
    case "NotIn":
      return others.length === 0 ? `${key}!=${first ?? ""}` : `${key} notin (${[first, ...others].join(",")})`
    case "Exists":
      return key
    case "DoesNotExist":
      return `!${key}`
  }
}

/** The selector as a request's `labelSelector`, the same for selectors that say the same in another order; empty: selects all. */
export const toQuery = (selector: LabelSelector): string =>
  [...new Set(requirements(selector).map(term))].sort().join(",")

const nameLike = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/u
const dnsSubdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/u

const isLabelKey = (key: string): boolean => {
  const [name = "", prefix, ...rest] = key.split("/").toReversed()
  return rest.length === 0 && nameLike.test(name) && (prefix === undefined || dnsSubdomain.test(prefix))
}

const isLabelValue = (value: string): boolean => value === "" || nameLike.test(value)

const quantity = ({ key, operator, values = [] }: Requirement, field: string): ReadonlyArray<string> => {
  const takesValues = operator === "In" || operator === "NotIn"
  if (takesValues && values.length === 0) return [`${field}: ${operator} on "${key}" needs at least one value`]
  if (!takesValues && values.length > 0) return [`${field}: ${operator} on "${key}" takes no values`]
  return []
}

/** What Kubernetes would refuse about a selector that its schema lets pass, as sentences that begin with the field's name; empty when it is valid. */
export const problems = (selector: LabelSelector, field = "nodeSelector"): ReadonlyArray<string> =>
  requirements(selector).flatMap((requirement) => [
    ...(isLabelKey(requirement.key) ? [] : [`${field}: "${requirement.key}" is no label key`]),
    ...(requirement.values ?? [])
      .filter((value) => !isLabelValue(value))
      .map((value) => `${field}: "${value}" is no value that a label can have`),
    ...quantity(requirement, field)
  ])
