import { assert } from "@effect/vitest"
import * as FailoverAddress from "@netcup-failover/core/FailoverAddress"
import * as LabelSelector from "@netcup-failover/core/LabelSelector"
import { KubeCluster } from "@netcup-failover/testing/kubernetes/KubeCluster"
import * as Stage from "@netcup-failover/testing/stage/Stage"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { suite } from "./Suite.ts"

type Spec = { readonly [key: string]: Schema.Json }

const ips = ["198.51.100.1/32", "2001:db8::/64"]
const credentialsSecret = { name: "netcup", namespace: "netcup-system" }

/** What the API server says to a resource with this spec; `undefined`: it takes it. Nothing is kept. */
const refusal = Effect.fn(function* (spec: Spec) {
  const { http } = yield* KubeCluster
  return yield* http
    .create(`${Stage.groupsPath}?dryRun=All&fieldValidation=Strict`, {
      apiVersion: "netcup.digilol.net/v1alpha1",
      kind: "NetcupFailoverIP",
      metadata: { name: "primary" },
      spec: { ips, credentialsSecret, ...spec }
    })
    .pipe(
      Effect.as(undefined),
      Effect.catch(({ status, message }) => Effect.succeed(status === 422 ? message : `${status}: ${message}`))
    )
})

const many = (n: number) => Array.from({ length: n }, (_, i) => `198.51.100.${i + 1}/32`)
const labels = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`label-${i}`, ""]))
const selecting = (...matchExpressions: ReadonlyArray<Schema.Json>): Spec => ({ nodeSelector: { matchExpressions } })

const good: ReadonlyArray<readonly [string, Spec]> = [
  ["the seed's sample", {}],
  ["IPv6 prefixes of any length", { ips: ["2001:db8::/1", "2001:db8::/48", "2001:db8::1/128"] }],
  ["host bits in IPv6", { ips: ["2001:db8::2/64"] }],
  ["upper case and leading zeros in IPv6", { ips: ["2001:0DB8:0000::A/64"] }],
  [
    "all wishes at once",
    {
      preferences: [
        { weight: 1, nodeSelector: {} },
        ...Array(15).fill({ weight: 100, nodeSelector: { matchLabels: labels(16) } })
      ],
      failback: "WhenPreferred",
      rebalance: "WhenUneven",
      drift: "Alert",
      reclaimPolicy: "Unroute",
      paused: false
    }
  ],
  [
    "a workload",
    {
      workload: {
        namespace: "ingress",
        selector: {
          matchLabels: labels(16),
          matchExpressions: [{ key: "app", operator: "In", values: ["a", "b"] }]
        }
      }
    }
  ],
  ["a workload of all Pods of a namespace", { workload: { namespace: "ingress", selector: {} } }],
  [
    "no wishes at all",
    { preferences: [], failback: "Never", rebalance: "Never", drift: "Enforce", reclaimPolicy: "Retain" }
  ],
  ["as many addresses as are allowed", { ips: many(64) }],
  ["a Secret with dots in its name", { credentialsSecret: { name: "netcup.account-1", namespace: "a-b" } }],
  ["the longest names", { credentialsSecret: { name: "a".repeat(253), namespace: "b".repeat(63) } }],
  [
    "every operator",
    selecting(
      { key: "a", operator: "In", values: ["", "x"] },
      { key: "example.org/b", operator: "NotIn", values: ["y_Z.1"] },
      { key: "c", operator: "Exists" },
      { key: "d", operator: "DoesNotExist", values: [] }
    )
  ],
  ["as many labels as are allowed", { nodeSelector: { matchLabels: labels(64) } }],
  [
    "the longest label",
    { nodeSelector: { matchLabels: { [`${"a".repeat(253)}/${"b".repeat(63)}`]: "c".repeat(63) } } }
  ],
  ["an empty selector", { nodeSelector: {} }],
  ["a priority", { priority: -1_000_000_000 }],
  ["no choice of detection", { detection: {} }],
  ["detection by conditions", { detection: { mode: "NodeConditions" } }],
  [
    "detection in haste",
    { detection: { mode: "Fast", leaseStaleAfterSeconds: 5, silentAfterSeconds: 2, recoveredAfterSeconds: 0 } }
  ],
  [
    "detection at leisure",
    { detection: { leaseStaleAfterSeconds: 3600, silentAfterSeconds: 3600, recoveredAfterSeconds: 3600 } }
  ]
]

