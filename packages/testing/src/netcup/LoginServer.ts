/**
 * netcup's login server: OpenID Connect as Keycloak speaks it, for the one public client `scp`.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { JsonObject } from "../embedded/JsonValue.ts"
import * as LoginDevices from "./LoginDevices.ts"
import * as LoginSessions from "./LoginSessions.ts"
import * as LoginToken from "./LoginToken.ts"
import * as NetcupState from "./NetcupState.ts"
import type { NetcupWorld } from "./NetcupWorld.ts"
import * as RestReply from "./RestReply.ts"
import type { RestCall } from "./RestRequest.ts"

/**
 * What a refresh answers as `refresh_token`. `always`: a new one, and the one before is dead. `overlapping`: a new one, and the
 * one before lives on. `never`: the same. `omitted`: none, and the one before lives on.
 */
export type Rotation = "always" | "overlapping" | "never" | "omitted"

export interface LoginOptions {
  /** `always` when absent. */
  readonly rotate?: Rotation
  /** 300 s when absent. */
  readonly accessTokenLifetime?: Duration.Input
}

export interface LoginServer {
  readonly devices: LoginDevices.DeviceLevers
  /** `issuer` is the URL of the realm, as the sender knows it. */
  readonly perform: (call: RestCall, issuer: string) => Effect.Effect<RestReply.RestReply>
}

const dead = RestReply.oauthError("invalid_grant", "Offline user session not found")

/** What each call must bring beside `client_id`, and what it may. A client that sends anything else has mixed something up. */
const forms: Readonly<Record<string, { readonly needs: ReadonlyArray<string>; readonly may: ReadonlyArray<string> }>> =
  {
    device: { needs: [], may: ["scope"] },
    "token.refresh": { needs: ["grant_type", "refresh_token"], may: ["scope"] },
    "token.device": { needs: ["grant_type", "device_code"], may: [] },
    revoke: { needs: ["token"], may: ["token_type_hint"] }
  }

const formObjection = ({ form, operation }: RestCall): RestReply.RestReply | undefined => {
  if (operation === "token") {
    return form.has("grant_type")
      ? RestReply.oauthMisunderstood("unsupported_grant_type", "Unsupported grant_type")
      : RestReply.oauthMisunderstood("invalid_request", "Missing form parameter: grant_type")
  }
  const expected = forms[operation]
  if (expected === undefined) return undefined
  if (form.get("client_id") !== "scp") {
    return RestReply.oauthError("invalid_client", "Invalid client or Invalid client credentials", 401)
  }
  const missing = expected.needs.find((name) => (form.get(name) ?? "") === "")
  if (missing !== undefined) return RestReply.oauthMisunderstood("invalid_request", `Missing parameter: ${missing}`)
  const known = ["client_id", ...expected.needs, ...expected.may]
  const unknown = [...form.keys()].some((name) => !known.includes(name))
  return unknown ? RestReply.oauthMisunderstood("invalid_request", "Unknown form parameter") : undefined
}

const descriptions: Readonly<Record<LoginDevices.Polled, string>> = {
  authorization_pending: "The authorization request is still pending",
  slow_down: "Slow down",
  access_denied: "The end user denied the authorization request",
  expired_token: "Device code is expired",
  invalid_grant: "Device code not valid"
}

