/**
 * Whether an account can be used, and what came of reading it so far.
 */
import type { AccountKey } from "@netcup-failover/core/Account"
import type { NetcupError, NetcupErrorReason } from "@netcup-failover/netcup/NetcupError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Pace from "../Pace.ts"
import { Settings } from "../Settings.ts"
import { Wake } from "../Wake.ts"
import type * as RouteMemory from "./RouteMemory.ts"

/** Why the account cannot be used or read at present, and when it is tried again (ms since the epoch). */
export interface Trouble {
  readonly reason: NetcupErrorReason
  readonly retryAt: number
}

/** What only the first reading of a term tells. */
export interface FirstReading {
  /** When anybody moved an address in the last hour, as netcup's own record has it (ms since the epoch); `undefined`: it could not be read. */
  readonly changes: ReadonlyArray<number> | undefined
  /** When netcup was asked, in ms since the epoch. */
  readonly asOf: number
}

/** `key`: once netcup has accepted the credentials; `known`: once all was read. */
export interface Health {
  readonly key: AccountKey | undefined
  readonly known: { readonly memory: RouteMemory.RouteMemory } | undefined
  readonly first: FirstReading | undefined
  readonly notices: ReadonlyArray<string>
  /** In a row. */
  readonly failures: number
  readonly trouble: Trouble | undefined
}

/** Nothing but other credentials, or much time, helps. */
export const isLoginTrouble = ({ _tag }: NetcupErrorReason): boolean =>
  _tag === "InvalidCredentials" || _tag === "LoginExpired"

export interface AccountHealth {
  readonly ref: Ref.Ref<Health>
  /** Keeps why a call failed and when the next may be made, and wakes the loop. */
  readonly fail: (error: NetcupError) => Effect.Effect<void>
}

export const make = Effect.fnUntraced(function* (api: Pace.Failure["api"]) {
  const settings = yield* Settings
  const wake = yield* Wake
  const ref = yield* Ref.make<Health>({
    key: undefined,
    known: undefined,
    first: undefined,
    notices: [],
    failures: 0,
    trouble: undefined
  })
  const fail = Effect.fnUntraced(function* ({ reason }: NetcupError) {
    const now = yield* Clock.currentTimeMillis
    const random = yield* Random.next
    yield* Ref.update(ref, (was) => {
      const failures = was.failures + 1
      return {
        ...was,
        failures,
        trouble: {
          reason,
          // Reads have no limit that we know of: whatever an answer says, they are tried again soon enough.
          retryAt: Math.min(
            Pace.nextAttemptAt({ reason, failures, api }, now, random, settings),
            now + Duration.toMillis(settings.credentialsRetryInterval)
          )
        }
      }
    })
    yield* wake.now
  })

  const health: AccountHealth = { ref, fail }
  return health
})
