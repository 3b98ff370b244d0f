import * as Schema from "effect/Schema"

/** What scripts tell outcomes by. Stable: `--help` and the README list them. */
export const ExitCode = { done: 0, failed: 1, usage: 2, credentials: 3, later: 4, unknown: 5 } as const

/** Of a run that did not do what it was asked for. */
export const FailureCode = Schema.Literals([
  ExitCode.failed,
  ExitCode.usage,
  ExitCode.credentials,
  ExitCode.later,
  ExitCode.unknown
])
export type FailureCode = typeof FailureCode.Type

/** For `--help`. */
export const described = `EXIT CODES
  0  done (with --dry-run: it could be done)
  1  failed for good: refused, not found, wrong site, declined
  2  wrong usage: a flag, an argument, or an environment variable
  3  credentials: none, refused, over, or not to be used here
  4  try later: netcup's limit, or netcup or Kubernetes cannot be reached
  5  unknown outcome: a change was sent and may or may not happen; look before you repeat it
  130  interrupted: what was sent by then goes on at netcup`
