/**
 * How long netcup is left alone after an error. Pure: the caller brings clock and randomness.
 */
import type { RoutingErrorReason } from "@netcup-failover/netcup/RoutingError"
import * as Duration from "effect/Duration"
import type { Settings } from "./Settings.ts"

/** The settings that pace is made of. */
export type PaceSettings = Pick<
  Settings["Service"],
  "limitRetryInterval" | "credentialsRetryInterval" | "moveInterval" | "maxBackoff"
>

export interface Failure {
  readonly reason: RoutingErrorReason
  /** How many failures in a row, this one included. */
  readonly failures: number
  /** When netcup last moved the address for us (ms since the epoch), where the failure is about an address. */
  readonly movedAt?: number | undefined
}

/** Doubling from a second to `maxBackoff`, spread by ±20 % so that replicas and groups do not knock together. */
export const backoff = (failures: number, random: number, maxBackoff: Duration.Duration): number =>
  Math.min(1_000 * 2 ** (failures - 1), Duration.toMillis(maxBackoff)) * (0.8 + 0.4 * random)

/**
 * When to ask again, in ms since the epoch.
 *
 * @param now ms since the epoch
 * @param random from 0 to 1
 */
export const nextAttemptAt = (
  { reason, failures, movedAt }: Failure,
  now: number,
  random: number,
  settings: PaceSettings
): number => {
  switch (reason._tag) {
    case "RateLimited": {
      if (reason.retryAt !== undefined && reason.retryAt > now) return reason.retryAt
      const asked = now + Duration.toMillis(settings.limitRetryInterval)
      // Another machine's clock may have written when it moved: no limit is longer than the interval from now.
      const reckoned = movedAt === undefined ? 0 : Math.min(movedAt, now) + Duration.toMillis(settings.moveInterval)
      // What we reckon is made in time; netcup is asked before too, since its limits may end earlier than we think.
      return reckoned > now ? Math.min(reckoned, asked) : asked
    }
    case "InvalidCredentials":
      return now + Duration.toMillis(settings.credentialsRetryInterval)
    // Somebody has to change something, which wakes us by itself; but netcup's own state may change unseen.
    case "AddressNotFound":
    case "ServerNotFound":
    case "NoInterface":
    case "Refused":
      return now + Duration.toMillis(settings.limitRetryInterval)
    case "Unreachable":
    case "MalformedAnswer":
    case "UnknownOutcome":
      return now + backoff(failures, random, settings.maxBackoff)
  }
}
