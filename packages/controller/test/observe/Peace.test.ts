/**
 * What netcup is asked while nothing happens: the numbers of docs/netcup-calls.md.
 */
import { assert, describe, it } from "@effect/vitest"
import * as NetcupAccount from "@netcup-failover/controller/observe/NetcupAccount"
import * as RouteMemory from "@netcup-failover/controller/observe/RouteMemory"
import { Wake } from "@netcup-failover/controller/Wake"
import type { Credentials } from "@netcup-failover/netcup/Credentials"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { server } from "../Given.ts"
import { credentials, start as startSoap, whileTimeGoesBy } from "./Netcup.ts"
import * as NetcupRest from "./NetcupRest.ts"

const servers = new Set([server(1), server(2), server(3)])

/** Gives real connections the time to end. */
const settled = TestClock.withLive(Effect.sleep("500 millis"))

/** How often each operation was called in so many readings after the first, and how long they were apart, in seconds. */
const peaceOf = Effect.fnUntraced(function* (
  credentials: Credentials,
  readings: number,
  calls: Effect.Effect<ReadonlyArray<{ readonly operation: string | undefined }>>
) {
  const wake = yield* Wake
  const account = yield* NetcupAccount.open(credentials, servers, () => RouteMemory.make())
  // The first word is that netcup accepts the login, the next what it has.
  while ((yield* account.state).account === undefined) yield* wake.next
  yield* settled
  const before = (yield* calls).length
  const startedAt = yield* Clock.currentTimeMillis
  for (let reading = 0; reading < readings; reading++) yield* whileTimeGoesBy(wake.next)
  const pace = ((yield* Clock.currentTimeMillis) - startedAt) / 1_000 / readings
  yield* settled
  const grouped = Object.groupBy((yield* calls).slice(before), ({ operation }) => operation ?? "?")
  return { pace, counts: Object.fromEntries(Object.entries(grouped).map(([name, some]) => [name, some?.length ?? 0])) }
})

describe("peace with three nodes", () => {
  it.effect(
    "is one list of servers and one call a server each minute with SOAP",
    () =>
      Effect.gen(function* () {
        const netcup = yield* startSoap
        const { counts, pace } = yield* Effect.provide(peaceOf(credentials, 5, netcup.journal.calls), netcup.layer)
        assert.deepStrictEqual(counts, { getVServers: 5, getVServerIPs: 15 })
        assert.isAtLeast(pace, 60)
      }).pipe(Effect.scoped),
    60_000
  )

  it.effect(
    "is three lists and one call a server each minute with REST, and a refresh of the token before it expires",
    () =>
      Effect.gen(function* () {
        const netcup = yield* NetcupRest.make()
        const login = yield* netcup.login
        const { counts, pace } = yield* Effect.provide(peaceOf(login, 10, netcup.journal.calls), netcup.layer)
        const { "token.refresh": refreshes = 0, ...rest } = counts
        assert.deepStrictEqual(rest, { servers: 10, failoverIpsV4: 10, failoverIpsV6: 10, server: 30 })
        assert.isAtLeast(pace, 60)
        assert.isAtLeast(refreshes, 2)
        assert.isAtMost(refreshes, 3)
      }).pipe(Effect.scoped),
    60_000
  )
})
