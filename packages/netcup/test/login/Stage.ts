/**
 * Access tokens over a login service and a store of the test's own.
 */
import * as AccessTokens from "@netcup-failover/netcup/login/AccessTokens"
import type { LoginOptions } from "@netcup-failover/netcup/login/LoginOptions"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { type Asked, client, credentials, json, keycloak, type Reply, type Ways } from "./FakeLogin.ts"
import * as FakeStore from "./FakeStore.ts"

/** Time passes in steps: one big one would jump past fibers that have not gone to sleep yet. */
export const minutes = (count: number) => Effect.repeat(TestClock.adjust("30 seconds"), { times: count * 2 - 1 })

/** `before` may answer in the service's place. */
export const stage = (
  ways: Ways,
  before: (asked: Asked, nth: number) => Effect.Effect<Reply | undefined> = () => Effect.undefined
) => {
  const service = keycloak(ways)
  const store = FakeStore.make()
  const network = client((asked, nth) =>
    Effect.map(before(asked, nth), (reply) => {
      if (reply !== undefined) return reply
      return asked.path === "token" ? service.refresh(asked) : json(404, { error: "not here" })
    })
  )
  return {
    service: service.state,
    refresh: service.refresh,
    store: store.state,
    asked: network.asked,
    /** The refresh tokens that were sent, in order. */
    sent: () => network.asked.flatMap(({ form }) => form.getAll("refresh_token")),
    open: (options: LoginOptions = {}) =>
      AccessTokens.make(credentials, options).pipe(Effect.provide(Layer.merge(network.layer, store.layer)))
  }
}

/** The text of a token that was handed out. */
export const textOf = ({ token }: AccessTokens.AccessToken) => Redacted.value(token)
