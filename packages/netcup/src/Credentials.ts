import * as Schema from "effect/Schema"

/** What SOAP asks for: the SCP customer number and its webservice password. */
export class SoapCredentials extends Schema.TaggedClass<SoapCredentials>()("Soap", {
  loginName: Schema.NonEmptyString,
  password: Schema.Redacted(Schema.NonEmptyString)
}) {}
