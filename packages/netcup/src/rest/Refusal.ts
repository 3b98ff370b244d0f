/**
 * What an answer means that is not a success. Pure.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import {
  MalformedAnswer,
  type NetcupErrorReason,
  RateLimited,
  Refused,
  UnknownOutcome,
  Unreachable
} from "../NetcupError.ts"
import * as ApiError from "./ApiError.ts"
import * as Json from "./Json.ts"
import type { RestCall } from "./RestCall.ts"

/** An answer of any status, with when netcup asks to come back (ms since the epoch). */
export interface Told {
  readonly status: number
  readonly text: string
  readonly retryAt: number | undefined
}

type Meant = Pick<RestCall<unknown>, "kind" | "refusal">

const decodeApiError = Schema.decodeUnknownResult(ApiError.ApiError)

/** netcup's words, empty where it said no without any. A failure: somebody else speaks. */
const wordsOf = (text: string): Result.Result<string, string> =>
  text.trim() === ""
    ? Result.succeed("")
    : Json.parse(text).pipe(
        Result.flatMap((value) => Result.mapError(decodeApiError(value), () => "not the API's words")),
        Result.map(ApiError.describe)
      )

/** Nothing that could be understood. For a change that may be all that was lost. */
export const lost = (kind: Meant["kind"], Reason: typeof Unreachable | typeof MalformedAnswer, message: string) =>
  kind === "read" ? new Reason({ message }) : new UnknownOutcome({ message })

/** Why something could not be prepared. A limit on what had to be asked for first is none on what was to follow. */
export const ofPreparation = (reason: NetcupErrorReason): NetcupErrorReason =>
  reason._tag === "RateLimited"
    ? new Unreachable({
        message: reason.message,
        ...(reason.retryAt === undefined ? {} : { retryAt: reason.retryAt })
      })
    : reason

/** The login is good, as it was let in; asking again with another token helps nothing. */
const forbidden = (words: string) =>
  new Refused({
    message: `${words || "HTTP 403"}: the login may not do this, or not from here (see the API login restrictions in the panel)`
  })

/**
 * The reason behind an answer whose status is none of success; 401 is the caller's. Statuses from 400 to 499 are a no if netcup says it,
 * in its words or with an empty body; another body is a gateway's, which proves nothing of a change. 503 is a no where the call has
 * a meaning for it, as changes of servers have (their host is in maintenance), else like any failure of a server.
 */
export const classify = (call: Meant, told: Told, say: (text: string) => string): NetcupErrorReason => {
  const { retryAt, status, text } = told
  const words = Result.map(wordsOf(text), say)
  const said = Result.getOrElse(words, () => "") || `HTTP ${status} without a reason`
  // Whoever limits has passed nothing on.
  if (status === 429) return new RateLimited({ message: said, ...(retryAt === undefined ? {} : { retryAt }) })
  if (Result.isSuccess(words) && ((status >= 400 && status < 500 && status !== 408) || status === 503)) {
    const meant = call.refusal?.(status, said)
    if (meant !== undefined) return meant
    if (status === 403) return forbidden(words.success)
    if (status < 500) return new Refused({ message: said })
  }
  if (status >= 500 || status === 408) return lost(call.kind, Unreachable, said)
  return lost(call.kind, MalformedAnswer, `HTTP ${status} by something that is not the API`)
}
