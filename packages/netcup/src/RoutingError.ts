/**
 * Everything that can go wrong when asking netcup, as cases that tell what to do. Both APIs map onto these.
 * `message` is netcup's own text where there is one; it never holds a credential.
 */
import * as Schema from "effect/Schema"

/** netcup limits how often an address may move. Wait until `retryAt` (ms since the epoch); absent: nobody knows when it ends. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  message: Schema.String,
  retryAt: Schema.optionalKey(Schema.Finite)
}) {}

/** Login or password are wrong. Asking again with the same ones cannot help and may lock the account. */
export class InvalidCredentials extends Schema.TaggedError<InvalidCredentials>()("InvalidCredentials", {
  message: Schema.String
}) {}

/** The account has no such failover address. Correct `spec.ips` or the Secret. */
export class AddressNotFound extends Schema.TaggedError<AddressNotFound>()("AddressNotFound", {
  message: Schema.String
}) {}

/** The account has no such server. Correct the node's annotation or the Secret. */
export class ServerNotFound extends Schema.TaggedError<ServerNotFound>()("ServerNotFound", {
  message: Schema.String
}) {}

/** The server has no interface that a failover address can be routed to. */
export class NoInterface extends Schema.TaggedError<NoInterface>()("NoInterface", {
  message: Schema.String
}) {}

/** netcup understood and said no, for a reason with no case of its own. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  message: Schema.String
}) {}

/** The request surely had no effect: netcup was not reached, or (for a read) gave no usable answer in time. Try again. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", {
  message: Schema.String
}) {}

/** A read was answered by something that is not the API (no XML, no envelope, another shape). */
export class MalformedAnswer extends Schema.TaggedError<MalformedAnswer>()("MalformedAnswer", {
  message: Schema.String
}) {}

/** A change was sent and its answer is lost or unreadable: it may or may not have happened. Look before repeating it. */
export class UnknownOutcome extends Schema.TaggedError<UnknownOutcome>()("UnknownOutcome", {
  message: Schema.String
}) {}

export const RoutingErrorReason = Schema.Union([
  RateLimited,
  InvalidCredentials,
  AddressNotFound,
  ServerNotFound,
  NoInterface,
  Refused,
  Unreachable,
  MalformedAnswer,
  UnknownOutcome
])
export type RoutingErrorReason = typeof RoutingErrorReason.Type

/** The one error of {@link FailoverRouting}: `reason._tag` tells what to do. */
export class RoutingError extends Schema.TaggedError<RoutingError>()("RoutingError", {
  reason: RoutingErrorReason
}) {
  override get message(): string {
    return this.reason.message
  }
}
