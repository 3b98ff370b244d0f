/**
 * What netcup's login answers, read. Each reading gives nothing where the text is not that answer: never a defect, and never an
 * error that would hold a part of the text, since tokens are in it.
 */
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as UserId from "./UserId.ts"

/** A fresh access token, and what to refresh it by next where that has changed. */
export interface TokenAnswer {
  readonly accessToken: Redacted.Redacted
  /** Absent: the one that was used stays. */
  readonly refreshToken: Redacted.Redacted | undefined
  /** Life of the access token in seconds. */
  readonly expiresIn: number
  /** Life of the refresh token in seconds, unless it is used before; `undefined`: netcup did not say. */
  readonly refreshExpiresIn?: number | undefined
}

/** A login that waits for its user's consent (RFC 8628, 3.2). Times in seconds. */
export interface DeviceAnswer {
  readonly deviceCode: Redacted.Redacted
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete: string | undefined
  readonly expiresIn: number
  readonly interval: number
}

/** A refusal (RFC 6749, 5.2): a code that programs know, and words for people. */
export interface ErrorAnswer {
  readonly code: string
  readonly description: string | undefined
}

const optional = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

/** What may stand in a header: anything else would break the request that it is put into. */
const HeaderText = Schema.String.check(Schema.isPattern(/^[\x21-\x7e]+$/u))

/** What may be shown on a terminal, and opened in a browser. */
const Shown = Schema.String.check(Schema.isPattern(/^[\x20-\x7e]{1,200}$/u))
const WebAddress = Schema.String.check(Schema.isPattern(/^https?:\/\/[\x21-\x7e]{1,2000}$/u))

const Seconds = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

const TokenText = Schema.fromJsonString(
  Schema.Struct({
    access_token: HeaderText,
    refresh_token: optional(Schema.String),
    expires_in: Seconds,
    // Only to be shown: what is no number must not cost the login.
    refresh_expires_in: Schema.optionalKey(Schema.Unknown)
  })
)
const decodeToken = Schema.decodeUnknownOption(TokenText)

export const token = (text: string): Option.Option<TokenAnswer> =>
  Option.map(decodeToken(text), ({ access_token, expires_in, refresh_expires_in: life, refresh_token }) => ({
    accessToken: Redacted.make(access_token, { label: "access token" }),
    refreshToken: refresh_token ? Redacted.make(refresh_token, { label: "refresh token" }) : undefined,
    expiresIn: expires_in,
    // Keycloak says 0 of offline tokens, which die of not being used.
    ...(typeof life === "number" && life > 0 && Number.isFinite(life) ? { refreshExpiresIn: life } : {})
  }))

const DeviceText = Schema.fromJsonString(
  Schema.Struct({
    device_code: Schema.NonEmptyString,
    user_code: Shown,
    verification_uri: WebAddress,
    verification_uri_complete: optional(WebAddress),
    expires_in: Seconds,
    interval: optional(Seconds)
  })
)
const decodeDevice = Schema.decodeUnknownOption(DeviceText)

/** RFC 8628 has clients poll each 5 s where the answer does not say. */
const defaultInterval = 5

export const device = (text: string): Option.Option<DeviceAnswer> =>
  Option.map(decodeDevice(text), (answer) => ({
    deviceCode: Redacted.make(answer.device_code, { label: "device code" }),
    userCode: answer.user_code,
    verificationUri: answer.verification_uri,
    verificationUriComplete: answer.verification_uri_complete ?? undefined,
    expiresIn: answer.expires_in,
    // No pause at all would be a loop that hammers.
    interval: Math.max(1, answer.interval ?? defaultInterval)
  }))

const ErrorText = Schema.fromJsonString(
  Schema.Struct({ error: Schema.NonEmptyString, error_description: optional(Schema.String) })
)
const decodeError = Schema.decodeUnknownOption(ErrorText)

export const error = (text: string): Option.Option<ErrorAnswer> =>
  Option.map(decodeError(text), ({ error, error_description }) => ({
    code: error,
    description: error_description ?? undefined
  }))

const UserText = Schema.fromJsonString(Schema.Struct({ id: UserId.Claim }))
const decodeUser = Schema.decodeUnknownOption(UserText)

/** The user id in an answer of `/userinfo`. */
export const user = (text: string): Option.Option<number> => Option.map(decodeUser(text), ({ id }) => id)
