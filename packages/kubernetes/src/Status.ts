/**
 * What the API server says of a failure: its HTTP status and the object `Status` (`meta/v1`), as a {@link KubeErrorReason}.
 */
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import {
  AlreadyExists,
  Conflict,
  Forbidden,
  Gone,
  Invalid,
  type KubeErrorReason,
  NotFound,
  oneLine,
  Refused,
  ServerError,
  TooManyRequests,
  Unauthorized
} from "./KubeError.ts"

const Status = Schema.Struct({
  code: Schema.optionalKey(Schema.Int),
  reason: Schema.optionalKey(Schema.String),
  message: Schema.optionalKey(Schema.String)
})

const decode = Schema.decodeUnknownOption(Status)

const withAdvice = (said: string, advice: string) => (said === "" ? advice : `${said} (${advice})`)

/**
 * @param status the HTTP status; of an `ERROR` event of a watch: 0, then the code within `body` counts
 * @param body the parsed answer: a `Status`, or whatever a proxy on the way wrote
 */
export const toReason = (
  status: number,
  body: unknown,
  retryAfter: Duration.Duration | undefined = undefined
): KubeErrorReason => {
  const said = Option.getOrElse(decode(body), (): typeof Status.Type => ({}))
  const code = status === 0 ? (said.code ?? 0) : status
  const text = oneLine(said.message ?? (typeof body === "string" ? body : ""))
  const message = text === "" ? `the server answered ${code}` : text
  const wait = retryAfter === undefined ? {} : { retryAfter }
  switch (code) {
    case 401:
      return new Unauthorized({
        message: withAdvice(message, "renew the token or certificate of the kubeconfig or service account")
      })
    case 403:
      return new Forbidden({ message: withAdvice(message, "allow it in the Role or ClusterRole") })
    case 404:
      return new NotFound({ message })
    case 409:
      return said.reason === "AlreadyExists" ? new AlreadyExists({ message }) : new Conflict({ message })
    case 410:
      return new Gone({ message })
    case 422:
      return new Invalid({ message })
    case 429:
      return new TooManyRequests({ message, ...wait })
    default:
      return code >= 500 ? new ServerError({ message, status: code, ...wait }) : new Refused({ message, status: code })
  }
}
