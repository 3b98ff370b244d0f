/**
 * Whose token it is: the number that the REST API's paths begin with. It is the claim `id`, neither `sub` nor the customer number.
 */
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"

const Id = Schema.Int.check(Schema.isGreaterThan(0))

/** netcup writes the id as a decimal string; a number does as well. */
export const Claim = Schema.Union([
  Id,
  Schema.String.check(Schema.isPattern(/^[0-9]{1,15}$/u)).pipe(
    Schema.decodeTo(Id, { decode: SchemaGetter.transform(Number), encode: SchemaGetter.transform(String) })
  )
])

const Payload = Schema.StringFromBase64Url.pipe(Schema.decodeTo(Schema.fromJsonString(Schema.Struct({ id: Claim }))))
const decode = Schema.decodeUnknownOption(Payload)

/**
 * The user id that an access token bears, if it is a JWT that has one. The signature is not checked: the token came over TLS
 * from the one who signed it, and netcup checks it at every use.
 */
export const ofToken = (token: Redacted.Redacted): Option.Option<number> =>
  Option.map(decode(Redacted.value(token).split(".")[1] ?? ""), ({ id }) => id)
