import * as Duration from "effect/Duration"
import type { LoginOptions } from "../login/LoginOptions.ts"

/** How calls are made. Each has a default. */
export interface RestOptions {
  /** Where the API is, without `/api`. */
  readonly url?: string | undefined
  /** How access tokens are got. */
  readonly login?: LoginOptions | undefined
  /** The user id that the login must have: not the customer number. Absent: whichever it has. */
  readonly userId?: number | undefined
  /** How long one try of a read may take. */
  readonly readTimeout?: Duration.Input | undefined
  /** How long a change may take to be accepted before its outcome counts as unknown. */
  readonly changeTimeout?: Duration.Input | undefined
  /** How often a read is tried in all, at least once. Changes are never repeated. */
  readonly tries?: number | undefined
  /** The pause before a read's second try; it doubles from try to try, with jitter. */
  readonly retryDelay?: Duration.Input | undefined
  /** No pause between tries is longer than this, before jitter; where netcup asks for a longer one, there is no further try. */
  readonly maxRetryDelay?: Duration.Input | undefined
  /** How long a task may take before its outcome counts as unknown. */
  readonly taskTimeout?: Duration.Input | undefined
  /** The pause before a task is looked at again; it doubles from look to look, up to the longest. */
  readonly taskPoll?:
    | { readonly first?: Duration.Input | undefined; readonly longest?: Duration.Input | undefined }
    | undefined
  /** How many items of a long list to ask for at a time. */
  readonly pageSize?: number | undefined
}

/** Every option with its value. */
export const withDefaults = (options: RestOptions) => ({
  url: (options.url ?? "https://www.servercontrolpanel.de/scp-core").replace(/\/+$/, ""),
  userId: options.userId,
  readTimeout: Duration.fromInputUnsafe(options.readTimeout ?? "10 seconds"),
  changeTimeout: Duration.fromInputUnsafe(options.changeTimeout ?? "30 seconds"),
  tries: options.tries ?? 3,
  retryDelay: Duration.fromInputUnsafe(options.retryDelay ?? "250 millis"),
  maxRetryDelay: Duration.fromInputUnsafe(options.maxRetryDelay ?? "2 seconds"),
  taskTimeout: Duration.fromInputUnsafe(options.taskTimeout ?? "60 seconds"),
  // Routing tasks took 0.36 to 0.78 s.
  firstTaskPoll: Duration.fromInputUnsafe(options.taskPoll?.first ?? "300 millis"),
  longestTaskPoll: Duration.fromInputUnsafe(options.taskPoll?.longest ?? "3 seconds"),
  pageSize: Math.max(1, options.pageSize ?? 100)
})
