/**
 * What netcup's fault strings mean. Pure.
 */
import {
  AddressNotFound,
  InvalidCredentials,
  type NetcupErrorReason,
  RateLimited,
  Refused,
  ServerNotFound
} from "../NetcupError.ts"

/** In normal form: lower case, single spaces, no trailing dot. The address, user or server that follows may be anything. */
const known: ReadonlyArray<readonly [RegExp, (message: string) => NetcupErrorReason]> = [
  [/^invalid credentials\b/, (message) => new InvalidCredentials({ message })],
  [/^could not find failover ip\b/, (message) => new AddressNotFound({ message })],
  [/^server not found\b/, (message) => new ServerNotFound({ message })],
  // It says how often, not since when: the end of the limit is unknown, so there is no `retryAt`.
  [/^routing a failover ip is only permitted once every \d+ minutes?\b/, (message) => new RateLimited({ message })]
]

/** Meanings are at the beginning; the patterns below take a time that grows with the square of what they are given. */
const longest = 1000

const normal = (text: string) =>
  text
    .trim()
    .slice(0, longest)
    .toLowerCase()
    .replace(/\s+/g, " ")
    .replace(/^ |[ .]+$/g, "")

/**
 * The reason behind a fault string; one that is not known is `Refused`, `action not allowed` among them. `say` makes netcup's
 * words fit to be shown: the meaning is found first, so that a login like `server` can't hide it.
 */
export const classify = (text: string, say: (text: string) => string): NetcupErrorReason => {
  const normalized = normal(text)
  const found = known.find(([pattern]) => pattern.test(normalized))
  const message = normalized === "" ? "netcup refused and gave no reason" : say(text)
  return found === undefined ? new Refused({ message }) : found[1](message)
}
