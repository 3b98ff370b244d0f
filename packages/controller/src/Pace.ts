/**
 * How long netcup is left alone after an error. Pure: the caller brings clock and randomness.
 */
import type { apiOf } from "@netcup-failover/core/Account"
import type { NetcupErrorReason } from "@netcup-failover/netcup/NetcupError"
import * as Duration from "effect/Duration"
import type { Settings } from "./Settings.ts"

/** The settings that pace is made of. */
export type PaceSettings = Pick<Settings["Service"], "limitRetryInterval" | "credentialsRetryInterval" | "maxBackoff">

export interface Failure {
  readonly reason: NetcupErrorReason
  /** How many failures in a row, this one included. */
  readonly failures: number
  /** By which API. A password that is tried too often locks the account; a token can be tried again. */
  readonly api: ReturnType<typeof apiOf>
}

/** Doubling from a second to `maxBackoff`, spread by ±20 % so that replicas and groups do not knock together. */
export const backoff = (failures: number, random: number, maxBackoff: Duration.Duration): number =>
  Math.min(1_000 * 2 ** (failures - 1), Duration.toMillis(maxBackoff)) * (0.8 + 0.4 * random)

/** No pause that grows is longer. */
const longestPause = Duration.toMillis("10 minutes")

/** Doubling from the interval. */
const growing = (doublings: number, interval: Duration.Duration): number =>
  Math.max(
    Duration.toMillis(interval),
    Math.min(Duration.toMillis(interval) * 2 ** Math.max(0, doublings), longestPause)
  )

/**
 * When to ask again, in ms since the epoch.
 *
 * @param now ms since the epoch
 * @param random from 0 to 1
 */
export const nextAttemptAt = (
  { reason, failures, api }: Failure,
  now: number,
  random: number,
  settings: PaceSettings
): number => {
  const soon = backoff(failures, random, settings.maxBackoff)
  switch (reason._tag) {
    case "RateLimited":
      // A limit whose end nobody knows is asked about.
      return reason.retryAt !== undefined && reason.retryAt > now
        ? reason.retryAt
        : now + Duration.toMillis(settings.limitRetryInterval)
    case "InvalidCredentials":
      return now + Duration.toMillis(api === "rest" ? settings.limitRetryInterval : settings.credentialsRetryInterval)
    case "LoginExpired":
      return now + Duration.toMillis(settings.credentialsRetryInterval)
    // Somebody has to change something, which wakes us by itself; but netcup's own state may change unseen.
    case "AddressNotFound":
    case "ServerNotFound":
    case "WrongSite":
    case "ServerNotRunning":
    case "NoInterface":
    case "Refused":
      return now + Duration.toMillis(settings.limitRetryInterval)
    // netcup counts what it gives up: one address must not spend the account's moves.
    case "TaskFailed":
      return now + (failures > 1 ? growing(failures - 2, settings.limitRetryInterval) : soon)
    case "CalledOff":
    case "TokenNotKept":
    case "MalformedAnswer":
    case "UnknownOutcome":
      return now + soon
    case "Unreachable":
      // Then one call finds out for all; who comes a little later profits.
      return reason.retryAt === undefined
        ? now + soon
        : Math.max(now + 100, Math.min(now + soon, reason.retryAt + 1_000 * random))
  }
}
