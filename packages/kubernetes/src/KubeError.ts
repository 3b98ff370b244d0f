/**
 * Everything that can go wrong when asking the Kubernetes API, as cases that tell what to do.
 * `message` is the server's own text where there is one, on one line; it never holds a credential.
 */
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/** No usable credentials: nothing was sent. The message says what to set. */
export class CredentialsUnavailable extends Schema.TaggedError<CredentialsUnavailable>()("CredentialsUnavailable", {
  message: Schema.String
}) {}

/** No (complete) answer: refused, reset, timed out. A change that was sent may or may not have happened. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", {
  message: Schema.String
}) {}

/** 401: the credentials are not accepted. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  message: Schema.String
}) {}

/** 403: the role does not allow it. */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  message: Schema.String
}) {}

/** 404: no such object, or no such resource (a CRD that is not installed). */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {
  message: Schema.String
}) {}

/** 409: the object changed since it was read. Read again. */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", {
  message: Schema.String
}) {}

/** 409 of a create: an object of that name exists. */
export class AlreadyExists extends Schema.TaggedError<AlreadyExists>()("AlreadyExists", {
  message: Schema.String
}) {}

/** 410: the resourceVersion or continue token is too old. List again. */
export class Gone extends Schema.TaggedError<Gone>()("Gone", {
  message: Schema.String
}) {}

/** 422: the object does not pass validation. */
export class Invalid extends Schema.TaggedError<Invalid>()("Invalid", {
  message: Schema.String
}) {}

/** 429: the server asks us to wait. */
export class TooManyRequests extends Schema.TaggedError<TooManyRequests>()("TooManyRequests", {
  message: Schema.String,
  retryAfter: Schema.optionalKey(Schema.Duration)
}) {}

/** 5xx. A change that was sent may or may not have happened. */
export class ServerError extends Schema.TaggedError<ServerError>()("ServerError", {
  message: Schema.String,
  status: Schema.Int,
  retryAfter: Schema.optionalKey(Schema.Duration)
}) {}

/** Any other status that is not a success. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  message: Schema.String,
  status: Schema.Int
}) {}

/** The answer is not JSON, not of the expected shape, or larger than allowed. */
export class MalformedAnswer extends Schema.TaggedError<MalformedAnswer>()("MalformedAnswer", {
  message: Schema.String
}) {}

const KubeErrorReason = Schema.Union([
  CredentialsUnavailable,
  Unreachable,
  Unauthorized,
  Forbidden,
  NotFound,
  Conflict,
  AlreadyExists,
  Gone,
  Invalid,
  TooManyRequests,
  ServerError,
  Refused,
  MalformedAnswer
])
export type KubeErrorReason = typeof KubeErrorReason.Type

/** The one error of this package's requests: `reason._tag` tells what to do, `request` (`GET /api/v1/nodes`) what was asked. */
export class KubeError extends Schema.TaggedError<KubeError>()("KubeError", {
  request: Schema.String,
  reason: KubeErrorReason
}) {
  override get message(): string {
    return `${this.request}: ${this.reason.message}`
  }

  /** Whether the same request may succeed later without anybody changing anything. */
  get transient(): boolean {
    const { _tag } = this.reason
    return _tag === "Unreachable" || _tag === "TooManyRequests" || _tag === "ServerError"
  }

  /** How long the server asks us to wait, if it does. */
  get retryAfter(): Duration.Duration | undefined {
    return this.reason._tag === "TooManyRequests" || this.reason._tag === "ServerError"
      ? this.reason.retryAfter
      : undefined
  }
}

/** Texts from outside, as a message: one line of at most 1000 characters. */
export const oneLine = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim()
  return line.length > 1000 ? `${line.slice(0, 999)}…` : line
}
