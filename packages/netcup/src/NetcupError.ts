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

/** Login or password are wrong, or a fresh access token is not accepted. Asking again with the same ones cannot help and may lock the account. */
export class InvalidCredentials extends Schema.TaggedError<InvalidCredentials>()("InvalidCredentials", {
  message: Schema.String
}) {}

/** The refresh token is dead: revoked, or unused for 30 days. Nothing but a new login helps. */
export class LoginExpired extends Schema.TaggedError<LoginExpired>()("LoginExpired", {
  message: Schema.String
}) {}

/** netcup was fine, but a rotated refresh token could not be read or kept. Repair the token store (its disk, or its rights): it is tried again. */
export class TokenNotKept extends Schema.TaggedError<TokenNotKept>()("TokenNotKept", {
  message: Schema.String
}) {}

/** The account has no such failover address. Correct the address, or use the login of its account. */
export class AddressNotFound extends Schema.TaggedError<AddressNotFound>()("AddressNotFound", {
  message: Schema.String
}) {}

/** The account has no such server. Correct the server's name, or use the login of its account. */
export class ServerNotFound extends Schema.TaggedError<ServerNotFound>()("ServerNotFound", {
  message: Schema.String
}) {}

/** The server is at another site than the address, which is then never routed there. Choose another server. */
export class WrongSite extends Schema.TaggedError<WrongSite>()("WrongSite", {
  message: Schema.String
}) {}

/** The server is off, or in the rescue system. Start it, or choose another. */
export class ServerNotRunning extends Schema.TaggedError<ServerNotRunning>()("ServerNotRunning", {
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

/** The caller no longer wanted it when it was to be sent: nothing was sent. */
export class CalledOff extends Schema.TaggedError<CalledOff>()("CalledOff", {
  message: Schema.String
}) {}

/** netcup began the change and gave it up: the task of that id ended as `state`. The address is where it was. */
export class TaskFailed extends Schema.TaggedError<TaskFailed>()("TaskFailed", {
  message: Schema.String,
  taskId: Schema.String,
  state: Schema.Literals(["ERROR", "CANCELED", "ROLLBACK"])
}) {}

/**
 * The request surely had no effect: netcup was not reached, or (for a read) gave no usable answer in time, or it limits something else
 * that had to be asked for first. Try again. `retryAt` (ms since the epoch): nothing is sent before, since netcup has been down for a
 * while, or asks to wait so long.
 */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", {
  message: Schema.String,
  retryAt: Schema.optionalKey(Schema.Finite)
}) {}

/** A read was answered by something that is not the API (no XML, no envelope, another shape). */
export class MalformedAnswer extends Schema.TaggedError<MalformedAnswer>()("MalformedAnswer", {
  message: Schema.String
}) {}

/**
 * A change was sent and its answer is lost or unreadable, or its task did not end in time: it may or may not have happened, and
 * may still happen. Look before repeating it. `taskId`: the task to look at, where netcup gave one.
 */
export class UnknownOutcome extends Schema.TaggedError<UnknownOutcome>()("UnknownOutcome", {
  message: Schema.String,
  taskId: Schema.optionalKey(Schema.String)
}) {}

/** All reasons; a `switch` over `_tag` is complete. */
export const NetcupErrorReason = Schema.Union([
  RateLimited,
  InvalidCredentials,
  LoginExpired,
  TokenNotKept,
  AddressNotFound,
  ServerNotFound,
  WrongSite,
  ServerNotRunning,
  NoInterface,
  Refused,
  CalledOff,
  TaskFailed,
  Unreachable,
  MalformedAnswer,
  UnknownOutcome
])
export type NetcupErrorReason = typeof NetcupErrorReason.Type

/** The one error of this library: `reason._tag` tells what to do. */
export class NetcupError extends Schema.TaggedError<NetcupError>()("NetcupError", {
  reason: NetcupErrorReason
}) {
  override get message(): string {
    return this.reason.message
  }
}
