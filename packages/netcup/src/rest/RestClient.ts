/**
 * netcup's REST API, as far as servers, failover addresses, tasks and the user go.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { RestCredentials } from "../Credentials.ts"
import type { NetcupError } from "../NetcupError.ts"
import * as FailoverIps from "./FailoverIps.ts"
import { json } from "./RestCall.ts"
import type { RestOptions } from "./RestOptions.ts"
import * as RestTransport from "./RestTransport.ts"
import * as Servers from "./Servers.ts"
import * as Tasks from "./Tasks.ts"
import { User } from "./User.ts"

/** All calls of the REST API that this library knows, for one login. */
export interface RestClient extends Servers.Servers, FailoverIps.FailoverIps, Tasks.Tasks {
  /** Is the API there? Needs no login. */
  readonly ping: Effect.Effect<void, NetcupError>
  /** The user whose login this is. */
  readonly user: Effect.Effect<User, NetcupError>
  /** The same with a single try. */
  readonly userOnce: Effect.Effect<User, NetcupError>
  /** That user's id, as the login tells it: no call once there is an access token. */
  readonly userId: Effect.Effect<number, NetcupError>
  /** When netcup lets the login die unless it is used before (ms since the epoch), as far as it is known. */
  readonly loginExpiresAt: Effect.Effect<number | undefined>
  /** Makes netcup's words fit to be shown: without tokens, and of bounded length. */
  readonly say: (text: string) => string
}

/** A client of one login. It lives as long as its scope, which ends the refreshing of its tokens. */
export const make = Effect.fnUntraced(function* (credentials: RestCredentials, options: RestOptions = {}) {
  const transport = yield* RestTransport.make(credentials, options)
  const servers = yield* Servers.make(transport)
  const user = {
    operation: "user",
    kind: "read",
    method: "GET",
    path: (userId: number) => `/api/v1/users/${userId}`,
    decode: json(User)
  } as const
  return {
    ...servers,
    ...FailoverIps.make(transport, servers),
    ...(yield* Tasks.make(transport)),
    ping: transport.anonymously({
      operation: "ping",
      kind: "read",
      method: "GET",
      path: () => "/api/ping",
      decode: ({ text }) => (text.trim() === "OK" ? Result.succeed(undefined) : Result.fail("not the word OK"))
    }),
    user: transport.call(user),
    userOnce: transport.call({ ...user, once: true }),
    userId: transport.userId,
    loginExpiresAt: transport.loginExpiresAt,
    say: transport.say
  } satisfies RestClient
})
