/**
 * What netcup asks for, by kind of API.
 */
import * as Schema from "effect/Schema"

/** What SOAP asks for: the SCP customer number and its webservice password. */
export class SoapCredentials extends Schema.TaggedClass<SoapCredentials>()("Soap", {
  loginName: Schema.NonEmptyString,
  password: Schema.Redacted(Schema.NonEmptyString)
}) {}

/** What REST asks for: the refresh token that a login gave. What it is rotated to is a `TokenStore`'s to remember. */
export class RestCredentials extends Schema.TaggedClass<RestCredentials>()("Rest", {
  refreshToken: Schema.Redacted(Schema.NonEmptyString)
}) {}

/** The kind decides which API is used. */
export type Credentials = SoapCredentials | RestCredentials
