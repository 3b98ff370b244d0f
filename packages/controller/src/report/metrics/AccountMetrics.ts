/**
 * Credentials and budgets as metrics. A login is never told, only a hash of it: the one in the name of the account's ledger.
 */
import type { AccountKey } from "@netcup-failover/core/Account"
import * as Effect from "effect/Effect"
import type { AccountBudget } from "../../act/Ledgers.ts"
import { isLoginTrouble } from "../../observe/AccountHealth.ts"
import type { GroupObservation } from "../../observe/Observation.ts"
import { type Sample, sample } from "./Exposition.ts"

const purposes = ["Failover", "Upkeep"] as const

/** `5m` of 301 s: netcup's own word for the window, without our margin. */
const windowName = (millis: number): string => {
  const minutes = Math.floor(millis / 60_000)
  return minutes > 0 ? `${minutes}m` : `${millis / 1000}s`
}

const ofBudget = ({ account, budget }: AccountBudget, now: number): ReadonlyArray<Sample> => [
  ...budget.windows.flatMap(({ window, left }) =>
    purposes.map((purpose) =>
      sample("netcup_failover_budget_moves", left[purpose], { account, window: windowName(window.millis), purpose })
    )
  ),
  ...purposes.map((purpose) =>
    sample("netcup_failover_budget_wait_seconds", Math.max(0, budget.opensAt[purpose] - now) / 1000, {
      account,
      purpose
    })
  ),
  sample("netcup_failover_budget_resting_addresses", budget.resting, { account })
]

/** @param now in ms since the epoch */
export const budgets = (all: ReadonlyArray<AccountBudget>, now: number): ReadonlyArray<Sample> =>
  all.flatMap((one) => ofBudget(one, now))

/** The Secrets that groups name, each once, with what is known of them at this moment. */
export const credentials = Effect.fnUntraced(function* (
  groups: ReadonlyArray<GroupObservation>,
  nameOf: (account: AccountKey) => Effect.Effect<string>
) {
  const secrets = new Map(
    groups.map(({ resource, account }) => {
      const { namespace, name } = resource.spec.credentialsSecret
      return [`${namespace}/${name}`, account]
    })
  )
  const samples = yield* Effect.forEach(
    [...secrets],
    Effect.fnUntraced(function* ([secret, view]): Effect.fn.Return<ReadonlyArray<Sample>> {
      const healthy = (value: 0 | 1) => sample("netcup_failover_credentials_healthy", value, { secret })
      if (view === undefined) return []
      if (view._tag === "Unusable") return [healthy(0)]
      const { key, account, trouble } = yield* view.account.state
      const loginExpiresAt = yield* view.account.loginExpiresAt
      const refused = trouble !== undefined && isLoginTrouble(trouble.reason)
      return [
        ...(refused ? [healthy(0)] : account === undefined ? [] : [healthy(1)]),
        ...(key === undefined
          ? []
          : [
              sample("netcup_failover_credentials_info", 1, {
                secret,
                api: key.split(":", 1)[0] ?? "",
                account: yield* nameOf(key)
              })
            ]),
        ...(loginExpiresAt === undefined
          ? []
          : [sample("netcup_failover_credentials_expiry_timestamp_seconds", loginExpiresAt / 1000, { secret })])
      ]
    })
  )
  return samples.flat()
})
