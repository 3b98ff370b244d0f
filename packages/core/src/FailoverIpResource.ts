/**
 * The resource `NetcupFailoverIP` (`netcup.digilol.net/v1alpha1`): the schemas that decode it, and that its CRD is made from.
 *
 * These are Effect's own `Schema` (what was the package `@effect/schema` is a module of `effect` now).
 */
import * as Schema from "effect/Schema"
import { Condition } from "./Condition.ts"
import { DetectionMode } from "./detect/DetectionChoice.ts"
import { DriftPolicy, Failback, Rebalance, ReclaimPolicy } from "./Group.ts"
import { LabelSelector, PodSelector, ShortLabelSelector } from "./LabelSelector.ts"
import * as SpecRules from "./SpecRules.ts"

export const group = "netcup.digilol.net"
export const version = "v1alpha1"
export const kind = "NetcupFailoverIP"
export const plural = "netcupfailoverips"

const listMap = (key: string) => ({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] })
const time = Schema.String.annotate({ format: "date-time" })

const Preference = Schema.Struct({
  weight: Schema.Int.annotate({
    description: "What a node gains by matching, 1 to 100.",
    ...SpecRules.weight
  }),
  nodeSelector: ShortLabelSelector.annotate({ description: "The nodes whose labels match gain the weight." })
})

const seconds = (description: string, bounds: { readonly minimum: number; readonly maximum: number }) =>
  Schema.optionalKey(Schema.Int.annotate({ description, ...bounds }))

const Detection = Schema.Struct({
  mode: Schema.optionalKey(
    DetectionMode.annotate({
      description:
        "By what: Fast is all that is heard of a node (its Lease, whether it answers, what netcup says of its server, its conditions and taints); NodeConditions is its conditions and taints alone."
    })
  ),
  leaseStaleAfterSeconds: seconds("How long its Lease may go without renewal.", SpecRules.leaseStaleAfter),
  silentAfterSeconds: seconds("How long it may go without an answer.", SpecRules.silentAfter),
  recoveredAfterSeconds: seconds(
    "How long nothing may speak against a node that has failed until it counts as healthy again.",
    SpecRules.recoveredAfter
  )
})

export const Spec = Schema.Struct({
  ips: Schema.Array(Schema.String.annotate(SpecRules.address))
    .check(Schema.isMinLength(1))
    .annotate({
      description:
        "The failover addresses of the group, as CIDRs: an IPv4 address with /32, an IPv6 prefix with its length. All of them are always routed to one node.",
      ...SpecRules.addresses
    }),
  credentialsSecret: Schema.Struct({
    name: Schema.NonEmptyString.annotate({ description: "Name of the Secret.", ...SpecRules.secretName }),
    namespace: Schema.NonEmptyString.annotate({ description: "Namespace of the Secret.", ...SpecRules.namespaceName })
  }).annotate({
    description:
      "The Secret with the netcup credentials: the key token or refreshToken for netcup's REST API, or the keys loginName and password for SOAP."
  }),
  nodeSelector: Schema.optionalKey(
    LabelSelector.annotate({
      description: "Only nodes whose labels match may take the group. Every node may when it is absent."
    })
  ),
  workload: Schema.optionalKey(
    Schema.Struct({
      namespace: Schema.NonEmptyString.annotate({
        description: "Namespace of the Pods.",
        ...SpecRules.namespaceName
      }),
      selector: PodSelector.annotate({ description: "The Pods whose labels match." })
    }).annotate({
      description:
        "What serves behind the addresses: only nodes where one of these Pods is ready take the group, as long as there is such a node."
    })
  ),
  priority: Schema.optionalKey(
    Schema.Int.annotate({
      description:
        "Who is routed first when netcup's limits do not allow all at once: higher first. 0 when it is absent.",
      ...SpecRules.priority
    })
  ),
  preferences: Schema.optionalKey(
    Schema.Array(Preference).annotate({
      description:
        "Which nodes the group rather takes, of those with the fewest groups. The weights of all that match a node add up; the highest sum is preferred.",
      ...SpecRules.preferences
    })
  ),
  failback: Schema.optionalKey(
    Failback.annotate({
      description:
        "Whether the group leaves a node that serves it well for one that its preferences weigh more: Never (when it is absent), or WhenPreferred, once that node has been well for a while and has fewer groups."
    })
  ),
  rebalance: Schema.optionalKey(
    Rebalance.annotate({
      description:
        "Whether the group leaves a node that serves it well for one with fewer groups: Never (when it is absent), or WhenUneven, where the numbers differ by two or more. One group moves at a time."
    })
  ),
  detection: Schema.optionalKey(
    Detection.annotate({
      description: "When a node counts as failed for this group. What is absent is as the controller is set.",
      ...SpecRules.detection
    })
  ),
  drift: Schema.optionalKey(
    DriftPolicy.annotate({
      description:
        "What is done when somebody else moves addresses away from a node that serves them well: Enforce (when it is absent) puts them back, Adopt follows with the whole group where it may be there, Alert only tells it in the status."
    })
  ),
  reclaimPolicy: Schema.optionalKey(
    ReclaimPolicy.annotate({
      description:
        "What becomes of the addresses when the group is deleted: Retain (when it is absent) leaves them where they are, Unroute takes their routes away at netcup first."
    })
  ),
  paused: Schema.optionalKey(
    Schema.Boolean.annotate({
      description: "Whether the group is left alone: nothing is moved while it is true, not even off a dead node."
    })
  )
})
export type Spec = typeof Spec.Type
export type Workload = NonNullable<Spec["workload"]>

