import { assert, describe, it } from "@effect/vitest"
import type { AccountView } from "@netcup-failover/controller/observe/Observation"
import * as AccountMetrics from "@netcup-failover/controller/report/metrics/AccountMetrics"
import { sample } from "@netcup-failover/controller/report/metrics/Exposition"
import { LoginExpired, Unreachable } from "@netcup-failover/netcup/NetcupError"
import * as Effect from "effect/Effect"
import { account, accountState, resource, restKey } from "../../Given.ts"

const known = { servers: new Set<never>(), routes: new Map() }
const usable = (state: Parameters<typeof accountState>[0], expiry?: number): AccountView => {
  const full = accountState(state)
  return {
    _tag: "Usable",
    state: full,
    account: account({ state: Effect.succeed(full), loginExpiresAt: Effect.succeed(expiry) })
  }
}
const secret = "netcup-system/netcup-credentials"
const of = (view: AccountView, names: ReadonlyArray<string> = ["a"]) =>
  AccountMetrics.credentials(
    names.map((name) => ({ resource: resource({ name }), account: view })),
    () => Effect.succeed("hash")
  )
const healthy = (value: number) => sample("netcup_failover_credentials_healthy", value, { secret })
const info = sample("netcup_failover_credentials_info", 1, { secret, api: "rest", account: "hash" })

describe("metrics of credentials", () => {
  it.effect(
    "say that netcup accepts them, for which account, and until when; once for a Secret that many groups name",
    () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* of(usable({ key: restKey, account: known }, 5_000), ["a", "b"]), [
          healthy(1),
          info,
          sample("netcup_failover_credentials_expiry_timestamp_seconds", 5, { secret })
        ])
      })
  )

  it.effect("say that netcup refuses them, also those that it once accepted", () =>
    Effect.gen(function* () {
      const trouble = { reason: new LoginExpired({ message: "over" }), retryAt: 0 }
      assert.deepStrictEqual(yield* of(usable({ key: restKey, account: known, trouble })), [healthy(0), info])
    })
  )

  it.effect("do not blame them for a netcup that cannot be reached, and say nothing while nobody knows", () =>
    Effect.gen(function* () {
      const trouble = { reason: new Unreachable({ message: "away" }), retryAt: 0 }
      assert.deepStrictEqual(yield* of(usable({ key: restKey, account: known, trouble })), [healthy(1), info])
      assert.deepStrictEqual(yield* of(usable({ key: undefined, trouble })), [])
      assert.deepStrictEqual(yield* of(undefined), [])
    })
  )

  it.effect("say that a Secret which lacks something cannot be used", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* of({ _tag: "Unusable", message: "lacks a key" }), [healthy(0)])
    })
  )
})

describe("metrics of budgets", () => {
  it("tell what is left in each window, and how long to wait; never less than nothing", () => {
    const window = { moves: 10, upkeep: 4, millis: 301_000 }
    const budget = {
      windows: [{ window, left: { Failover: 3, Upkeep: 0 } }],
      opensAt: { Failover: 900, Upkeep: 4_000 },
      resting: 2
    }
    const labels = { account: "hash" }
    assert.deepStrictEqual(AccountMetrics.budgets([{ account: "hash", budget }], 1_000), [
      sample("netcup_failover_budget_moves", 3, { ...labels, window: "5m", purpose: "Failover" }),
      sample("netcup_failover_budget_moves", 0, { ...labels, window: "5m", purpose: "Upkeep" }),
      sample("netcup_failover_budget_wait_seconds", 0, { ...labels, purpose: "Failover" }),
      sample("netcup_failover_budget_wait_seconds", 3, { ...labels, purpose: "Upkeep" }),
      sample("netcup_failover_budget_resting_addresses", 2, labels)
    ])
  })
})
