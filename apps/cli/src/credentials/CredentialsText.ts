/**
 * Credentials as people write them: in a file, or in the keys of a Secret. Failures go on from the text's name, and hold no value.
 */
import { type Credentials, SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as TokenJson from "@netcup-failover/netcup/login/TokenJson"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const asPassword = Schema.decodeUnknownOption(
  Schema.fromJsonString(Schema.Struct({ loginName: Schema.NonEmptyString, password: Schema.NonEmptyString }))
)
const asHalf = Schema.decodeUnknownOption(
  Schema.fromJsonString(
    Schema.Union([Schema.Struct({ loginName: Schema.Any }), Schema.Struct({ password: Schema.Any })])
  )
)

const soap = (loginName: string, password: string) =>
  new SoapCredentials({ loginName, password: Redacted.make(password, { label: "password" }) })

/** Of a file: a token endpoint's JSON, a refresh token alone, or JSON with `loginName` and `password`. */
export const ofFile = (text: Redacted.Redacted): Result.Result<Credentials, string> => {
  const written = Redacted.value(text)
  const account = asPassword(written)
  if (Option.isSome(account)) return Result.succeed(soap(account.value.loginName, account.value.password))
  return Option.isSome(asHalf(written))
    ? Result.fail("needs both loginName and password, as texts that are not empty")
    : TokenJson.toCredentials(text)
}

/** A value without the line end that `echo … | base64` leaves. What was no text is none. */
const value = (data: Readonly<Record<string, string>>, key: string): string | undefined => {
  const text = data[key]?.replace(/\r?\n$/u, "")
  return text === "" || text?.includes("\uFFFD") ? undefined : text
}

/** Of a Secret, as the controller reads it: `token` before `refreshToken`, both before `loginName` and `password`. */
export const ofSecret = (data: Readonly<Record<string, string>>): Result.Result<Credentials, string> => {
  for (const key of ["token", "refreshToken"]) {
    if (data[key] === undefined) continue
    const problem = (words: string) => `has a key ${key} that ${words}`
    return Result.mapError(TokenJson.toCredentials(Redacted.make(value(data, key) ?? "")), problem)
  }
  const loginName = value(data, "loginName")
  const password = value(data, "password")
  return loginName !== undefined && password !== undefined
    ? Result.succeed(soap(loginName, password))
    : Result.fail("lacks credentials: it needs the key refreshToken (REST), or loginName and password (SOAP)")
}