/** What is wrong, and what the message has to say: where, and what to write instead. */
const preferring = (preference: Schema.Json): Spec => ({ preferences: [preference] })

const bad: ReadonlyArray<readonly [string, Spec, ...ReadonlyArray<string>]> = [
  ["no addresses", { ips: [] }, "spec.ips", "should have at least 1 items"],
  ["too many addresses", { ips: many(65) }, "spec.ips", "must have at most 64 items"],
  ["IPv4 without a length", { ips: ["198.51.100.1"] }, "spec.ips[0]", "has no prefix length: write 198.51.100.1/32"],
  [
    "IPv6 without a length",
    { ips: [...ips, "2001:DB8:1::0"] },
    "spec.ips[2]",
    "has no prefix length: write 2001:DB8:1::0/64"
  ],
  ["a range of IPv4", { ips: ["198.51.100.7/24"] }, "netcup routes single IPv4 addresses only: write 198.51.100.7/32"],
  ["all of IPv4", { ips: ["0.0.0.0/0"] }, "netcup routes single IPv4 addresses only"],
  ["all of IPv6", { ips: ["::/0"] }, "is the whole address space: write the prefix that netcup assigned"],
  ["a zone", { ips: ["fe80::1%eth0/64"] }, "is not a CIDR: write an IPv4 address with /32 or an IPv6 prefix"],
  ["IPv4 as IPv6", { ips: ["::ffff:198.51.100.1/128"] }, "is an IPv4 address written as IPv6: write 198.51.100.1/32"],
  ["a host name", { ips: ["example.org"] }, "is not a CIDR"],
  ["nothing at all", { ips: [""] }, "is not a CIDR"],
  ["a line break", { ips: ["198.51.100.1/32\n"] }, "is not a CIDR"],
  ["an endless text", { ips: ["1".repeat(65)] }, "spec.ips[0]", "64"],
  [
    "the same address twice",
    { ips: ["198.51.100.1/32", "198.51.100.1/32"] },
    "spec.ips",
    "two of these are the same prefix"
  ],
  [
    "the same prefix in two spellings",
    { ips: ["2001:db8::/64", "198.51.100.1/32", "2001:DB8::1/64"] },
    "two of these are the same prefix, whatever their host bits and spelling: keep one of them"
  ],
  [
    "a Secret in capitals",
    { credentialsSecret: { name: "Netcup", namespace: "a" } },
    "spec.credentialsSecret.name",
    "is no name of a Secret: write lower-case letters"
  ],
  ["a Secret with a path", { credentialsSecret: { name: "../x", namespace: "a" } }, "is no name of a Secret"],
  ["a Secret's name of two lines", { credentialsSecret: { name: "a\n", namespace: "a" } }, "is no name of a Secret"],
  [
    "a Secret without a name",
    { credentialsSecret: { name: "", namespace: "a" } },
    "spec.credentialsSecret.name",
    "at least 1 chars"
  ],
  [
    "a namespace with a dot",
    { credentialsSecret: { name: "a", namespace: "a.b" } },
    "spec.credentialsSecret.namespace",
    "is no name of a namespace: write lower-case letters"
  ],
  [
    "a name that is too long",
    { credentialsSecret: { name: "a".repeat(254), namespace: "a" } },
    "spec.credentialsSecret.name",
    "253"
  ],
  ["no Secret", { credentialsSecret: {} }, "spec.credentialsSecret.name", "Required value"],
  [
    "In without values",
    selecting({ key: "a", operator: "In" }),
    "In needs at least one value: write values, or use Exists"
  ],
  ["NotIn without values", selecting({ key: "a", operator: "NotIn", values: [] }), "NotIn needs at least one value"],
  [
    "Exists with values",
    selecting({ key: "a", operator: "Exists", values: ["x"] }),
    "Exists takes no values: leave values out, or use In"
  ],
  [
    "DoesNotExist with values",
    selecting({ key: "a", operator: "DoesNotExist", values: ["x"] }),
    "DoesNotExist takes no values"
  ],
  [
    "an unknown operator",
    selecting({ key: "a", operator: "Gt", values: ["1"] }),
    'supported values: "In", "NotIn", "Exists", "DoesNotExist"'
  ],
  [
    "a requirement's key that is none",
    selecting({ key: "a b", operator: "Exists" }),
    "matchExpressions[0].key",
    "is no label key: write a name such as role"
  ],
  [
    "a requirement's value that is none",
    selecting({ key: "a", operator: "In", values: ["x y"] }),
    "values[0]",
    "is no value that a label can have: write at most 63"
  ],
  [
    "a label's key that is none",
    { nodeSelector: { matchLabels: { a: "b", "-x": "y" } } },
    "spec.nodeSelector.matchLabels",
    "one of the keys is no label key: write a name such as role"
  ],
  [
    "a label's value that is none",
    { nodeSelector: { matchLabels: { a: "-b" } } },
    "spec.nodeSelector.matchLabels[a]",
    "is no value that a label can have"
  ],
  ["a value that is too long", { nodeSelector: { matchLabels: { a: "b".repeat(64) } } }, "63"],
  ["too many labels", { nodeSelector: { matchLabels: labels(65) } }, "must have at most 64"],
  [
    "a priority out of range",
    { priority: 1_000_000_001 },
    "spec.priority",
    "should be less than or equal to 1000000000"
  ],
  ["a preference without a weight", preferring({ nodeSelector: {} }), "spec.preferences[0].weight", "Required value"],
  ["a weight of nothing", preferring({ weight: 0, nodeSelector: {} }), "greater than or equal to 1"],
  ["too much weight", preferring({ weight: 101, nodeSelector: {} }), "less than or equal to 100"],
  ["half a weight", preferring({ weight: 1.5, nodeSelector: {} }), "spec.preferences[0].weight", "of type integer"],
  ["a preference for nothing", preferring({ weight: 1 }), "spec.preferences[0].nodeSelector", "Required value"],
  [
    "a preference with a selector that is none",
    preferring({ weight: 1, nodeSelector: { matchExpressions: [{ key: "a", operator: "In" }] } }),
    "spec.preferences[0].nodeSelector.matchExpressions[0]",
    "In needs at least one value"
  ],
  ["too many preferences", { preferences: Array(17).fill({ weight: 1, nodeSelector: {} }) }, "must have at most 16"],
  ["a workload that is nowhere", { workload: { selector: {} } }, "spec.workload.namespace", "Required value"],
  ["a workload of nothing", { workload: { namespace: "a" } }, "spec.workload.selector", "Required value"],
  [
    "a workload in a namespace that is none",
    { workload: { namespace: "A", selector: {} } },
    "spec.workload.namespace",
    "is no name of a namespace: write lower-case letters"
  ],
  [
    "a workload with a selector that is none",
    { workload: { namespace: "a", selector: { matchExpressions: [{ key: "a", operator: "In" }] } } },
    "spec.workload.selector.matchExpressions[0]",
    "In needs at least one value"
  ],
  [
    "a workload with too many labels",
    { workload: { namespace: "a", selector: { matchLabels: labels(17) } } },
    "must have at most 16"
  ],
  ["an unknown failback", { failback: "Always" }, 'supported values: "Never", "WhenPreferred"'],
  ["an unknown rebalance", { rebalance: true }, "spec.rebalance"],
  ["an unknown drift", { drift: "Ignore" }, 'supported values: "Enforce", "Adopt", "Alert"'],
  ["an unknown reclaim policy", { reclaimPolicy: "Delete" }, 'supported values: "Retain", "Unroute"'],
  ["a pause that is no yes or no", { paused: "yes" }, "spec.paused", "must be of type boolean"],
  ["an unknown detection", { detection: { mode: "Slow" } }, 'supported values: "Fast", "NodeConditions"'],
  [
    "times for detection by conditions",
    { detection: { mode: "NodeConditions", silentAfterSeconds: 5 } },
    "spec.detection",
    "NodeConditions knows no times: leave them out, or use Fast"
  ],
  [
    "a Lease that is stale before it is renewed",
    { detection: { leaseStaleAfterSeconds: 4 } },
    "spec.detection.leaseStaleAfterSeconds",
    "greater than or equal to 5"
  ],
  ["silence in an instant", { detection: { silentAfterSeconds: 1 } }, "greater than or equal to 2"],
  ["silence for ever", { detection: { silentAfterSeconds: 3601 } }, "less than or equal to 3600"],
  ["recovery in the past", { detection: { recoveredAfterSeconds: -1 } }, "greater than or equal to 0"],
  ["half a second", { detection: { silentAfterSeconds: 2.5 } }, "of type integer"],
  ["a priority that is no number", { priority: "high" }, "spec.priority", "must be of type integer"],
  ["an unknown field", { ip: "198.51.100.1/32" }, 'unknown field "spec.ip"']
]

