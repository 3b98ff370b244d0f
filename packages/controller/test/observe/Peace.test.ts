/**
 * What netcup is asked while nothing happens: the numbers of docs/netcup-calls.md.
 */
import { assert, describe, it } from "@effect/vitest"
import * as NetcupAccount from "@netcup-failover/controller/observe/NetcupAccount"
import * as RouteMemory from "@netcup-failover/controller/observe/RouteMemory"
import { Wake } from "@netcup-failover/controller/Wake"
import type { Credentials } from "@netcup-failover/netcup/Credentials"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { server } from "../Given.ts"
import { credentials, start as startSoap } from "./Netcup.ts"
import * as NetcupRest from "./NetcupRest.ts"

const servers = new Set([server(1), server(2), server(3)])

/** Lets minutes go by, each until the account has been read. */
const minutes = Effect.fnUntraced(function* (count: number) {
  const wake = yield* Wake
  for (let minute = 0; minute < count; minute++) {
    yield* TestClock.adjust("1 minute")
    yield* wake.next
  }
})

/** How often each operation was called in the second hour, by its name. */
const hourOf = Effect.fnUntraced(function* (
  credentials: Credentials,
  calls: Effect.Effect<ReadonlyArray<{ readonly operation: string | undefined }>>
) {
  yield* NetcupAccount.open(credentials, servers, () => RouteMemory.make())
  yield* (yield* Wake).next
  // The first look at each server comes after the first read.
  yield* TestClock.withLive(Effect.sleep("300 millis"))
  yield* minutes(60)
  const before = (yield* calls).length
  yield* minutes(60)
  const grouped = Object.groupBy((yield* calls).slice(before), ({ operation }) => operation ?? "?")
  return Object.fromEntries(Object.entries(grouped).map(([operation, some]) => [operation, some?.length ?? 0]))
})

describe("an hour of peace with three nodes", () => {
  it.effect("is one list of servers and one call a server each minute with SOAP", () =>
    Effect.gen(function* () {
      const netcup = yield* startSoap
      const hour = yield* Effect.provide(hourOf(credentials, netcup.journal.calls), netcup.layer)
      assert.deepStrictEqual(hour, { getVServers: 60, getVServerIPs: 180 })
    }).pipe(Effect.scoped)
  )

  it.effect("is three lists each minute with REST, and a refresh of the token before it expires", () =>
    Effect.gen(function* () {
      const netcup = yield* NetcupRest.make()
      const hour = yield* Effect.provide(hourOf(yield* netcup.login, netcup.journal.calls), netcup.layer)
      const { "token.refresh": refreshes = 0, ...rest } = hour
      assert.deepStrictEqual(rest, { servers: 60, failoverIpsV4: 60, failoverIpsV6: 60 })
      assert.isAtLeast(refreshes, 12)
      assert.isAtMost(refreshes, 16)
    }).pipe(Effect.scoped)
  )
})
