/**
 * From where a user lets the API be used, asked with the access token of a login that was just made: a refresh would give another
 * refresh token than the one that is to be stored.
 */
import * as Exchange from "@netcup-failover/netcup/http/Exchange"
import * as UserId from "@netcup-failover/netcup/login/UserId"
import { json } from "@netcup-failover/netcup/rest/RestCall"
import { User } from "@netcup-failover/netcup/rest/User"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as Redacted from "effect/Redacted"
import { endpoints, type Settings } from "../Settings.ts"

const decode = json(User)

/** Empty: there are none. Fails with why it cannot be told. */
export const ask = Effect.fn("LoginRestrictions.ask")(function* (settings: Settings, accessToken: Redacted.Redacted) {
  const http = yield* HttpClient.HttpClient
  const userId = yield* Effect.mapError(
    Effect.fromOption(UserId.ofToken(accessToken)),
    () => "netcup's token names no user"
  )
  const request = HttpClientRequest.get(`${endpoints(settings).rest.url}/api/v1/users/${userId}`).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.bearerToken(accessToken)
  )
  const answer = yield* Effect.mapError(
    Exchange.send(http, request, { timeout: Duration.seconds(10), maxLength: 1024 * 1024 }),
    ({ message }) => message
  )
  if (answer.status !== 200) return yield* Effect.fail(`netcup answered HTTP ${answer.status}`)
  const user = yield* Effect.fromResult(decode(answer))
  return (user.apiIpLoginRestrictions ?? "").trim()
})
