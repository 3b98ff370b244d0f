import { Identity } from "@netcup-failover/kubernetes/ObjectMeta"
import type { ResourceKind } from "@netcup-failover/kubernetes/ResourceKind"
import { type Credentials, SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as TokenJson from "@netcup-failover/netcup/login/TokenJson"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const Value = Schema.optionalKey(Schema.RedactedFromValue(Schema.String, { label: "Secret value" }))

/** A Secret, reduced to the keys that credentials are read from. Values stay base64 and redacted. */
const SecretResource = Schema.Struct({
  metadata: Identity,
  data: Schema.optionalKey(Schema.Struct({ loginName: Value, password: Value, token: Value, refreshToken: Value }))
})
export type SecretResource = typeof SecretResource.Type

export const secrets: ResourceKind<SecretResource> = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
  schema: SecretResource
}

const decodeText = Schema.decodeUnknownResult(Schema.StringFromBase64)

/** A value's text without the line end that `echo … | base64` leaves; other blanks may belong to a password. */
const text = (value: Redacted.Redacted | undefined): string | undefined => {
  if (value === undefined) return undefined
  const decoded = Result.getOrUndefined(decodeText(Redacted.value(value)))?.replace(/\r?\n$/u, "")
  // Bytes that are no UTF-8 come out as the replacement character: such a value was never typed into netcup's panel.
  return decoded === "" || decoded?.includes("\uFFFD") ? undefined : decoded
}

/**
 * The credentials that a Secret holds: of REST's keys `token` (the JSON of a token endpoint) before `refreshToken`, then SOAP's. A
 * key of REST's decides for REST, whatever else is there. The failure is a sentence that names the key, and never a value.
 */
export const toCredentials = ({ data = {} }: SecretResource): Result.Result<Credentials, string> => {
  for (const key of ["token", "refreshToken"] as const) {
    if (data[key] === undefined) continue
    const written = Redacted.make(text(data[key]) ?? "")
    return Result.mapError(TokenJson.toCredentials(written), (problem) => `has a key ${key} that ${problem}`)
  }
  const loginName = text(data.loginName)
  const password = text(data.password)
  if (loginName !== undefined && password !== undefined) {
    return Result.succeed(new SoapCredentials({ loginName, password: Redacted.make(password) }))
  }
  if (loginName === undefined && password === undefined) {
    return Result.fail("lacks credentials: add the key refreshToken (REST), or loginName and password (SOAP)")
  }
  return Result.fail(`lacks ${loginName === undefined ? "loginName" : "password"}: add the key under stringData`)
}
