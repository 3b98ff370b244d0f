/**
 * `spec` of a Lease (`coordination.k8s.io/v1`) and what election does to it. Pure; times are wall time and for people only:
 * nobody compares them, since clocks of two machines differ.
 */
import * as Schema from "effect/Schema"

export const LeaseRecord = Schema.Struct({
  /** Absent or "" after a release. */
  holderIdentity: Schema.optionalKey(Schema.String),
  leaseDurationSeconds: Schema.optionalKey(Schema.Int),
  acquireTime: Schema.optionalKey(Schema.String),
  renewTime: Schema.optionalKey(Schema.String),
  leaseTransitions: Schema.optionalKey(Schema.Int)
})
export type LeaseRecord = typeof LeaseRecord.Type

/** MicroTime of the API: RFC 3339 with six digits. */
const microTime = (millis: number): string => new Date(millis).toISOString().replace("Z", "000Z")

/** As `identity` writes it that takes or, when it is the holder already, renews the lease. */
export const hold = (
  found: LeaseRecord | undefined,
  identity: string,
  durationSeconds: number,
  millis: number
): LeaseRecord => {
  const now = microTime(millis)
  const mine = found?.holderIdentity === identity
  return {
    holderIdentity: identity,
    leaseDurationSeconds: durationSeconds,
    acquireTime: mine ? (found.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: found === undefined ? 0 : (found.leaseTransitions ?? 0) + (mine ? 0 : 1)
  }
}

/** As client-go releases it: nobody's, and for one second only. */
export const release = (held: LeaseRecord, millis: number): LeaseRecord => ({
  holderIdentity: "",
  leaseDurationSeconds: 1,
  acquireTime: microTime(millis),
  renewTime: microTime(millis),
  leaseTransitions: held.leaseTransitions ?? 0
})