const heads = [
  "198.51.100.1",
  "198.51.100.256",
  "198.51.100.01",
  "198.51.100",
  "198.51.100.1.1",
  "0.0.0.0",
  " 198.51.100.1",
  "198.51.100.1 ",
  "0x1.2.3.4",
  "１.2.3.4",
  "2001:db8::",
  "2001:db8::1",
  "2001:DB8::1",
  "2001:0db8:0:0:0:0:0:1",
  "2001:00db8::1",
  "::",
  "::1",
  "1::",
  "1:2:3:4:5:6:7:8",
  "1:2:3:4:5:6:7::",
  "::2:3:4:5:6:7:8",
  "1:2:3:4::5:6:7:8",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1::2::3",
  ":1",
  "1:",
  ":::",
  "::198.51.100.1",
  "64:ff9b::198.51.100.1",
  "1:2:3:4:5:6:198.51.100.1",
  "1:2:3:4:5:6:7:198.51.100.1",
  "::198.51.100.01",
  "::ffff:198.51.100.1",
  "::FFFF:c633:6401",
  "0:0:0:0:0:ffff:198.51.100.1",
  "::ffff:0:0",
  "fe80::1%eth0",
  "fe80::1%1",
  "[2001:db8::]",
  "2001:db8::g",
  "",
  "example.org",
  "é",
  "😀"
]
const tails = [
  "",
  "/",
  "/0",
  "/1",
  "/31",
  "/32",
  "/33",
  "/64",
  "/96",
  "/128",
  "/129",
  "/032",
  "/+32",
  "/-1",
  "/ 32",
  "/32 ",
  "/32/32",
  "/３２",
  "/0x20",
  "/1e1",
  "/255.255.255.255",
  "/999999999999999999999"
]

