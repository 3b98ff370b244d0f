/**
 * A simulated netcup with one account, as tests of accounts need it.
 */
import type { AccountState, NetcupAccount } from "@netcup-failover/controller/observe/NetcupAccount"
import { Wake } from "@netcup-failover/controller/Wake"
import { SoapCredentials } from "@netcup-failover/netcup/Credentials"
import * as MemoryTokenStore from "@netcup-failover/netcup/login/MemoryTokenStore"
import * as NetcupWorld from "@netcup-failover/testing/netcup/NetcupWorld"
import * as SoapSimulator from "@netcup-failover/testing/netcup/SoapSimulator"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { settingsOf } from "../TestSettings.ts"

const loginName = "12345"
const password = "geheim"

export const credentialsOf = (word: string) => new SoapCredentials({ loginName, password: Redacted.make(word) })
export const credentials = credentialsOf(password)

const serverSpec = (n: number) => ({
  name: `v${n}`,
  interfaces: [{ mac: `aa:bb:cc:dd:ee:0${n}`, ipv4: [`203.0.113.${n}`] }]
})

/** Servers v1, v2, v3; the first two hold an address each. */
export const start = Effect.gen(function* () {
  const world = yield* NetcupWorld.make([
    {
      loginName,
      password,
      servers: [1, 2, 3].map(serverSpec),
      addresses: [
        { cidr: "198.51.100.1/32", routedTo: "v1" },
        { cidr: "2001:db8:2::/64", routedTo: "v2" },
        { cidr: "198.51.100.3/32", routedTo: "v3" }
      ]
    }
  ])
  const simulator = yield* SoapSimulator.make({ world })
  const layer = Layer.mergeAll(
    FetchHttpClient.layer,
    MemoryTokenStore.layer,
    Wake.layer,
    settingsOf({ NETCUP_SOAP_URL: simulator.url })
  )
  return { ...simulator, setPassword: (word: string) => world.setPassword(loginName, word), layer }
})

/** The first state that is accepted, as the loop would see it. */
export const until = Effect.fnUntraced(function* (account: NetcupAccount, accept: (state: AccountState) => boolean) {
  const wake = yield* Wake
  while (true) {
    const state = yield* account.state
    if (accept(state)) return state
    yield* wake.next
  }
})

export const isRead = ({ account, trouble }: AccountState): boolean => account !== undefined && trouble === undefined

/** Lets the test's time go by, slowly enough for real connections to follow, until `effect` ends. */
export const whileTimeGoesBy = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.raceFirst(
    effect,
    Effect.forever(Effect.andThen(TestClock.adjust("200 millis"), TestClock.withLive(Effect.sleep("5 millis"))))
  )

/** Gives real connections the time to do what they should not. */
export const aMoment = TestClock.withLive(Effect.sleep("50 millis"))
