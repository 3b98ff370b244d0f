/**
 * A simulated netcup with one account that is asked over REST.
 */
import { Wake } from "@netcup-failover/controller/Wake"
import { RestCredentials } from "@netcup-failover/netcup/Credentials"
import * as MemoryTokenStore from "@netcup-failover/netcup/login/MemoryTokenStore"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as RestSimulator from "@netcup-failover/testing/netcup/RestSimulator"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { settingsOf } from "../TestSettings.ts"

const loginName = "12345"
const vienna = { id: 2, city: "Vienna" }

/** When a test begins. */
export const start = Date.parse("2026-11-22T12:00:00Z")

const serverSpec = (n: number) => ({
  name: `v${n}`,
  interfaces: [{ mac: `aa:bb:cc:dd:ee:0${n}`, ipv4: [`203.0.113.${n}`] }],
  ...(n === 4 ? { site: vienna } : {})
})

interface Restricted {
  readonly restrictions?: string
}

/** Servers v1 to v4, the last one at another site; the first three hold an address each. */
export const make = Effect.fnUntraced(function* ({ restrictions }: Restricted = {}) {
  yield* TestClock.setTime(start)
  const world = yield* NetcupWorld.make([
    {
      loginName,
      password: "geheim",
      userId: 555001,
      apiIpLoginRestrictions: restrictions ?? null,
      servers: [1, 2, 3, 4].map(serverSpec),
      addresses: [
        { cidr: "198.51.100.1/32", routedTo: "v1" },
        { cidr: "2001:db8:2::/64", routedTo: "v2" },
        { cidr: "198.51.100.3/32", routedTo: "v3" }
      ]
    }
  ])
  const simulator = yield* RestSimulator.make({ world })
  const layer = Layer.mergeAll(
    FetchHttpClient.layer,
    MemoryTokenStore.layer,
    Wake.layer,
    settingsOf({ NETCUP_REST_URL: simulator.url, NETCUP_OIDC_ISSUER: simulator.issuer })
  )
  return {
    ...simulator,
    layer,
    /** As if the user had just logged in. */
    login: Effect.map(world.login(loginName), (refreshToken) => new RestCredentials({ refreshToken })),
    revoke: Effect.andThen(world.revokeTokens(loginName), world.expireAccessTokens(loginName))
  }
})

export type NetcupRest = Effect.Success<ReturnType<typeof make>>