const configuration = (issuer: string): JsonObject => {
  const endpoint = (name: string) => `${issuer}/protocol/openid-connect/${name}`
  return {
    issuer,
    token_endpoint: endpoint("token"),
    userinfo_endpoint: endpoint("userinfo"),
    revocation_endpoint: endpoint("revoke"),
    device_authorization_endpoint: endpoint("auth/device"),
    grant_types_supported: ["refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]
  }
}

export const make = Effect.fn("LoginServer.make")(function* (world: NetcupWorld, options: LoginOptions) {
  const devices = yield* LoginDevices.make
  const rotation = options.rotate ?? "always"
  const lifetime = Duration.fromInputUnsafe(options.accessTokenLifetime ?? "300 seconds")

  const tokens = Effect.fnUntraced(function* (
    access: Redacted.Redacted,
    refresh: string | undefined,
    offline: boolean
  ) {
    return RestReply.granted({
      access_token: Redacted.value(access),
      expires_in: Duration.toSeconds(lifetime),
      refresh_expires_in: offline ? 0 : 1800,
      ...(refresh === undefined ? {} : { refresh_token: refresh }),
      token_type: "Bearer",
      "not-before-policy": 0,
      session_state: yield* LoginToken.uuid,
      scope: offline ? "profile offline_access email" : "profile email"
    })
  })

  const accessFor = Effect.fnUntraced(function* (account: NetcupState.Account, issuer: string, now: number) {
    const expiresAt = now + Duration.toMillis(lifetime)
    return { token: yield* LoginToken.access(account, issuer, now, expiresAt), expiresAt }
  })

  const refresh = Effect.fnUntraced(function* (text: string, issuer: string) {
    const now = yield* Clock.currentTimeMillis
    const found = LoginSessions.findRefresh(yield* world.state, text)
    if (found === undefined) return RestReply.oauthError("invalid_grant", "Invalid refresh token")
    const { account, token } = found
    const access = yield* accessFor(account, issuer, now)
    const fresh = yield* LoginToken.refresh(account.userId, now)
    const next =
      rotation === "always" || rotation === "overlapping"
        ? { token: fresh, stays: rotation === "overlapping" }
        : undefined
    // Of two refreshes at once that rotate one token only one may win.
    const won = yield* world.modify((state) => {
      const still = LoginSessions.findRefresh(state, text)
      if (still === undefined || !LoginSessions.isAlive(still.token, now)) return [false, state]
      const use = (one: NetcupState.Account) => LoginSessions.useRefresh(one, token.token, access, now, next)
      return [true, NetcupState.replaceAccount(state, account.loginName, use)]
    })
    if (!won) return dead
    const told = next === undefined ? text : Redacted.value(fresh)
    return yield* tokens(access.token, rotation === "omitted" ? undefined : told, token.offline)
  })

  const begin = Effect.fnUntraced(function* (scope: string, issuer: string) {
    const now = yield* Clock.currentTimeMillis
    const { deviceCode, userCode } = yield* devices.begin(now, scope.split(" ").includes("offline_access"))
    return RestReply.granted({
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: `${issuer}/device`,
      verification_uri_complete: `${issuer}/device?user_code=${userCode}`,
      expires_in: LoginDevices.lifetime / 1000,
      interval: LoginDevices.interval / 1000
    })
  })

  const poll = Effect.fnUntraced(function* (deviceCode: string, issuer: string) {
    const now = yield* Clock.currentTimeMillis
    const polled = yield* devices.poll(deviceCode, now)
    if (typeof polled === "string") return RestReply.oauthError(polled, descriptions[polled])
    const state = yield* world.state
    const account = polled.loginName === undefined ? state[0] : NetcupState.findAccount(state, polled.loginName)
    if (account === undefined) return RestReply.oauthError("invalid_grant", "User not found")
    const access = yield* accessFor(account, issuer, now)
    const token = yield* LoginToken.refresh(account.userId, now)
    const refreshToken = { token, offline: polled.offline, lastUsedAt: now, ended: false }
    yield* world.modify((before) => [
      undefined,
      NetcupState.replaceAccount(before, account.loginName, (one) => LoginSessions.begin(one, refreshToken, access))
    ])
    return yield* tokens(access.token, Redacted.value(token), polled.offline)
  })

  const userinfo = Effect.fnUntraced(function* (bearer: string | undefined) {
    const found = LoginSessions.findAccess(yield* world.state, bearer ?? "")
    if (found === undefined || !LoginSessions.isAccepted(found.token, yield* Clock.currentTimeMillis)) {
      return {
        ...RestReply.oauthError("invalid_token", "Token verification failed", 401),
        headers: { "www-authenticate": 'Bearer realm="scp", error="invalid_token"' }
      }
    }
    const { loginName, userId } = found.account
    return RestReply.granted({
      sub: `f:simulated:${userId}`,
      id: String(userId),
      preferred_username: loginName,
      email: "erika@example.com",
      email_verified: true
    })
  })

  const perform: LoginServer["perform"] = Effect.fnUntraced(function* (call, issuer) {
    const objection = call.objection ?? formObjection(call)
    if (objection !== undefined) return objection
    switch (call.operation) {
      case "device":
        return yield* begin(call.form.get("scope") ?? "", issuer)
      case "token.refresh":
        return yield* refresh(call.form.get("refresh_token") ?? "", issuer)
      case "token.device":
        return yield* poll(call.form.get("device_code") ?? "", issuer)
      case "revoke":
        yield* world.modify((state) => [undefined, LoginSessions.revoke(state, call.form.get("token") ?? "")])
        return RestReply.silent(200)
      case "userinfo":
        return yield* userinfo(call.bearer)
      default:
        return RestReply.granted(configuration(issuer))
    }
  })

  return { devices: devices.levers, perform } satisfies LoginServer
})