export const AddressStatus = Schema.Struct({
  ip: Schema.String.annotate({ description: "The address, in canonical form." }),
  server: Schema.optionalKey(
    Schema.String.annotate({ description: "The netcup server that it is routed to, as far as known." })
  ),
  node: Schema.optionalKey(Schema.String.annotate({ description: "The node that is that server." })),
  state: Schema.Literals(["Routed", "Moving", "Waiting", "Failed", "Unknown"]),
  since: Schema.optionalKey(time.annotate({ description: "When the state was entered." })),
  attemptedAt: Schema.optionalKey(time.annotate({ description: "When netcup was last told to route it." })),
  taskId: Schema.optionalKey(Schema.String),
  nextAttemptAt: Schema.optionalKey(time.annotate({ description: "When the next attempt is made." })),
  lastError: Schema.optionalKey(Schema.Struct({ reason: Schema.String, message: Schema.String }))
})
export type AddressStatus = typeof AddressStatus.Type

const SignRecord = Schema.Struct({
  sign: Schema.String.annotate({ description: "Such as LeaseStale or Unanswering." }),
  since: time.annotate({ description: "When it was first seen." })
})

const MoveRecord = Schema.Struct({
  at: time,
  from: Schema.optionalKey(Schema.String),
  to: Schema.String,
  reason: Schema.String,
  signs: Schema.optionalKey(
    Schema.Array(SignRecord).annotate({ description: "What convicted the node that was left, if it had failed." })
  )
})
export type MoveRecord = typeof MoveRecord.Type

export const Status = Schema.Struct({
  currentNode: Schema.optionalKey(
    Schema.String.annotate({ description: "The last node where all addresses were confirmed." })
  ),
  targetNode: Schema.optionalKey(
    Schema.String.annotate({ description: "The node that the addresses are on their way to." })
  ),
  observedGeneration: Schema.optionalKey(Schema.Int),
  addresses: Schema.optionalKey(Schema.Array(AddressStatus).annotate(listMap("ip"))),
  moves: Schema.optionalKey(
    Schema.Array(MoveRecord).annotate({ description: "The last moves, oldest first, at most ten." })
  ),
  conditions: Schema.optionalKey(Schema.Array(Condition).annotate(listMap("type")))
})
export type Status = typeof Status.Type

/** The fields below `metadata` that are the resource's own. */
export const FailoverIpResource = Schema.Struct({
  spec: Spec.annotate({ description: "What is wanted." }),
  status: Schema.optionalKey(Status.annotate({ description: "What is, as the controller saw it last." }))
})
