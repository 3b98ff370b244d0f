/**
 * Refusals that the steps of a login have cases for (RFC 8628, 3.5). All others are a `NetcupError`.
 */
import * as Schema from "effect/Schema"

/** The user has not consented yet: ask again after the interval. */
export class AuthorizationPending extends Schema.TaggedError<AuthorizationPending>()("AuthorizationPending", {}) {}

/** The same, and the interval is longer by 5 s from now on. */
export class SlowDown extends Schema.TaggedError<SlowDown>()("SlowDown", {}) {}

/** The user said no. */
export class AccessDenied extends Schema.TaggedError<AccessDenied>()("AccessDenied", { message: Schema.String }) {}

/** Nobody consented in time, or netcup does not know the login any more. */
export class ExpiredToken extends Schema.TaggedError<ExpiredToken>()("ExpiredToken", { message: Schema.String }) {}
