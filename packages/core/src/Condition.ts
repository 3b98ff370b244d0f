/**
 * Conditions of a `NetcupFailoverIP`: the types and reasons that users script against, as closed lists.
 */
import * as Schema from "effect/Schema"

export const conditionTypes = ["Routed", "Progressing", "CredentialsHealthy"] as const

/** The first five are the seed system's. Adding one is a feature; renaming one breaks users. */
export const reasons = [
  "NodeSelected",
  "NoEligibleNodes",
  "MissingAnnotation",
  "CredentialsError",
  "RoutingFailed",
  "Routing",
  "RateLimited",
  "InvalidSpec",
  "Conflict",
  "Paused",
  "Drifted",
  "Contested",
  "Unrouting",
  "RouteRetained",
  "AddressLocked",
  "CredentialsAccepted",
  "LoginExpiring"
] as const
export type Reason = (typeof reasons)[number]

/** `metav1.Condition`. `reason` is open here: another version of the controller may have written it. */
export const Condition = Schema.Struct({
  type: Schema.String.check(Schema.isMaxLength(316)),
  status: Schema.Literals(["True", "False", "Unknown"]),
  reason: Schema.String.check(Schema.isMaxLength(1024)),
  message: Schema.String.check(Schema.isMaxLength(32768)),
  lastTransitionTime: Schema.String.annotate({ format: "date-time" }),
  observedGeneration: Schema.optionalKey(Schema.Int)
})
export type Condition = typeof Condition.Type

/** What a condition says, before it has a time. */
export interface Claim {
  readonly type: (typeof conditionTypes)[number]
  readonly status: Condition["status"]
  readonly reason: Reason
  readonly message: string
}

/** What the API server accepts; a cluster of many nodes has much to say about a group that fits none of them. */
const longestMessage = 32768

/**
 * The conditions with one claim set. `lastTransitionTime` moves only when the status changes; an order once seen is kept.
 *
 * @param now RFC 3339
 */
export const set = (
  conditions: ReadonlyArray<Condition>,
  claim: Claim,
  generation: number | undefined,
  now: string
): ReadonlyArray<Condition> => {
  const before = conditions.find(({ type }) => type === claim.type)
  const next: Condition = {
    ...claim,
    message:
      claim.message.length <= longestMessage
        ? claim.message
        : `${claim.message.slice(0, longestMessage - 1).toWellFormed()}…`,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: before?.status === claim.status ? before.lastTransitionTime : now
  }
  return before === undefined ? [...conditions, next] : conditions.map((old) => (old === before ? next : old))
}