const keys = [
  "a",
  "A",
  "a-b",
  "a_b.c",
  "-a",
  "a-",
  ".a",
  "a b",
  "a\n",
  "é",
  "a".repeat(63),
  "a".repeat(64),
  "example.org/a",
  "Example.org/a",
  "example..org/a",
  "/a",
  "a/",
  "a/b/c",
  "example.org/",
  `${"a".repeat(253)}/b`,
  `${"a".repeat(254)}/b`,
  `${"a".repeat(100)}/${"b".repeat(64)}`,
  "node-role.kubernetes.io/control-plane"
]
const values = ["", "a", "A.b_c-d", "-a", "a-", "a b", "a\n", "é", "a/b", "a".repeat(63), "a".repeat(64), "true", "1"]

/** Those of the cases for which the API server and `decoder` do not say the same. */
const disagreements = <A>(cases: ReadonlyArray<A>, specOf: (one: A) => Spec, decoder: (one: A) => boolean) =>
  Effect.forEach(
    cases,
    (one) => Effect.map(refusal(specOf(one)), (said) => ((said === undefined) === decoder(one) ? [] : [{ one, said }])),
    { concurrency: 8 }
  ).pipe(Effect.map((all) => all.flat()))

suite("what the API server lets in", { apis: ["soap"] }, (scenario) => {
  scenario(
    "good resources",
    Effect.gen(function* () {
      for (const [name, spec] of good) assert.strictEqual(yield* refusal(spec), undefined, name)
    })
  )

  scenario(
    "bad resources are refused with what to write instead",
    Effect.gen(function* () {
      for (const [name, spec, ...words] of bad) {
        const said = (yield* refusal(spec)) ?? "accepted"
        for (const word of words) assert.include(said, word, name)
      }
    })
  )

  scenario(
    "is an address exactly when the controller reads it as one",
    Effect.gen(function* () {
      const texts = heads.flatMap((head) => tails.map((tail) => head + tail))
      const reads = (text: string) => Result.isSuccess(FailoverAddress.parse(text))
      assert.isAbove(texts.filter(reads).length, 50)
      assert.deepStrictEqual(yield* disagreements(texts, (text) => ({ ips: [text] }), reads), [])
    })
  )

  scenario(
    "are two addresses exactly when the controller takes them for different prefixes",
    Effect.gen(function* () {
      const texts = [
        "198.51.100.1/32",
        "198.51.100.2/32",
        "2001:db8::/64",
        "2001:DB8::1/64",
        "2001:db8::/65",
        "2001:db8:0:0:8000::/65",
        "2001:db8:0:1::/64",
        "::198.51.100.1/128",
        "::c633:6401/128"
      ]
      const pairs = texts.flatMap((one) => texts.map((other) => [one, other]))
      const prefixOf = (text: string) => Result.getOrThrow(FailoverAddress.parse(text)).prefix
      const differ = (pair: ReadonlyArray<string>) => new Set(pair.map(prefixOf)).size === 2
      assert.deepStrictEqual(yield* disagreements(pairs, (pair) => ({ ips: pair }), differ), [])
    })
  )

  scenario(
    "is a selector exactly when the controller finds nothing wrong with it",
    Effect.gen(function* () {
      const operators = ["In", "NotIn", "Exists", "DoesNotExist"] as const
      const selectors: ReadonlyArray<LabelSelector.LabelSelector> = [
        ...keys.map((key) => ({ matchLabels: { [key]: "" } })),
        ...keys.map((key) => ({ matchExpressions: [{ key, operator: "Exists" as const }] })),
        ...values.map((value) => ({ matchLabels: { a: value } })),
        ...values.map((value) => ({ matchExpressions: [{ key: "a", operator: "In" as const, values: ["b", value] }] })),
        ...operators.flatMap((operator) => [
          { matchExpressions: [{ key: "a", operator }] },
          { matchExpressions: [{ key: "a", operator, values: [] }] },
          { matchExpressions: [{ key: "a", operator, values: ["b", "c"] }] }
        ])
      ]
      const isValid = (nodeSelector: LabelSelector.LabelSelector) => LabelSelector.problems(nodeSelector).length === 0
      const toSpec = (selector: LabelSelector.LabelSelector): Spec => ({
        nodeSelector: Schema.decodeUnknownSync(Schema.Json)(selector)
      })
      assert.deepStrictEqual(yield* disagreements(selectors, toSpec, isValid), [])
      const ofPods = (selector: LabelSelector.LabelSelector): Spec => ({
        workload: { namespace: "a", selector: Schema.decodeUnknownSync(Schema.Json)(selector) }
      })
      assert.deepStrictEqual(yield* disagreements(selectors, ofPods, isValid), [])
      // What the controller then asks for is what the API server understands.
      const { http } = yield* KubeCluster
      for (const selector of selectors.filter(isValid))
        yield* http.get(`/api/v1/pods?limit=1&labelSelector=${encodeURIComponent(LabelSelector.toQuery(selector))}`)
    })
  )
})
