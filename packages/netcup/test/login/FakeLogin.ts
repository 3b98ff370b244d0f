/**
 * A login service in the test's own process, so that it lives in the test's own time.
 */
import { RestCredentials } from "@netcup-failover/netcup/Credentials"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

export interface Asked {
  /** The last part of the path: `token`, `device`, … */
  readonly path: string
  readonly url: string
  readonly method: string
  readonly form: URLSearchParams
  readonly authorization: string | undefined
  /** In ms since the epoch. */
  readonly at: number
}

/** What comes back: an answer, or a system error in its place. */
export type Reply =
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly failure: unknown }

export const json = (status: number, body: unknown): Reply => ({ status, body: JSON.stringify(body) })
export const oauthError = (error: string, description?: string): Reply =>
  json(400, description === undefined ? { error } : { error, error_description: description })

export const refused: Reply = {
  failure: Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED", syscall: "connect" })
}
export const reset: Reply = {
  failure: Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" })
}

/** An HttpClient that is answered by `reply`, and what it was asked. */
export const client = (reply: (asked: Asked, nth: number) => Effect.Effect<Reply> | Reply) => {
  const asked: Array<Asked> = []
  const http = HttpClient.make((request, url) =>
    Effect.gen(function* () {
      const text = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      const call: Asked = {
        path: url.pathname.split("/").at(-1) ?? "",
        url: url.href,
        method: request.method,
        form: new URLSearchParams(text),
        authorization: request.headers.authorization,
        at: yield* Clock.currentTimeMillis
      }
      asked.push(call)
      const given = reply(call, asked.length - 1)
      const answer = Effect.isEffect(given) ? yield* given : given
      if ("failure" in answer) {
        return yield* new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause: answer.failure })
        })
      }
      return HttpClientResponse.fromWeb(
        request,
        new Response(answer.body, { status: answer.status, headers: answer.headers ?? {} })
      )
    })
  )
  return { asked, http, layer: Layer.succeed(HttpClient.HttpClient, http) }
}

/** A JSON Web Token with these claims, signed by nobody. */
export const jwt = (claims: unknown) =>
  ["{}", JSON.stringify(claims), "signature"].map((part) => Base64Url.encode(part)).join(".")

export interface Ways {
  /** What a refresh does with the refresh token: nothing, a new one beside the old, or a new one in its place. */
  readonly rotation: "none" | "added" | "replaced"
  /** Seconds. */
  readonly expiresIn?: number
  /** A refresh token that is unused for so long dies (ms). */
  readonly idle?: number
}

/**
 * Keycloak, as far as refreshing goes: tokens are `r0`, `r1`, … and one that was replaced and is used again ends the whole login.
 * `ways` may be changed while it runs.
 */
export const keycloak = (ways: Ways, first = "r0") => {
  let issued = 0
  const claims: Readonly<Record<string, unknown>> = { id: "555001" }
  const state = { ways, live: new Map([[first, 0]]), replaced: new Set<string>(), claims }
  const refresh = ({ at, form }: Asked): Reply => {
    const token = form.get("refresh_token") ?? ""
    const { expiresIn = 300, idle = Number.POSITIVE_INFINITY, rotation } = state.ways
    if (state.replaced.has(token)) state.live.clear()
    const usedAt = state.live.get(token)
    if (usedAt === undefined || at - usedAt > idle) {
      state.live.delete(token)
      return oauthError("invalid_grant", "Offline user session not found")
    }
    issued += 1
    const next = rotation === "none" ? token : `r${issued}`
    if (rotation === "replaced") {
      state.live.delete(token)
      state.replaced.add(token)
    }
    state.live.set(next, at)
    return json(200, {
      access_token: jwt({ nth: issued, ...state.claims }),
      expires_in: expiresIn,
      refresh_expires_in: 0,
      refresh_token: next,
      token_type: "Bearer",
      scope: "profile offline_access email",
      "not-before-policy": 0,
      session_state: "7f1c"
    })
  }
  return { state, refresh }
}

export const original = Redacted.make("r0")
export const credentials = new RestCredentials({ refreshToken: original })
