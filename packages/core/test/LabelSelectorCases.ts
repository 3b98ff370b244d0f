import type { LabelSelector, Labels } from "@netcup-failover/core/LabelSelector"

export interface SelectorCase {
  readonly name: string
  readonly selector: LabelSelector
  readonly labels: Labels
  readonly matches: boolean | "refused"
}

/**
 * What Kubernetes makes of selectors. `matches` was printed by a Go program that decoded each selector and its labels from
 * JSON into `metav1.LabelSelector` and `labels.Set` of k8s.io/apimachinery v0.36.3: the answer of
 * `LabelSelectorAsSelector(selector).Matches(labels)`, or "refused" where `LabelSelectorAsSelector` gives an error.
 */
export const selectorCases: ReadonlyArray<SelectorCase> = [
  { name: "an empty selector, no labels", selector: {}, labels: {}, matches: true },
  { name: "an empty selector, some labels", selector: {}, labels: { role: "edge" }, matches: true },
  {
    name: "empty matchLabels and matchExpressions",
    selector: { matchLabels: {}, matchExpressions: [] },
    labels: { role: "edge" },
    matches: true
  },
  {
    name: "matchLabels with the value",
    selector: { matchLabels: { role: "edge" } },
    labels: { role: "edge", zone: "a" },
    matches: true
  },
  {
    name: "matchLabels with another value",
    selector: { matchLabels: { role: "edge" } },
    labels: { role: "core" },
    matches: false
  },
  {
    name: "matchLabels without the key",
    selector: { matchLabels: { role: "edge" } },
    labels: { zone: "edge" },
    matches: false
  },
  {
    name: "matchLabels with an empty value, which the label has",
    selector: { matchLabels: { "node-role.kubernetes.io/control-plane": "" } },
    labels: { "node-role.kubernetes.io/control-plane": "" },
    matches: true
  },
  {
    name: "matchLabels with an empty value, which the label has not",
    selector: { matchLabels: { "node-role.kubernetes.io/control-plane": "" } },
    labels: { "node-role.kubernetes.io/control-plane": "true" },
    matches: false
  },
  {
    name: "matchLabels with an empty value, without the key",
    selector: { matchLabels: { "node-role.kubernetes.io/control-plane": "" } },
    labels: {},
    matches: false
  },
  {
    name: "two matchLabels, both met",
    selector: { matchLabels: { role: "edge", zone: "a" } },
    labels: { role: "edge", zone: "a" },
    matches: true
  },
  {
    name: "two matchLabels, one met",
    selector: { matchLabels: { role: "edge", zone: "a" } },
    labels: { role: "edge", zone: "b" },
    matches: false
  },
  {
    name: "keys are case-sensitive",
    selector: { matchLabels: { role: "edge" } },
    labels: { Role: "edge" },
    matches: false
  },
  {
    name: "values are case-sensitive",
    selector: { matchLabels: { role: "edge" } },
    labels: { role: "Edge" },
    matches: false
  },
  {
    name: "In with the only value",
    selector: { matchExpressions: [{ key: "role", operator: "In", values: ["edge"] }] },
    labels: { role: "edge" },
    matches: true
  },
  {
    name: "In with one of two values",
    selector: { matchExpressions: [{ key: "role", operator: "In", values: ["core", "edge"] }] },
    labels: { role: "edge" },
    matches: true
  },
  {
    name: "In with none of the values",
    selector: { matchExpressions: [{ key: "role", operator: "In", values: ["core", "edge"] }] },
    labels: { role: "db" },
    matches: false
  },
  {
    name: "In without the key",
    selector: { matchExpressions: [{ key: "role", operator: "In", values: ["edge"] }] },
    labels: {},
    matches: false
  },
  {
    name: "In with the empty value, without the key",
    selector: { matchExpressions: [{ key: "role", operator: "In", values: [""] }] },
    labels: {},
    matches: false
  },
  {
    name: "In with the empty value, which the label has",
    selector: { matchExpressions: [{ key: "role", operator: "In", values: [""] }] },
    labels: { role: "" },
    matches: true
  },
  {
    name: "In with a value twice",
    selector: { matchExpressions: [{ key: "role", operator: "In", values: ["edge", "edge"] }] },
    labels: { role: "edge" },
    matches: true
  },
  {
    name: "NotIn with the value",
    selector: { matchExpressions: [{ key: "role", operator: "NotIn", values: ["edge"] }] },
    labels: { role: "edge" },
    matches: false
  },
  {
    name: "NotIn with another value",
    selector: { matchExpressions: [{ key: "role", operator: "NotIn", values: ["edge"] }] },
    labels: { role: "core" },
    matches: true
  },
  {
    name: "NotIn with one of two values",
    selector: { matchExpressions: [{ key: "role", operator: "NotIn", values: ["core", "edge"] }] },
    labels: { role: "edge" },
    matches: false
  },
  {
    name: "NotIn without the key",
    selector: { matchExpressions: [{ key: "role", operator: "NotIn", values: ["edge"] }] },
    labels: {},
    matches: true
  },
  {
    name: "NotIn with the empty value, without the key",
    selector: { matchExpressions: [{ key: "role", operator: "NotIn", values: [""] }] },
    labels: {},
    matches: true
  },
  {
    name: "NotIn with the empty value, which the label has",
    selector: { matchExpressions: [{ key: "role", operator: "NotIn", values: [""] }] },
    labels: { role: "" },
    matches: false
  },
  {
    name: "Exists with the key",
    selector: { matchExpressions: [{ key: "role", operator: "Exists" }] },
    labels: { role: "edge" },
    matches: true
  },
  {
    name: "Exists with the key and an empty value",
    selector: { matchExpressions: [{ key: "role", operator: "Exists" }] },
    labels: { role: "" },
    matches: true
  },
  {
    name: "Exists without the key",
    selector: { matchExpressions: [{ key: "role", operator: "Exists" }] },
    labels: { zone: "a" },
    matches: false
  },
  {
    name: "Exists with empty values",
    selector: { matchExpressions: [{ key: "role", operator: "Exists", values: [] }] },
    labels: { role: "edge" },
    matches: true
  },
  {
    name: "DoesNotExist with the key",
    selector: { matchExpressions: [{ key: "role", operator: "DoesNotExist" }] },
    labels: { role: "edge" },
    matches: false
  },
  {
    name: "DoesNotExist with the key and an empty value",
    selector: { matchExpressions: [{ key: "role", operator: "DoesNotExist" }] },
    labels: { role: "" },
    matches: false
  },
  {
    name: "DoesNotExist without the key",
    selector: { matchExpressions: [{ key: "role", operator: "DoesNotExist" }] },
    labels: {},
    matches: true
  },
  {
    name: "matchLabels and matchExpressions, both met",
    selector: { matchLabels: { role: "edge" }, matchExpressions: [{ key: "zone", operator: "NotIn", values: ["b"] }] },
    labels: { role: "edge", zone: "a" },
    matches: true
  },
  {
    name: "matchLabels met, matchExpressions not",
    selector: { matchLabels: { role: "edge" }, matchExpressions: [{ key: "zone", operator: "NotIn", values: ["b"] }] },
    labels: { role: "edge", zone: "b" },
    matches: false
  },
  {
    name: "matchExpressions met, matchLabels not",
    selector: { matchLabels: { role: "edge" }, matchExpressions: [{ key: "zone", operator: "NotIn", values: ["b"] }] },
    labels: { role: "core", zone: "a" },
    matches: false
  },
  {
    name: "two requirements on one key that agree",
    selector: {
      matchExpressions: [
        { key: "role", operator: "Exists" },
        { key: "role", operator: "NotIn", values: ["core"] }
      ]
    },
    labels: { role: "edge" },
    matches: true
  },
  {
    name: "two requirements on one key that exclude each other",
    selector: {
      matchExpressions: [
        { key: "role", operator: "Exists" },
        { key: "role", operator: "DoesNotExist" }
      ]
    },
    labels: { role: "edge" },
    matches: false
  },
  {
    name: "Exists on a name that every object inherits",
    selector: { matchExpressions: [{ key: "constructor", operator: "Exists" }] },
    labels: {},
    matches: false
  },
  {
    name: "DoesNotExist on a name that every object inherits",
    selector: { matchExpressions: [{ key: "toString", operator: "DoesNotExist" }] },
    labels: {},
    matches: true
  },
  {
    name: "NotIn on a name that every object inherits",
    selector: { matchExpressions: [{ key: "hasOwnProperty", operator: "NotIn", values: ["a"] }] },
    labels: {},
    matches: true
  },
  {
    name: "In on a label with the name of an inherited one",
    selector: { matchExpressions: [{ key: "constructor", operator: "In", values: ["a"] }] },
    labels: { constructor: "a" },
    matches: true
  },
  {
    name: "matchLabels on a name that every object inherits",
    selector: { matchLabels: { valueOf: "a" } },
    labels: {},
    matches: false
  },
  {
    name: "a key of 63 characters after a prefix",
    selector: { matchLabels: { "example.org/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": "a" } },
    labels: { "example.org/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": "a" },
    matches: true
  },
  {
    name: "In without values",
    selector: { matchExpressions: [{ key: "role", operator: "In" }] },
    labels: { role: "edge" },
    matches: "refused"
  },
  {
    name: "In with no values",
    selector: { matchExpressions: [{ key: "role", operator: "In", values: [] }] },
    labels: {},
    matches: "refused"
  },
  {
    name: "NotIn without values",
    selector: { matchExpressions: [{ key: "role", operator: "NotIn" }] },
    labels: {},
    matches: "refused"
  },
  {
    name: "Exists with a value",
    selector: { matchExpressions: [{ key: "role", operator: "Exists", values: ["edge"] }] },
    labels: { role: "edge" },
    matches: "refused"
  },
  {
    name: "DoesNotExist with a value",
    selector: { matchExpressions: [{ key: "role", operator: "DoesNotExist", values: ["edge"] }] },
    labels: {},
    matches: "refused"
  },
  {
    name: "an expression's key with a space",
    selector: { matchExpressions: [{ key: "my role", operator: "Exists" }] },
    labels: {},
    matches: "refused"
  },
  {
    name: "an expression's key with two slashes",
    selector: { matchExpressions: [{ key: "a/b/c", operator: "DoesNotExist" }] },
    labels: {},
    matches: "refused"
  },
  {
    name: "an expression's key that begins with an underscore",
    selector: { matchExpressions: [{ key: "__proto__", operator: "DoesNotExist" }] },
    labels: {},
    matches: "refused"
  },
  {
    name: "a key with an upper-case prefix",
    selector: { matchExpressions: [{ key: "Example.org/role", operator: "Exists" }] },
    labels: {},
    matches: "refused"
  },
  {
    name: "a value with a space",
    selector: { matchExpressions: [{ key: "role", operator: "NotIn", values: ["the edge"] }] },
    labels: {},
    matches: "refused"
  },
  {
    name: "a value of 64 characters",
    selector: {
      matchExpressions: [
        { key: "role", operator: "In", values: ["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"] }
      ]
    },
    labels: {},
    matches: "refused"
  },
  { name: "an empty key of matchLabels", selector: { matchLabels: { "": "a" } }, labels: {}, matches: "refused" },
  {
    name: "a key of matchLabels with a space",
    selector: { matchLabels: { "my role": "a" } },
    labels: {},
    matches: "refused"
  },
  {
    name: "a key of matchLabels that is too long",
    selector: { matchLabels: { xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: "a" } },
    labels: {},
    matches: "refused"
  },
  {
    name: "a value of matchLabels with a slash",
    selector: { matchLabels: { role: "a/b" } },
    labels: {},
    matches: "refused"
  }
]
