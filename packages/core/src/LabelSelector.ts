/**
 * Kubernetes label selectors, evaluated as Kubernetes evaluates them (`metav1.LabelSelector`).
 */
import * as Schema from "effect/Schema"
import * as SpecRules from "./SpecRules.ts"

const requirementOf = (limit: number) =>
  Schema.Struct({
    key: Schema.NonEmptyString.annotate({
      description: "The label that the requirement is about.",
      ...SpecRules.labelKey
    }),
    operator: Schema.Literals(["In", "NotIn", "Exists", "DoesNotExist"]).annotate({
      description: "How the label relates to the values. NotIn also matches nodes without the label."
    }),
    values: Schema.optionalKey(
      Schema.Array(Schema.String.annotate(SpecRules.labelValue)).annotate({
        description: "For In and NotIn: at least one value. For Exists and DoesNotExist: none.",
        ...SpecRules.requirementValues(limit)
      })
    )
  }).annotate(SpecRules.requirement)
type Requirement = ReturnType<typeof requirementOf>["Type"]

const selectorOf = (limit: number) =>
  Schema.Struct({
    matchLabels: Schema.optionalKey(
      Schema.Record(Schema.String, Schema.String.annotate(SpecRules.labelValue)).annotate({
        description: "Labels that a node must have, with these values.",
        ...SpecRules.matchLabels(limit)
      })
    ),
    matchExpressions: Schema.optionalKey(
      Schema.Array(requirementOf(limit)).annotate({
        description: "Requirements that a node's labels must all meet.",
        ...SpecRules.requirements(limit)
      })
    )
  })

export const LabelSelector = selectorOf(64)
/** One of several: the API server reckons what all of them may cost together. */
export const ShortLabelSelector = selectorOf(16)
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

const nameLike = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/u
const dnsSubdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/u

const isLabelKey = (key: string): boolean => {
  const [name = "", prefix, ...rest] = key.split("/").toReversed()
  return rest.length === 0 && nameLike.test(name) && (prefix === undefined || dnsSubdomain.test(prefix))
}

const isLabelValue = (value: string): boolean => value === "" || nameLike.test(value)

const quantity = ({ key, operator, values = [] }: Requirement): ReadonlyArray<string> => {
  const takesValues = operator === "In" || operator === "NotIn"
  if (takesValues && values.length === 0) return [`nodeSelector: ${operator} on "${key}" needs at least one value`]
  if (!takesValues && values.length > 0) return [`nodeSelector: ${operator} on "${key}" takes no values`]
  return []
}

/** What Kubernetes would refuse about a selector that its schema lets pass, as sentences; empty when it is valid. */
export const problems = (selector: LabelSelector): ReadonlyArray<string> =>
  requirements(selector).flatMap((requirement) => [
    ...(isLabelKey(requirement.key) ? [] : [`nodeSelector: "${requirement.key}" is no label key`]),
    ...(requirement.values ?? [])
      .filter((value) => !isLabelValue(value))
      .map((value) => `nodeSelector: "${value}" is no value that a label can have`),
    ...quantity(requirement)
  ])
