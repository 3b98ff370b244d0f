/**
 * What people paste as their login: the whole JSON that a token endpoint answered, or the refresh token alone.
 */
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { RestCredentials } from "../Credentials.ts"

const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))
const decodeObject = Schema.decodeUnknownOption(Schema.Record(Schema.String, Schema.Unknown))
const decodeKind = Schema.decodeUnknownOption(
  Schema.StringFromBase64Url.pipe(Schema.decodeTo(Schema.fromJsonString(Schema.Struct({ typ: Schema.String }))))
)

/** How Keycloak marks tokens that are no refresh tokens, by the claim `typ`. */
const others: ReadonlyMap<string, string> = new Map([
  ["Bearer", "an access token, which lives for minutes"],
  ["ID", "an ID token, which only says who logged in"]
])

const ofToken = (text: string): Result.Result<RestCredentials, string> => {
  if (!/^[\x21-\x7e]+$/u.test(text))
    return Result.fail("is no token: it holds blanks, line ends or letters that none has")
  const kind = Option.map(decodeKind(text.split(".")[1] ?? ""), ({ typ }) => others.get(typ))
  const other = Option.getOrUndefined(kind)
  if (other !== undefined) return Result.fail(`is ${other}: use the value of refresh_token instead`)
  return Result.succeed(new RestCredentials({ refreshToken: Redacted.make(text, { label: "refresh token" }) }))
}

const ofObject = (value: unknown): Result.Result<RestCredentials, string> => {
  const token = Option.getOrUndefined(decodeObject(value))
  if (token === undefined) return Result.fail("is JSON, but no object: use the whole answer of the login, from { to }")
  const refreshToken = token.refresh_token
  if (refreshToken === undefined || refreshToken === null) {
    return Result.fail("lacks the key refresh_token: log in with the scope offline_access")
  }
  if (typeof refreshToken !== "string") return Result.fail("has a refresh_token that is no text")
  if (refreshToken.trim() === "") return Result.fail("has an empty refresh_token")
  return Result.mapError(ofToken(refreshToken.trim()), (why) => `has a refresh_token that ${why}`)
}

/** The credentials in such a text. The failure goes on from the text's name ("the key token lacks …"), and never holds a value. */
export const toCredentials = (pasted: Redacted.Redacted): Result.Result<RestCredentials, string> => {
  const text = Redacted.value(pasted)
    .replace(/^\uFEFF/u, "")
    .trim()
  if (text === "") return Result.fail("is empty")
  if (!/^[[{"]/u.test(text)) return ofToken(text)
  return Option.match(decodeJson(text), {
    onNone: () => Result.fail("begins like JSON, but is none: use the whole answer of the login, from { to }"),
    onSome: (value) => (typeof value === "string" ? ofToken(value.trim()) : ofObject(value))
  })
}
